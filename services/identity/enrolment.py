"""Keep a second factor that its owner has shown to hold: the first one, one more, one instead of another, or one instead of all."""

import uuid_utils.compat as uuid
from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock
from chassis.db import Transaction
from services.identity import budgets, history, letters, proofs
from services.identity.models import Factor, RecoveryCode, User, VouchedCode
from services.identity.passkey_rows import Passkey
from services.identity.proofs import Shown
from services.identity.provider_rows import ProviderBinding
from services.identity.sealing import Keyring

ADDED = {proofs.TOTP: letters.APP_ADDED, proofs.SMS: letters.SMS_ADDED}
REMOVED = {proofs.TOTP: letters.APP_REMOVED, proofs.SMS: letters.SMS_REMOVED}


def first(tx: Transaction, keyring: Keyring, user_id: str, shown: Shown) -> bool:
    """The account's first second factor; False when another sign-in was faster: then whoever has only the password stays outside."""
    _lock(tx, user_id)
    if tx.scalar(select(or_(exists().where(Factor.user_id == user_id), exists().where(User.id == user_id, User.opened_at.is_not(None))))):
        return False
    _keep(tx, keyring, user_id, shown)
    return True


def one_more(tx: Transaction, keyring: Keyring, user_id: str, shown: Shown) -> None:
    """A further one, or another of the same kind in the place of the old one. The person is told."""
    _lock(tx, user_id)
    letters.tell(tx, user_id, ADDED[shown.kind])
    _keep(tx, keyring, user_id, shown)


def instead_of_all(tx: Transaction, keyring: Keyring, user_id: str, shown: Shown) -> None:
    """All older factors, passkeys, bindings at providers, recovery and vouched codes end: they were lost, and may be in other hands.

    The person is told.
    """
    _lock(tx, user_id)
    letters.tell(tx, user_id, ADDED[shown.kind])
    tx.execute(delete(Factor).where(Factor.user_id == user_id))
    tx.execute(delete(Passkey).where(Passkey.user_id == user_id))
    tx.execute(delete(ProviderBinding).where(ProviderBinding.user_id == user_id))
    tx.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    tx.execute(update(VouchedCode).where(VouchedCode.user_id == user_id, VouchedCode.ended_at.is_(None)).values(ended_at=clock.now()))
    _keep(tx, keyring, user_id, shown)


def remove(tx: Transaction, user_id: str, factor_id: str) -> str | None:
    """Take one away; the last working one stays (ACC-21). Answers why not: `factor_not_found` or `last_factor`. The person is told."""
    _lock(tx, user_id)
    mine = (Factor.id == factor_id, Factor.user_id == user_id)
    kind = tx.scalar(select(Factor.kind).where(*mine))
    if kind is None:
        return "factor_not_found"
    if not tx.scalar(select(exists().where(Factor.user_id == user_id, Factor.id != factor_id, Factor.disabled_at.is_(None)))):
        return "last_factor"
    letters.tell(tx, user_id, REMOVED[kind])
    tx.execute(delete(Factor).where(*mine))
    history.record(tx, "factor.remove", user_id=user_id, subject=factor_id, kind=kind)
    return None


def _lock(tx: Transaction, user_id: str) -> User:
    """The person's row, locked until commit: of two changes at once the second sees what the first did."""
    return tx.scalars(select(User).where(User.id == user_id).with_for_update(key_share=True)).one()


def _keep(tx: Transaction, keyring: Keyring, user_id: str, shown: Shown) -> None:
    fresh = {
        "id": str(uuid.uuid7()), "secret": keyring.seal(shown.secret, bound_to=user_id), "last_step": shown.last_step, "failures": 0,
        "open_at": None, "disabled_at": None, "confirmed_at": clock.now(),
    }  # fmt: skip
    factor = upsert(Factor).values(user_id=user_id, kind=shown.kind, **fresh)
    tx.execute(factor.on_conflict_do_update(index_elements=["user_id", "kind"], set_=fresh))
    budgets.forgive(tx, user_id)
    history.record(tx, "factor.enrol", user_id=user_id, subject=str(fresh["id"]), kind=shown.kind)
