"""The texts of one service in every language people may choose: gettext catalogues, read as they are written (.po) and kept in memory."""

import gettext
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

# BCP 47. People choose one of these (ACC-20, ACC-71); anything else is answered in English.
LANGUAGES = ("nb", "sv", "fi", "da", "en")
FALLBACK = "en"
# What browsers and older systems call a language that is offered here under another name.
_ALIASES = {"no": "nb", "nn": "nb"}


@dataclass(frozen=True)
class Translator:
    """Texts in one language. A text without translation comes back as it was written, which is English."""

    language: str
    _texts: gettext.NullTranslations

    def gettext(self, message: str) -> str:
        """`message` in this language."""
        return self._texts.gettext(message)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """The form of this language for so many."""
        return self._texts.ngettext(singular, plural, number)

    def pgettext(self, context: str, message: str) -> str:
        """`message` as it is said in this context, for words that mean several things."""
        return self._texts.pgettext(context, message)


class Catalogues:
    """The catalogues below `folder`: <language>/LC_MESSAGES/<domain>.po. Raises ValueError for a file that is not a catalogue."""

    def __init__(self, folder: Path, domain: str) -> None:
        self._translators: Mapping[str, Translator] = {
            language: Translator(language, _read(folder / language / "LC_MESSAGES" / f"{domain}.po", language)) for language in LANGUAGES
        }

    def translator(self, language: str) -> Translator:
        """The texts in `language`, which may also be a locale such as `sv-SE`."""
        return self._translators[offered(language)]


def offered(language: str) -> str:
    """The language offered for the one asked for."""
    primary = language.replace("_", "-").partition("-")[0].lower()
    primary = _ALIASES.get(primary, primary)
    return primary if primary in LANGUAGES else FALLBACK


def _read(path: Path, language: str) -> gettext.NullTranslations:
    if not path.exists() and language == FALLBACK:
        return gettext.NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
