"""Answers the Sessions RPCs. ResolveSession stands before every request of every person: one read, no write but once a minute."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import grpc
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import identity_pb2_grpc
from sqlalchemy import bindparam, select
from sqlalchemy.engine import Row

from chassis import caller, clock
from chassis.caller import LIFETIME, Caller, Signer
from chassis.db import Database
from chassis.errors import Unauthenticated
from services.identity import rules, tokens
from services.identity.actions import api_keys, sessions
from services.identity.api import messages
from services.identity.assertions import assertions
from services.identity.models import ApiKey, Membership, Organisation, Session, User

_session = (
    select(
        Session.id.label("session_id"), Session.membership_id.label("chosen_id"), Session.created_at, Session.seen_at, Session.ended_at,
        Session.authenticated_at, *messages.PERSON, *messages.MEMBERSHIP, *messages.ORGANISATION,
    )
    .join(User, User.id == Session.user_id)
    .outerjoin(Membership, (Membership.user_id == User.id) & Membership.removed_at.is_(None))
    .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
    .where(Session.token == bindparam("token"))
    .order_by(Organisation.name, Membership.id)
)  # fmt: skip
_key = (
    select(ApiKey.id.label("key_id"), ApiKey.permissions, ApiKey.used_at, *messages.PERSON, *messages.MEMBERSHIP, *messages.ORGANISATION)
    .join(Membership, (Membership.id == ApiKey.membership_id) & Membership.removed_at.is_(None))
    .join(User, User.id == Membership.user_id)
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .where(ApiKey.digest == bindparam("digest"), ApiKey.revoked_at.is_(None), ApiKey.expires_at > bindparam("now"))
)


class Sessions(identity_pb2_grpc.SessionsServicer):
    """Who holds what, now."""

    def __init__(self, database: Database, signer: Signer) -> None:
        self._database, self._signer = database, signer

    def ResolveSession(self, request: pb.ResolveSessionRequest, _: grpc.ServicerContext) -> pb.ResolveSessionResponse:
        """The person, the chosen organisation, and the assertions."""
        rows = self._database.read(_session, {"token": tokens.digest(request.session)})
        held = rows[0] if rows else None
        if held is None or rules.session_over(created=held.created_at, seen=held.seen_at, ended=held.ended_at, now=clock.now()):
            raise Unauthenticated("session_ended", "The session has ended.")
        sessions.see(self._database, held.session_id, held.seen_at)
        current = _current(rows)
        who = _caller(held, current, session_id=held.session_id, authenticated_at=int(held.authenticated_at.timestamp()))
        answer = pb.ResolveSessionResponse(profile=messages.to_profile(rows), assertions=assertions(self._signer, who))
        answer.permissions.extend(who.permissions)  # type: ignore[arg-type]  # numbers of the enum
        if current is not None:
            answer.current.CopyFrom(messages.to_membership(current))
            answer.organisation.CopyFrom(messages.to_organisation(current))
        return answer

    def ExchangeApiKey(self, request: pb.ExchangeApiKeyRequest, _: grpc.ServicerContext) -> pb.ExchangeApiKeyResponse:
        """Assertions of the member who made the key, within what a key may do and the member still may."""
        now = clock.now()
        rows = self._database.read(_key, {"digest": tokens.digest(request.api_key), "now": now})
        if not rows:
            raise Unauthenticated("api_key_unknown", "This key is not valid.")
        (row,) = rows
        api_keys.note_use(self._database, row.key_id, row.used_at)
        who = _caller(row, row, within=row.permissions)
        return pb.ExchangeApiKeyResponse(assertions=assertions(self._signer, who), expires_at=messages.moment(now + LIFETIME))

    def ChooseOrganisation(self, request: pb.ChooseOrganisationRequest, _: grpc.ServicerContext) -> pb.ChooseOrganisationResponse:
        """From the next request on."""
        with self._database.transaction() as tx:
            sessions.choose_organisation(tx, caller.current(), request)
        return pb.ChooseOrganisationResponse()

    def SignOut(self, _: pb.SignOutRequest, __: grpc.ServicerContext) -> pb.SignOutResponse:
        """At once, on the server."""
        with self._database.transaction() as tx:
            sessions.sign_out(tx, caller.current())
        return pb.SignOutResponse()


def _current(rows: Sequence[Row[Any]]) -> Row[Any] | None:
    """The row of the chosen membership while it lives; where none was chosen, the only one there is."""
    chosen = rows[0].chosen_id or (rows[0].membership_id if len(rows) == 1 else None)
    return next((row for row in rows if row.membership_id and row.membership_id == chosen), None)


def _caller(
    person: Row[Any], current: Row[Any] | None, *, session_id: str = "", authenticated_at: int = 0, within: Sequence[int] | None = None
) -> Caller:
    allowed = set(rules.permissions(current.kind, current.role)) if current else set()
    if within is None:
        allowed |= set(rules.without_organisation(operator=person.operator))
    who = Caller(
        user_id=person.user_id, name=f"{person.first_name} {person.last_name}", language=person.language, session_id=session_id,
        permissions=tuple(sorted(allowed if within is None else allowed & set(within))), authenticated_at=authenticated_at,
    )  # fmt: skip
    if current is None:
        return who
    return replace(
        who, membership_id=current.membership_id, organisation_id=current.organisation_id, organisation_name=current.organisation_name,
        organisation_kind=current.kind, language=who.language or rules.language(current.country),
    )  # fmt: skip
