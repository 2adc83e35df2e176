"""For a laptop only: the mail and SMS that were caught, and the codes that the demonstration's people would read off their telephones."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pyotp
from flask import Blueprint, Flask, render_template
from markupsafe import Markup, escape

from chassis import clock

SHOWN = 200
_LINK = re.compile(r"https?://[^\s<>\"]+")


def pages(folder: Path) -> Callable[[Flask], None]:
    """Registers /dev/mailbox and /dev/codes on an application: `mail` and `sms` in `folder`, authenticator secrets in its demo.json."""
    blueprint = Blueprint("dev", __name__, url_prefix="/dev", template_folder="dev_templates")
    blueprint.add_app_template_filter(linked)

    @blueprint.get("/mailbox")
    def mailbox() -> str:
        return render_template("dev/mailbox.html", mails=mails(folder / "mail", folder / "sms"))

    @blueprint.get("/codes")
    def codes() -> str:
        now = clock.now()
        secrets = _secrets(folder / "demo.json")
        rows = [(email, pyotp.TOTP(secret).at(now)) for email, secret in sorted(secrets.items())]
        return render_template("dev/codes.html", codes=rows, seconds=30 - int(now.timestamp()) % 30)

    def register(app: Flask) -> None:
        app.register_blueprint(blueprint)

    return register


def mails(*folders: Path) -> list[dict[str, str]]:
    """The newest mails and SMS, newest first; their names sort by time."""
    found = sorted((path for folder in folders for path in folder.glob("*.json")), key=lambda path: path.name, reverse=True)
    return [json.loads(path.read_text("utf-8")) for path in found[:SHOWN]]


def linked(text: str) -> Markup:
    """Plain text with its links to click on."""
    pieces, end = [], 0
    for link in _LINK.finditer(text):
        address = escape(link.group())
        pieces += [escape(text[end : link.start()]), Markup('<a href="{0}">{0}</a>').format(address)]
        end = link.end()
    return Markup("").join([*pieces, escape(text[end:])])


def _secrets(path: Path) -> dict[str, str]:
    secrets: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return secrets
