"""Find personal, bank and card numbers in a text, and mask them (BEY-04): by check digit, however they are spaced.

A number is what its check digits say, not what somebody may have meant: one that is mistyped is not found. Groups of digits count as one
number when nothing but a few spaces, dashes or dots stands between them, and as several otherwise.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, pairwise

from stdnum import iban, luhn
from stdnum.dk import cpr
from stdnum.exceptions import ValidationError
from stdnum.fi import hetu
from stdnum.no import fodselsnummer
from stdnum.se import personnummer

MASK = "•"


class Kind(StrEnum):
    """What a number is."""

    NORWEGIAN = "norwegian_identity_number"
    SWEDISH = "swedish_identity_number"
    FINNISH = "finnish_identity_code"
    DANISH = "danish_identity_number"
    IBAN = "iban"
    CARD = "payment_card"


@dataclass(frozen=True)
class Finding:
    """A number in a text, from `start` up to `end`, in code points."""

    kind: Kind
    start: int
    end: int


def find(text: str) -> list[Finding]:
    """The numbers in the text, in order, none overlapping another: of two that overlap the longer one counts."""
    plain = "".join(map(_plain, text))
    found = sorted({*_codes(plain), *_numbers(plain)}, key=lambda each: (each.start - each.end, each.start, each.kind))
    chosen: list[Finding] = []
    for each in found:
        if all(each.end <= other.start or other.end <= each.start for other in chosen):
            chosen.append(each)
    return sorted(chosen, key=lambda each: each.start)


def mask(text: str) -> str:
    """The text with the digits and letters of every such number replaced; how it was spaced stays visible."""
    while found := find(text):
        for each in found:
            hidden = re.sub(r"\w", MASK, text[each.start : each.end])
            text = text[: each.start] + hidden + text[each.end :]
    return text


# What may stand inside a number, once _plain has written it in ASCII: an invisible character is \0, and parts nothing.
_GAP = r"[ .\-\0]"
_GROUP = r"\d(?:\0*\d)*"
_GROUPS = re.compile(rf"{_GROUP}(?:{_GAP}{{1,3}}{_GROUP})*")
_HETU = re.compile(
    rf"(?<!\d)((?:\d\0*){{6}}|\d\d([ .\-])\d\d\2\d\d)({_GAP}{{0,3}}[+A-FU-Y]?{_GAP}{{0,3}})((?:\d\0*){{3}})([0-9]|{_GAP}?[A-Z])(?!\w)"
)
_IBAN_BEGINS = re.compile(rf"(?<!\w)(?=[A-Z]{{2}}{_GAP}{{0,2}}\d{_GAP}?\d)")
_IBAN = re.compile(rf"[A-Z0-9](?:{_GAP}{{0,2}}[A-Z0-9]){{14,33}}")
_CARDS = re.compile(
    r"4(\d{12}|\d{15}|\d{18})|(5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}"
    r"|35(2[89]|[3-8]\d)\d{12}|6(011|5\d\d|4[4-9]\d)\d{12}|62\d{14,17}|(50(18|19|20|38)|5893|6304|6759|676[1-3])\d{8,15}"
)
# How people group them. Other groups of as many digits are amounts, dates, telephone or account numbers beside each other.
_ELEVEN = {(11,), (6, 5), (2, 2, 2, 5), (6, 3, 2), (2, 2, 2, 3, 2), (8, 5), (2, 2, 4, 5)}
_TEN = {(10,), (6, 4), (2, 2, 2, 4), (12,), (8, 4), (2, 6, 4), (4, 2, 2, 4), (2, 2, 4, 4)}
_CARD = {(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1), (4, 6, 5), (4, 6, 4), (4, 4, 5), (8, 8), (6, 10)}
_LONGEST = 19
# What names a payment, an invoice or a telephone, whose numbers may carry the same check digit as a card or a personnummer.
_OTHERWISE = re.compile(
    r"(?<!\w)(KID|OCR|FIK|VIITE|REFERANSE|REFERENS|REFERENCE|BETALINGSID|FAKTURA|INVOICE|LASKU|ORDRE|ORDER|BESTILLING|TLF|TEL|TELEFON|MOBIL|PUH)"
    r"([ -]?(NUMMER|NUMERO|NUMBER|NR|NO|KODE))?[ :#.]{0,3}$"
)
_CPR = re.compile(r"(?<!\w)CPR([ -]?(NUMMER|NR))?[ :#.]{0,3}$")


def _plain(character: str) -> str:
    """The character as its ASCII equal, one for one: digits of every script, spaces of every width, dashes."""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if character in "\n\r":
        return character
    category = unicodedata.category(character)
    if category == "Zs" or character == "\t":
        return " "
    if category == "Pd" or character in "\u2212\u00b7":
        return "-"
    if category in ("Cf", "Cc"):
        return "\0"
    upper = character.upper()
    return upper if len(upper) == 1 else character


def _codes(text: str) -> Iterator[Finding]:
    """Numbers that may have letters."""
    for match in _HETU.finditer(text):
        birth, sign, number, control = (re.sub(_GAP, "", match[part]) for part in (1, 3, 4, 5))
        # Ten digits without any sign between them are no Finnish code.
        if (sign or "-" in match[3] or control.isalpha()) and _holds(hetu.validate, birth + (sign or "-") + number + control):
            yield Finding(Kind.FINNISH, match.start(), match.end())
    for begins in _IBAN_BEGINS.finditer(text):
        whole = _IBAN.match(text, begins.start())
        end = _end_of_iban(text, whole) if whole else 0
        if end:
            yield Finding(Kind.IBAN, begins.start(), end)


def _end_of_iban(text: str, match: re.Match[str]) -> int:
    """Where the IBAN ends with which the match begins, if one does: words may follow it."""
    places = [place for place in range(match.start(), match.end()) if text[place].isalnum()]
    for length in range(len(places), 14, -1):
        end = places[length - 1] + 1
        if not text[end : end + 1].isalnum() and _holds(iban.validate, "".join(text[place] for place in places[:length])):
            return end
    return 0


@dataclass(frozen=True)
class _Stretch:
    """Groups of digits beside each other that may be one number."""

    digits: str
    sizes: tuple[int, ...]
    # What stands between them.
    gaps: tuple[str, ...]

    @property
    def one(self) -> bool:
        """With nothing but dashes between the groups, or one digit a group, they are one number however they are grouped."""
        return set(self.gaps) == {"-"} or self.singly

    @property
    def singly(self) -> bool:
        """Every digit stands for itself: `1 5 1 0 8 6`."""
        return len(self.gaps) > 1 and len(self.digits) == len(self.sizes) and len(set(self.gaps)) == 1

    @property
    def even(self) -> bool:
        """Spaced as one number is: a date and an amount after it are not."""
        return len(self.sizes) < 3 or len(set(self.gaps)) == 1 or (self.gaps[-1] == "-" and len(set(self.gaps[:-1])) == 1)


def _numbers(text: str) -> Iterator[Finding]:
    """Numbers of digits alone: every stretch of whole groups is looked at."""
    for run in _GROUPS.finditer(text):
        spans = [(run.start() + each.start(), run.start() + each.end()) for each in re.finditer(_GROUP, run[0])]
        for first, (start, _) in enumerate(spans):
            if text[max(start - 1, 0) : start] == "+":
                continue
            for stretch, end in _stretches(text, spans[first : first + _LONGEST]):
                kind = _kind(stretch, text[max(start - 30, 0) : start])
                if kind is not None:
                    yield Finding(kind, start, end)


def _stretches(text: str, spans: list[tuple[int, int]]) -> Iterator[tuple[_Stretch, int]]:
    """The groups from the first one on, as many as have the digits of a number, and where they end."""
    groups = [text[start:end].replace("\0", "") for start, end in spans]
    gaps = [text[before:after].replace("\0", "") for (_, before), (after, _) in pairwise(spans)]
    for count, length in enumerate(accumulate(map(len, groups)), start=1):
        if length > _LONGEST:
            return
        if length >= 10:
            yield _Stretch("".join(groups[:count]), tuple(map(len, groups[:count])), tuple(gaps[: count - 1])), spans[count - 1][1]


def _kind(stretch: _Stretch, before: str) -> Kind | None:
    digits, sizes = stretch.digits, stretch.sizes
    if (sizes in _ELEVEN or stretch.one) and _norwegian(digits):
        return Kind.NORWEGIAN
    if (sizes in _TEN and stretch.even) or stretch.singly:
        if _danish(digits, named=bool(_CPR.search(before))):
            return Kind.DANISH
        if _swedish(digits) and not _OTHERWISE.search(before):
            return Kind.SWEDISH
    if (len(sizes) == 1 or sizes in _CARD or stretch.one) and _CARDS.fullmatch(digits) and luhn.is_valid(digits):
        return None if _OTHERWISE.search(before) else Kind.CARD
    return None


def _norwegian(digits: str) -> bool:
    """Fødselsnummer and D-nummer, also with the year of birth in full."""
    short = _short_year(digits, day_first=True) if len(digits) == 13 else digits
    return len(short) == 11 and "00" < short[2:4] < "53" and _holds(fodselsnummer.validate, short)


def _swedish(digits: str) -> bool:
    """Personnummer and samordningsnummer, in which the day of birth is 60 higher; also with the year of birth in full."""
    short = _short_year(digits, day_first=False) if len(digits) == 12 else digits
    if len(short) != 10 or not luhn.is_valid(short):
        return False
    day = int(short[4:6])
    return _holds(personnummer.get_birth_date, f"{short[:4]}{day - 60 if day > 60 else day:02}{short[6:]}")


def _danish(digits: str, *, named: bool) -> bool:
    """CPR numbers. Those given out since 2007 may lack a check digit: they are found where the word is before them."""
    short = _short_year(digits, day_first=True) if len(digits) == 12 else digits
    return len(short) == 10 and (named or cpr.checksum(short) == 0) and _holds(cpr.validate, short)


def _short_year(digits: str, *, day_first: bool) -> str:
    """The number without the century of the year of birth; nothing where that is none."""
    at = 4 if day_first else 0
    return digits[:at] + digits[at + 2 :] if digits[at : at + 2] in ("18", "19", "20") else ""


def _holds(validate: Callable[[str], object], number: str) -> bool:
    try:
        validate(number)
    except ValidationError:
        return False
    return True
