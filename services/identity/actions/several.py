"""Add many members at once: each stands for itself (ACC-77, AMI-04)."""

from collections.abc import Iterator

from kontor.identity.v1 import identity_pb2 as pb

from chassis.caller import Caller
from chassis.db import Database
from chassis.errors import Conflict, Invalid
from services.identity.actions import members


def add_members(database: Database, caller: Caller, request: pb.AddMembersRequest) -> Iterator[pb.AddedMember]:
    """Each in a transaction of its own, in the order given; one that fails says why."""
    for person in request.members:
        yield _added(database, caller, person, request.language)


def _added(database: Database, caller: Caller, person: pb.NewMember, language: str) -> pb.AddedMember:
    if not (person.first_name.strip() and person.last_name.strip()):
        return pb.AddedMember(reason="name_missing")
    wanted = pb.AddMemberRequest(
        email=person.email.strip(), first_name=person.first_name, last_name=person.last_name, role=person.role, language=language
    )
    try:
        with database.transaction() as tx:
            return pb.AddedMember(membership_id=members.add_member(tx, caller, wanted))
    except (Conflict, Invalid) as why:
        return pb.AddedMember(reason=why.reason)
