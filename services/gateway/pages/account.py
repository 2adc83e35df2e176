"""My account: shown name, language, password, and which notices come where (ACC-68, ACC-71 to ACC-73)."""

from flask import Blueprint, redirect, render_template, request, url_for
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.reader import may
from services.gateway.reasons import problems

Answer = str | Response | tuple[str, int]
SWITCHES = ("documents_in_portal", "documents_by_email", "messages_by_email")


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("account", __name__, url_prefix="/account")
    own = identity_pb2_grpc.AccountStub(peers.channel("identity"))
    settings = notify_pb2_grpc.NoticesStub(peers.channel("notify"))

    @pages.get("")
    def account() -> Answer:
        return shown({})

    @pages.post("/profile")
    def profile() -> Answer:
        given = {name: request.form.get(name, "").strip() for name in ("first_name", "last_name", "language")}
        try:
            own.UpdateProfile(identity_pb2.UpdateProfileRequest(**given))
        except Failure as failure:
            return shown(problems(failure, "first_name")), failure.http_status
        return redirect(url_for("account.account", saved="profile"))

    @pages.post("/password")
    def password() -> Answer:
        given = {name: request.form.get(name, "") for name in ("present_password", "password", "password_again")}
        try:
            own.ChangePassword(identity_pb2.ChangePasswordRequest(**given))
        except Failure as failure:
            return shown(problems(failure, "present_password")), failure.http_status
        return redirect(url_for("account.account", saved="password"))

    @pages.post("/notices")
    def notices() -> Answer:
        chosen = notify_pb2.NoticeSettings(**{name: name in request.form for name in SWITCHES})
        settings.UpdateNoticeSettings(notify_pb2.UpdateNoticeSettingsRequest(settings=chosen))
        return redirect(url_for("account.account", saved="notices"))

    def shown(told: dict[str, str]) -> str:
        switches = settings.GetNoticeSettings(notify_pb2.GetNoticeSettingsRequest()) if may(access_pb2.PERMISSION_NOTICE_USE) else None
        return render_template("account/account.html", switches=switches, saved=request.args.get("saved"), problems=told)

    return pages
