"""Find documents: the list with its filters, and how many there are."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from kontor.documents.v1 import documents_pb2 as pb
from sqlalchemy import Row, Select, any_, bindparam, func, literal_column, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Integer, String

from chassis import clock
from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import Invalid
from services.documents.access import ARRIVED, DOCUMENT, MAY_USE, USABLE, whose
from services.documents.models import Document, Folder, Id, Moment
from services.documents.rules import like

PAGE = 50
COUNTED = 10_000
RECENT = timedelta(days=7)
_END = (datetime.max.replace(tzinfo=UTC), str(UUID(int=2**128 - 1)))
_folders = USABLE.where(Folder.organisation_id == bindparam("organisation")).order_by(Folder.name_key)
_usable = USABLE.where(Folder.organisation_id == bindparam("organisation")).subquery("usable")


@dataclass(frozen=True)
class Page:
    """Rows newest first, and what only the first page says: how many there are, and in which years."""

    rows: Sequence[Row[Any]]
    next_token: str
    total: int = 0
    years: Sequence[int] = ()


def _matching(*, filtered: bool) -> Select[Any]:
    """What the caller sees in one usable folder."""
    matching = select(*DOCUMENT).where(Document.folder_id == _usable.c.id, Document.merged_into.is_(None), ARRIVED)
    return matching.where(*_filters()) if filtered else matching


def _filters() -> list[Any]:
    """Every filter is off when its list is empty; together they narrow each other (ACC-48)."""
    lists = {"statuses": Document.status, "years": Document.year, "periods": Document.period, "folders": Document.folder_id}
    chosen = [(bindparam(name, type_=ARRAY(Id if name == "folders" else Integer)), column) for name, column in lists.items()]
    filters: list[Any] = [or_(func.cardinality(values) == 0, column == any_(values)) for values, column in chosen]
    return [*filters, Document.name_key.like(bindparam("name", type_=String))]


def _newest(*, filtered: bool) -> Select[Any]:
    """A page: the newest of each folder, then the newest of those. Costs the same however many documents there are, or whose they are."""
    after = tuple_(bindparam("after_at", type_=Moment), bindparam("after_id", type_=Id))
    newest = _matching(filtered=filtered).where(tuple_(Document.uploaded_at, Document.id) < after)
    each = newest.order_by(Document.uploaded_at.desc(), Document.id.desc()).limit(bindparam("limit")).lateral("newest")
    return (
        select(*each.c, _usable.c.name.label("folder_name"), _usable.c.service_area)
        .select_from(_usable.join(each, true()))
        .order_by(each.c.uploaded_at.desc(), each.c.id.desc())
        .limit(bindparam("limit"))
    )


def _counted(*, filtered: bool) -> Select[Any]:
    found = _matching(filtered=filtered).with_only_columns(literal_column("1")).limit(COUNTED).lateral("found")
    return select(func.count()).select_from(select(literal_column("1")).select_from(_usable.join(found, true())).limit(COUNTED).subquery())


def _years() -> Select[Any]:
    """The years in use: in each folder the newest, then the next older one, and so on. Reads a few index entries, not every document."""
    newest = select(func.max(Document.year)).where(Document.merged_into.is_(None), ARRIVED)
    years = select(_usable.c.id, newest.where(Document.folder_id == _usable.c.id).scalar_subquery().label("year")).cte(
        "years", recursive=True
    )
    older = newest.where(Document.folder_id == years.c.id, Document.year < years.c.year).scalar_subquery()
    years = years.union_all(select(years.c.id, older).where(years.c.year.is_not(None)))
    return select(years.c.year).distinct().where(years.c.year.is_not(None)).order_by(years.c.year.desc())


_PAGES = {filtered: _newest(filtered=filtered) for filtered in (False, True)}
_COUNTS = {filtered: _counted(filtered=filtered) for filtered in (False, True)}
_YEARS = _years()
_BY_CLIENT = (
    select(
        Folder.organisation_id,
        func.count().label("documents"),
        func.count().filter(Document.uploaded_at >= bindparam("recent", type_=Moment)).label("recent"),
    )
    .join(Document, Document.folder_id == Folder.id)
    .where(Folder.organisation_id == any_(bindparam("organisations", type_=ARRAY(Id))), MAY_USE)
    .where(Document.merged_into.is_(None), ARRIVED)
    .group_by(Folder.organisation_id)
)


def usable_folders(database: Database, caller: Caller, organisation_id: str) -> Sequence[Row[Any]]:
    """The folders of a client that the caller may use, by name (ACC-03)."""
    return database.read(_folders, {**whose(caller), "organisation": organisation_id})


def list_documents(database: Database, caller: Caller, request: pb.ListDocumentsRequest) -> Page:
    """A page of a client's documents that the caller sees. Raises Invalid for a page token that is not ours."""
    filters = {
        "statuses": list(request.statuses), "years": list(request.years), "periods": list(request.periods),
        "folders": list(request.folder_ids), "name": like(request.name),
    }  # fmt: skip
    filtered = bool(request.name or request.statuses or request.years or request.periods or request.folder_ids)
    asked: dict[str, Any] = {**whose(caller), "organisation": request.organisation_id, **(filters if filtered else {})}
    size = request.page_size or PAGE
    after_at, after_id = _position(request.page_token) if request.page_token else _END
    rows = database.read(_PAGES[filtered], {**asked, "after_at": after_at, "after_id": after_id, "limit": size + 1})
    token = _token(rows[size - 1]) if len(rows) > size else ""
    if request.page_token:
        return Page(rows[:size], token)
    years = [row.year for row in database.read(_YEARS, {**whose(caller), "organisation": request.organisation_id})]
    return Page(rows[:size], token, int(database.read(_COUNTS[filtered], asked)[0][0]), years)


def count_documents(database: Database, caller: Caller, organisation_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """How many documents the caller sees at each of these clients, and how many of them arrived in the last seven days."""
    return database.read(_BY_CLIENT, {**whose(caller), "organisations": list(organisation_ids), "recent": clock.now() - RECENT})


def _token(row: Row[Any]) -> str:
    return urlsafe_b64encode(f"{row.uploaded_at.isoformat()} {row.id}".encode()).decode()


def _position(token: str) -> tuple[datetime, str]:
    try:
        at, document_id = urlsafe_b64decode(token).decode().split(" ")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return moment, str(UUID(document_id))
    except ValueError as error:
        raise Invalid("bad_page_token", "The page token is not one of ours.", fields={"page_token": "bad_page_token"}) from error
