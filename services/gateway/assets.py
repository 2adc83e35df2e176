"""Scripts that come from packages: htmx out of the wheel that carries it, found without importing it."""

import importlib.util
from pathlib import Path

from flask import Blueprint, Flask, Response, send_from_directory

VENDOR = {"htmx.js": "htmx-2.min.js"}


def install(app: Flask) -> None:
    """Serve them below /static/vendor/."""
    pages = Blueprint("assets", __name__)
    folder = _folder()

    @pages.get("/static/vendor/<name>")
    def vendor(name: str) -> Response:
        return send_from_directory(folder, VENDOR.get(name, "no-such-file"), max_age=86400)

    app.register_blueprint(pages)


def _folder() -> Path:
    package = importlib.util.find_spec("django_htmx")
    if package is None or package.origin is None:
        raise FileNotFoundError("htmx is missing: install requirements-assets.lock")
    return Path(package.origin).parent / "static" / "django_htmx"
