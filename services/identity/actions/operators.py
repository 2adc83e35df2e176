"""Make somebody an operator of the platform, or end that. No RPC does it: who could call one could give the platform away."""

from sqlalchemy import select, update

from chassis.db import Transaction
from chassis.errors import Conflict, NotFound
from services.identity import addresses, history
from services.identity.models import User


def appoint(tx: Transaction, email: str) -> bool:
    """The owner of an activated account becomes an operator. False where that is so already.

    Raises NotFound `account_not_found`, Conflict `account_not_activated`.
    """
    user_id = _account(tx, email)
    if tx.scalar(select(User.id).where(User.id == user_id, User.verified_at.is_not(None), User.opened_at.is_not(None))) is None:
        raise Conflict("account_not_activated", "This person has not signed in yet, or nothing has proved the address.")
    return _set(tx, user_id, operator=True)


def dismiss(tx: Transaction, email: str) -> bool:
    """From the next request on the person is no operator. False where nothing was to be ended. Raises NotFound `account_not_found`."""
    return _set(tx, _account(tx, email), operator=False)


def _account(tx: Transaction, email: str) -> str:
    found = tx.scalar(select(User.id).where(User.email == addresses.typed(email)))
    if found is None:
        raise NotFound("account_not_found", "Nobody has an account with this address.")
    return found


def _set(tx: Transaction, user_id: str, *, operator: bool) -> bool:
    wanted = update(User).where(User.id == user_id, User.operator.is_(not operator)).values(operator=operator).returning(User.id)
    if tx.scalar(wanted) is None:
        return False
    history.record(tx, "operator.appoint" if operator else "operator.dismiss", user_id=user_id, subject=user_id)
    return True
