"""What a person holds to prove who they are with: which methods, which of them first, and which number."""

from dataclasses import dataclass

from sqlalchemy import exists, func, select

from chassis import clock
from chassis.db import Transaction
from chassis.errors import Conflict
from services.identity import phones, proofs
from services.identity.models import Factor, RecoveryCode, VouchedCode
from services.identity.passkey_rows import Passkey
from services.identity.sealing import Keyring

_factors = select(Factor.kind, Factor.secret, Factor.disabled_at).order_by(
    Factor.disabled_at.is_not(None), Factor.preferred_at.desc().nulls_last(), Factor.confirmed_at
)


@dataclass(frozen=True)
class Methods:
    """Usable ones, the preferred one first; nothing while no second factor is enrolled."""

    usable: tuple[str, ...] = ()
    masked_phone: str = ""

    @property
    def preferred(self) -> str:
        """What is asked for first: the app, where nothing is enrolled yet (ACC-23)."""
        return self.usable[0] if self.usable else proofs.TOTP


def methods(tx: Transaction, keyring: Keyring, user_id: str) -> Methods:
    """What this person can finish a sign-in with. One whose only factor is disabled still holds it: the refusal says why."""
    factors = tx.execute(_factors.where(Factor.user_id == user_id)).all()
    if not factors:
        return Methods((proofs.VOUCHED,)) if _vouched(tx, user_id) else Methods()
    working = [each.kind for each in factors if each.disabled_at is None] or [factors[0].kind]
    there = {proofs.PASSKEY: _passkeys(tx, user_id), proofs.RECOVERY: recovery_codes(tx, user_id), proofs.VOUCHED: _vouched(tx, user_id)}
    others = [method for method, count in there.items() if count]
    numbers = [each.secret for each in factors if each.kind == proofs.SMS]
    return Methods((*working, *others), phones.masked(keyring.unseal(numbers[0], bound_to=user_id)) if numbers else "")


def phone(tx: Transaction, keyring: Keyring, user_id: str) -> str:
    """The number codes go to, as E.164. Raises Conflict `method_not_here`."""
    sealed = tx.scalar(select(Factor.secret).where(Factor.user_id == user_id, Factor.kind == proofs.SMS))
    if sealed is None:
        raise Conflict("method_not_here", "There is no number on record.")
    return keyring.unseal(sealed, bound_to=user_id)


def recovery_codes(tx: Transaction, user_id: str) -> int:
    """How many are left."""
    left = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return tx.scalar(left) or 0


def _passkeys(tx: Transaction, user_id: str) -> bool:
    return bool(tx.scalar(select(exists().where(Passkey.user_id == user_id))))


def _vouched(tx: Transaction, user_id: str) -> bool:
    still_open = (VouchedCode.user_id == user_id, VouchedCode.ended_at.is_(None), VouchedCode.expires_at > clock.now())
    return bool(tx.scalar(select(exists().where(*still_open))))
