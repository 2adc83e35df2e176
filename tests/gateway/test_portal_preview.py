"""Looking at a document in the portal: its pages, tables and text."""

import io
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from kontor.documents.v1 import previews_pb2 as pb
from kontor.identity.v1 import identity_pb2
from PIL import Image

from chassis.errors import Conflict, NotFound, TooMany
from tests.gateway.portal import DOCUMENT, OWN, Portal, document, listed, portal, words
from tests.gateway.test_portal_accessibility import _wrong
from tests.gateway.window import OpenPage, window
from tests.servers.browser import DESKTOP, PHONE

ADDRESS = f"/documents/{DOCUMENT}/preview"
REASONS = {
    pb.PREVIEW_REASON_KIND_NOT_SUPPORTED: "no preview. Download the file, and open it in the program",
    pb.PREVIEW_REASON_TOO_LARGE: "too large",
    pb.PREVIEW_REASON_DAMAGED: "cannot be read here",
    pb.PREVIEW_REASON_TOOK_TOO_LONG: "takes too long",
    pb.PREVIEW_REASON_ENCRYPTED: "has a password",
}


def picture(text: str = "Lønn for mai") -> pb.PreviewPage:
    target = io.BytesIO()
    Image.new("RGB", (1600, 2264), "white").save(target, "WEBP")
    return pb.PreviewPage(picture=pb.PreviewPicture(webp=target.getvalue(), width=1600, height=2264, text=text))


def table(*rows: tuple[str, ...], **told: Any) -> pb.PreviewPage:
    return pb.PreviewPage(table=pb.PreviewTable(rows=[pb.PreviewRow(cells=row) for row in rows], first_row=1, **told))


def looking(page: pb.PreviewPage, pages: int = 1, who: dict[str, Any] | None = None, **told: Any) -> Portal:
    """A portal in which the document looks like this."""
    asked = portal(**who or {})
    asked.book.answers.update(listed(document()))
    asked.book.answers["GetDocument"] = document()
    usual: dict[str, Any] = {"ready": True, "kind": pb.PREVIEW_KIND_PDF, "pages": pages, "document_id": DOCUMENT}
    asked.book.answers["GetPreview"] = pb.Preview(**usual | told)
    asked.book.answers["GetPreviewPage"] = page
    return asked


def test_the_details_lead_to_the_preview_and_it_leads_back() -> None:
    """ACC-51."""
    asked = looking(picture())
    assert f'href="{ADDRESS}"' in asked.get(f"/documents?document={DOCUMENT}").get_data(as_text=True)
    page = asked.get(ADDRESS).get_data(as_text=True)
    assert f'data-close href="/documents?document={DOCUMENT}"' in page
    assert f'href="/documents/{DOCUMENT}/file"' in page
    firm = looking(picture(), who={"kind": identity_pb2.ORGANISATION_KIND_FIRM}).get(ADDRESS).get_data(as_text=True)
    assert f'data-close href="/documents?client={OWN}&amp;document={DOCUMENT}"' in firm


def test_what_was_not_scanned_clean_offers_no_preview() -> None:
    """ACC-58, ACC-59."""
    asked = looking(picture())
    asked.book.answers["GetDocument"] = document(status="QUARANTINE", reason="malware")
    assert ADDRESS not in asked.get(f"/documents?document={DOCUMENT}").get_data(as_text=True)
    asked.book.answers["GetPreview"] = Conflict("not_scanned_clean")
    refused = asked.get(ADDRESS)
    assert refused.status_code == 409
    assert "security check has not let it through" in words(refused)


def test_pages_are_turned_by_links_and_stand_in_the_address() -> None:
    """ACC-51: without any script."""
    asked = looking(picture(), pages=3)
    answer = asked.get(f"{ADDRESS}?page=2&zoom=150")
    page = answer.get_data(as_text=True)
    assert asked.last("GetPreviewPage").page == 2
    assert "Page 2 of 3" in words(answer)
    assert f'rel="prev" href="{ADDRESS}?page=1&amp;zoom=150"' in page
    assert f'rel="next" href="{ADDRESS}?page=3&amp;zoom=150"' in page
    assert f'src="{ADDRESS}/2.webp"' in page
    assert 'class="leaf zoom-150"' in page
    assert "Lønn for mai" in words(answer), "who cannot see it can read it"


@pytest.mark.parametrize("query", ["page=x", "page=-1", "zoom=9999", "version=" + "9" * 400, "page=²"])
def test_an_address_that_means_nothing_is_the_first_page(query: str) -> None:
    asked = looking(picture(), pages=3)
    assert asked.get(f"{ADDRESS}?{query}").status_code == 200
    assert (asked.last("GetPreviewPage").page, asked.last("GetPreviewPage").version) == (1, 0)


def test_an_earlier_version_stays_that_version() -> None:
    """ACC-42, ACC-51."""
    asked = looking(picture(), pages=2)
    page = asked.get(f"{ADDRESS}?version=1").get_data(as_text=True)
    assert asked.last("GetPreview").version == 1
    assert "/1.webp?version=1" in page
    assert "?version=1&amp;page=2" in page


