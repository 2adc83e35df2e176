"""One's own passkeys, on the page about sign-in and security: make one, name it, remove it (BEY-16)."""

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from kontor.identity.v1 import passkeys_pb2, passkeys_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.pages.security import device
from services.gateway.reasons import problems

Answer = str | Response | tuple[str, int]


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("passkeys", __name__, url_prefix="/security/passkeys")
    own = _Own(passkeys_pb2_grpc.PasskeysStub(peers.channel("identity")))
    pages.add_url_rule("/start", "start", own.start, methods=["POST"])
    pages.add_url_rule("/add", "add", own.add, methods=["POST"])
    pages.add_url_rule("/<uuid:passkey>/rename", "rename", own.rename, methods=["POST"])
    pages.add_url_rule("/<uuid:passkey>/remove", "remove", own.remove, methods=["POST"])
    return pages


class _Own:
    """What a person does about the own passkeys."""

    def __init__(self, identity: passkeys_pb2_grpc.PasskeysStub) -> None:
        self._identity = identity

    def start(self) -> Answer:
        """Ask for a name, and then the browser for the key."""
        try:
            asked = self._identity.StartPasskey(passkeys_pb2.StartPasskeyRequest())
        except Failure as failure:
            return _page("", problems(failure, "credential")), failure.http_status
        return _page(asked.options, {})

    def add(self) -> Answer:
        """Keep what the browser made."""
        credential = request.form.get("credential", "") or "{}"
        try:
            self._identity.AddPasskey(passkeys_pb2.AddPasskeyRequest(credential=credential, label=_label()))
        except Failure as failure:
            return _page("", problems(failure, "credential")), failure.http_status
        return redirect(url_for("security.security", saved="passkey"))

    def rename(self, passkey: uuid.UUID) -> Answer:
        """What its owner calls it."""
        self._identity.RenamePasskey(passkeys_pb2.RenamePasskeyRequest(passkey_id=str(passkey), label=_label()))
        return redirect(url_for("security.security", saved="renamed"))

    def remove(self, passkey: uuid.UUID) -> Answer:
        """At once."""
        self._identity.RemovePasskey(passkeys_pb2.RemovePasskeyRequest(passkey_id=str(passkey)))
        return redirect(url_for("security.security", saved="removed"))


def _label() -> str:
    return request.form.get("label", "").strip()[:100] or device(request.headers.get("User-Agent", ""))


def _page(options: str, told: dict[str, str]) -> str:
    label = request.form.get("label", "") or device(request.headers.get("User-Agent", ""))
    return render_template("security/passkey.html", options=options, label=label, problems=told)
