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


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("account", __name__)
    stub = identity_pb2_grpc.AccountStub(peers.channel("identity"))
    settings = notify_pb2_grpc.NoticesStub(peers.channel("notify"))

    @pages.get("/account")
    def account() -> str:
        return shown()

    @pages.post("/account/profile")
    def profile() -> Answer:
        fields = {name: request.form.get(name, "").strip() for name in ("first_name", "last_name", "language")}
        try:
            stub.UpdateProfile(identity_pb2.UpdateProfileRequest(**fields))
        except Failure as failure:
            return shown(problems=problems(failure, "first_name")), failure.http_status
        return redirect(url_for("account.account", saved="profile"))

    @pages.post("/account/password")
    def password() -> Answer:
        fields = {name: request.form.get(name, "") for name in ("present_password", "password", "password_again")}
        try:
            stub.ChangePassword(identity_pb2.ChangePasswordRequest(**fields))
        except Failure as failure:
            return shown(problems=problems(failure, "present_password")), failure.http_status
        return redirect(url_for("account.account", saved="password"))

    @pages.post("/account/notices")
    def notices() -> Answer:
        chosen = {name: name in request.form for name in ("documents_in_portal", "documents_by_email", "messages_by_email")}
        settings.UpdateNoticeSettings(notify_pb2.UpdateNoticeSettingsRequest(settings=notify_pb2.NoticeSettings(**chosen)))
        return redirect(url_for("account.account", saved="notices"))

    def shown(**given: object) -> str:
        allowed = may(access_pb2.PERMISSION_NOTICE_USE)
        switches = settings.GetNoticeSettings(notify_pb2.GetNoticeSettingsRequest()) if allowed else None
        return render_template("account/account.html", switches=switches, saved=request.args.get("saved"), **given)

    return pages
