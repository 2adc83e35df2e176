"""Open this device again, with its PIN or with a passkey (NET-39, NET-41, BEY-16)."""

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from kontor.identity.v1 import devices_pb2, devices_pb2_grpc, passkeys_pb2, passkeys_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.origin import seen_from
from services.gateway.pages.entering import device_here, entered, forgotten, landing
from services.gateway.reasons import problems

Answer = str | Response | tuple[str, int]
# No PIN opens this device any more, however often it is asked for.
GONE = ("pin_forgotten", "device_refused")


def blueprint(peers: Peers, config: Config) -> Blueprint:
    """The route."""
    pages, opening = Blueprint("unlock", __name__), Opening(peers, config)
    pages.add_url_rule("/unlock", "unlock", opening.unlock, methods=["GET", "POST"])
    return pages


class Opening:
    """What an enrolled device is asked for."""

    def __init__(self, peers: Peers, config: Config) -> None:
        self._devices = devices_pb2_grpc.DevicesStub(peers.channel("identity"))
        self._passkeys = passkeys_pb2_grpc.PasskeysStub(peers.channel("identity"))
        self._config = config

    def unlock(self) -> Answer:
        """Ask for PIN or passkey, and look at it."""
        device_id = device_here(self._config)
        if not device_id:
            return redirect(url_for("sign_in.start"))
        if request.method != "POST":
            return self._page(device_id, {})
        agent = request.headers.get("User-Agent", "")[:300]
        given = devices_pb2.SignInWithDeviceRequest(device_id=device_id, user_agent=agent, **proof())
        try:
            done = self._devices.SignInWithDevice(given)
        except Failure as failure:
            page = self._page(device_id, problems(failure, "pin")), failure.http_status
            return forgotten(self._config, make_response(page)) if failure.reason in GONE else page
        return entered(self._config, redirect(landing(self._config, done.profile)), done.session)

    def challenge(self, device_id: str) -> str:
        """What the device is to sign."""
        return self._devices.AskDevice(devices_pb2.AskDeviceRequest(device_id=device_id, address=seen_from(request))).challenge

    def passkey(self) -> str:
        """What the browser is to be asked for a passkey, empty where there are none."""
        try:
            return self._passkeys.AskForPasskey(passkeys_pb2.AskForPasskeyRequest(address=seen_from(request))).options
        except Failure:
            return ""

    def _page(self, device_id: str, told: dict[str, str]) -> str:
        return render_template("devices/unlock.html", challenge=self.challenge(device_id), options=self.passkey(), problems=told)


def proof() -> dict[str, Any]:
    """What the form at hand proves with: the device's signature, and PIN or passkey."""
    form = request.form
    proved = {name: form.get(name, "") or "-" for name in ("challenge", "signature")}
    return proved | {"pin": form.get("pin", "").strip()[:20], "credential": form.get("credential", "")}
