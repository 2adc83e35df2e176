"""Confirm that it is still you, in place: a code is asked for where something was refused, and what was written goes on (NET-05)."""

from dataclasses import dataclass

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc
from werkzeug.wrappers import Response as AnyResponse

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway import forms, reasons
from services.gateway.asked import among
from services.gateway.config import Config
from services.gateway.origin import ours

REASON, OWN = "step_up_needed", "step_up_"
SMS, RECOVERY = identity_pb2.METHOD_SMS, identity_pb2.METHOD_RECOVERY_CODE
# On these pages second factors are changed, which takes the password too.
BOTH = ("security", "devices")


@dataclass(frozen=True)
class Held:
    """What was asked for when it was refused: where, how, with which fields, and which proofs it takes."""

    back: str
    post: bool
    fields: tuple[tuple[str, str], ...]
    both: bool
    method: int = 0


def blueprint(peers: Peers, _config: Config) -> Blueprint:
    """The route."""
    pages, step_up = Blueprint("step_up", __name__), StepUp(peers)
    pages.add_url_rule("/step-up", "step_up", step_up.confirm, methods=["POST"])
    return pages


def wanted(failure: Failure) -> bool:
    """Whether a person is to be asked: one who is signed in, reading pages."""
    return failure.reason == REASON and g.get("held") is not None and request.accept_mimetypes.best != "application/json"


class StepUp:
    """Asks for the proofs, and then lets what was refused happen."""

    def __init__(self, peers: Peers) -> None:
        self._sessions = identity_pb2_grpc.SessionsStub(peers.channel("identity"))
        self._factors = identity_pb2_grpc.FactorsStub(peers.channel("identity"))

    def ask(self, failure: Failure) -> Response:
        """The form, in the place of the refusal."""
        both = "proofs" in failure.facts or request.blueprint in BOTH
        back = request.full_path if request.query_string else request.path
        held = Held(back, request.method == "POST", _fields(), both)
        response = Response(self._page(held), failure.http_status)
        if request.headers.get("HX-Request"):
            # A part of a page was asked for; htmx shows nothing that was refused, and this belongs in the place of all of it.
            response = Response(response.get_data(), 200, {"HX-Retarget": "body", "HX-Reswap": "innerHTML"})
        return response

    def confirm(self) -> AnyResponse:
        """Check the proofs, or have a code sent, or change to another method."""
        form, held = request.form, _written()
        if "step_up_choose" in form:
            return Response(self._page(held))
        try:
            if "step_up_send" in form:
                sent = self._sessions.SendStepUpCode(identity_pb2.SendStepUpCodeRequest())
                return Response(self._page(held, sent=sent))
            code = form.get("step_up_code", "").strip() or "-"
            wanted = {"code": code, "password": form.get("step_up_password", "") if held.both else ""}
            self._sessions.StepUp(identity_pb2.StepUpRequest(method=held.method, **wanted))  # type: ignore[arg-type]  # a number of the enum
        except Failure as failure:
            return Response(self._page(held, failure=failure), failure.http_status)
        back = held.back if ours(held.back) else url_for("home.home")
        # 307: the browser sends the same fields again, as the form would have.
        return redirect(back, 307 if held.post else 303)

    def _page(self, held: Held, *, failure: Failure | None = None, sent: identity_pb2.SendSmsCodeResponse | None = None) -> str:
        known = self._factors.ListFactors(identity_pb2.ListFactorsRequest())
        methods = [each.method for each in known.factors if not each.disabled]
        methods += [RECOVERY] if known.recovery_codes_left else []
        told = reasons.problems(failure, "code") if failure else {}
        phone = next((each.masked_phone for each in known.factors if each.method == SMS), "")
        return render_template(
            "step_up/step_up.html", asked=held, methods=methods, method=held.method if held.method in methods else next(iter(methods), 0),
            phone=phone, sent=sent, problems={f"{OWN}{name}": text for name, text in told.items()},
        )  # fmt: skip


def _fields() -> tuple[tuple[str, str], ...]:
    """What the form had in it, but for files, this page's own fields, and what every form says."""
    return tuple((name, value) for name, value in request.form.items(multi=True) if not name.startswith((OWN, forms.FIELD)))


def _written() -> Held:
    form = request.form
    method = form.get("step_up_choose") or form.get("step_up_method", "")
    wanted = among(method, identity_pb2.Method.values())
    return Held(form.get("step_up_back", "/"), form.get("step_up_post") == "1", _fields(), form.get("step_up_both") == "1", wanted)
