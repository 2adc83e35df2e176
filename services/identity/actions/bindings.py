"""Which person at a provider is which of ours: bound when a verified address says so the first time, listed, unbound (NET-01)."""

from dataclasses import dataclass

import uuid_utils.compat as uuid
from kontor.identity.v1 import providers_pb2 as pb
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock
from chassis.caller import Caller
from chassis.db import Transaction
from chassis.errors import NotFound
from services.identity import history, letters
from services.identity.actions import sessions
from services.identity.models import User
from services.identity.provider_rows import ProviderBinding, ProviderSignIn


def keep(tx: Transaction, user_id: str, *, issuer: str, subject: str) -> None:
    """Bind them, once all proofs were given; the person is told. Bound already, it was used."""
    mine = (ProviderBinding.issuer == issuer, ProviderBinding.subject == subject, ProviderBinding.user_id == user_id)
    now = clock.now()
    if tx.execute(update(ProviderBinding).where(*mine).values(used_at=now).returning(ProviderBinding.id)).scalar():
        return
    row = {"id": str(uuid.uuid7()), "user_id": user_id, "issuer": issuer, "subject": subject, "bound_at": now, "used_at": now}
    # Another binding of either of the two may just have been made: it stays.
    if tx.execute(upsert(ProviderBinding).values(row).on_conflict_do_nothing().returning(ProviderBinding.id)).scalar() is None:
        return
    # The provider has proved the address, as a welcome link would have.
    proved = {"verified_at": func.coalesce(User.verified_at, now)}
    tx.execute(update(User).where(User.id == user_id).values(proved))
    letters.tell(tx, user_id, letters.PROVIDER_BOUND)
    history.record(tx, "provider.bind", user_id=user_id, subject=str(row["id"]), issuer=issuer)


@dataclass(frozen=True)
class First:
    """What an attempt began with: the password, or a provider; and the number not proven by which that found the account."""

    password: bool
    identifier_id: str | None = None


def completed(tx: Transaction, attempt_id: str) -> First:
    """What this attempt began with. All proofs are given now: whom to bind is bound."""
    begun = tx.scalars(select(ProviderSignIn).where(ProviderSignIn.attempt_id == attempt_id)).one_or_none()
    if begun is None:
        return First(password=True)
    if begun.subject:
        keep(tx, begun.user_id or "", issuer=begun.issuer, subject=begun.subject)
    return First(password=False, identifier_id=begun.identifier_id)


def remove(tx: Transaction, caller: Caller, request: pb.RemoveProviderBindingRequest) -> None:
    """Unbind, and end the other sessions: one may have been opened through it. The person is told.

    Raises NotFound `provider_binding_not_found`.
    """
    sessions.end_all(tx, caller.user_id, but=sessions.needed(caller))
    mine = (ProviderBinding.id == request.binding_id, ProviderBinding.user_id == caller.user_id)
    issuer = tx.execute(delete(ProviderBinding).where(*mine).returning(ProviderBinding.issuer)).scalar()
    if issuer is None:
        raise NotFound("provider_binding_not_found", "There is no such binding.")
    letters.tell(tx, caller.user_id, letters.PROVIDER_UNBOUND)
    history.record(tx, "provider.unbind", user_id=caller.user_id, subject=request.binding_id, issuer=issuer)
