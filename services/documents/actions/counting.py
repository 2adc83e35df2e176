"""Count documents: how many a filter finds, how many each of its choices would find, and how many each client has."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kontor.documents.v1 import documents_pb2 as pb
from sqlalchemy import ColumnElement, FromClause, Row, Select, bindparam, column, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from chassis import clock
from chassis.caller import Caller
from chassis.db import Database
from services.documents.access import ARRIVED, IN_FOLDER, MAY_USE, whose
from services.documents.actions.browse import FILTERS, NAMED, SIDE_AND_AREA, USABLE_HERE, asked, in_usable_folder, is_filtered
from services.documents.models import Document, Folder, Id, Moment

# What is counted for every list: reading ten times as many index entries took longer than all else about it.
COUNTED = 1000
# Counting by choices ends here: reading so many index entries takes some 50 ms.
COUNTED_BY_CHOICE = 100_000
RECENT = timedelta(days=7)
# Written into the query: of a parameter the planner does not know how small it is.
_UP_TO: ColumnElement[int] = literal_column(str(COUNTED))
_ONE_MORE: ColumnElement[int] = literal_column(str(COUNTED_BY_CHOICE + 1))
FACETS = ("status", "year", "period", "folder")


@dataclass(frozen=True)
class Counts:
    """How many documents each choice of a filter would find, with the other filters as they are."""

    by: Mapping[str, Mapping[Any, int]]
    # How many the filter finds as it is.
    total: int
    at_least: bool


def _total(*, filtered: bool) -> Select[Any]:
    found = in_usable_folder(literal_column("1")).where(*(FILTERS if filtered else ())).limit(_UP_TO)
    if filtered:
        # In an order that an index has: else, where others have very many documents, all of theirs were read for the few of a small client.
        found = found.order_by(Document.uploaded_at.desc(), Document.id.desc())
    counted: Select[Any] = select(literal_column("1")).select_from(USABLE_HERE.join(found.lateral("found"), true())).limit(_UP_TO)
    return select(func.count()).select_from(counted.subquery())


def _cells(*, filtered: bool, named: bool) -> Select[Any]:
    """How many documents there are of each status, year, period and folder together; of those, all choices are counted.

    What does not look at names is answered from an index alone.
    """
    columns = (Document.status, Document.year, Document.period, Document.folder_id.label("folder"))
    filters = (*(SIDE_AND_AREA if filtered else ()), *([NAMED] if named else []))
    seen = in_usable_folder(*columns).where(*filters).limit(_ONE_MORE).lateral("seen")
    found = select(*seen.c).select_from(USABLE_HERE.join(seen, true())).limit(_ONE_MORE).subquery()
    return select(*found.c, func.count().label("documents")).group_by(*found.c)


def _years() -> Select[Any]:
    """The years in use: in each folder the newest, then the next older one, and so on. Reads a few index entries, not every document."""
    newest = select(func.max(Document.year)).where(IN_FOLDER, ARRIVED)
    years = select(USABLE_HERE.c.id, newest.where(Document.folder_id == USABLE_HERE.c.id).scalar_subquery().label("year")).cte(
        "years", recursive=True
    )
    older = newest.where(Document.folder_id == years.c.id, Document.year < years.c.year).scalar_subquery()
    years = years.union_all(select(years.c.id, older).where(years.c.year.is_not(None)))
    return select(years.c.year).distinct().where(years.c.year.is_not(None)).order_by(years.c.year.desc())


_TOTALS = {filtered: _total(filtered=filtered) for filtered in (False, True)}
_CELLS = {(filtered, named): _cells(filtered=filtered, named=named) for filtered in (False, True) for named in (False, True)}
_YEARS = _years()
_asked = (
    func.unnest(bindparam("organisations", type_=ARRAY(Id))).table_valued(column("organisation_id", Id), name="asked").render_derived()
)


def _at_client(name: str, *filters: ColumnElement[bool]) -> FromClause:
    """How many documents of one of the clients there are, up to so many: whatever a client has, counting costs the same."""
    in_folder: Select[Any] = select(literal_column("1")).where(Document.folder_id == Folder.id, IN_FOLDER, ARRIVED, *filters).limit(_UP_TO)
    if filters:
        # In the order of the index of the newest, as in _total.
        in_folder = in_folder.order_by(Document.uploaded_at.desc(), Document.id.desc())
    usable = (MAY_USE, Folder.removed_at.is_(None), Folder.organisation_id == _asked.c.organisation_id)
    found: Select[Any] = select(literal_column("1")).select_from(Folder.__table__.join(in_folder.lateral(f"{name}_in_folder"), true()))
    # Two levels down SQLAlchemy has to be told that the client is the outer one.
    counted = found.where(*usable).limit(_UP_TO).correlate(_asked).subquery(f"{name}_found")
    return select(func.count().label("documents")).select_from(counted).lateral(name)


_all, _recent = _at_client("everything"), _at_client("recent", Document.uploaded_at >= bindparam("recent", type_=Moment))
_BY_CLIENT = (
    select(_asked.c.organisation_id, _all.c.documents, _recent.c.documents.label("recent"))
    .select_from(_asked.join(_all, true()).join(_recent, true()))
    .where(_all.c.documents > 0)
)


def total(database: Database, caller: Caller, request: pb.ListDocumentsRequest) -> int:
    """How many documents the filter finds, counted up to 1,000."""
    return int(database.read(_TOTALS[is_filtered(request)], asked(caller, request))[0][0])


def years(database: Database, caller: Caller, request: pb.ListDocumentsRequest) -> list[int]:
    """The years of the caller's documents at this client, latest first, whatever the filter."""
    return [row.year for row in database.read(_YEARS, {**whose(caller), "organisation": request.organisation_id})]


def count_choices(database: Database, caller: Caller, request: pb.ListDocumentsRequest) -> Counts:
    """How many documents each status, year, period and folder would find (ACC-03, ACC-48)."""
    kind = bool(request.uploaded_by or request.service_areas), bool(request.name)
    cells = database.read(_CELLS[kind], asked(caller, request))
    wanted: dict[str, Collection[Any]] = {
        "status": set(request.statuses), "year": set(request.years), "period": set(request.periods),
        "folder": {each.lower() for each in request.folder_ids},
    }  # fmt: skip
    by: dict[str, Counter[Any]] = {facet: Counter() for facet in FACETS}
    total = 0
    for cell in cells:
        missed = [facet for facet in FACETS if wanted[facet] and getattr(cell, facet) not in wanted[facet]]
        total += 0 if missed else cell.documents
        # A choice is counted with all other filters as they are: whatever its own filter says.
        for facet in missed or FACETS:
            if len(missed) <= 1:
                by[facet][getattr(cell, facet)] += cell.documents
    return Counts(by, total, at_least=sum(cell.documents for cell in cells) > COUNTED_BY_CHOICE)


def count_documents(database: Database, caller: Caller, organisation_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """How many documents the caller sees at each of these clients, and how many arrived in the last seven days; each up to 1,000."""
    asked_for = list(dict.fromkeys(map(str.lower, organisation_ids)))
    return database.read(_BY_CLIENT, {**whose(caller), "organisations": asked_for, "recent": clock.now() - RECENT})
