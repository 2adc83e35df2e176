"""Reading the audit trail: what answers the audit RPCs of each service's contract, for the caller's own organisation and no other."""

import importlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

from kontor.audit.v1 import audit_pb2 as pb
from sqlalchemy import Row, TextClause, text

from chassis import caller
from chassis.db import Database
from chassis.service import Peers, Rpc, Service

PAGE_SIZE = 50
# The first number at or after a moment: numbers and moments rise together.
_FROM = (
    "coalesce((select number from audit where organisation_id = :organisation and at >= cast({0} as timestamptz)"
    " order by at, number limit 1), 2147483647)"
)
# Each filter has an index that gives its entries in the order of the chain, so that a page costs a page, however long the chain is.
_FILTERS = {
    "before": "number < :before", "caller": "caller = :caller", "subject": "subject = :subject",
    "since": f"number >= {_FROM.format(':since')}", "until": f"number < {_FROM.format(':until')}",
}  # fmt: skip
_PERSON = ("caller = 'user:' || :person", "facts ? 'user' and facts ->> 'user' = :person")
_CHAIN = text("select * from audit where organisation_id = :organisation and number > :after order by number limit :size")
_HEAD = text("select number, digest from audit_heads where organisation_id = :organisation")


def readable(build: Callable[[Peers], Service], peers: Peers) -> Service:
    """The service, with its audit trail open to administrators. Every service keeps it the same way, so it is answered in one place."""
    service = build(peers)
    return replace(service, rpcs=(*service.rpcs, answers(service.database))) if service.database else service


def answers(database: Database) -> Rpc:
    """The two RPCs, named after the service: each has a route of its own."""
    name = database.service.title()
    # Only this makes the contract known: the stubs import no message of their own file.
    importlib.import_module(f"kontor.{database.service}.v1.audit_pb2")
    stubs = importlib.import_module(f"kontor.{database.service}.v1.audit_pb2_grpc")
    methods = {f"List{name}Entries": partial(_newest, database), f"Export{name}Entries": partial(_chain, database)}
    return Rpc(SimpleNamespace(**methods), getattr(stubs, f"add_{name}AuditServicer_to_server"))


def _newest(database: Database, request: pb.ListEntriesRequest, _: object) -> pb.ListEntriesResponse:
    wanted = {name: getattr(request, name) for name in (*_FILTERS, "person") if getattr(request, name)}
    actions = {"actions": list(request.actions)} if request.actions else {}
    rows = database.read(_question(frozenset(wanted), by_action=bool(actions)), wanted | actions | _asked(request))
    return pb.ListEntriesResponse(entries=map(_entry, rows))


@cache
def _question(filters: frozenset[str], *, by_action: bool) -> TextClause:
    """The newest entries that pass all filters: of each action and of each way to be about a person a page, and of those the newest."""
    narrowed = ["organisation_id = :organisation", *(_FILTERS[name] for name in sorted(filters - {"person"}))]
    ways = [[*narrowed, way] for way in _PERSON] if "person" in filters else [narrowed]
    if by_action:
        ways = [[*way, "action = wanted.action"] for way in ways]
    newest = "order by number desc limit :size"
    each = " union ".join(f"(select * from audit where {' and '.join(way)} {newest})" for way in ways)  # noqa: S608 - of what stands above
    acts = "unnest(cast(:actions as text[])) as wanted(action) cross join lateral " if by_action else ""
    source = f"{acts}({each}) found"
    return text(f"select found.* from {source} {newest}")  # noqa: S608 - the same


def _chain(database: Database, request: pb.ExportEntriesRequest, _: object) -> pb.ExportEntriesResponse:
    # The head first: what is written meanwhile comes after it, and whoever reads the chain stops there.
    head = next(iter(database.read(_HEAD, _asked(request))), None)
    entries = map(_entry, database.read(_CHAIN, {"after": request.after} | _asked(request)))
    return pb.ExportEntriesResponse(entries=entries, head_number=head.number if head else 0, head_digest=head.digest if head else b"")


def _asked(request: pb.ListEntriesRequest | pb.ExportEntriesRequest) -> dict[str, Any]:
    return {"organisation": caller.current().organisation_id, "size": request.page_size or PAGE_SIZE}


def _entry(row: Row[Any]) -> pb.Entry:
    return pb.Entry(**{name: value for name, value in row._mapping.items() if name != "organisation_id"})
