"""Answers the Sessions RPCs. ResolveSession stands before every request of every person: one read, no write but once a minute."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import identity_pb2_grpc
from sqlalchemy import bindparam, select
from sqlalchemy.engine import Row

from chassis import caller, clock, rpc
from chassis.caller import LIFETIME, REUSED_SECONDS, Caller, Signer
from chassis.db import Database
from chassis.errors import Unauthenticated
from services.identity import identifiers, rules, tokens
from services.identity.actions import sessions, step_up
from services.identity.api import keys, messages, methods
from services.identity.assertions import assertions
from services.identity.models import Membership, Organisation, Session, User
from services.identity.passwords import Passwords
from services.identity.telephone import Telephone

_session = (
    select(
        Session.id.label("session_id"), Session.membership_id.label("chosen_id"), Session.created_at, Session.seen_at, Session.ended_at,
        Session.authenticated_at, Session.address, Session.device_id, Session.identifier_id,
        *messages.PERSON, *messages.MEMBERSHIP, *messages.ORGANISATION,
    )
    .join(User, User.id == Session.user_id)
    .outerjoin(
        Membership,
        (Membership.user_id == User.id) & Membership.removed_at.is_(None) & identifiers.reached(Session.identifier_id.expression),
    )
    .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
    .where(Session.token == bindparam("token"))
    .order_by(Organisation.name, Membership.id)
)  # fmt: skip
_living = (
    select(Session.id, Session.user_agent, Session.created_at, Session.seen_at, Session.address, Session.device_id)
    .where(Session.user_id == bindparam("user", type_=Session.user_id.type), Session.ended_at.is_(None))
    .where(Session.seen_at > bindparam("idle"), Session.created_at > bindparam("old"))
    .order_by(Session.id.desc())
)


class Sessions(identity_pb2_grpc.SessionsServicer):
    """Who holds what, now."""

    def __init__(self, database: Database, signer: Signer, passwords: Passwords, telephone: Telephone) -> None:
        self._database, self._signer, self._passwords, self._telephone = database, signer, passwords, telephone

    def ResolveSession(self, request: pb.ResolveSessionRequest, _: grpc.ServicerContext) -> pb.ResolveSessionResponse:
        """The person, the chosen organisation, and the assertions."""
        rows = self._database.read(_session, {"token": tokens.digest(request.session)})
        held = rows[0] if rows else None
        if held is None or rules.session_over(created=held.created_at, seen=held.seen_at, ended=held.ended_at, now=clock.now()):
            raise Unauthenticated("session_ended", "The session has ended.")
        if not request.quiet:
            sessions.see(self._database, held, request.address)
        # Before the terms are accepted nobody gets to any organisation (NET-36).
        current = _current(rows) if held.terms_version == rules.TERMS_VERSION else None
        who = _caller(held, current, session_id=held.session_id, authenticated_at=int(held.authenticated_at.timestamp()))
        answer = pb.ResolveSessionResponse(
            profile=messages.to_profile(rows), assertions=assertions(self._signer, who), device_id=held.device_id or ""
        )
        answer.permissions.extend(who.permissions)  # type: ignore[arg-type]  # numbers of the enum
        if current is not None:
            answer.current.CopyFrom(messages.to_membership(current))
            answer.organisation.CopyFrom(messages.to_organisation(current))
        return answer

    def ExchangeApiKey(self, request: pb.ExchangeApiKeyRequest, context: grpc.ServicerContext) -> pb.ExchangeApiKeyResponse:
        """Assertions of the member who made the key, within what the key and the member may."""
        now, address = clock.now(), request.address or rpc.address_of(context)
        row = keys.working(self._database, request.api_key, certificate=rpc.certificate_of(context), address=address)
        limits = {"api_key_id": row.key_id, "clients": tuple(row.clients or ()), "certificate": row.certificate or ""}
        who = replace(_caller(row, row, within=row.permissions), **limits)
        good_until = messages.moment(now + LIFETIME - timedelta(seconds=REUSED_SECONDS))
        return pb.ExchangeApiKeyResponse(assertions=assertions(self._signer, who), expires_at=good_until)

    def ChooseOrganisation(self, request: pb.ChooseOrganisationRequest, _: grpc.ServicerContext) -> pb.ChooseOrganisationResponse:
        """From the next request on."""
        with self._database.transaction() as tx:
            sessions.choose_organisation(tx, caller.current(), request)
        return pb.ChooseOrganisationResponse()

    def StepUp(self, request: pb.StepUpRequest, _: grpc.ServicerContext) -> pb.StepUpResponse:
        """Good for what the session asks from the next assertion on."""
        method = methods.method(request.method)
        step_up.step_up(self._database, self._passwords, self._telephone, caller.current(), request, method=method)
        return pb.StepUpResponse()

    def SendStepUpCode(self, _: pb.SendStepUpCodeRequest, __: grpc.ServicerContext) -> pb.SendSmsCodeResponse:
        """To the number on record."""
        sent = step_up.send_code(self._database, self._telephone, caller.current())
        return pb.SendSmsCodeResponse(masked_phone=sent.masked_phone, uncertain=sent.uncertain)

    def ListSessions(self, _: pb.ListSessionsRequest, __: grpc.ServicerContext) -> pb.ListSessionsResponse:
        """Those that still work."""
        own, now = sessions.needed(caller.current()), clock.now()
        asked = {"user": caller.current().user_id, "idle": now - rules.SESSION_IDLE, "old": now - rules.SESSION_LIFE}
        rows = self._database.read(_living, asked)
        return pb.ListSessionsResponse(sessions=[messages.to_session(row, present=row.id == own) for row in rows])

    def EndSessions(self, request: pb.EndSessionsRequest, _: grpc.ServicerContext) -> pb.EndSessionsResponse:
        """At once."""
        with self._database.transaction() as tx:
            sessions.end_sessions(tx, caller.current(), request)
        return pb.EndSessionsResponse()

    def SignOut(self, _: pb.SignOutRequest, __: grpc.ServicerContext) -> pb.SignOutResponse:
        """At once, on the server."""
        with self._database.transaction() as tx:
            sessions.sign_out(tx, caller.current())
        return pb.SignOutResponse()


def _current(rows: Sequence[Row[Any]]) -> Row[Any] | None:
    """The row of the chosen membership while it lives and is in force; where none was chosen, the only one there is."""
    usable = [row for row in rows if messages.in_force(row)]
    chosen = rows[0].chosen_id or (usable[0].membership_id if len(usable) == 1 else None)
    return next((row for row in usable if row.membership_id == chosen), None)


def _caller(
    person: Row[Any], current: Row[Any] | None, *, session_id: str = "", authenticated_at: int = 0, within: Sequence[int] | None = None
) -> Caller:
    allowed = set(rules.permissions(current.kind, current.role, current.programmes)) if current else set()
    if within is None:
        allowed |= set(rules.without_organisation(operator=person.operator and person.identifier_id is None))
    who = Caller(
        user_id=person.user_id, name=f"{person.first_name} {person.last_name}", language=person.language, session_id=session_id,
        permissions=tuple(sorted(allowed if within is None else allowed & set(within))), authenticated_at=authenticated_at,
        beta=person.beta,
    )  # fmt: skip
    if current is None:
        return who
    return replace(
        who, membership_id=current.membership_id, organisation_id=current.organisation_id, organisation_name=current.organisation_name,
        organisation_kind=current.kind, language=who.language or rules.language(current.country),
    )  # fmt: skip
