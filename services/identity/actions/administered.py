"""What an administrator of several organisations does in all of them at once (AMI-04, AMI-07)."""

from kontor.identity.v1 import administration_pb2 as pb
from sqlalchemy import select

from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Conflict
from services.identity import rules
from services.identity.actions import members, power
from services.identity.models import Membership, Organisation, User


def remove_memberships(tx: Transaction, caller: Caller, request: pb.RemoveMembershipsRequest) -> list[pb.RemovedMembership]:
    """End those memberships of one person, each if the caller administers it; an answer for each, in the order asked.

    Raises NotFound where the person is no member of the caller's organisation.
    """
    member = members.own_member(tx, caller, request.membership_id)
    user_id, email = member.user_id, tx.get_one(User, member.user_id).email
    asked = [each.lower() for each in request.removed_ids]
    theirs = select(Membership.organisation_id).where(Membership.id.in_(asked), Membership.user_id == user_id)
    there = {organisation.id: organisation for organisation in tx.scalars(power.locked(*tx.scalars(theirs)))}
    # Only under the locks: somebody may just have ended the caller's own power there.
    own = {organisation.id for organisation in power.administers(tx, caller)} & there.keys()
    living = select(Membership).where(Membership.id.in_(asked), Membership.user_id == user_id, Membership.removed_at.is_(None))
    rows = tx.scalars(living.execution_options(populate_existing=True))
    found = {each.id: each for each in rows if each.organisation_id in own and rules.known_to_be_one(member, each, email=email)}
    return [_removed(tx, there, found.get(each), each) for each in asked]


def _removed(
    tx: Transaction, there: dict[str, Organisation], membership: Membership | None, membership_id: str
) -> pb.RemovedMembership:
    if membership is None:
        return pb.RemovedMembership(membership_id=membership_id, reason="member_not_found")
    organisation = there[membership.organisation_id]
    answer = pb.RemovedMembership(membership_id=membership_id, organisation_name=organisation.name)
    try:
        members.remove(tx, organisation, membership)
    except Conflict as why:
        answer.reason = why.reason
    return answer
