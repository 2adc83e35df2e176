"""The orders of the list of documents, and the tokens of its pages: a page begins behind the last row of the one before it."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kontor.documents.v1 import documents_pb2 as pb
from sqlalchemy import ColumnElement, Row, bindparam

from chassis.errors import Invalid
from services.documents.models import Document


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment


def _id(value: object) -> str:
    return str(UUID(str(value)))


def _number(value: object) -> int:
    if type(value) is not int:
        raise ValueError("not a number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or b"\0" in value.encode():
        raise ValueError("not text")
    return value


@dataclass(frozen=True)
class Key:
    """A column that rows are ordered by. ``read`` takes its value from a token, and raises ValueError for what is none."""

    name: str
    column: ColumnElement[Any]
    read: Callable[[object], Any]

    @property
    def behind(self) -> ColumnElement[Any]:
        """Its value in the last row of the page before."""
        return bindparam(f"after_{self.name}", type_=self.column.type)


@dataclass(frozen=True)
class Order:
    """Rows by these keys in turn, all of them downward or all upward, so that one index serves both ways."""

    keys: tuple[Key, ...]
    down: bool
    # Folders come one after the other by their names, and the keys count within each.
    by_folder: bool = False

    @property
    def in_token(self) -> tuple[Key, ...]:
        """What says where a page begins."""
        return (*FOLDER, *self.keys) if self.by_folder else self.keys


_DOCUMENTS = Document.__table__.c
_ID = Key("id", _DOCUMENTS.id, _id)
_ARRIVAL = (Key("uploaded_at", _DOCUMENTS.uploaded_at, _moment), _ID)
_NAME = (Key("name_key", _DOCUMENTS.name_key, _text), _ID)
_SIZE = (Key("size", _DOCUMENTS.size, _number), _ID)
_PERIOD = (Key("year", _DOCUMENTS.year, _number), Key("period", _DOCUMENTS.period, _number), _ID)
# Of the folder a row is in: its name, and whatever tells it from others.
FOLDER = (Key("folder_name", _DOCUMENTS.name_key, _text), Key("folder_id", _DOCUMENTS.folder_id, _id))
ORDERS: Mapping[int, Order] = {
    pb.SORT_NEWEST: Order(_ARRIVAL, down=True),
    pb.SORT_OLDEST: Order(_ARRIVAL, down=False),
    pb.SORT_NAME: Order(_NAME, down=False),
    pb.SORT_NAME_REVERSED: Order(_NAME, down=True),
    pb.SORT_FOLDER: Order(_ARRIVAL, down=True, by_folder=True),
    pb.SORT_LARGEST: Order(_SIZE, down=True),
    pb.SORT_SMALLEST: Order(_SIZE, down=False),
    pb.SORT_PERIOD: Order(_PERIOD, down=True),
}


def token(sort: int, row: Row[Any]) -> str:
    """The token of the page that begins behind this row."""
    values = [getattr(row, f"key_{key.name}") for key in ORDERS[sort].in_token]
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return urlsafe_b64encode(json.dumps([sort, *plain], ensure_ascii=False, separators=(",", ":")).encode()).decode()


def position(sort: int, page_token: str) -> dict[str, Any]:
    """Where the page begins, as parameters of its query. Raises Invalid for a token that is not ours, or of another order."""
    keys = ORDERS[sort].in_token
    try:
        made_for, *values = _listed(json.loads(urlsafe_b64decode(page_token).decode()))
        if made_for != sort:
            raise ValueError("of another order")
        return {f"after_{key.name}": key.read(value) for key, value in zip(keys, values, strict=True)}
    except (ValueError, RecursionError) as error:
        raise Invalid("bad_page_token", "The page token is not one of ours.", fields={"page_token": "bad_page_token"}) from error


def _listed(value: object) -> Sequence[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError("not a list")
    return value
