"""The portal on fake services, served to a real browser."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, expect

from services.gateway.config import Config
from services.gateway.front.server import Front
from services.gateway.live import Hub
from services.gateway.session import Sessions
from tests.gateway import peers
from tests.gateway.peers import SESSION
from tests.gateway.portal import MEMBERSHIP, Portal, portal
from tests.servers.browser import leave

OpenPage = Callable[..., Page]


@dataclass
class Window:
    """A browser's window on the portal, and what went wrong in it."""

    page: Page
    portal: Portal
    hub: Hub
    complaints: list[str] = field(default_factory=list)

    def tell_notices(self) -> None:
        """Something new came for the person."""
        self.hub.publish(f"member:{MEMBERSHIP}")

    def tell_documents(self) -> None:
        """Documents of the organisation changed."""
        self.hub.publish(f"reader:{MEMBERSHIP}")

    def listens(self) -> None:
        """Wait until the page hears what is told."""
        expect(self.page.locator("#bell-button")).to_be_visible()
        self.page.wait_for_function("performance.getEntriesByType('resource').some(entry => entry.name.endsWith('/notices/latest'))")


@contextmanager
def window(open_page: OpenPage, asked: Portal, *, signed_in: bool = True, config: Config | None = None, **how: Any) -> Iterator[Window]:
    """Serve `asked` and open a window on it."""
    config = config or Config(listen="127.0.0.1:0", threads=4)
    hub = Hub()
    front = Front(asked.app, sessions=Sessions(peers.peers(asked.book)), hub=hub, config=config)
    front.start()
    try:
        url = f"http://127.0.0.1:{front.port}"
        page = open_page(base_url=url, **how)
        if signed_in:
            page.context.add_cookies([{"name": "session", "value": SESSION, "url": url}])
        shown = Window(page, asked, hub)
        page.on("console", lambda message: shown.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: shown.complaints.append(str(error)))
        yield shown
        leave(page)
    finally:
        front.stop()


def fresh(**who: Any) -> Portal:
    """A portal to be served."""
    return portal(signed_in=False, **who)
