"""Somebody comes in: the account is in use, and the organisation sees from then on who its member is (NET-09, ACC-32)."""

from kontor.identity.v1 import events_pb2
from sqlalchemy import select, update

from chassis import clock
from chassis.db import Transaction
from services.identity import rules
from services.identity.invitation_rows import Identifier
from services.identity.models import Membership, Organisation, User


def open_account(tx: Transaction, user_id: str, *, identifier_id: str | None) -> bool:
    """A session begins; answers whether it is the account's first. A number that found an unused account opens it from now on."""
    person, now = _locked(tx, user_id), clock.now()
    first = person.opened_at is None
    person.opened_at = person.opened_at or now
    if identifier_id:
        new = (Identifier.id == identifier_id, Identifier.opened_at.is_(None))
        tx.execute(update(Identifier).where(*new).values(opened_at=now))
    return first


def come_in(tx: Transaction, membership: Membership, *, first: bool = False) -> None:
    """The person works here; where it is for the first time, what was entered gives way to who it is, and others are told."""
    if not (first or membership.entered):
        return
    person = _locked(tx, membership.user_id)
    new = [] if first else [Membership.entered.is_not(None)]
    came = update(Membership).where(Membership.id == membership.id, *new).values(entered=None).returning(Membership.id)
    if tx.execute(came).scalar() is None:
        return
    country = tx.get_one(Organisation, membership.organisation_id).country
    tell(tx, person, language=person.language or rules.language(country), organisation=membership.organisation_id)
    tx.record("member.come_in", organisation=membership.organisation_id, subject=membership.id, user=person.id)


def tell(tx: Transaction, person: User, *, language: str, organisation: str) -> None:
    """Tell how the person is called, and where that is to be seen; also where the person was before: what was done there has the name."""
    here = select(Membership.id).where(Membership.user_id == person.id, Membership.entered.is_(None)).order_by(Membership.id)
    event = events_pb2.ProfileChanged(
        user_id=person.id, first_name=person.first_name, last_name=person.last_name, language=language, membership_ids=tx.scalars(here)
    )
    tx.emit(event, about=person.id, organisation=organisation)


def _locked(tx: Transaction, user_id: str) -> User:
    """The account, locked until commit and before any organisation: of two who come in at once the second tells of both."""
    mine = select(User).where(User.id == user_id).with_for_update(key_share=True)
    return tx.scalars(mine.execution_options(populate_existing=True)).one()
