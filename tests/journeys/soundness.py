"""Looks over pages as a careful reader would: axe-core, what the browser complains of, and whether focus can be seen."""

from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page

from tests.servers.browser import PHONE

# Whether an outline is drawn around the focused element, or around the label that stands for it.
FOCUS = """
() => {
  const outlined = (element) => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  };
  const focused = document.activeElement;
  return outlined(focused) || [...(focused.labels ?? [])].some(outlined);
}
"""
NAME = """
() => {
  const at = document.activeElement;
  return (at.getAttribute("aria-label") || at.innerText || at.labels?.[0]?.innerText || "").trim();
}
"""
VIOLATIONS = {"resultTypes": ["violations"]}


@dataclass
class Inspector:
    """Follows one window and remembers everything that is wrong with what it shows."""

    page: Page
    faults: list[str] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)
    _axe: Axe = field(default_factory=Axe)

    def __post_init__(self) -> None:
        """Listen to what the browser complains of: script errors, and what the content security policy stopped.

        Pages come at a desk in light, on a phone in dark, and nothing moves. Colours are the same at any width.
        """
        phone = self.page.viewport_size == {"width": PHONE[0], "height": PHONE[1]}
        self.page.emulate_media(color_scheme="dark" if phone else "light", reduced_motion="reduce")
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.page.url}: {error}"))

    def look(self, what: str) -> None:
        """Look over the page as it is now, once all of it is there."""
        self.looked_at.append(what)
        self.page.wait_for_load_state()
        for violation in self._axe.run(self.page, options=VIOLATIONS).response["violations"]:
            places = "; ".join(" ".join(node["target"]) for node in violation["nodes"][:3])
            self.faults.append(f"{what}: {violation['impact']} {violation['id']} at {places}")

    def visit(self, path: str, what: str = "") -> None:
        """Go to a page and look it over."""
        self.page.goto(path)
        self.look(what or path)

    def _heard(self, message: ConsoleMessage) -> None:
        # A page that answers 4xx is reported as a resource that failed; that is the page's purpose there.
        own = message.text.startswith("Failed to load resource") and message.location.get("url") == self.page.url
        if message.type == "error" and not own:
            self.faults.append(f"{self.page.url}: {message.text}")


def tab_to(page: Page, name: str, *, most: int = 60) -> None:
    """Press Tab until the thing with this name has the focus; on the way, each stop must show that it has it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        at = str(page.evaluate(NAME))
        assert page.evaluate(FOCUS), f"focus cannot be seen on {at!r}"
        if at == name:
            return
    raise AssertionError(f"{name!r} cannot be reached with the keyboard")
