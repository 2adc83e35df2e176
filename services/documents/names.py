"""The name of a file, as people see it: what is accepted, and how it is cleaned."""

import re
import unicodedata

from chassis.errors import Invalid

MAX_CHARACTERS = 200
MAX_BYTES = 255

# Characters that change the direction or the look of a name without being seen: "exe.fdp" shown as "pdf.exe".
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Windows cannot store these; a zip with such a member would not unpack there.
_UNSTORABLE = str.maketrans(dict.fromkeys('<>:"|?*', "_"))
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)


def clean_name(name: str) -> str:
    """The name to keep and show: NFC, without outer spaces, storable on every system.

    Raises Invalid with one of the codes file_name_empty, file_name_too_long, file_name_path, file_name_control,
    file_name_invisible, file_name_reserved.
    """
    _refuse(_SURROGATE.search(name) or _CONTROL.search(name), "file_name_control")
    _refuse(_INVISIBLE.search(name), "file_name_invisible")
    _refuse("/" in name or "\\" in name, "file_name_path")
    cleaned = unicodedata.normalize("NFC", name).translate(_UNSTORABLE).strip().rstrip(". ")
    _refuse(not cleaned.strip("._ "), "file_name_empty")
    _refuse(_RESERVED.match(cleaned), "file_name_reserved")
    _refuse(len(cleaned) > MAX_CHARACTERS or len(cleaned.encode()) > MAX_BYTES, "file_name_too_long")
    return cleaned


def extension(name: str) -> str:
    """The part after the last dot in lower case, empty if there is none."""
    stem, dot, ending = name.rpartition(".")
    return ending.lower() if dot and stem else ""


def _refuse(problem: object, code: str) -> None:
    if problem:
        raise Invalid(code, fields={"name": code})
