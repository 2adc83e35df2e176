"""What an invited person does: 16 digits, then 6, then on to the password or to signing in (NET-25 to NET-28, NET-34)."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from kontor.identity.v1 import invitations_pb2, invitations_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Conflict, Failure
from chassis.service import Peers
from services.gateway import texts
from services.gateway.config import Config
from services.gateway.pages.entering import activating
from services.gateway.reasons import problems

Answer = str | Response | tuple[str, int]
OUTCOMES = {
    invitations_pb2.SMS_OUTCOME_SENT: "sent", invitations_pb2.SMS_OUTCOME_UNCERTAIN: "uncertain",
    invitations_pb2.SMS_OUTCOME_FAILED: "failed",
}  # fmt: skip
# An invitation lasts 24 hours, and 12 more where an administrator made a code.
KEPT_SECONDS = 36 * 60 * 60


def entry_cookie(*, secure: bool) -> str:
    """What holds an invitation whose 16 digits were entered in this browser."""
    return "__Host-invitation" if secure else "invitation"


def blueprint(peers: Peers, config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("activate", __name__)
    activate = Activate(invitations_pb2_grpc.InvitationsStub(peers.channel("identity")), config)
    pages.add_url_rule("/activate", "start", activate.start, methods=["GET", "POST"])
    pages.add_url_rule("/activate/code", "code", activate.code, methods=["GET", "POST"])
    pages.add_url_rule("/activate/send", "send", activate.send, methods=["POST"])
    return pages


class Activate:
    """The two forms, and what comes after."""

    def __init__(self, invitations: invitations_pb2_grpc.InvitationsStub, config: Config) -> None:
        self._invitations, self._config, self._secure = invitations, config, config.secure

    def start(self) -> Answer:
        """The 16 digits, once. A browser in which they were entered goes on where it was."""
        if request.method != "POST":
            waits = self._entry() and "again" not in request.args
            return redirect(url_for("activate.code")) if waits else render_template("activate/start.html", code="", problems={})
        typed = request.form.get("code", "").strip()
        try:
            entered = self._invitations.EnterCode(invitations_pb2.EnterCodeRequest(code=typed or "-", language=texts.language()))
        except Failure as failure:
            return render_template("activate/start.html", code=typed, problems=problems(failure, "code")), failure.http_status
        response = redirect(url_for("activate.code", sms=OUTCOMES.get(entered.shown.sms, "failed")))
        flags = {"httponly": True, "secure": self._secure, "samesite": "Lax", "path": "/"}
        response.set_cookie(entry_cookie(secure=self._secure), entered.entry, max_age=KEPT_SECONDS, **flags)  # type: ignore[arg-type]
        return response

    def code(self) -> Answer:
        """The 6 digits, by SMS or from the administrator."""
        if request.method != "POST":
            return self._asked(request.args.get("sms", ""))
        typed = "".join(request.form.get("code", "").split()) or "-"
        try:
            done = self._invitations.ConfirmCode(invitations_pb2.ConfirmCodeRequest(entry=self._entry() or "-" * 20, code=typed))
        except Failure as failure:
            return self._asked("", failure)
        response = make_response(render_template("activate/done.html", done=done))
        self._forget(response)
        return activating(self._config, response, done.activation)

    def send(self) -> Answer:
        """Another SMS, at most two (NET-28)."""
        try:
            wanted = invitations_pb2.SendCodeRequest(entry=self._entry() or "-" * 20, language=texts.language())
            shown = self._invitations.SendCode(wanted)
        except Failure as failure:
            return self._asked("failed", failure)
        return redirect(url_for("activate.code", sms=OUTCOMES.get(shown.sms, "failed")))

    def _asked(self, sms: str, failure: Failure | None = None) -> Answer:
        try:
            shown = self._invitations.ShowEntry(invitations_pb2.ShowEntryRequest(entry=self._entry() or "-" * 20))
        except Conflict as over:
            response = make_response(render_template("activate/start.html", code="", problems=problems(over, "code")), over.http_status)
            self._forget(response)
            return response
        told = problems(failure, "code") if failure else {}
        page = render_template("activate/code.html", shown=shown, sms=sms, problems=_at_code(told))
        return (page, failure.http_status) if failure else page

    def _entry(self) -> str:
        return request.cookies.get(entry_cookie(secure=self._secure), "")[:100]

    def _forget(self, response: Response) -> None:
        response.delete_cookie(entry_cookie(secure=self._secure), path="/", secure=self._secure, httponly=True, samesite="Lax")


def _at_code(told: dict[str, str]) -> dict[str, str]:
    """There is one field: whatever was wrong is said there."""
    return {"code": next(iter(told.values()))} if told else {}
