"""Enrolled devices: set this one up with a PIN, lock it, remove one, log out from all (NET-37, NET-41)."""

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from kontor.identity.v1 import devices_pb2, devices_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages.entering import activated, activation_here, device_here, forgotten, left, remembered
from services.gateway.pages.security import device
from services.gateway.reasons import problems

Answer = str | Response | tuple[str, int]


def blueprint(peers: Peers, config: Config) -> Blueprint:
    """The routes."""
    pages, own = Blueprint("devices", __name__), _Own(devices_pb2_grpc.DevicesStub(peers.channel("identity")), config)
    pages.add_url_rule("/devices/start", "start", own.start, methods=["POST"])
    pages.add_url_rule("/devices/first", "first", own.first)
    pages.add_url_rule("/devices/later", "later", own.later, methods=["POST"])
    pages.add_url_rule("/devices/ready", "ready", own.ready)
    pages.add_url_rule("/devices/add", "add", own.add, methods=["POST"])
    pages.add_url_rule("/devices/<uuid:device_id>/remove", "remove", own.remove, methods=["POST"])
    pages.add_url_rule("/lock", "lock", own.lock, methods=["POST"])
    pages.add_url_rule("/sign-out-everywhere", "everywhere", own.everywhere, methods=["GET", "POST"])
    return pages


class _Own:
    """What a person does about the own devices."""

    def __init__(self, identity: devices_pb2_grpc.DevicesStub, config: Config) -> None:
        self._identity, self._config = identity, config

    def start(self) -> Answer:
        """Ask for a name and a PIN, twice; the browser makes the key."""
        return self._page({})

    def first(self) -> Answer:
        """The last step of coming in by invitation, where one is under way in this browser."""
        return self._page({}) if activation_here(self._config) else redirect(url_for("home.home"))

    def later(self) -> Response:
        """Come in without a PIN."""
        return activated(self._config, redirect(url_for("home.home")))

    def ready(self) -> str:
        """All steps are done."""
        return render_template("devices/ready.html")

    def add(self) -> Answer:
        """Keep it; this browser is that device from now on."""
        form = request.form
        given = {name: form.get(name, "") or "-" for name in ("challenge", "signature", "public_key")}
        given |= {name: form.get(name, "").strip()[:20] for name in ("pin", "pin_again")}
        given["activation"] = activation_here(self._config)
        agent = request.headers.get("User-Agent", "")[:300]
        try:
            made = self._identity.FinishEnrolment(devices_pb2.FinishEnrolmentRequest(name=_name(), user_agent=agent, **given))  # type: ignore[arg-type]
        except Failure as failure:
            page = self._page(problems(failure, "pin"))
            return (page, failure.http_status) if isinstance(page, str) else page
        done = redirect(url_for("devices.ready") if made.activated else url_for("security.security", saved="device"))
        return remembered(self._config, activated(self._config, done) if given["activation"] else done, made.device_id)

    def remove(self, device_id: uuid.UUID) -> Response:
        """At once."""
        self._identity.RemoveDevice(devices_pb2.RemoveDeviceRequest(device_id=str(device_id)))
        done = redirect(url_for("security.security", saved="removed"))
        return forgotten(self._config, done) if str(device_id) == device_here(self._config) else done

    def lock(self) -> Response:
        """End the session, keep the device."""
        self._identity.LockDevice(devices_pb2.LockDeviceRequest())
        return left(self._config, url_for("unlock.unlock"))

    def everywhere(self) -> str | Response:
        """Say what will happen, then do it."""
        if request.method != "POST":
            return render_template("devices/everywhere.html")
        self._identity.SignOutEverywhere(devices_pb2.SignOutEverywhereRequest())
        return left(self._config, url_for("sign_in.start", ended=1), forget_device=True)

    def _page(self, told: dict[str, str]) -> Answer:
        try:
            challenge = self._identity.StartEnrolment(devices_pb2.StartEnrolmentRequest()).challenge
        except Failure as failure:
            told, challenge = problems(failure, "pin"), ""
        return render_template("devices/new.html", challenge=challenge, name=_name(), problems=told)


def _name() -> str:
    return request.form.get("name", "").strip()[:100] or device(request.headers.get("User-Agent", ""))
