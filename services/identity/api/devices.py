"""Answers the Devices RPCs."""

import grpc
from kontor.identity.v1 import devices_pb2 as pb
from kontor.identity.v1 import devices_pb2_grpc
from sqlalchemy import select

from chassis import caller, rpc
from chassis.db import Database
from services.identity.actions import devices, refresh, sessions
from services.identity.actions.devices import Proving
from services.identity.api import messages
from services.identity.device_rows import Device
from services.identity.models import Session

_mine = select(
    Device.id, Device.name, Device.user_agent, Device.enrolled_at, Device.seen_at, Device.address, Device.pin.is_not(None).label("has_pin")
).order_by(Device.id.desc())


class Devices(devices_pb2_grpc.DevicesServicer):
    """One's own devices, and signing in with one."""

    def __init__(self, database: Database, proving: Proving) -> None:
        self._database, self._proving = database, proving

    def StartEnrolment(self, _: pb.StartEnrolmentRequest, __: grpc.ServicerContext) -> pb.StartEnrolmentResponse:
        """A challenge."""
        with self._database.transaction() as tx:
            return pb.StartEnrolmentResponse(challenge=devices.start(tx, caller.current()))

    def FinishEnrolment(self, request: pb.FinishEnrolmentRequest, _: grpc.ServicerContext) -> pb.FinishEnrolmentResponse:
        """Keep it."""
        return devices.enrol(self._database, self._proving, caller.current(), request)

    def ListDevices(self, _: pb.ListDevicesRequest, __: grpc.ServicerContext) -> pb.ListDevicesResponse:
        """The newest first."""
        return self._listed()

    def RemoveDevice(self, request: pb.RemoveDeviceRequest, _: grpc.ServicerContext) -> pb.ListDevicesResponse:
        """At once."""
        with self._database.transaction() as tx:
            devices.remove(tx, caller.current(), request)
        return self._listed()

    def AskDevice(self, request: pb.AskDeviceRequest, context: grpc.ServicerContext) -> pb.AskDeviceResponse:
        """Whether or not there is such a device."""
        with self._database.transaction() as tx:
            challenge = devices.ask_known(tx, request, address=request.address or rpc.address_of(context))
        return pb.AskDeviceResponse(challenge=challenge)

    def SignInWithDevice(self, request: pb.SignInWithDeviceRequest, _: grpc.ServicerContext) -> pb.SignInWithDeviceResponse:
        """A session."""
        done = devices.open_session(self._database, self._proving, request)
        profile = messages.profile(self._database, done.user_id)
        return pb.SignInWithDeviceResponse(session=done.session, profile=profile, refresh_token=done.refresh_token)

    def RefreshSession(self, request: pb.RefreshSessionRequest, _: grpc.ServicerContext) -> pb.RefreshSessionResponse:
        """The session goes on."""
        return refresh.refresh(self._database, self._proving.keyring, request)

    def LockDevice(self, _: pb.LockDeviceRequest, __: grpc.ServicerContext) -> pb.LockDeviceResponse:
        """At once, on the server."""
        with self._database.transaction() as tx:
            devices.lock(tx, caller.current())
        return pb.LockDeviceResponse()

    def SignOutEverywhere(self, _: pb.SignOutEverywhereRequest, __: grpc.ServicerContext) -> pb.SignOutEverywhereResponse:
        """At once, on the server."""
        with self._database.transaction() as tx:
            devices.sign_out_everywhere(tx, caller.current())
        return pb.SignOutEverywhereResponse()

    def _listed(self) -> pb.ListDevicesResponse:
        who = caller.current()
        here = self._database.read(select(Session.device_id).where(Session.id == sessions.needed(who)))
        rows = self._database.read(_mine.where(Device.user_id == who.user_id, Device.ended_at.is_(None)))
        return pb.ListDevicesResponse(devices=[
            pb.Device(
                device_id=row.id, name=row.name, user_agent=row.user_agent, enrolled_at=messages.moment(row.enrolled_at),
                last_used_at=messages.moment(row.seen_at), address=row.address, has_pin=row.has_pin,
                present=bool(here) and here[0].device_id == row.id,
            )
            for row in rows
        ])  # fmt: skip
