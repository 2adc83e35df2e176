"""Who is meant by the tables of who may do what, and what they ask about."""

import uuid
from collections.abc import Callable
from typing import Any

from kontor.access.v1 import access_pb2

from tests.access.callers import CALLERS, PEOPLE, Stage

SIGNED_IN = PEOPLE
# Who works in an organisation.
MEMBERS = PEOPLE - {"operator"}
OPERATOR = frozenset({"operator"})
EVERYBODY = frozenset(CALLERS)
NOBODY: frozenset[str] = frozenset()
CLIENT_FOLDER = frozenset({"reader", "administrator", "payroll", "key"})
WRITERS = frozenset({"administrator", "payroll", "key"})
CARE = frozenset({"payroll", "key"})
CONVERSATION = frozenset({"administrator", "payroll", "key"})
ADMINISTRATORS = frozenset({"stranger", "administrator", "firm"})
CLIENT_MANAGER = frozenset({"programme_administrator"})
PAYROLL, HR = access_pb2.SERVICE_AREA_PAYROLL, access_pb2.SERVICE_AREA_HR

Request = Callable[[Stage], Any]
Table = dict[str, tuple[frozenset[str], Request]]
NOWHERE = str(uuid.UUID(int=0))
TOKEN = "x" * 43
