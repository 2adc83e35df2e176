"""My account: shown name, language, password, and the beta programme (ACC-71 to ACC-73, AMI-24)."""

from flask import Blueprint, redirect, render_template, request, url_for
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.reasons import problems

Answer = str | Response | tuple[str, int]


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("account", __name__, url_prefix="/account")
    own = identity_pb2_grpc.AccountStub(peers.channel("identity"))

    @pages.get("")
    def account() -> Answer:
        return shown({})

    @pages.post("/profile")
    def profile() -> Answer:
        given = {name: request.form.get(name, "").strip() for name in ("first_name", "last_name", "language")}
        try:
            own.UpdateProfile(identity_pb2.UpdateProfileRequest(**given))  # type: ignore[arg-type]
        except Failure as failure:
            return shown(problems(failure, "first_name"), given), failure.http_status
        return redirect(url_for("account.account", saved="profile"))

    @pages.post("/beta")
    def beta() -> Answer:
        own.UpdateProfile(identity_pb2.UpdateProfileRequest(beta="beta" in request.form))
        return redirect(url_for("account.account", saved="beta"))

    @pages.post("/password")
    def password() -> Answer:
        given = {name: request.form.get(name, "") for name in ("present_password", "password", "password_again")}
        try:
            own.ChangePassword(identity_pb2.ChangePasswordRequest(**given))
        except Failure as failure:
            return shown(problems(failure, "present_password")), failure.http_status
        return redirect(url_for("account.account", saved="password"))

    def shown(told: dict[str, str], written: dict[str, str] | None = None) -> str:
        return render_template("account/account.html", saved=request.args.get("saved"), problems=told, written=written)

    return pages
