"""The audit trail as the portal reads it: the chains of all services as one list by time, whole for a check, or as a file."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from kontor.audit.v1 import audit_pb2

from chassis import audit
from chassis.errors import TimedOut, Unavailable
from chassis.local import in_context
from chassis.service import Peers
from services.gateway.rest.routes import CONTRACT

PAGE, PIECE = 50, 1000
_CURSOR = re.compile(r"([a-z]+)\.([0-9]{1,10})")


@dataclass(frozen=True)
class Found:
    """A page of entries, newest first; where the next one begins, if there is one; and who did not answer."""

    entries: Sequence[tuple[str, audit_pb2.Entry]]
    next_page: str
    missing: Sequence[str]


class Trails:
    """One for each service that keeps chains."""

    def __init__(self, peers: Peers) -> None:
        self._stubs = {service: _stub(service)(peers.channel(service)) for service in CONTRACT}

    def newest(self, wanted: Mapping[str, Any], page: str) -> Found:
        """A page of what passes the filters. Each service goes on where the page before left it."""
        before = {service: int(number) for service, number in _CURSOR.findall(page) if service in self._stubs and int(number) < 2**31}
        found: list[tuple[str, audit_pb2.Entry]] = []
        missing = []
        for service in self._stubs:
            try:
                found += [(service, entry) for entry in self._listed(service, wanted, before.get(service, 0))]
            except (Unavailable, TimedOut):
                missing.append(service)
        found.sort(key=lambda each: (each[1].at.ToNanoseconds(), each[1].number), reverse=True)
        shown = found[:PAGE]
        for service, entry in shown:
            before[service] = entry.number
        return Found(shown, "-".join(f"{service}.{number}" for service, number in before.items()) if len(found) > PAGE else "", missing)

    def broken(self, organisation: str) -> tuple[int, list[tuple[str, int]]]:
        """How many entries there are, and the first of each chain that is not as it was written."""
        total, wrong = 0, list[tuple[str, int]]()
        for service, chain in self._chains().items():
            total += chain.head[0]
            rows = ({**row, "organisation_id": organisation} for row in chain.rows())
            number = audit.first_broken(rows, head=chain.head[1] if chain.head[0] else b"")
            wrong += [(service, number)] if number else []
        return total, wrong

    def file(self, organisation: str) -> Iterator[bytes]:
        """The file that `kontor audit verify` checks. Whether it may be had is asked at once; its rows while it is sent."""
        return in_context(copy_context(), audit.export(self._chains(), organisation))

    def _listed(self, service: str, wanted: Mapping[str, Any], before: int) -> Sequence[audit_pb2.Entry]:
        request = audit_pb2.ListEntriesRequest(**wanted, before=before, page_size=PAGE + 1)
        answer: audit_pb2.ListEntriesResponse = getattr(self._stubs[service], f"List{service.title()}Entries")(request)
        return answer.entries

    def _chains(self) -> dict[str, audit.Chain]:
        return {service: self._chain(service) for service in self._stubs}

    def _chain(self, service: str) -> audit.Chain:
        ask = getattr(self._stubs[service], f"Export{service.title()}Entries")
        first: audit_pb2.ExportEntriesResponse = ask(audit_pb2.ExportEntriesRequest(page_size=1))

        def after(number: int) -> Sequence[Mapping[str, Any]]:
            return [_row(entry) for entry in ask(audit_pb2.ExportEntriesRequest(after=number, page_size=PIECE)).entries]

        return audit.Chain((first.head_number, first.head_digest or audit.FIRST), after)


def _stub(service: str) -> Any:
    name = f"{service.title()}AuditStub"
    return next(getattr(stubs, name) for _, stubs in CONTRACT[service] if hasattr(stubs, name))


def _row(entry: audit_pb2.Entry) -> dict[str, Any]:
    return {
        "number": entry.number, "at": entry.at.ToDatetime(UTC), "caller": entry.caller, "action": entry.action, "subject": entry.subject,
        "facts": dict(entry.facts), "previous": entry.previous, "digest": entry.digest,
    }  # fmt: skip
