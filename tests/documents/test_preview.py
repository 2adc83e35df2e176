"""Previews: what each kind of document looks like, and for whom."""

import io
from collections.abc import Callable

import pytest
from kontor.access.v1.access_pb2 import SERVICE_AREA_ACCOUNTING, SERVICE_AREA_PAYROLL
from kontor.documents.v1 import previews_pb2 as pb
from kontor.documents.v1 import previews_pb2_grpc as rpcs
from PIL import Image

from chassis.caller import Caller
from chassis.errors import Conflict, Denied, Invalid, NotFound, Unauthenticated
from chassis.testing import person
from tests.documents import corpus, pages
from tests.documents.portal import READ, Portal, new_id

KINDS: dict[str, tuple[str, Callable[[], bytes], "pb.PreviewKind.ValueType", int]] = {
    "pdf": ("a.pdf", lambda: pages.pdf(pages.written("Lønn for mai"), pages.written("Side to")), pb.PREVIEW_KIND_PDF, 2),
    "png": ("a.png", lambda: pages.image("PNG"), pb.PREVIEW_KIND_IMAGE, 1),
    "jpeg": ("a.jpg", lambda: pages.image("JPEG"), pb.PREVIEW_KIND_IMAGE, 1),
    "gif": ("a.gif", lambda: pages.image("GIF"), pb.PREVIEW_KIND_IMAGE, 1),
    "webp": ("a.webp", lambda: pages.image("WEBP"), pb.PREVIEW_KIND_IMAGE, 1),
    "bmp": ("a.bmp", lambda: pages.image("BMP"), pb.PREVIEW_KIND_IMAGE, 1),
    "tiff": ("a.tif", lambda: pages.image("TIFF", save_all=True, append_images=[Image.new("1", (90, 50))]), pb.PREVIEW_KIND_IMAGE, 2),
    "text": ("a.txt", lambda: "Lønn\r\nÅse".encode("latin-1"), pb.PREVIEW_KIND_TEXT, 1),
    "csv": ("a.csv", lambda: "Navn;Beløp\nÅse;1,50\n".encode("utf-16"), pb.PREVIEW_KIND_CSV, 1),
    "xlsx": ("a.xlsx", lambda: pages.workbook([["Navn", "Beløp"], ["Åse", 1.5]], second="To"), pb.PREVIEW_KIND_SPREADSHEET, 2),
    "ods": ("a.ods", lambda: pages.opendocument([["Navn", "Beløp"], ["Åse", "1.5"]]), pb.PREVIEW_KIND_SPREADSHEET, 1),
    "sie": ("a.se", lambda: pages.SIE.encode("cp437"), pb.PREVIEW_KIND_SIE, 4),
}


def whole(portal: Portal, who: Caller, document_id: str, version: int = 0) -> pb.Preview:
    asked = pb.GetPreviewRequest(document_id=document_id, version=version)
    return rpcs.PreviewsStub(portal.under.channel(who)).GetPreview(asked, timeout=30)


def page(portal: Portal, who: Caller, document_id: str, number: int = 1, version: int = 0) -> pb.PreviewPage:
    asked = pb.GetPreviewPageRequest(document_id=document_id, version=version, page=number)
    return rpcs.PreviewsStub(portal.under.channel(who)).GetPreviewPage(asked, timeout=30)


def refusal(portal: Portal, who: Caller, document_id: str) -> str:
    """Why somebody gets neither the preview nor a page."""
    with pytest.raises((Conflict, NotFound)) as refused:
        page(portal, who, document_id)
    with pytest.raises(type(refused.value)):
        whole(portal, who, document_id)
    return refused.value.reason