def test_a_picture_is_only_ever_a_picture() -> None:
    """ACC-51: it is not sniffed, run, framed or kept."""
    asked = looking(picture(), pages=3)
    answer = asked.get(f"{ADDRESS}/3.webp")
    assert answer.mimetype == "image/webp"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert asked.last("GetPreviewPage").page == 3
    asked.book.answers["GetPreviewPage"] = pb.PreviewPage(text="no picture")
    assert asked.get(f"{ADDRESS}/3.webp").status_code == 404
    asked.book.answers["GetPreviewPage"] = NotFound("document_not_found")
    assert asked.get(f"{ADDRESS}/3.webp").status_code == 404


def test_a_sheet_is_a_table_with_letters_and_numbers() -> None:
    """ACC-51."""
    sheets = [pb.PreviewSection(name="Lønn", first_page=1), pb.PreviewSection(name="<b>To", first_page=3)]
    shown = looking(table(("Navn", "Beløp"), ("<i>Åse", "1 200,50"), more=True), pages=3, kind=pb.PREVIEW_KIND_SPREADSHEET, sections=sheets)
    page = shown.get(f"{ADDRESS}?page=2").get_data(as_text=True)
    assert '<th scope="col">B</th>' in page
    assert '<th scope="row">2</th><td>&lt;i&gt;Åse</td><td class="number">1 200,50</td>' in page
    assert f'<a href="{ADDRESS}?page=1" aria-current="page">Lønn</a>' in page
    assert f'<a href="{ADDRESS}?page=3">&lt;b&gt;To</a>' in page
    assert "more than is shown here" in page


def test_a_sie_file_speaks_the_readers_language() -> None:
    """ACC-51, ACC-20."""
    shown = table(("company", "company AB"), name="company", columns=["what", "value"])
    parts = [pb.PreviewSection(name="company", first_page=1), pb.PreviewSection(name="vouchers", first_page=2)]
    said = words(looking(shown, pages=2, who={"language": "sv"}, kind=pb.PREVIEW_KIND_SIE, sections=parts).get(ADDRESS))
    for each in ("Verifikationer", "Uppgift", "Värde", "Företag company AB"):
        assert each in said


def test_text_is_shown_as_text() -> None:
    """ACC-51."""
    page = looking(pb.PreviewPage(text="<script>alert(1)</script>\n  Åse"), kind=pb.PREVIEW_KIND_TEXT).get(ADDRESS).get_data(as_text=True)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\n  Åse</pre>" in page


@pytest.mark.parametrize("reason", REASONS)
def test_a_document_without_preview_says_why_and_what_to_do(reason: "pb.PreviewReason.ValueType") -> None:
    """ACC-51."""
    asked = looking(pb.PreviewPage(), ready=False, reason=reason, pages=0)
    answer = asked.get(ADDRESS)
    assert answer.status_code == 200
    assert REASONS[reason] in words(answer)
    assert "Download" in words(answer)
    assert asked.asked("GetPreviewPage") == []


def test_a_page_without_preview_leaves_the_others() -> None:
    """ACC-51."""
    said = words(looking(pb.PreviewPage(unavailable=pb.PREVIEW_REASON_DAMAGED), pages=3).get(f"{ADDRESS}?page=2"))
    assert "cannot be read here" in said
    assert "Next page" in said


def test_while_others_are_made_one_is_asked_to_wait() -> None:
    """ACC-51."""
    asked = looking(picture(), pages=2)
    asked.book.answers["GetPreviewPage"] = TooMany("previews_busy", facts={"retry_after": "3"})
    answer = asked.get(f"{ADDRESS}?page=2")
    assert answer.status_code == 429
    assert "Wait 3 seconds" in words(answer)
    assert f'href="{ADDRESS}?page=2">Try again' in answer.get_data(as_text=True)


def _views() -> Iterator[Portal]:
    yield looking(picture(), pages=3)
    rows = [("Navn", *map(str, range(1, 30))), *[(f"Åse nummer {number}", *["1 234,50"] * 29) for number in range(80)]]
    sheets = [pb.PreviewSection(name=f"Ark {number}", first_page=number) for number in range(1, 12)]
    yield looking(table(*rows, more=True), pages=11, kind=pb.PREVIEW_KIND_SPREADSHEET, sections=sheets)
    yield looking(pb.PreviewPage(text="langt " * 3000), kind=pb.PREVIEW_KIND_TEXT)
    yield looking(pb.PreviewPage(), ready=False, reason=pb.PREVIEW_REASON_KIND_NOT_SUPPORTED, pages=0)


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_previews_have_no_findings(new_page: OpenPage, size: tuple[int, int], scheme: Literal["light", "dark"]) -> None:
    """ACC-51: WCAG 2.2 AA as far as axe-core can tell."""
    for asked in _views():
        with window(new_page, asked, size=size, scheme=scheme) as seen:
            assert _wrong(seen, f"{ADDRESS}?zoom=200") == []
            assert seen.complaints == []


def test_pages_are_turned_and_enlarged_from_the_keyboard(new_page: OpenPage) -> None:
    """ACC-51."""
    with window(new_page, looking(picture(), pages=3)) as seen:
        seen.page.goto(ADDRESS)
        turns = {"ArrowRight": "page=2", "+": "page=2&zoom=150", "-": "page=2", "ArrowLeft": "page=1"}
        for key, query in turns.items():
            seen.page.keyboard.press(key)
            seen.page.wait_for_url(lambda url, query=query: url.endswith(f"{ADDRESS}?{query}"))  # type: ignore[misc]
        seen.page.keyboard.press("Escape")
        seen.page.wait_for_url(f"**/documents?document={DOCUMENT}")
        assert seen.complaints == []
