"""An audit trail as five services answer it: chains that hold, or do not."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from kontor.audit.v1 import audit_pb2 as pb
from kontor.identity.v1 import identity_pb2

from chassis import audit
from services.gateway.rest.routes import CONTRACT
from tests.gateway.portal import MEMBERSHIP, OWN, Portal, portal

BEGAN = datetime(2026, 5, 28, 20, 26, tzinfo=UTC)
INGRID, JONAS = "01920000-0000-7000-8000-0000000000e1", "01920000-0000-7000-8000-0000000000e2"


@dataclass
class Chains:
    """What was written, by service."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {service: [] for service in CONTRACT})

    def write(self, service: str, action: str, *, minute: int, by: str = f"user:{INGRID}", subject: str = "", **facts: str) -> None:
        """The next row of a service's chain."""
        held = self.rows[service]
        row = {
            "organisation_id": OWN, "number": len(held) + 1, "at": BEGAN + timedelta(minutes=minute), "caller": by, "action": action,
            "subject": subject, "facts": facts, "previous": held[-1]["digest"] if held else audit.FIRST,
        }  # fmt: skip
        held.append({**row, "digest": audit.digest(row)})

    def answers(self) -> dict[str, Any]:
        """By RPC: everything at once, newest first or whole."""
        found: dict[str, Any] = {}
        for service, rows in self.rows.items():
            entries = [pb.Entry(**{name: value for name, value in row.items() if name != "organisation_id"}) for row in rows]
            head = {"head_number": rows[-1]["number"], "head_digest": rows[-1]["digest"]} if rows else {}
            found[f"List{service.title()}Entries"] = pb.ListEntriesResponse(entries=reversed(entries))
            found[f"Export{service.title()}Entries"] = pb.ExportEntriesResponse(entries=entries, **head)
        return found


def told() -> Chains:
    """Somebody signs in and adds a colleague; the firm's consultant fetches a document; a key is used."""
    chains = Chains()
    chains.write("identity", "sign_in.start", minute=0, by="anyone", subject=INGRID, user=INGRID, tries="3")
    chains.write("identity", "member.add", minute=1, subject=MEMBERSHIP, role="read")
    chains.write("documents", "document.download", minute=2, by=f"user:{JONAS}", subject="d-1", version="2", by_key="no")
    chains.write("documents", "document.removed", minute=4, by="service:documents", subject="d-2")
    chains.write("identity", "api_key.use", minute=5, by="anyone", subject="k-1", user=INGRID, label="Lønnssystem", address="192.0.2.7")
    chains.write("messaging", "something.new", minute=3, by="user:nobody", api_key="k-1")
    return chains


def watched(chains: Chains, **who: Any) -> Portal:
    """The portal of an administrator."""
    asked = portal(**who)
    names = [
        identity_pb2.ResolvedName(id=INGRID, name="Ingrid Eksempeldal"), identity_pb2.ResolvedName(id=MEMBERSHIP, name="Rita Leser"),
        identity_pb2.ResolvedName(id=JONAS, name="Jonas Prøvestad", organisation_name="Eksempelvik Regnskap AS"),
    ]  # fmt: skip
    people = [
        identity_pb2.Member(user_id=INGRID, first_name="Ingrid", last_name="Eksempeldal"),
        identity_pb2.Member(first_name="Nora", last_name="Invitert"),  # has not come in, so has no id and has done nothing
    ]
    asked.book.answers.update(chains.answers())
    asked.book.answers["ResolveNames"] = identity_pb2.ResolveNamesResponse(names=names)
    asked.book.answers["ListMembers"] = identity_pb2.ListMembersResponse(members=people, total=1)
    return asked
