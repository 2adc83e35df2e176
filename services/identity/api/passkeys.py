"""Answers the Passkeys RPCs."""

import grpc
from kontor.identity.v1 import passkeys_pb2 as pb
from kontor.identity.v1 import passkeys_pb2_grpc
from sqlalchemy import select

from chassis import caller, rpc
from chassis.db import Database
from services.identity.actions import passkeys, sessions
from services.identity.api import messages
from services.identity.passkey_rows import Passkey
from services.identity.passkeys import RelyingParty

_mine = select(Passkey.id, Passkey.label, Passkey.added_at, Passkey.used_at, Passkey.backed_up).order_by(Passkey.id.desc())


class Passkeys(passkeys_pb2_grpc.PasskeysServicer):
    """One's own passkeys, and signing in with one."""

    def __init__(self, database: Database, party: RelyingParty) -> None:
        self._database, self._party = database, party

    def ListPasskeys(self, _: pb.ListPasskeysRequest, __: grpc.ServicerContext) -> pb.PasskeyList:
        """The newest first."""
        return self._listed()

    def StartPasskey(self, _: pb.StartPasskeyRequest, __: grpc.ServicerContext) -> pb.StartPasskeyResponse:
        """What to ask the browser."""
        with self._database.transaction() as tx:
            return pb.StartPasskeyResponse(options=passkeys.start(tx, self._party, caller.current()))

    def AddPasskey(self, request: pb.AddPasskeyRequest, _: grpc.ServicerContext) -> pb.PasskeyList:
        """Keep it."""
        passkeys.add(self._database, self._party, caller.current(), request)
        return self._listed()

    def RenamePasskey(self, request: pb.RenamePasskeyRequest, _: grpc.ServicerContext) -> pb.PasskeyList:
        """A word for its owner alone."""
        with self._database.transaction() as tx:
            passkeys.rename(tx, caller.current(), request)
        return self._listed()

    def RemovePasskey(self, request: pb.RemovePasskeyRequest, _: grpc.ServicerContext) -> pb.PasskeyList:
        """At once."""
        with self._database.transaction() as tx:
            passkeys.remove(tx, caller.current(), request)
        return self._listed()

    def AskForPasskey(self, request: pb.AskForPasskeyRequest, context: grpc.ServicerContext) -> pb.AskForPasskeyResponse:
        """What to ask the browser at sign-in."""
        with self._database.transaction() as tx:
            options = passkeys.ask(tx, self._party, request, address=request.address or rpc.address_of(context))
        return pb.AskForPasskeyResponse(options=options)

    def SignInWithPasskey(self, request: pb.SignInWithPasskeyRequest, _: grpc.ServicerContext) -> pb.SignInWithPasskeyResponse:
        """A session."""
        done = passkeys.sign_in(self._database, self._party, request)
        profile = messages.profile(self._database, done.user_id, token=done.session)
        return pb.SignInWithPasskeyResponse(session=done.session, profile=profile)

    def _listed(self) -> pb.PasskeyList:
        who = caller.current()
        sessions.needed(who)
        rows = self._database.read(_mine.where(Passkey.user_id == who.user_id))
        return pb.PasskeyList(offered=self._party.offered, passkeys=[
            pb.Passkey(
                passkey_id=row.id, label=row.label, added_at=messages.moment(row.added_at), backed_up=row.backed_up,
                last_used_at=messages.moment(row.used_at) if row.used_at else None,
            )
            for row in rows
        ])  # fmt: skip
