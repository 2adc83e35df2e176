"""Replace somebody's address (AMI-11): the new one is invited, and takes over what the old one had when it is first used."""

from contextlib import suppress

import uuid_utils.compat as uuid
from kontor.identity.v1 import administration_pb2 as pb
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import Conflict, NotFound
from services.identity import letters
from services.identity.actions import coming_in, members, power, validity
from services.identity.models import Membership, User
from services.identity.replacements import Replacement


def start(tx: Transaction, caller: Caller, request: pb.StartReplacementRequest) -> str:
    """Invite the new address with the role and the days of the old one, and tell both; answers the replacement's id.

    Raises NotFound, Conflict `already_member` or `replacement_pending`, Invalid `email_invalid`.
    """
    organisation = tx.scalars(power.locked(caller.organisation_id)).one()
    old = members.own_member(tx, caller, request.membership_id)
    person = tx.get_one(User, old.user_id)
    # Of somebody who has not come in yet, nothing is known here but what was entered (NET-09).
    _email, first_name, last_name = old.entered or ("", person.first_name, person.last_name)
    invited = members.Invited(request.email, first_name, last_name, person.language)
    new_id = members.join(tx, caller, organisation, invited, held=members.Held(old.role, old.programmes))
    if old.first_day or old.last_day:
        validity.limit(tx, tx.get_one(Membership, new_id), organisation, validity.written(old))
    row = insert(Replacement).values(
        id=str(uuid.uuid7()), organisation_id=organisation.id, old_id=old.id, new_id=new_id, started_at=clock.now()
    )
    made = tx.execute(row.on_conflict_do_nothing().returning(Replacement.id)).scalar()
    if made is None:
        raise Conflict("replacement_pending", "This member's address is being replaced already.", fields={"email": "replacement_pending"})
    letters.tell(tx, person.id, letters.ADDRESS_REPLACING, membership_id=old.id, inviter_name=caller.name)
    tx.record("member.replace_address", organisation=organisation.id, subject=old.id, by=new_id)
    return made


def cancel(tx: Transaction, caller: Caller, request: pb.CancelReplacementRequest) -> None:
    """Leave the old one as it was, and remove the new one. Raises NotFound `replacement_not_found`, Conflict `last_administrator`."""
    organisation = tx.scalars(power.locked(caller.organisation_id)).one()
    waiting = (Replacement.id == request.replacement_id, Replacement.organisation_id == organisation.id, Replacement.ended_at.is_(None))
    found = tx.scalars(select(Replacement).where(*waiting)).one_or_none()
    if found is None:
        raise NotFound("replacement_not_found", "No such replacing is going on.")
    # The removal of either member ends it.
    members.remove(tx, organisation, tx.get_one(Membership, found.new_id))
    tx.record("member.keep_address", organisation=organisation.id, subject=found.old_id, by=found.new_id)


def complete(tx: Transaction, user_id: str) -> None:
    """Somebody signs in: where this account takes another one's place, that one is removed now, and what it had goes on here."""
    mine = select(Membership.id).where(Membership.user_id == user_id, Membership.removed_at.is_(None))
    waiting = select(Replacement).where(Replacement.new_id.in_(mine), Replacement.ended_at.is_(None)).order_by(Replacement.organisation_id)
    for each in tx.scalars(waiting).all():
        organisation = tx.scalars(power.locked(each.organisation_id)).one()
        if tx.get_one(Replacement, each.id, populate_existing=True).ended_at:
            continue
        coming_in.come_in(tx, tx.get_one(Membership, each.new_id, populate_existing=True))
        old = tx.get_one(Membership, each.old_id, populate_existing=True)
        # Where it would leave no administrator, because the new one was made less meanwhile, both stay until somebody decides.
        with suppress(Conflict):
            members.remove(tx, organisation, old, replaced_by=each.new_id)
