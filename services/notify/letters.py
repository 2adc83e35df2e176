"""Write mails: the templates of each kind, in the reader's language."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

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

    def write(self, kind: str, *, to: str, language: str, key: str, **facts: Any) -> Letter:
        """The letter of this kind. `key` makes its Message-ID; `facts` are what its templates ask for."""
        language = offered(language)
        desk = self._desks[language]
        given = {"portal": self._portal, "language": language, **facts}
        subject = rules.one_line(desk.get_template(f"{kind}/subject.txt").render(given))
        return Letter(
            to=to, subject=subject, language=language, message_id=f"<{key}@{self._domain}>",
            text=desk.get_template(f"{kind}/body.txt").render(given, subject=subject).strip() + "\n",
            html=desk.get_template(f"{kind}/body.html").render(given, subject=subject),
        )  # fmt: skip


def _desk(translator: Translator) -> Environment:
    desk = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), extensions=["jinja2.ext.i18n"], undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, autoescape=select_autoescape(["html"]), auto_reload=False,
    )  # fmt: skip
    desk.install_gettext_callables(translator.gettext, translator.ngettext, newstyle=True)  # type: ignore[attr-defined]
    return desk
