"""Sign-in and security: a person's own second factors, recovery codes and sessions, and vouching for a member who lost theirs (BEY-05)."""

import re
import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from kontor.identity.v1 import (
    devices_pb2,
    devices_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
    passkeys_pb2,
    passkeys_pb2_grpc,
    providers_pb2,
    providers_pb2_grpc,
)
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway import texts
from services.gateway.config import Config
from services.gateway.reasons import problems
from services.gateway.second_factor import COUNTRIES, picture

Answer = str | Response | tuple[str, int]
SMS = identity_pb2.METHOD_SMS
# What browsers call themselves; the first that fits, as each also names those it wants to be taken for.
BROWSERS = ("Edg", "OPR", "SamsungBrowser", "Firefox", "FxiOS", "CriOS", "Chrome", "Safari")
BROWSER_NAMES = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "FxiOS": "Firefox", "CriOS": "Chrome"}
SYSTEMS = ("iPhone", "iPad", "Android", "Windows", "Macintosh", "Linux")


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages, own = Blueprint("security", __name__, url_prefix="/security"), _Own(peers)
    vouching = _Vouching(identity_pb2_grpc.OrganisationsStub(peers.channel("identity")))
    pages.add_url_rule("", "security", own.security, methods=["GET"])
    pages.add_url_rule("/factors/phone", "phone", own.phone, methods=["GET"])
    pages.add_url_rule("/factors/start", "start", own.start, methods=["POST"])
    pages.add_url_rule("/factors/confirm", "confirm", own.confirm, methods=["POST"])
    pages.add_url_rule("/factors/<uuid:factor>/prefer", "prefer", own.prefer, methods=["POST"])
    pages.add_url_rule("/factors/<uuid:factor>/remove", "remove", own.remove, methods=["POST"])
    pages.add_url_rule("/recovery-codes", "codes", own.codes, methods=["POST"])
    pages.add_url_rule("/bindings/<uuid:binding>/remove", "unbind", own.unbind, methods=["POST"])
    pages.add_url_rule("/sessions/end", "end", own.end, methods=["POST"])
    pages.add_url_rule("/vouch/<uuid:membership>", "vouch", vouching.vouch, methods=["GET", "POST"])
    return pages


