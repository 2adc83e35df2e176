"""Answers the Administration RPCs."""

import grpc
from kontor.identity.v1 import administration_pb2 as pb
from kontor.identity.v1 import administration_pb2_grpc, identity_pb2
from sqlalchemy import ARRAY, any_, bindparam, func, select
from sqlalchemy.orm import aliased

from chassis import caller
from chassis.db import Database
from services.identity import rules
from services.identity.actions import administered, replacing
from services.identity.api import messages
from services.identity.models import Membership, Organisation, User
from services.identity.replacements import Replacement

_old, _new = aliased(Membership), aliased(Membership)
_before, _after = aliased(User), aliased(User)
_memberships = (
    select(*messages.MEMBERSHIP, *messages.ORGANISATION, Membership.id, Membership.entered, User.email)
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .join(User, User.id == Membership.user_id)
    .where(User.id == select(_old.user_id).where(_old.id == bindparam("member")).scalar_subquery(), Membership.removed_at.is_(None))
    .where(Organisation.id == any_(bindparam("organisations", type_=ARRAY(Organisation.id.type))))
    .order_by(Organisation.name, Membership.id)
)
_replacements = (
    select(
        Replacement.id, Replacement.old_id, Replacement.new_id, Replacement.started_at,
        func.coalesce(_old.entered[1], _before.email).label("email"), _after.email.label("new_email"),
    )
    .join(_old, _old.id == Replacement.old_id).join(_before, _before.id == _old.user_id)
    .join(_new, _new.id == Replacement.new_id).join(_after, _after.id == _new.user_id)
    .where(Replacement.organisation_id == bindparam("organisation"), Replacement.ended_at.is_(None))
    .order_by(Replacement.id.desc())
)  # fmt: skip


class Administration(administration_pb2_grpc.AdministrationServicer):
    """For administrators, beyond one member of one organisation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ListAdministered(self, _: pb.ListAdministeredRequest, __: grpc.ServicerContext) -> pb.ListAdministeredResponse:
        """Where the caller is an administrator today."""
        return pb.ListAdministeredResponse(memberships=self._administered())

    def ListMemberships(self, request: pb.ListMembershipsRequest, _: grpc.ServicerContext) -> pb.ListMembershipsResponse:
        """Of one person, in those."""
        member = messages.member(self._database, caller.current().organisation_id, request.membership_id)
        asked = {"member": member.membership_id, "organisations": [each.organisation_id for each in self._administered()]}
        rows = self._database.read(_memberships, asked)
        own = [row for row in rows if row.membership_id == member.membership_id]
        shown = [row for row in rows if own and rules.known_to_be_one(own[0], row, email=row.email)]
        return pb.ListMembershipsResponse(memberships=map(messages.to_membership, shown))

    def RemoveMemberships(self, request: pb.RemoveMembershipsRequest, _: grpc.ServicerContext) -> pb.RemoveMembershipsResponse:
        """In one act."""
        with self._database.transaction() as tx:
            return pb.RemoveMembershipsResponse(results=administered.remove_memberships(tx, caller.current(), request))

    def StartReplacement(self, request: pb.StartReplacementRequest, _: grpc.ServicerContext) -> pb.Replacement:
        """The new address is invited; the old one stays until it is used."""
        with self._database.transaction() as tx:
            made = replacing.start(tx, caller.current(), request)
        return next(each for each in self._replacements() if each.replacement_id == made)

    def ListReplacements(self, _: pb.ListReplacementsRequest, __: grpc.ServicerContext) -> pb.ListReplacementsResponse:
        """Those that wait."""
        return pb.ListReplacementsResponse(replacements=self._replacements())

    def CancelReplacement(self, request: pb.CancelReplacementRequest, _: grpc.ServicerContext) -> pb.CancelReplacementResponse:
        """The old address stays."""
        with self._database.transaction() as tx:
            replacing.cancel(tx, caller.current(), request)
        return pb.CancelReplacementResponse()

    def _administered(self) -> list[identity_pb2.Membership]:
        who = caller.current()
        known = messages.profile(self._database, who.user_id, session_id=who.session_id)
        return [each for each in known.memberships if each.role == identity_pb2.ROLE_ADMINISTRATOR]

    def _replacements(self) -> list[pb.Replacement]:
        rows = self._database.read(_replacements, {"organisation": caller.current().organisation_id})
        return [
            pb.Replacement(
                replacement_id=row.id, membership_id=row.old_id, new_membership_id=row.new_id, email=row.email, new_email=row.new_email,
                started_at=messages.moment(row.started_at),
            )
            for row in rows
        ]  # fmt: skip
