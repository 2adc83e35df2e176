"""Say from which day to which a member may work in an organisation, and announce when that begins and ends (NET-12 to NET-15)."""

from datetime import date
from typing import Any

from kontor.identity.v1 import events_pb2
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import or_, select
from sqlalchemy.engine import Row

from chassis import clock
from chassis.db import Transaction
from chassis.errors import Invalid
from services.identity import rules
from services.identity.models import Membership, Organisation, Session


def limit(tx: Transaction, membership: Membership, organisation: Organisation, asked: pb.Validity) -> None:
    """Set the days, and announce what they mean today. Raises Invalid `validity_invalid`."""
    first_day, last_day = _day(asked.first_day, "first_day"), _day(asked.last_day, "last_day")
    today = rules.today(organisation.time_zone, clock.now())
    if first_day and last_day and last_day < first_day:
        raise _refused("last_day")
    membership.first_day, membership.last_day = first_day, last_day
    membership.stop_emails = asked.stop_emails and bool(first_day or last_day)
    announce(tx, membership, in_force=rules.in_force(first_day, last_day, today=today))
    days = {"first_day": asked.first_day, "last_day": asked.last_day, "stop_emails": str(membership.stop_emails).lower()}
    tx.record("member.set_validity", organisation=organisation.id, subject=membership.id, **days)


def written(membership: Membership | Row[Any]) -> pb.Validity:
    """The days as the contract writes them."""
    first_day, last_day = (day.isoformat() if day else "" for day in (membership.first_day, membership.last_day))
    return pb.Validity(first_day=first_day, last_day=last_day, stop_emails=membership.stop_emails)


def announce(tx: Transaction, membership: Membership, *, in_force: bool) -> None:
    """Tell others whether the member may work now; pages that are open look again when it has ended."""
    membership.in_force, membership.version = in_force, membership.version + 1
    event = events_pb2.MemberValidityChanged(
        membership_id=membership.id, organisation_id=membership.organisation_id, user_id=membership.user_id, in_force=in_force,
        emails_stopped=membership.stop_emails and not in_force,
    )  # fmt: skip
    tx.emit(event, about=membership.id, version=membership.version, organisation=membership.organisation_id)
    if in_force:
        return
    here = or_(Session.membership_id == membership.id, Session.membership_id.is_(None))
    sessions = tx.scalars(select(Session.id).where(Session.user_id == membership.user_id, Session.ended_at.is_(None), here)).all()
    if sessions:
        tx.emit(events_pb2.SessionsEnded(user_id=membership.user_id, session_ids=sessions), about=membership.user_id)


def _day(written: str, field: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError as why:
        raise _refused(field) from why


def _refused(field: str) -> Invalid:
    fault = "validity_invalid"
    return Invalid(fault, "These are no days, or the last is before the first.", fields={f"validity.{field}": fault})
