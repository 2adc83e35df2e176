"""A computer is let in by telephone: its sign-in page shows a code, the telephone shows who asks and confirms (NET-38)."""

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from kontor.identity.v1 import devices_pb2, devices_pb2_grpc
from werkzeug.wrappers import Response

from chassis.errors import Failure
from chassis.service import Peers
from services.gateway.asked import among
from services.gateway.config import Config
from services.gateway.origin import seen_from
from services.gateway.pages.entering import device_here, entered, landing
from services.gateway.pages.security import device
from services.gateway.pages.unlock import Opening, proof
from services.gateway.reasons import problems
from services.gateway.second_factor import drawing

Answer = str | Response | tuple[str, int]
# A sign-in page that nobody looks at stops asking: five codes of two minutes each.
ROUNDS = 5
KEPT_SECONDS = 300


def blueprint(peers: Peers, config: Config) -> Blueprint:
    """The routes."""
    pages, stub = Blueprint("computers", __name__), devices_pb2_grpc.WebSignInsStub(peers.channel("identity"))
    computer, phone = _Computer(stub, config), _Phone(stub, config, Opening(peers, config))
    pages.add_url_rule("/sign-in/qr", "start", computer.start, methods=["POST"])
    pages.add_url_rule("/sign-in/qr/state", "state", computer.state, methods=["POST"])
    pages.add_url_rule("/qr", "find", phone.find, methods=["GET", "POST"])
    pages.add_url_rule("/qr/<token>", "confirm", phone.confirm, methods=["GET", "POST"])
    return pages


class _Computer:
    """The browser that asks. What only it has is in a cookie that no page can read."""

    def __init__(self, identity: devices_pb2_grpc.WebSignInsStub, config: Config) -> None:
        self._identity, self._config = identity, config
        self._cookie = "__Host-qr" if config.secure else "qr"

    def start(self) -> Answer:
        """Show a code."""
        return self._started(1)

    def state(self) -> Answer:
        """What became of it: still waiting, let in, refused, or over and asked for anew."""
        browser, rounds = request.cookies.get(self._cookie, ""), among(request.form.get("round"), range(1, ROUNDS))
        if len(browser) < 20:
            return self._shown(over=True)
        said = self._identity.ClaimWebSignIn(devices_pb2.ClaimWebSignInRequest(browser=browser[:100]))
        if said.state == devices_pb2.WEB_SIGN_IN_STATE_WAITING:
            return Response("", 204) if request.headers.get("HX-Request") else self._shown(waiting=True)
        if said.session:
            target = landing(self._config, said.profile, by="phone")
            here = Response("", 200, {"HX-Redirect": target}) if request.headers.get("HX-Request") else redirect(target)
            return entered(self._config, here, said.session)
        if said.state == devices_pb2.WEB_SIGN_IN_STATE_OVER and rounds:
            return self._started(rounds + 1)
        return self._shown(denied=said.state == devices_pb2.WEB_SIGN_IN_STATE_DENIED, over=True)

    def _started(self, number: int) -> Answer:
        asked = devices_pb2.StartWebSignInRequest(user_agent=request.headers.get("User-Agent", "")[:300], address=seen_from(request))
        try:
            begun = self._identity.StartWebSignIn(asked)
        except Failure as failure:
            return self._shown(problems=problems(failure, "qr"), over=True)
        link = f"{self._config.public_url.rstrip('/')}{url_for('computers.confirm', token=begun.token)}"
        response = make_response(self._shown(code=begun.code, picture=drawing(link), round=number))
        kept = {"max_age": KEPT_SECONDS, "httponly": True, "secure": self._config.secure, "samesite": "Strict", "path": "/"}
        response.set_cookie(self._cookie, begun.browser, **kept)  # type: ignore[arg-type]
        return response

    def _shown(self, **about: object) -> str:
        page = "computers/code.html" if request.headers.get("HX-Request") else "computers/page.html"
        return render_template(page, **{"problems": {}, **about})


class _Phone:
    """The telephone that scanned the code, or whose owner typed it. Looking changes nothing; a proof of this moment lets the browser in."""

    def __init__(self, identity: devices_pb2_grpc.WebSignInsStub, config: Config, opening: Opening) -> None:
        self._identity, self._config, self._opening = identity, config, opening

    def find(self) -> Answer:
        """Type the short code."""
        if g.held is None:
            return redirect(url_for("unlock.unlock"))
        if request.method != "POST":
            return self._asked({})
        try:
            code = request.form.get("code", "").strip()[:20] or "-"
            found = self._identity.FindWebSignIn(devices_pb2.FindWebSignInRequest(code=code))
        except Failure as failure:
            return self._asked(problems(failure, "code"), status=failure.http_status)
        return redirect(url_for("computers.confirm", token=found.token))

    def confirm(self, token: str) -> Answer:
        """Show who asks; let it in, or refuse it."""
        if request.method != "POST":
            return self._page(token, {})
        try:
            if request.form.get("act") == "deny":
                self._identity.DenyWebSignIn(devices_pb2.DenyWebSignInRequest(token=token))
                return render_template("computers/done.html", denied=True)
            by_passkey = bool(request.form.get("credential"))
            proved = {"credential": proof()["credential"]} if by_passkey else {**proof(), "device_id": device_here(self._config)}
            self._identity.ConfirmWebSignIn(devices_pb2.ConfirmWebSignInRequest(token=token, **proved))
        except Failure as failure:
            return self._page(token, problems(failure, "pin"), status=failure.http_status)
        return render_template("computers/done.html", denied=False)

    def _asked(self, told: dict[str, str], *, status: int = 200) -> Answer:
        """The one page that may use the camera: to read the code instead of typing."""
        page = make_response(render_template("computers/find.html", problems=told), status)
        page.headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()"
        return page

    def _page(self, token: str, told: dict[str, str], *, status: int = 200) -> Answer:
        try:
            asked = self._identity.ShowWebSignIn(devices_pb2.ShowWebSignInRequest(token=token))
        except Failure as failure:
            return render_template("computers/confirm.html", asked=None, problems=problems(failure, "pin")), failure.http_status
        device_id = device_here(self._config)
        page = render_template(
            "computers/confirm.html", asked=asked, browser=device(asked.user_agent), problems=told, options=self._opening.passkey(),
            challenge=self._opening.challenge(device_id) if device_id else "",
        )  # fmt: skip
        return page, status
