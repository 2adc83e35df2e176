"""Where a request comes from: if it changes something, our own pages (CSRF: Fetch Metadata, else Origin, as OWASP and Go 1.25 do it)."""

from urllib.parse import urlsplit

from flask import Request

from chassis.errors import Denied

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_cross_site(request: Request, public_url: str) -> None:
    """Raises Denied `cross_site`. Only for requests that a browser authenticates by itself, that is by cookie."""
    if request.method in SAFE:
        return
    site, origin = request.headers.get("Sec-Fetch-Site", ""), request.headers.get("Origin", "")
    # Old browsers send at least Origin; what sends neither is no browser and cannot be tricked.
    from_here = not origin or urlsplit(origin)[:2] == urlsplit(public_url)[:2]
    if not (site in ("same-origin", "none") if site else from_here):
        raise Denied("cross_site", "This request comes from another site.")


def seen_from(request: Request) -> str:
    """The internet address of whoever sends it."""
    return (request.remote_addr or "")[:45]


def ours(address: str) -> bool:
    """Whether it is a path here. Tabs and line ends fall out of an address when it is read: `/<tab>/elsewhere` is another host's."""
    return address.startswith("/") and not address.startswith("//") and "\\" not in address and address.isprintable()
