"""Find documents: a page of the list, filtered and in the order asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from kontor.documents.v1 import documents_pb2 as pb
from sqlalchemy import Boolean, ColumnElement, Row, Select, any_, bindparam, case, func, literal_column, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Integer, String

from chassis.caller import Caller
from chassis.db import Database
from services.documents.access import ARRIVED, DOCUMENT, IN_FOLDER, USABLE, whose
from services.documents.actions import sorting
from services.documents.actions.sorting import FOLDER, ORDERS, Order
from services.documents.models import Document, Folder, Id
from services.documents.rules import like

PAGE = 50
# Where a folder begins whose newest documents come first.
_BEFORE_ALL: dict[str, ColumnElement[Any]] = {
    "uploaded_at": literal_column("timestamptz 'infinity'"), "id": literal_column("uuid 'ffffffff-ffff-ffff-ffff-ffffffffffff'"),
}  # fmt: skip
USABLE_HERE = USABLE.where(Folder.organisation_id == bindparam("organisation")).subquery("usable")
_folders = USABLE.where(Folder.organisation_id == bindparam("organisation")).order_by(Folder.name_key)


@dataclass(frozen=True)
class Page:
    """Rows in order, and where to go on."""

    rows: Sequence[Row[Any]]
    next_token: str


def chosen(name: str, column: ColumnElement[Any], *, kind: Any = Integer) -> ColumnElement[bool]:
    """A filter that is off when its list is empty."""
    values = bindparam(name, type_=ARRAY(kind))
    return or_(func.cardinality(values) == 0, column == any_(values))


# Every filter narrows what the others leave (ACC-48).
NAMED = Document.name_key.like(bindparam("name", type_=String))
SIDE_AND_AREA = (chosen("areas", USABLE_HERE.c.service_area), chosen("by_firm", Document.__table__.c.uploaded_by_firm, kind=Boolean))
FILTERS = (
    chosen("statuses", Document.__table__.c.status),
    chosen("years", Document.__table__.c.year),
    chosen("periods", Document.__table__.c.period),
    chosen("folders", USABLE_HERE.c.id, kind=Id),
    *SIDE_AND_AREA,
    NAMED,
)


def in_usable_folder(*columns: Any) -> Select[Any]:
    """What the caller sees in one usable folder."""
    return select(*columns).where(Document.folder_id == USABLE_HERE.c.id, IN_FOLDER, ARRIVED)


def _page(order: Order, *, filtered: bool, onward: bool) -> Select[Any]:
    """A page: the first of each folder, then the first of those. Costs the same however many documents there are, or whose they are."""
    own = [key.column.label(f"key_{key.name}") for key in order.keys]
    rows = in_usable_folder(*DOCUMENT, *own).where(*(FILTERS if filtered else ()), *(_behind(order) if onward else ()))
    each = rows.order_by(*_directed([key.column for key in order.keys], order)).limit(bindparam("limit")).lateral("each")
    folder = [USABLE_HERE.c.name_key.label("key_folder_name"), USABLE_HERE.c.id.label("key_folder_id")]
    keys = _directed([each.c[f"key_{key.name}"] for key in order.keys], order)
    here = USABLE_HERE.join(each, true())
    page = select(*each.c, USABLE_HERE.c.name.label("folder_name"), USABLE_HERE.c.service_area, *folder).select_from(here)
    if order.by_folder:
        keys = [USABLE_HERE.c.name_key, USABLE_HERE.c.id, *keys]
        if onward:
            page = page.where(tuple_(USABLE_HERE.c.name_key, USABLE_HERE.c.id) >= tuple_(*(key.behind for key in FOLDER)))
    return page.order_by(*keys).limit(bindparam("limit"))


def _behind(order: Order) -> list[ColumnElement[bool]]:
    columns, last = tuple_(*(key.column for key in order.keys)), tuple_(*(key.behind for key in order.keys))
    behind = columns < last if order.down else columns > last
    if not order.by_folder:
        return [behind]
    # Folders after the one that the last page ended in are shown from their beginning.
    begun = USABLE_HERE.c.id == FOLDER[1].behind
    return [columns < tuple_(*(case((begun, key.behind), else_=_BEFORE_ALL[key.name]) for key in order.keys))]


def _directed(columns: list[ColumnElement[Any]], order: Order) -> list[ColumnElement[Any]]:
    return [column.desc() if order.down else column.asc() for column in columns]


_PAGES = {
    (sort, filtered, onward): _page(order, filtered=filtered, onward=onward)
    for (sort, order), filtered, onward in product(ORDERS.items(), (False, True), (False, True))
}


def usable_folders(database: Database, caller: Caller, organisation_id: str) -> Sequence[Row[Any]]:
    """The folders of a client that the caller may use, by name (ACC-03)."""
    return database.read(_folders, {**whose(caller), "organisation": organisation_id})


def list_documents(database: Database, caller: Caller, request: pb.ListDocumentsRequest) -> Page:
    """A page of a client's documents that the caller sees. Raises Invalid for a page token that is not ours."""
    sort, size = request.sort or pb.SORT_NEWEST, request.page_size or PAGE
    behind = sorting.position(sort, request.page_token) if request.page_token else {}
    statement = _PAGES[sort, is_filtered(request), bool(request.page_token)]
    rows = database.read(statement, {**asked(caller, request), **behind, "limit": size + 1})
    return Page(rows[:size], sorting.token(sort, rows[size - 1]) if len(rows) > size else "")


def is_filtered(request: pb.ListDocumentsRequest) -> bool:
    """Whether the request narrows the list; most do not, and theirs is a shorter query."""
    lists = (request.statuses, request.years, request.periods, request.folder_ids, request.service_areas)
    return bool(request.name or request.uploaded_by or any(lists))


def asked(caller: Caller, request: pb.ListDocumentsRequest) -> dict[str, Any]:
    """Whose list it is and, if it is narrowed, to what: as parameters of a query."""
    here = {**whose(caller), "organisation": request.organisation_id}
    if not is_filtered(request):
        return here
    return here | {
        "statuses": list(request.statuses), "years": list(request.years), "periods": list(request.periods),
        "folders": list(request.folder_ids), "areas": list(request.service_areas), "name": like(request.name),
        "by_firm": {pb.SIDE_FIRM: [True], pb.SIDE_CLIENT: [False]}.get(request.uploaded_by, []),
    }  # fmt: skip
