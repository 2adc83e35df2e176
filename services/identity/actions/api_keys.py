"""Keys for back-office systems: made by a firm's administrator, shown once, acting as that member within narrow limits."""

from datetime import datetime, timedelta

import uuid_utils.compat as uuid
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import select, update

from chassis import clock
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Conflict, NotFound
from services.identity import rules, tokens
from services.identity.models import ApiKey, Membership

SHOWN = 12


def create_api_key(tx: Transaction, caller: Caller, request: pb.CreateApiKeyRequest) -> tuple[ApiKey, str]:
    """A key and its secret, which is nowhere kept. Raises Conflict when the caller has just been removed."""
    living = (Membership.id == caller.membership_id, Membership.removed_at.is_(None))
    role = tx.scalar(select(Membership.role).where(*living))
    if role is None:
        raise Conflict("member_not_found", "You are no longer a member.")
    now, secret = clock.now(), tokens.new_key()
    key = ApiKey(
        id=str(uuid.uuid7()), digest=tokens.digest(secret), prefix=secret[:SHOWN], label=request.label.strip(),
        organisation_id=caller.organisation_id, membership_id=caller.membership_id,
        permissions=rules.machine_permissions(caller.organisation_kind, role), created_at=now,
        expires_at=now + timedelta(days=request.valid_days),
    )  # fmt: skip
    tx.add(key)
    tx.record("api_key.create", organisation=caller.organisation_id, subject=key.id, valid_days=str(request.valid_days))
    return key, secret


def revoke_api_key(tx: Transaction, caller: Caller, request: pb.RevokeApiKeyRequest) -> None:
    """End a key of the caller's firm at once; ending it again changes nothing. Raises NotFound."""
    own = (ApiKey.id == request.api_key_id, ApiKey.organisation_id == caller.organisation_id)
    if tx.scalar(select(ApiKey.id).where(*own)) is None:
        raise NotFound("api_key_not_found", "There is no such key.")
    if tx.execute(update(ApiKey).where(*own, ApiKey.revoked_at.is_(None)).values(revoked_at=clock.now()).returning(ApiKey.id)).scalar():
        tx.record("api_key.revoke", organisation=caller.organisation_id, subject=request.api_key_id)


def note_use(database: Database, key_id: str, used_at: datetime | None) -> None:
    """Keep when the key was last used, to the minute."""
    now = clock.now()
    if used_at and now < used_at + rules.SEEN_EVERY:
        return
    with database.transaction() as tx:
        tx.execute(update(ApiKey).where(ApiKey.id == key_id).values(used_at=now))
