"""A new password in a browser: how good it is stands beside it while it is typed, and in no address."""

from kontor.identity.v1 import identity_pb2
from playwright.sync_api import expect

from tests.gateway.window import OpenPage, fresh, window


def test_the_strength_follows_what_is_typed(new_page: OpenPage) -> None:
    """ACC-18: counted here, judged by the server once it is long enough, said to those who do not see the bar."""
    asked = fresh()
    asked.book.answers["RatePassword"] = identity_pb2.RatePasswordResponse(strength=1, reason="password_too_common")  # type: ignore[arg-type]
    with window(new_page, asked) as seen:
        sent: list[str] = []
        seen.page.on("request", lambda request: sent.append(request.url))
        seen.page.goto("/account")
        meter, said = seen.page.locator("#password-meter"), seen.page.locator("[data-strength-of]")
        expect(meter).to_be_hidden()
        expect(said).to_have_attribute("role", "status")
        seen.page.get_by_label("New password", exact=True).fill("passord")
        expect(said).to_have_text("7 characters so far")
        assert asked.asked("RatePassword") == []
        seen.page.get_by_label("New password", exact=True).fill("passordpassord2026")
        expect(said).to_have_text("This password is easy to guess. Choose words that do not belong together.")
        assert meter.evaluate("each => each.value") == 1
        asked.book.answers["RatePassword"] = identity_pb2.RatePasswordResponse(strength=3)  # type: ignore[arg-type]
        seen.page.get_by_label("New password", exact=True).fill("gran furu bjerk hassel")
        expect(said).to_have_text("Strong")
        assert meter.evaluate("each => each.value") == 3
        assert list(asked.last("RatePassword").known_words) == ["ingrid@testdal.example", "Ingrid", "Eksempeldal"]
        assert not any("passord" in url or "furu" in url for url in sent)
        assert seen.complaints == []


def test_the_address_of_a_mailed_link_is_rated_for_nobody_signed_in(new_page: OpenPage) -> None:
    """ACC-17, ACC-18."""
    asked = fresh()
    asked.book.answers["RatePassword"] = identity_pb2.RatePasswordResponse(strength=2)  # type: ignore[arg-type]
    asked.book.answers["ShowLink"] = identity_pb2.ShowLinkResponse(kind=2, state=1, email="ida@testdal.example")  # type: ignore[arg-type]
    with window(new_page, asked, signed_in=False) as seen:
        seen.page.goto(f"/links/{'t' * 43}")
        seen.page.get_by_label("New password", exact=True).fill("gran furu bjerk")
        expect(seen.page.locator("[data-strength-of]")).to_have_text("Good enough")
        assert list(asked.last("RatePassword").known_words) == ["ida@testdal.example"]
        assert seen.complaints == []
