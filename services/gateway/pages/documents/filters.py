"""What the list of documents is narrowed to and how it is sorted: all of it stands in the address, so that a view can be kept and sent."""

from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from flask import request, url_for
from kontor.documents.v1 import documents_pb2

from chassis import clock
from services.gateway import texts
from services.gateway.asked import is_id
from services.gateway.pages.documents.status import STATUSES
from services.gateway.reader import client, is_firm
from services.gateway.texts import _

PAGE = 50
MONTHS = range(1, 13)
YEARS_BACK, YEARS_AHEAD = 6, 1
# How orders and sides are called in addresses.
SORTS: dict[str, documents_pb2.Sort.ValueType] = {
    "oldest": documents_pb2.SORT_OLDEST, "name": documents_pb2.SORT_NAME, "-name": documents_pb2.SORT_NAME_REVERSED,
    "folder": documents_pb2.SORT_FOLDER, "period": documents_pb2.SORT_PERIOD, "largest": documents_pb2.SORT_LARGEST,
    "smallest": documents_pb2.SORT_SMALLEST,
}  # fmt: skip
SIDES: dict[str, documents_pb2.Side.ValueType] = {"firm": documents_pb2.SIDE_FIRM, "client": documents_pb2.SIDE_CLIENT}


@dataclass(frozen=True)
class Filter:
    """A view of the list (ACC-48)."""

    client: str = ""
    name: str = ""
    status: str = ""
    year: str = ""
    period: str = ""
    folder: str = ""
    by: str = ""
    sort: str = ""

    @classmethod
    def asked(cls) -> "Filter":
        """From the address; what means nothing is left out."""
        name, word, year, period, folder, by, sort = (
            request.args.get(each, "") for each in ("name", "status", "year", "period", "folder", "by", "sort")
        )
        return cls(
            client=client() if is_firm() else "",
            name=name[:200].strip(),
            status=word if word in STATUSES else "",
            year=year if year.isdecimal() and len(year) == len("2026") else "",
            period=period if period.isdecimal() and len(period) <= len("12") and int(period) in MONTHS else "",
            folder=folder if is_id(folder) else "",
            by=by if by in SIDES else "",
            sort=sort if sort in SORTS else "",
        )

    def url(self, **changed: str) -> str:
        """The address of the list with this filter, changed as told; an empty value takes one away."""
        values = {name: value for name, value in {**asdict(self), **changed}.items() if value}
        return url_for("documents.documents") + (f"?{urlencode(values)}" if values else "")

    def request(self, organisation: str, token: str) -> documents_pb2.ListDocumentsRequest:
        """As the documents service wants it."""
        return documents_pb2.ListDocumentsRequest(
            organisation_id=organisation,
            name=self.name,
            statuses=[STATUSES[self.status]] if self.status else [],
            years=[int(self.year)] if self.year else [],
            periods=[int(self.period)] if self.period else [],
            folder_ids=[self.folder] if self.folder else [],
            uploaded_by=SIDES.get(self.by, documents_pb2.SIDE_UNSPECIFIED),
            sort=SORTS.get(self.sort, documents_pb2.SORT_UNSPECIFIED),
            with_counts=not token,
            page_size=PAGE,
            page_token=token,
        )

    def any(self) -> bool:
        """Whether anything is narrowed."""
        return any((self.name, self.status, self.year, self.period, self.folder, self.by))


@dataclass(frozen=True)
class Counts:
    """How many documents each choice of a filter would find, for the words in the choices; nothing where nothing was counted."""

    statuses: dict[int, int]
    years: dict[int, int]
    periods: dict[int, int]
    folders: dict[str, int]
    counted: bool

    @classmethod
    def of(cls, said: documents_pb2.FilterCounts, *, counted: bool) -> "Counts":
        """As the documents service counted."""
        return cls(
            {each.status: each.documents for each in said.statuses}, {each.number: each.documents for each in said.years},
            {each.number: each.documents for each in said.periods}, {each.folder_id: each.documents for each in said.folders},
            counted and not said.at_least,
        )  # fmt: skip

    def after(self, found: dict[int, int] | dict[str, int], key: object) -> str:
        """What stands after a choice."""
        return f" ({dict(found).get(key, 0)})" if self.counted else ""  # type: ignore[call-overload]


def sort_text(word: str) -> str:
    """An order in the reader's language."""
    return {
        "": _("Newest first"), "oldest": _("Oldest first"), "name": _("By name"), "-name": _("By name, Z first"), "folder": _("By folder"),
        "period": _("By period"), "largest": _("Largest first"), "smallest": _("Smallest first"),
    }[word]  # fmt: skip


def side_text(word: str) -> str:
    """Who uploaded, in the reader's language."""
    mine = is_firm() == (word == "firm")
    if mine:
        return _("Uploaded by us")
    return _("Uploaded by the client") if is_firm() else _("Uploaded by the accountant")


def years() -> range:
    """Those that a document can be given, around the present one where the organisation is (ACC-37)."""
    today = clock.now().astimezone(texts.zone()).year
    return range(today - YEARS_BACK, today + YEARS_AHEAD + 1)


def chosen_ids(most: int = 200) -> list[str]:
    """The documents that are ticked, each once."""
    return list(dict.fromkeys(each for each in request.values.getlist("document") if is_id(each)))[:most]
