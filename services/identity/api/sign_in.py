"""Answers the SignIn RPCs."""

import grpc
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1 import identity_pb2_grpc

from chassis import rpc
from chassis.db import Database
from services.identity import addresses
from services.identity.actions import account, links, sign_in
from services.identity.api import messages, methods
from services.identity.passwords import Passwords
from services.identity.telephone import Telephone

LINK_KINDS = {"welcome": pb.LINK_KIND_WELCOME, "password": pb.LINK_KIND_PASSWORD}
LINK_STATES = {
    "open": pb.LINK_STATE_OPEN, "used": pb.LINK_STATE_USED,
    "expired": pb.LINK_STATE_EXPIRED, "cancelled": pb.LINK_STATE_CANCELLED,
}  # fmt: skip


class SignIn(identity_pb2_grpc.SignInServicer):
    """For anyone: each of these throttles on its own, or holds a 256-bit token."""

    def __init__(self, database: Database, passwords: Passwords, telephone: Telephone) -> None:
        self._database, self._passwords, self._telephone = database, passwords, telephone

    def RequestPasswordLink(self, request: pb.RequestPasswordLinkRequest, context: grpc.ServicerContext) -> pb.RequestPasswordLinkResponse:
        """The same answer for every address."""
        with self._database.transaction() as tx:
            links.request_password_link(tx, request, address=request.address or rpc.address_of(context))
        return pb.RequestPasswordLinkResponse()

    def ShowLink(self, request: pb.ShowLinkRequest, _: grpc.ServicerContext) -> pb.ShowLinkResponse:
        """Look only."""
        link = links.find(self._database, request.token)
        state = links.state(link)
        shown = pb.ShowLinkResponse(kind=LINK_KINDS[link.kind], state=LINK_STATES[state])
        if state == "open":
            shown.email, shown.organisation_name = link.email, link.organisation_name or ""
        if link.used_at:
            shown.email = addresses.masked(link.email)
            shown.used_at.CopyFrom(messages.moment(link.used_at))
        return shown

    def VerifyAccount(self, request: pb.VerifyAccountRequest, _: grpc.ServicerContext) -> pb.VerifyAccountResponse:
        """Use a welcome link."""
        return pb.VerifyAccountResponse(email=links.verify_account(self._database, request))

    def SetPassword(self, request: pb.SetPasswordRequest, _: grpc.ServicerContext) -> pb.SetPasswordResponse:
        """Use a password link."""
        links.set_password(self._database, self._passwords, request)
        return pb.SetPasswordResponse()

    def RatePassword(self, request: pb.RatePasswordRequest, _: grpc.ServicerContext) -> pb.RatePasswordResponse:
        """By the same rules; keeps nothing."""
        return account.rate_password(request)

    def StartSignIn(self, request: pb.StartSignInRequest, _: grpc.ServicerContext) -> pb.StartSignInResponse:
        """The password."""
        begun = sign_in.start(self._database, self._passwords, self._telephone.keyring, request)
        return methods.to_begun(begun, self._telephone)

    def SendSmsCode(self, request: pb.SendSmsCodeRequest, _: grpc.ServicerContext) -> pb.SendSmsCodeResponse:
        """A code by SMS."""
        sent = sign_in.send_code(self._database, self._telephone, request)
        return pb.SendSmsCodeResponse(masked_phone=sent.masked_phone, uncertain=sent.uncertain)

    def FinishSignIn(self, request: pb.FinishSignInRequest, _: grpc.ServicerContext) -> pb.FinishSignInResponse:
        """The second proof."""
        keyring = self._telephone.keyring
        done = sign_in.finish(self._database, keyring, request, method=methods.method(request.method))
        if done.begun is None:
            return pb.FinishSignInResponse(session=done.session, profile=messages.profile(self._database, done.user_id, token=done.session))
        enrolment = methods.to_enrolment(done.begun.secret or "", done.begun.email)
        return pb.FinishSignInResponse(enrolment=enrolment, methods=methods.offered(self._telephone))
