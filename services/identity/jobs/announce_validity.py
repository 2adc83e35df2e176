"""Announce the members whose days begin or have ended, so that mails stop and open pages close (NET-13, NET-14)."""

from datetime import timedelta

from sqlalchemy import or_, select

from chassis import clock
from chassis.db import Database
from services.identity import rules
from services.identity.actions import validity
from services.identity.models import Membership, Organisation

EVERY = timedelta(minutes=1)
_limited = (
    select(Membership.id, Membership.first_day, Membership.last_day, Membership.in_force, Organisation.time_zone)
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .where(Membership.removed_at.is_(None), or_(Membership.first_day.is_not(None), Membership.last_day.is_not(None), ~Membership.in_force))
)


def run(database: Database) -> None:
    """Nobody may do anything outside the days whether or not this runs: it only tells others."""
    now = clock.now()
    for row in database.read(_limited):
        if row.in_force != rules.in_force(row.first_day, row.last_day, today=rules.today(row.time_zone, now)):
            _announce(database, row.id)


def _announce(database: Database, membership_id: str) -> None:
    """One member, looked at once more under a lock: the days may just have been changed."""
    living = select(Membership).where(Membership.id == membership_id, Membership.removed_at.is_(None)).with_for_update()
    with database.transaction() as tx:
        membership = tx.scalars(living).one_or_none()
        if membership is None:
            return
        zone = tx.get_one(Organisation, membership.organisation_id).time_zone
        today = rules.today(zone, clock.now())
        now_in_force = rules.in_force(membership.first_day, membership.last_day, today=today)
        if now_in_force != membership.in_force:
            validity.announce(tx, membership, in_force=now_in_force)
