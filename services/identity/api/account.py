"""Answers the Account RPCs."""

import grpc
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import identity_pb2_grpc

from chassis import caller
from chassis.db import Database
from services.identity.actions import account
from services.identity.api import messages
from services.identity.passwords import Passwords


class Account(identity_pb2_grpc.AccountServicer):
    """The caller's own account."""

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database, self._passwords = database, passwords

    def GetProfile(self, _: pb.GetProfileRequest, __: grpc.ServicerContext) -> pb.Profile:
        """Name, language, organisations; to an API key only its own one."""
        who, profile = caller.current(), self._own()
        if not who.session_id:
            own = [each for each in profile.memberships if each.membership_id == who.membership_id]
            del profile.memberships[:]
            profile.memberships.extend(own)
        return profile

    def UpdateProfile(self, request: pb.UpdateProfileRequest, _: grpc.ServicerContext) -> pb.Profile:
        """Name and language."""
        with self._database.transaction() as tx:
            account.update_profile(tx, caller.current(), request)
        return self._own()

    def ChangePassword(self, request: pb.ChangePasswordRequest, _: grpc.ServicerContext) -> pb.ChangePasswordResponse:
        """With the present one."""
        account.change_password(self._database, self._passwords, caller.current(), request)
        return pb.ChangePasswordResponse()

    def AcceptTerms(self, request: pb.AcceptTermsRequest, _: grpc.ServicerContext) -> pb.Profile:
        """From the next request on."""
        with self._database.transaction() as tx:
            account.accept_terms(tx, caller.current(), request)
        return self._own()

    def _own(self) -> pb.Profile:
        who = caller.current()
        return messages.profile(self._database, who.user_id, session_id=who.session_id)
