"""A telephone reads the computer's code with its camera, in a real browser with a camera and a reader of our own."""

import pytest
from playwright.sync_api import Page, expect

from tests.gateway.window import OpenPage, Window, fresh, window
from tests.servers.browser import PHONE

# A picture that moves, a reader that sees what `window.seen` says, and the camera's tracks, to see them stopped.
CAMERA = """
window.seen = []; window.tracks = [];
window.BarcodeDetector = class {
  static getSupportedFormats = async () => ["qr_code"];
  detect = async () => window.seen.map((rawValue) => ({ rawValue }));
};
const opened = async () => {
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  setInterval(() => pen.fillRect(0, 0, 9, 9), 40);
  const stream = canvas.captureStream();
  window.tracks.push(...stream.getTracks());
  return stream;
};
Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia: opened } });
"""
NO_CAMERA = CAMERA + "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };"
TOKEN = "t" * 43


def _opened(seen: Window, script: str) -> Page:
    seen.page.add_init_script(script)
    seen.page.goto("/qr")
    return seen.page


def test_the_camera_reads_the_code_of_a_computer_and_is_off_afterwards(new_page: OpenPage) -> None:
    """NET-38: only this portal's addresses for it are followed, and scanning confirms nothing."""
    with window(new_page, fresh(), size=PHONE) as seen:
        page = _opened(seen, CAMERA)
        page.get_by_role("button", name="Scan with the camera").click()
        expect(page.locator("video")).to_be_visible()
        origin = page.evaluate("location.origin")
        ours = (f"{origin}/sign-out-everywhere", f"{origin}/qr/../account", f"{origin}/qr")
        for foreign in (*ours, f"https://elsewhere.example/qr/{TOKEN}", "javascript:alert(1)", "WIFI:S:x"):
            page.evaluate("window.seen = []")
            expect(page.get_by_text("That is no sign-in code of this portal.")).to_be_hidden()
            page.evaluate("text => { window.seen = [text]; }", foreign)
            expect(page.get_by_text("That is no sign-in code of this portal.")).to_be_visible()
            assert page.url.endswith("/qr"), foreign
        page.evaluate("addEventListener('pagehide', () => sessionStorage.setItem('left', window.tracks.map((each) => each.readyState)))")
        page.evaluate("text => { window.seen = [text]; }", f"{origin}/qr/{TOKEN}")
        expect(page.get_by_text("Confirm only if you sit in front of it yourself.")).to_be_visible()
        assert page.evaluate("[location.pathname, sessionStorage.getItem('left')]") == [f"/qr/{TOKEN}", "ended"]
        assert seen.portal.asked("ConfirmWebSignIn") == []
        assert seen.complaints == []


def test_leaving_the_page_puts_the_camera_out(new_page: OpenPage) -> None:
    """NET-38."""
    with window(new_page, fresh(), size=PHONE) as seen:
        page = _opened(seen, CAMERA)
        page.get_by_role("button", name="Scan with the camera").click()
        expect(page.locator("video")).to_be_visible()
        page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
        expect(page.locator("video")).to_be_hidden()
        assert page.evaluate("window.tracks.map((each) => each.readyState)") == ["ended"]


@pytest.mark.parametrize(("script", "offered"), [(NO_CAMERA, True), ("delete window.BarcodeDetector", False)])
def test_without_a_camera_the_code_is_typed(new_page: OpenPage, script: str, offered: bool) -> None:
    """NET-38."""
    with window(new_page, fresh(), size=PHONE) as seen:
        page, button = _opened(seen, script), seen.page.get_by_role("button", name="Scan with the camera")
        if offered:
            button.click()
            expect(page.get_by_text("The camera cannot be used. Type the code.")).to_be_visible()
        page.wait_for_load_state("networkidle")
        expect(button).to_have_count(1 if offered else 0)
        expect(page.get_by_label("Code on the computer")).to_be_visible()


def test_only_the_page_that_scans_may_use_the_camera(new_page: OpenPage) -> None:
    """NET-38: the policy that goes with every other page forbids it."""
    with window(new_page, fresh()) as seen:
        for path, allowed in (("/qr", True), ("/security", False), (f"/qr/{TOKEN}", False)):
            seen.page.goto(path)
            assert seen.page.evaluate("document.featurePolicy.allowsFeature('camera')") is allowed, path
