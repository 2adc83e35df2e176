"""In which organisations somebody is an administrator at this moment, and locks that keep it so."""

from sqlalchemy import Select, select

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import NotFound
from services.identity import identifiers, rules
from services.identity.models import Membership, Organisation

_held = select(Membership, Organisation).join(Organisation, Organisation.id == Membership.organisation_id)


def by_id(tx: Transaction, caller: Caller, organisation_id: str) -> Organisation:
    """An organisation in which the caller is an administrator this moment. Raises NotFound."""
    for organisation in administers(tx, caller):
        if organisation.id == organisation_id.lower():
            return organisation
    raise NotFound("organisation_not_found", "There is no such organisation.")


def locked(*organisation_ids: str) -> Select[Organisation]:
    """These organisations, locked until commit, everywhere in the same order: nobody waits in a circle."""
    return select(Organisation).where(Organisation.id.in_(organisation_ids)).order_by(Organisation.id).with_for_update(key_share=True)


def administers(tx: Transaction, caller: Caller) -> list[Organisation]:
    """Those, whatever organisation the caller works in now."""
    now = clock.now()
    living = (
        Membership.user_id == caller.user_id, Membership.role == rules.ADMINISTRATOR, Membership.removed_at.is_(None),
        identifiers.reached(identifiers.of_session(caller.session_id or None)),
    )  # fmt: skip
    return [
        organisation
        for own, organisation in tx.execute(_held.where(*living))
        if rules.in_force(own.first_day, own.last_day, today=rules.today(organisation.time_zone, now))
    ]
