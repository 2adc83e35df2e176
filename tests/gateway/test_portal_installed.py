"""The portal can be installed, and says so itself when there is no network; nothing of a person is kept for that."""

import io
import json

from PIL import Image
from playwright.sync_api import expect

from tests.gateway.portal import portal
from tests.gateway.window import OpenPage, fresh, window
from tests.servers.browser import PHONE

HELD = "async () => { const held = []; for (const name of await caches.keys()) for (const each of await (await caches.open(name)).keys())"
KEPT = f"{HELD} held.push(new URL(each.url).pathname); return held.sort(); }}"


def test_the_manifest_and_its_icons_are_there_for_anybody() -> None:
    """Design § 7, NET-39: drawn from the mark, on its green, and sized as they say."""
    asked = portal(signed_in=False)
    manifest = json.loads(asked.get("/manifest.webmanifest").get_data(as_text=True))
    assert (manifest["display"], manifest["start_url"]) == ("standalone", "/")
    for each in manifest["icons"][:-1]:
        picture = Image.open(io.BytesIO(asked.get(each["src"]).get_data()))
        assert f"{picture.width}x{picture.height}" == each["sizes"]
        colours = {colour for _, colour in picture.convert("RGB").getcolors(maxcolors=2**18) or []}
        assert {(20, 81, 60), (248, 251, 247)} <= colours
    assert asked.get("/icon-7.png").status_code == 404
    assert "manifest-src 'self'" in asked.get("/sign-in").headers["Content-Security-Policy"]


def test_without_a_network_the_installed_portal_says_so_and_keeps_nothing_of_a_person(new_page: OpenPage) -> None:
    """NET-39: the offline page and its looks are all that is kept, also after pages were read."""
    with window(new_page, fresh(), size=PHONE, worker="allow") as seen:
        seen.page.goto("/account")
        seen.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        seen.page.reload()
        seen.page.wait_for_function("navigator.serviceWorker.controller !== null")
        assert seen.page.evaluate(KEPT) == ["/offline", "/static/icons.svg", "/static/kontor.css", "/static/mark.svg"]
        seen.page.context.set_offline(True)
        seen.page.goto("/documents")
        expect(seen.page.get_by_role("heading", name="No network")).to_be_visible()