class _Own:
    """What a person does about the own account."""

    def __init__(self, peers: Peers) -> None:
        self._factors = identity_pb2_grpc.FactorsStub(peers.channel("identity"))
        self._passkeys = passkeys_pb2_grpc.PasskeysStub(peers.channel("identity"))
        self._providers = providers_pb2_grpc.ProvidersStub(peers.channel("identity"))
        self._sessions = identity_pb2_grpc.SessionsStub(peers.channel("identity"))
        self._devices = devices_pb2_grpc.DevicesStub(peers.channel("identity"))

    def security(self) -> Answer:
        """The page."""
        return self._shown({})

    def phone(self) -> Answer:
        """Ask for the number."""
        return render_template("security/phone.html", phone_number="", problems={})

    def start(self) -> Answer:
        """Show the key for an app, or send a code to the number."""
        form = request.form
        method = SMS if form.get("method") == str(SMS) else identity_pb2.METHOD_TOTP
        given = {name: form.get(name, "").strip() for name in ("phone_number", "setup")}
        country = COUNTRIES.get(texts.language(), "")
        try:
            begun = self._factors.StartFactor(identity_pb2.StartFactorRequest(method=method, country=country, **given))
        except Failure as failure:
            told = problems(failure, "phone_number")
            if method == SMS:
                return render_template("security/phone.html", phone_number=given["phone_number"], problems=told), failure.http_status
            raise
        return _confirming(begun.setup, method, uri=begun.enrolment.uri, key=begun.enrolment.key, sent=begun)

    def confirm(self) -> Answer:
        """The first code of the new one."""
        form = request.form
        setup, uri, key = (form.get(name, "") for name in ("setup", "uri", "key"))
        try:
            code = "".join(form.get("code", "").split()) or "-"
            self._factors.ConfirmFactor(identity_pb2.ConfirmFactorRequest(setup=setup, code=code))
        except Failure as failure:
            told = problems(failure, "code")
            method = identity_pb2.METHOD_TOTP if uri else SMS
            return _confirming(setup, method, uri=uri, key=key, told=told), failure.http_status
        return redirect(url_for("security.security", saved="factor"))

    def prefer(self, factor: uuid.UUID) -> Answer:
        """Ask for this one first (ACC-26)."""
        self._factors.PreferFactor(identity_pb2.PreferFactorRequest(factor_id=str(factor)))
        return redirect(url_for("security.security", saved="preferred"))

    def remove(self, factor: uuid.UUID) -> Answer:
        """Never the last."""
        try:
            self._factors.RemoveFactor(identity_pb2.RemoveFactorRequest(factor_id=str(factor)))
        except Failure as failure:
            return self._shown(problems(failure, "factors")), failure.http_status
        return redirect(url_for("security.security", saved="removed"))

    def codes(self) -> Answer:
        """Ten new recovery codes, on the screen this once."""
        made = self._factors.RegenerateRecoveryCodes(identity_pb2.RegenerateRecoveryCodesRequest())
        return render_template("security/codes.html", codes=made.codes)

    def unbind(self, binding: uuid.UUID) -> Answer:
        """A sign-in elsewhere opens this account no longer."""
        self._providers.RemoveProviderBinding(providers_pb2.RemoveProviderBindingRequest(binding_id=str(binding)))
        return redirect(url_for("security.security", saved="removed"))

    def end(self) -> Answer:
        """Sign out elsewhere: in one place, or in all others."""
        self._sessions.EndSessions(identity_pb2.EndSessionsRequest(session_id=request.form.get("session", "")))
        return redirect(url_for("security.security", saved="ended"))

    def _shown(self, told: dict[str, str]) -> str:
        return render_template(
            "security/security.html", known=self._factors.ListFactors(identity_pb2.ListFactorsRequest()), problems=told, device=device,
            sessions=self._sessions.ListSessions(identity_pb2.ListSessionsRequest()).sessions, saved=request.args.get("saved"),
            passkeys=self._passkeys.ListPasskeys(passkeys_pb2.ListPasskeysRequest()),
            devices=self._devices.ListDevices(devices_pb2.ListDevicesRequest()).devices,
            bindings=self._providers.ListProviderBindings(providers_pb2.ListProviderBindingsRequest(language=texts.language())).bindings,
        )  # fmt: skip


class _Vouching:
    """An administrator helps a member who lost every second factor."""

    def __init__(self, members: identity_pb2_grpc.OrganisationsStub) -> None:
        self._members = members

    def vouch(self, membership: uuid.UUID) -> Answer:
        """Ask whether it is known who is asking, then show the code this once."""
        member = self._members.GetMember(identity_pb2.GetMemberRequest(membership_id=str(membership)))
        if request.method != "POST":
            return render_template("security/vouch.html", member=member, problems={})
        checked = "identity_checked" in request.form
        try:
            wanted = identity_pb2.VouchForMemberRequest(membership_id=str(membership), identity_checked=checked)
            made = self._members.VouchForMember(wanted)
        except Failure as failure:
            return render_template(
                "security/vouch.html", member=member, problems=problems(failure, "identity_checked")
            ), failure.http_status
        return render_template("security/vouched.html", member=member, made=made)


def device(agent: str) -> str:
    """A browser's name for itself in two words that its owner recognises."""
    browser = next((each for each in BROWSERS if f"{each}/" in agent), "")
    system = next((each for each in SYSTEMS if each in agent), "").replace("Macintosh", "Mac")
    words = [BROWSER_NAMES.get(browser, browser), system]
    return ", ".join(word for word in words if word) or re.sub(r"[/ (].*", "", agent)[:40] or texts._("Unknown device")


def _confirming(setup: str, method: int, *, uri: str = "", key: str = "", sent: Any = None, told: dict[str, str] | None = None) -> str:
    number = request.form.get("phone_number", "")
    return render_template(
        "security/confirm.html", setup=setup, method=method, uri=uri, key=key, picture=picture(uri), sent=sent, phone_number=number,
        problems=told or {},
    )  # fmt: skip
