"""Answers the WebSignIns RPCs."""

import grpc
from kontor.identity.v1 import devices_pb2 as pb
from kontor.identity.v1 import devices_pb2_grpc

from chassis import caller
from chassis.db import Database
from services.identity.actions import web_sign_ins
from services.identity.actions.devices import Proving
from services.identity.api import messages
from services.identity.device_rows import WebSignIn


class WebSignIns(devices_pb2_grpc.WebSignInsServicer):
    """A computer is let in by a telephone."""

    def __init__(self, database: Database, proving: Proving) -> None:
        self._database, self._proving = database, proving

    def StartWebSignIn(self, request: pb.StartWebSignInRequest, _: grpc.ServicerContext) -> pb.StartWebSignInResponse:
        """For the gateway."""
        with self._database.transaction() as tx:
            asked = web_sign_ins.start(tx, self._proving.keyring, request)
            expires_at = messages.moment(asked.row.expires_at)
        return pb.StartWebSignInResponse(browser=asked.browser, token=asked.token, code=asked.code, expires_at=expires_at)

    def ClaimWebSignIn(self, request: pb.ClaimWebSignInRequest, _: grpc.ServicerContext) -> pb.ClaimWebSignInResponse:
        """Once."""
        with self._database.transaction() as tx:
            claimed = web_sign_ins.claim(tx, request)
        if not claimed.session:
            return pb.ClaimWebSignInResponse(state=claimed.state)
        profile = messages.profile(self._database, claimed.user_id)
        return pb.ClaimWebSignInResponse(state=claimed.state, session=claimed.session, profile=profile)

    def ShowWebSignIn(self, request: pb.ShowWebSignInRequest, _: grpc.ServicerContext) -> pb.WebSignIn:
        """Look only."""
        with self._database.transaction() as tx:
            return _shown(web_sign_ins.show(tx, request.token), request.token)

    def FindWebSignIn(self, request: pb.FindWebSignInRequest, _: grpc.ServicerContext) -> pb.WebSignIn:
        """By the short code."""
        return _shown(*web_sign_ins.find(self._database, self._proving.keyring, caller.current(), request))

    def ConfirmWebSignIn(self, request: pb.ConfirmWebSignInRequest, _: grpc.ServicerContext) -> pb.ConfirmWebSignInResponse:
        """Let it in."""
        web_sign_ins.confirm(self._database, self._proving, request)
        return pb.ConfirmWebSignInResponse()

    def DenyWebSignIn(self, request: pb.DenyWebSignInRequest, _: grpc.ServicerContext) -> pb.DenyWebSignInResponse:
        """Keep it out."""
        with self._database.transaction() as tx:
            web_sign_ins.deny(tx, request)
        return pb.DenyWebSignInResponse()


def _shown(row: WebSignIn, token: str) -> pb.WebSignIn:
    started, expires = messages.moment(row.started_at), messages.moment(row.expires_at)
    return pb.WebSignIn(token=token, user_agent=row.user_agent, address=row.address, started_at=started, expires_at=expires)
