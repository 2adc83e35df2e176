"""Where somebody wanted to go who had to sign in first: the browser keeps it until they are there, and no address has to carry it."""

from urllib.parse import urlsplit

from flask import request
from werkzeug.wrappers import Response

from services.gateway.config import Config
from services.gateway.origin import ours
from services.gateway.session import wanted_cookie

KEPT_SECONDS, LONGEST = 30 * 60, 1500
# Nobody is led to a file: the page to sign in would stay where it is, as if nothing had come of it.
FILES = ("documents.file", "documents.zip", "administration.activity_file")


def keep(config: Config, response: Response) -> Response:
    """Remember the page at hand, or the one on which a part of it was asked for."""
    target = _here()
    if ours(target) and len(target) <= LONGEST:
        flags = {"httponly": True, "secure": config.secure, "samesite": "Lax", "path": "/"}
        response.set_cookie(wanted_cookie(config.public_url), target, max_age=KEPT_SECONDS, **flags)  # type: ignore[arg-type]
    return response


def wanted(config: Config, *, by: str | None = None) -> str:
    """A path here that was wanted, or nothing. `by` is said to the page."""
    target = request.cookies.get(wanted_cookie(config.public_url), "")
    if not ours(target):
        return ""
    return f"{target}{'&' if '?' in target else '?'}by={by}" if by else target


def _here() -> str:
    if request.headers.get("HX-Request"):
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        return f"{page.path}?{page.query}" if page.query else page.path
    # Scripts and pictures do not say that they take a page.
    is_page = request.method == "GET" and request.endpoint not in FILES and "text/html" in request.headers.get("Accept", "")
    return (request.full_path if request.query_string else request.path) if is_page else ""