def shown(portal: Portal, name: str, content: bytes) -> tuple[Caller, str]:
    """A reader, and a published document of this content."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    return member, portal.publish(member, folder, name, content).document_id


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_says_what_it_is_and_every_page_shows_something(portal: Portal, kind: str) -> None:
    """ACC-51."""
    name, content, number, count = KINDS[kind]
    member, document = shown(portal, name, content())
    told = whole(portal, member, document)
    assert (told.ready, told.kind, told.pages, told.name, told.version) == (True, number, count, name, 1)
    for each in range(1, count + 1):
        expected = {pb.PREVIEW_KIND_PDF: "picture", pb.PREVIEW_KIND_IMAGE: "picture", pb.PREVIEW_KIND_TEXT: "text"}.get(number, "table")
        assert page(portal, member, document, each).WhichOneof("content") == expected
    with pytest.raises(NotFound) as missing:
        page(portal, member, document, count + 1)
    assert missing.value.reason == "preview_page_not_found"


def test_a_page_of_a_pdf_is_a_picture_and_its_text(portal: Portal) -> None:
    """ACC-51."""
    member, document = shown(portal, *_made("pdf"))
    picture = page(portal, member, document, 1).picture
    assert (picture.text, page(portal, member, document, 2).picture.text) == ("Lønn for mai", "Side to")
    drawn = Image.open(io.BytesIO(picture.webp))
    assert (drawn.format, drawn.size) == ("WEBP", (picture.width, picture.height))
    assert drawn.convert("L").getextrema()[0] < 100, "something stands on it"  # type: ignore[operator]  # one band, two numbers


def test_a_photo_is_upright_and_keeps_nothing_of_where_it_was_taken(portal: Portal) -> None:
    """ACC-51: re-encoded, its metadata gone."""
    member, document = shown(portal, "a.jpg", pages.photographed((320, 200)))
    picture = page(portal, member, document).picture
    drawn = Image.open(io.BytesIO(picture.webp))
    assert drawn.size == (200, 320)
    assert not drawn.getexif()
    assert b"Testphone" not in picture.webp
    red, _, blue = drawn.convert("RGB").getpixel((150, 10))  # type: ignore[misc]  # three numbers, in RGB
    assert red > 200 > 100 > blue, "its upper right was the upper left"


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_a_table_has_its_cells(portal: Portal, kind: str) -> None:
    """ACC-51: whatever separates and encodes them."""
    member, document = shown(portal, *_made(kind))
    rows = [list(row.cells) for row in page(portal, member, document).table.rows]
    assert rows == [["Navn", "Beløp"], ["Åse", "1,50" if kind == "csv" else "1.5"]]


def test_a_workbook_has_the_sheets_one_would_see(portal: Portal) -> None:
    """ACC-51."""
    member, document = shown(portal, *_made("xlsx"))
    assert [(each.name, each.first_page) for each in whole(portal, member, document).sections] == [("Lønn", 1), ("To", 2)]
    assert page(portal, member, document, 2).table.name == "To"


def test_a_sie_file_is_its_company_accounts_balances_and_vouchers(portal: Portal) -> None:
    """ACC-51: in the encoding of the format."""
    member, document = shown(portal, *_made("sie"))
    assert [each.name for each in whole(portal, member, document).sections] == ["company", "accounts", "balances", "vouchers"]
    tables = [page(portal, member, document, number).table for number in (1, 2, 3, 4)]
    assert ["company", "Åkerö Bröd AB"] in [list(row.cells) for row in tables[0].rows]
    assert [list(row.cells) for row in tables[1].rows] == [["1910", "Kassa", "T"], ["4010", "Inköp"]]
    assert list(tables[2].rows[0].cells) == ["2026-01-01 – 2026-12-31", "1910", "Kassa", "100.00", "55.00"]
    assert list(tables[3].rows[1].cells) == ["A", "1", "2026-01-05", "Kaffe", "4010", "Inköp", "45.00", 'Bönor "extra"']
    assert all(len(table.columns) >= len(row.cells) for table in tables for row in table.rows)


def test_a_long_table_goes_on_on_the_next_page(portal: Portal) -> None:
    """ACC-51."""
    member, document = shown(portal, "a.csv", b"".join(b"%d;x\n" % number for number in range(1, 452)))
    assert whole(portal, member, document).pages == 3
    last = page(portal, member, document, 3).table
    assert (last.first_row, len(last.rows), list(last.rows[0].cells)) == (401, 51, ["401", "x"])


def test_what_is_left_out_is_said(portal: Portal) -> None:
    """ACC-51."""
    member, document = shown(portal, "a.csv", b";".join([b"x"] * 100))
    table = page(portal, member, document).table
    assert (len(table.rows[0].cells), table.more) == (60, True)


@pytest.mark.parametrize(("name", "inside"), [("a.docx", "word/document.xml"), ("a.zip", "a.txt")])
def test_other_kinds_say_that_they_have_none(portal: Portal, name: str, inside: str) -> None:
    """ACC-51."""
    member, document = shown(portal, name, corpus.zipped([(inside, b"<w/>")]))
    told = whole(portal, member, document)
    assert (told.ready, told.reason) == (False, pb.PREVIEW_REASON_KIND_NOT_SUPPORTED)
    assert page(portal, member, document).unavailable == pb.PREVIEW_REASON_KIND_NOT_SUPPORTED


def test_a_preview_is_refused_to_everybody_who_may_not_download(portal: Portal) -> None:
    """ACC-03, ACC-51, P10."""
    company, other = portal.company(), portal.company()
    folder = portal.folder(company)
    document = portal.publish(portal.member(company, folder), folder, "a.txt", b"secret").document_id
    assert page(portal, portal.consultant(company, SERVICE_AREA_PAYROLL), document).text == "secret"
    strangers = [portal.member(company), portal.member(other, portal.folder(other)), portal.manager(), company.administrator, person(*READ)]
    for who in (*strangers, portal.consultant(company, SERVICE_AREA_ACCOUNTING)):
        assert refusal(portal, who, document) == "document_not_found"
    with pytest.raises(Unauthenticated):
        whole(portal, Caller(), document)
    with pytest.raises(Denied):
        page(portal, person(), document)
    with pytest.raises(Invalid):
        page(portal, company.administrator, document, 0)


def test_what_was_not_scanned_clean_is_previewed_for_nobody(portal: Portal) -> None:
    """ACC-58, ACC-59."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    waiting = portal.upload(member, folder, "waits.txt", b"not yet").document_id
    assert refusal(portal, member, waiting) == "not_scanned_clean"
    stopped = portal.publish(member, folder, "notes.txt", corpus.MARKER).document_id
    assert refusal(portal, member, stopped) == "not_scanned_clean"
    assert page(portal, member, waiting).text == "not yet"
    assert refusal(portal, member, new_id()) == "document_not_found"


def test_an_earlier_version_is_previewed_by_its_number(portal: Portal) -> None:
    """ACC-42, ACC-51."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder, "a.txt", b"first").document_id
    assert page(portal, member, document).text == "first"
    portal.upload(member, folder, "a.txt", b"second", overwrite=True)
    portal.scan()
    assert (page(portal, member, document).text, whole(portal, member, document).version) == ("second", 2)
    assert page(portal, member, document, version=1).text == "first"
    with pytest.raises(NotFound) as missing:
        whole(portal, member, document, version=3)
    assert missing.value.reason == "version_not_found"


def test_access_taken_away_ends_previews_at_once_also_of_kept_pages(portal: Portal) -> None:
    """ACC-03, ACC-80."""
    company = portal.company()
    folder = portal.folder(company)
    member = portal.member(company, folder)
    document = portal.publish(member, folder, "a.txt", b"text").document_id
    assert page(portal, member, document).text == "text"
    portal.allow(company, member)
    assert refusal(portal, member, document) == "document_not_found"


def _made(kind: str) -> tuple[str, bytes]:
    name, content, *_ = KINDS[kind]
    return name, content()
