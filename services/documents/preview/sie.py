"""Files of the SIE format, types 1 to 4: the company, its accounts, balances and vouchers (SIE filformat, utgåva 4B)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from services.documents.preview import limits
from services.documents.preview.pages import NoPreview, Rendered, Section, table
from services.documents.preview.text import decoded

# A field is in quotation marks, where \" stands for one, or it ends at a space; {…} lists dimensions and objects (§ 5.7).
_FIELD = re.compile(r'"((?:\\.|[^"\\])*)"|\{([^}]*)\}|([^\s"{}]+)')
_DATE = re.compile(r"\d{8}")
# What the company's table says, in this order, by label.
_COMPANY = {
    "#FNAMN": "company", "#ORGNR": "organisation_number", "#ADRESS": "address", "#SIETYP": "type", "#VALUTA": "currency",
    "#PROGRAM": "program", "#GEN": "generated", "#OMFATTN": "until",
}  # fmt: skip
_BALANCES = {"#IB": 0, "#UB": 1, "#RES": 2}
_LABELS = {"#FLAGGA", "#SIETYP", "#KONTO", "#VER", "#IB"}


@dataclass
class _Book:
    """What was read so far."""

    company: dict[str, list[str]] = field(default_factory=dict)
    years: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, list[str]] = field(default_factory=dict)
    balances: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    vouchers: list[list[str]] = field(default_factory=list)
    voucher: list[str] = field(default_factory=lambda: [""] * 4)

    def name(self, account: str) -> str:
        """What the account is called."""
        return self.accounts.get(account, ["", ""])[0]


def render(data: bytes, page: int) -> Rendered:
    """A page of one of the four tables; an empty one is left out."""
    book, labels = _Book(), set[str]()
    for label, values in _entries(decoded(data, old="cp437")):  # § 5.3: PC8
        labels.add(label)
        _take(book, label, values)
    if not labels & _LABELS:
        raise NoPreview("damaged")
    sections = [section for section in _sections(book) if section.count]
    return table(sections or _sections(book)[:1], page, more=len(data) > limits.TEXT_BYTES)


def _entries(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.splitlines():
        label, _, rest = line.strip().partition(" " if "\t" not in line.partition(" ")[0] else "\t")
        if label.startswith("#"):
            yield label.upper(), [_value(*found) for found in _FIELD.findall(rest)]


def _value(quoted: str, listed: str, bare: str) -> str:
    return quoted.replace('\\"', '"') or bare or listed.strip()


def _take(book: _Book, label: str, values: list[str]) -> None:
    first, second, third, fourth = (*values, "", "", "", "")[:4]
    if label in _COMPANY:
        book.company.setdefault(_COMPANY[label], [_date(value) for value in values if value])
    elif label == "#RAR":
        book.years[first] = f"{_date(second)} – {_date(third)}"
    elif label == "#KONTO":
        book.accounts.setdefault(first, ["", ""])[0] = second
    elif label == "#KTYP":
        book.accounts.setdefault(first, ["", ""])[1] = second
    elif label in _BALANCES:
        book.balances.setdefault((first, second), [""] * 3)[_BALANCES[label]] = third
    elif label == "#VER":
        book.voucher = [first, second, _date(third), fourth]
    elif label == "#TRANS":
        book.vouchers.append([*book.voucher, first, third, (*values, "", "", "")[4]])


def _sections(book: _Book) -> list[Section]:
    years = [["year", book.years[year]] for year in sorted(book.years, key=lambda year: year.lstrip("-").zfill(4))]
    company = [[word, ", ".join(book.company[word])] for word in _COMPANY.values() if word in book.company]
    accounts = [[account, name, kind] for account, (name, kind) in sorted(book.accounts.items())]
    balances = [[book.years.get(year, year), account, book.name(account), *held] for (year, account), held in book.balances.items()]
    vouchers = [[*entry[:5], book.name(entry[4]), *entry[5:]] for entry in book.vouchers]
    return [
        _section("company", company + years, "what", "value"),
        _section("accounts", accounts, "account", "name", "type"),
        _section("balances", balances, "year", "account", "name", "opening", "closing", "result"),
        _section("vouchers", vouchers, "series", "number", "date", "text", "account", "name", "amount", "note"),
    ]


def _section(name: str, rows: Sequence[list[str]], *columns: str) -> Section:
    return Section(name, len(rows), lambda start, stop: rows[start:stop], columns)


def _date(value: str) -> str:
    return f"{value[:4]}-{value[4:6]}-{value[6:]}" if _DATE.fullmatch(value) else value
