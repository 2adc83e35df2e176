"""Who runs the platform: said beside identity's database, by whoever may read it, and not through any RPC."""

from typing import cast

from chassis import caller
from chassis.caller import Caller
from chassis.db import Database
from chassis.run import Running
from services.identity.actions import operators


def change(running: Running, email: str, *, remove: bool) -> bool:
    """Make the account's owner an operator, or end that. False where it is so already. Raises a Failure as the action does."""
    (identity,) = running.services
    with caller.acting(Caller(user_id="operator"), {}), cast(Database, identity.database).transaction() as tx:
        return operators.dismiss(tx, email) if remove else operators.appoint(tx, email)
