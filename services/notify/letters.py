"""Write mails: the templates of each kind, in the reader's language."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from chassis.language import LANGUAGES, Catalogues, Translator, offered
from services.notify import rules
from services.notify.mail import Letter

FOLDER = Path(__file__).parent


class Writer:
    """Writes letters that lead to the portal at `public_url`, from the domain of `sender`."""

    def __init__(self, *, public_url: str, sender: str) -> None:
        catalogues = Catalogues(FOLDER / "locale", "mail")
        self._desks = {language: _desk(catalogues.translator(language)) for language in LANGUAGES}
        self._portal = public_url.rstrip("/")
        self._domain = sender.rpartition("@")[2].rstrip("> ") or "localhost"

    def write(self, kind: str, *, to: str, language: str, key: str, unsubscribe: str = "", **facts: Any) -> Letter:
        """The letter of this kind. `key` makes its Message-ID, `unsubscribe` is the token of its link to get no more of them; `facts` are
        what its templates ask for."""
        language = offered(language)
        desk = self._desks[language]
        link = f"{self._portal}/unsubscribe/{unsubscribe}" if unsubscribe else ""
        given = {"portal": self._portal, "settings": f"{self._portal}/account/notices", "language": language, "unsubscribe": link, **facts}
        subject = rules.one_line(desk.get_template(f"{kind}/subject.txt").render(given))
        return Letter(
            to=to, subject=subject, language=language, message_id=f"<{key}@{self._domain}>", unsubscribe=link,
            text=desk.get_template(f"{kind}/body.txt").render(given, subject=subject).strip() + "\n",
            html=desk.get_template(f"{kind}/body.html").render(given, subject=subject),
        )  # fmt: skip

    def sms(self, kind: str, *, language: str, **facts: Any) -> str:
        """The text of an SMS of this kind. Its last line lets a phone fill a code in on the portal's own pages only."""
        given = {"portal": self._portal, "host": urlsplit(self._portal).hostname or "", **facts}
        return self._desks[offered(language)].get_template(f"sms/{kind}.txt").render(given).strip()


class Spoken(Extension):
    """Puts texts without anything to fill in into the compiled templates, in their language: looking them up took most of the time."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """`_("text")` becomes the translated text itself."""
        tokens = list(stream)
        while tokens:
            first, *_rest = tokens[:4]
            if [token.value for token in tokens[:2]] == ["_", "("] and [token.type for token in tokens[2:4]] == ["string", "rparen"]:
                yield Token(first.lineno, "string", self.environment.said(tokens[2].value))  # type: ignore[attr-defined]
                del tokens[:4]
            else:
                yield tokens.pop(0)


def _desk(translator: Translator) -> Environment:
    desk = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), extensions=["jinja2.ext.i18n", Spoken], undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, autoescape=select_autoescape(["html"]), auto_reload=False,
    )  # fmt: skip
    desk.extend(said=translator.gettext)
    desk.install_gettext_callables(translator.gettext, translator.ngettext, newstyle=True)  # type: ignore[attr-defined]
    return desk
