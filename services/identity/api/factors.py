"""Answers the Factors RPCs."""

from typing import Any

import grpc
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import identity_pb2_grpc
from sqlalchemy import select
from sqlalchemy.engine import Row

from chassis import caller
from chassis.db import Database
from services.identity import held, phones, proofs
from services.identity.actions import factors, sessions
from services.identity.api import messages, methods
from services.identity.models import Factor, User
from services.identity.telephone import Telephone

_mine = select(Factor.id, Factor.kind, Factor.secret, Factor.confirmed_at, Factor.disabled_at).order_by(
    Factor.preferred_at.desc().nulls_last(), Factor.confirmed_at
)


class Factors(identity_pb2_grpc.FactorsServicer):
    """What a signed-in person does about the own second factors."""

    def __init__(self, database: Database, telephone: Telephone) -> None:
        self._database, self._telephone = database, telephone

    def ListFactors(self, _: pb.ListFactorsRequest, __: grpc.ServicerContext) -> pb.FactorList:
        """The preferred one first."""
        return self._listed()

    def StartFactor(self, request: pb.StartFactorRequest, _: grpc.ServicerContext) -> pb.StartFactorResponse:
        """Show a key or send a code."""
        setup = factors.start_factor(self._database, self._telephone, caller.current(), request)
        answer = pb.StartFactorResponse(setup=setup.token)
        if setup.secret:
            (me,) = self._database.read(select(User.email).where(User.id == caller.current().user_id))
            answer.enrolment.CopyFrom(methods.to_enrolment(setup.secret, me.email))
        if setup.sent:
            answer.masked_phone, answer.uncertain = setup.sent.masked_phone, setup.sent.uncertain
        return answer

    def ConfirmFactor(self, request: pb.ConfirmFactorRequest, _: grpc.ServicerContext) -> pb.FactorList:
        """Keep it."""
        factors.confirm_factor(self._database, self._telephone.keyring, caller.current(), request)
        return self._listed()

    def PreferFactor(self, request: pb.PreferFactorRequest, _: grpc.ServicerContext) -> pb.FactorList:
        """From the next sign-in on."""
        with self._database.transaction() as tx:
            factors.prefer_factor(tx, caller.current(), request)
        return self._listed()

    def RemoveFactor(self, request: pb.RemoveFactorRequest, _: grpc.ServicerContext) -> pb.FactorList:
        """At once."""
        with self._database.transaction() as tx:
            factors.remove_factor(tx, caller.current(), request)
        return self._listed()

    def RegenerateRecoveryCodes(self, _: pb.RegenerateRecoveryCodesRequest, __: grpc.ServicerContext) -> pb.RegenerateRecoveryCodesResponse:
        """They are in this answer and nowhere else."""
        with self._database.transaction() as tx:
            codes = factors.regenerate_recovery_codes(tx, caller.current())
        return pb.RegenerateRecoveryCodesResponse(codes=codes)

    def _listed(self) -> pb.FactorList:
        who = caller.current()
        sessions.needed(who)
        rows = self._database.read(_mine.where(Factor.user_id == who.user_id))
        with self._database.transaction() as tx:
            left = held.recovery_codes(tx, who.user_id)
        shown = [self._factor(row, first=number == 0, owner=who.user_id) for number, row in enumerate(rows)]
        return pb.FactorList(factors=shown, recovery_codes_left=left, offered=methods.offered(self._telephone))

    def _factor(self, row: Row[Any], *, first: bool, owner: str) -> pb.Factor:
        number = self._telephone.keyring.unseal(row.secret, bound_to=owner) if row.kind == proofs.SMS else ""
        return pb.Factor(
            factor_id=row.id, method=methods.METHODS[row.kind], preferred=first, masked_phone=phones.masked(number) if number else "",
            added_at=messages.moment(row.confirmed_at), disabled=row.disabled_at is not None,
        )  # fmt: skip
