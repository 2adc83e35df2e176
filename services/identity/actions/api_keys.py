"""Keys for back-office systems: made by a firm's administrator, shown once, acting as that member within narrow limits."""

from datetime import timedelta
from typing import Any

import uuid_utils.compat as uuid
from kontor.access.v1 import access_pb2 as access
from kontor.identity.v1 import identity_pb2 as pb
from sqlalchemy import Row, func, or_, select, update

from chassis import clock
from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.errors import Conflict, Invalid, NotFound
from services.identity import letters, rules, tokens
from services.identity.api_key_rows import ApiKey
from services.identity.models import Membership, Organisation

SHOWN = 12


def create_api_key(tx: Transaction, caller: Caller, request: pb.CreateApiKeyRequest) -> tuple[ApiKey, str]:
    """A key and its secret, which is nowhere kept. The maker is told: whoever sits at an open computer makes no key unnoticed.

    Raises Invalid for permissions or clients that cannot be chosen, Conflict when the firm has too many keys or its maker was just removed.
    """
    living = (Membership.id == caller.membership_id, Membership.removed_at.is_(None))
    maker = tx.execute(select(Membership.role, Membership.user_id).where(*living)).one_or_none()
    if maker is None:
        raise Conflict("member_not_found", "You are no longer a member.")
    permissions, clients = _permissions(caller, maker.role, request), _clients(tx, caller, request)
    _one_more(tx, caller.organisation_id)
    now, secret = clock.now(), tokens.new_key()
    key = ApiKey(
        id=str(uuid.uuid7()), digest=tokens.digest(secret), prefix=secret[:SHOWN], label=request.label.strip(), permissions=permissions,
        organisation_id=caller.organisation_id, membership_id=caller.membership_id, clients=clients, created_at=now,
        certificate=request.certificate_sha256.replace(":", "").lower() or None, expires_at=now + timedelta(days=request.valid_days),
    )  # fmt: skip
    tx.add(key)
    facts = {"label": key.label, "valid_days": str(request.valid_days), "permissions": ",".join(map(str, permissions))}
    limits = {"clients": " ".join(clients)} if clients else {}
    bound = {"certificate": key.certificate} if key.certificate else {}
    tx.record("api_key.create", organisation=caller.organisation_id, subject=key.id, **facts, **limits, **bound)
    letters.tell(tx, maker.user_id, letters.API_KEY_MADE)
    return key, secret


def revoke_api_key(tx: Transaction, caller: Caller, request: pb.RevokeApiKeyRequest) -> None:
    """End a key of the caller's firm at once; ending it again changes nothing. Raises NotFound."""
    own = (ApiKey.id == request.api_key_id, ApiKey.organisation_id == caller.organisation_id)
    label = tx.scalar(select(ApiKey.label).where(*own))
    if label is None:
        raise NotFound("api_key_not_found", "There is no such key.")
    if tx.execute(update(ApiKey).where(*own, ApiKey.revoked_at.is_(None)).values(revoked_at=clock.now()).returning(ApiKey.id)).scalar():
        tx.record("api_key.revoke", organisation=caller.organisation_id, subject=request.api_key_id, label=label)


def note_use(database: Database, key: Row[Any], address: str) -> None:
    """Keep when the key was last used, to the minute, and from where; from another address at once.

    A row in the trail for each hour, and for each other address.
    """
    now, elsewhere = clock.now(), address != (key.used_from or "")
    if key.used_at and now < key.used_at + rules.SEEN_EVERY and not elsewhere:
        return
    # Of several at once, one writes; and one more for each other address, so that a thief's use at the same moment is seen.
    unseen = or_(ApiKey.used_at.is_not_distinct_from(key.used_at), ApiKey.used_from.is_distinct_from(address or None))
    mine = (ApiKey.id == key.key_id, unseen)
    with database.transaction() as tx:
        noted = tx.execute(update(ApiKey).where(*mine).values(used_at=now, used_from=address or None).returning(ApiKey.id)).scalar()
        if noted and rules.use_is_told(key.used_at, key.used_from or "", now=now, address=address):
            facts = {"label": key.label, "user": key.user_id, "address": address}
            tx.record("api_key.use", organisation=key.organisation_id, subject=key.key_id, **facts)


def note_refusal(database: Database, key: Row[Any], why: str, address: str) -> None:
    """Somebody came with a key that is over, or without its certificate: a row in the trail, at most one a minute."""
    now = clock.now()
    due = (ApiKey.id == key.key_id, or_(ApiKey.refused_at.is_(None), ApiKey.refused_at <= now - rules.SEEN_EVERY))
    with database.transaction() as tx:
        if tx.execute(update(ApiKey).where(*due).values(refused_at=now).returning(ApiKey.id)).scalar():
            facts = {"label": key.label, "user": key.user_id, "why": why, "address": address}
            tx.record("api_key.refuse", organisation=key.organisation_id, subject=key.key_id, **facts)


def _permissions(caller: Caller, role: str, request: pb.CreateApiKeyRequest) -> list[int]:
    """What was chosen, and being signed in."""
    offered = set(rules.machine_permissions(caller.organisation_kind, role, all_clients=request.all_clients))
    chosen = {*request.permissions, access.PERMISSION_SESSION_USE}
    if not chosen <= offered:
        raise Invalid("key_permissions_invalid", "A key cannot be given this.", fields={"permissions": "key_permissions_invalid"})
    return sorted(chosen)


def _clients(tx: Transaction, caller: Caller, request: pb.CreateApiKeyRequest) -> list[str] | None:
    """The clients chosen, all of them made by the caller's firm; None where the key is for all."""
    chosen = sorted({each.lower() for each in request.organisation_ids})
    own = select(func.count()).where(Organisation.id.in_(chosen), Organisation.firm_id == caller.organisation_id)
    if request.all_clients == bool(chosen) or (chosen and tx.scalar(own) != len(chosen)):
        told = {"organisation_ids": "key_clients_invalid"}
        raise Invalid("key_clients_invalid", "Choose all clients, or some of your firm's.", fields=told)
    return chosen or None


def _one_more(tx: Transaction, organisation_id: str) -> None:
    """Room for one more key, also where several are made at once."""
    tx.execute(select(Organisation.id).where(Organisation.id == organisation_id).with_for_update(key_share=True))
    living = (ApiKey.organisation_id == organisation_id, ApiKey.revoked_at.is_(None), ApiKey.expires_at > clock.now())
    if (tx.scalar(select(func.count()).where(*living)) or 0) >= rules.API_KEYS_AT_MOST:
        raise Conflict("too_many_api_keys", "Your firm has 100 keys. Revoke one first.")
