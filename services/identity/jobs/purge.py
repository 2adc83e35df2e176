"""Forget what is long over: sign-ins, sessions, links, sent letters, counters."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select

from chassis import clock
from chassis.db import Database
from services.identity import invitations, rules
from services.identity.device_rows import Device, RefreshToken, WebSignIn
from services.identity.invitation_rows import Invitation, InvitationCode
from services.identity.models import Attempt, FactorSetup, Letter, Link, Model, PasswordCounter, Session, SmsBudget, SmsCode, VouchedCode
from services.identity.passkey_rows import PasskeyChallenge
from services.identity.provider_rows import ProviderSignIn
from services.identity.warning_rows import SmsWarning

EVERY = timedelta(hours=1)
# After its end a link still says what became of it (BEY-01); sessions and letters are kept as long for questions asked later.
KEPT = timedelta(days=30)
_ended = func.coalesce(Invitation.completed_at, Invitation.cancelled_at, Invitation.expires_at)


def run(database: Database) -> None:
    """Delete by the rows' own times; running it twice changes nothing."""
    now = clock.now()
    over: list[tuple[type[Model], ColumnElement[Any]]] = [
        (Attempt, Attempt.expires_at < now - timedelta(days=1)),
        (Session, Session.seen_at < now - rules.SESSION_LIFE - KEPT),
        (Link, Link.expires_at < now - KEPT),
        (Letter, (Letter.created_at < now - KEPT) & (Letter.sent_at.is_not(None) | Letter.dropped_at.is_not(None))),
        (SmsCode, SmsCode.expires_at < now - timedelta(days=1)),
        (FactorSetup, FactorSetup.expires_at < now - timedelta(days=1)),
        (SmsWarning, SmsWarning.created_at < now - KEPT),
        (PasskeyChallenge, PasskeyChallenge.expires_at < now),
        # As long as the attempt that one may go on with.
        (ProviderSignIn, ProviderSignIn.expires_at < now - timedelta(days=1)),
        (Device, Device.ended_at < now - KEPT),
        (RefreshToken, RefreshToken.made_at < now - 2 * rules.SESSION_LIFE),
        (WebSignIn, WebSignIn.expires_at < now - timedelta(days=1)),
        (VouchedCode, VouchedCode.expires_at < now - KEPT),
        (InvitationCode, InvitationCode.invitation_id.in_(select(Invitation.id).where(_ended < now - KEPT))),
        # Each member's last one stays: whether the data changed since then decides who may invite (NET-17).
        (Invitation, (_ended < now - KEPT) & ~invitations.LATEST),
        (SmsBudget, SmsBudget.counted_at < now - rules.SMS_DAY),
        (PasswordCounter, PasswordCounter.counted_at < now - timedelta(days=1)),
    ]
    for table, condition in over:
        with database.transaction() as tx:
            tx.execute(delete(table).where(condition))
