"""Pages for people whose request the front does not take in: few, made when it starts, for in a rush there is no time for it."""

import base64
import hashlib
from collections.abc import Callable

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept, MIMEAccept
from werkzeug.http import parse_accept_header, parse_cookie

from chassis.errors import Failure
from chassis.language import LANGUAGES, Translator
from services.gateway import texts
from services.gateway.front.bodies import Scope, header

REASONS = ("overloaded", "too_many_uploads", "request_stalled", "internal")
JSON, HTML = "application/problem+json", "text/html"
STYLE = "body { font: 1.05rem/1.5 system-ui, sans-serif; margin: 15vh auto; max-width: 34rem; padding: 0 1rem }"
# All that such a page may use is the style in it.
_ALLOWED = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"), ("X-Content-Type-Options", "nosniff"), ("Vary", "Accept, Accept-Language, Cookie"),
    ("Content-Security-Policy", f"default-src 'none'; style-src 'sha256-{_ALLOWED}'; base-uri 'none'; frame-ancestors 'none'"),
)  # fmt: skip
# Stands where the id of a request will be.
_ID = "{id}"


class Refusals:
    """A page for each of these reasons, in each language."""

    def __init__(self) -> None:
        self._catalogues = texts.catalogues()
        templates = Environment(loader=FileSystemLoader(texts.FOLDER.parent / "templates"), autoescape=True, trim_blocks=True)
        self._template = templates.get_template("front/refused.html")
        self._pages = {(language, reason): self._made(language, reason) for language in LANGUAGES for reason in REASONS}

    def page(self, scope: Scope, why: Failure, *, request_id: str) -> bytes | None:
        """What a browser shows that has gone to a page; None for programs and scripts, and for what is no reason of the front's own."""
        takes = parse_accept_header(header(scope, b"accept"), MIMEAccept)
        if why.reason not in REASONS or takes.best_match((JSON, HTML), default=JSON) != HTML:
            return None
        return self._pages[self._language(scope), why.reason].replace(_ID, request_id).encode()

    def _language(self, scope: Scope) -> str:
        accepted = [each for each, _ in parse_accept_header(header(scope, b"accept-language"), LanguageAccept)]
        chosen = parse_cookie(header(scope, b"cookie")).get(texts.COOKIE, "")
        return texts.choose(self._catalogues, profile="", cookie=chosen, accepted=accepted).language

    def _made(self, language: str, reason: str) -> str:
        said = _saying(self._catalogues.translator(language))
        style = Markup(STYLE)  # noqa: S704 - our own
        return self._template.render(_=said, language=language, reason=reason, style=style, id=_ID).lstrip()


def _saying(translator: Translator) -> Callable[..., str]:
    def said(message: str, **values: object) -> str:
        text = translator.gettext(message)
        return text % values if values else text

    return said
