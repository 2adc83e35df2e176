"""The portal as a Flask application: who is asking, in which language, with which protection, and how failures are told."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from flask import Flask, Response, g, redirect, render_template, request, url_for
from kontor.access.v1 import access_pb2
from kontor.identity.v1 import identity_pb2
from kontor.notify.v1 import notify_pb2
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from chassis import telemetry
from chassis.errors import Failure, Unauthenticated
from chassis.language import Translator
from chassis.service import Peers
from services.gateway import assets, forms, seen, texts, wanted
from services.gateway.config import Config
from services.gateway.origin import refuse_cross_site
from services.gateway.pages import (
    account,
    activate,
    administration,
    callbacks,
    clients,
    computers,
    devices,
    documents,
    home,
    information,
    installed,
    messages,
    news,
    notice_settings,
    notices,
    operations,
    passkeys,
    security,
    sign_in,
    step_up,
    terms,
    unlock,
    unsubscribe,
)
from services.gateway.pages.entering import arrived
from services.gateway.reader import administers, frame, is_firm, may, operates
from services.gateway.reasons import sentence
from services.gateway.session import QUIET, Sessions, acting, activation_cookie, cookie_name, device_cookie, wanted_cookie
from services.gateway.transfer import refuse_large_body

PAGES = (
    sign_in, home, documents, notices, messages, news, administration, account, notice_settings, security, passkeys, step_up, clients,
    information, unsubscribe, callbacks, terms, activate, devices, unlock, computers, installed, operations,
)  # fmt: skip
# Files: the same for everybody, so nobody is looked up for them.
FILES = ("static", "assets.vendor", "installed.manifest", "installed.icon", "installed.worker", "installed.offline")
# Reached without a session: what comes before sign-in, mailed links, what may be read by anybody, and the caught mail of `make run`.
OPEN = ("sign_in.", "activate.", "information.", "unsubscribe.", "callbacks.", "unlock.", "computers.", "dev.")
# Reached by the platform's operator without an organisation too.
BESIDE = ("operations.", "step_up.")
# About the person, or the platform, and not the organisation worked in: done the same from any page.
PERSONAL = ("account.", "devices.", "passkeys.", "security.", "terms.", "operations.")
# Done by whoever has the link in a mail, from a mail program's site too (RFC 8058), or signed by a provider: the session has no part in it.
FROM_ANYWHERE = ("unsubscribe.unsubscribe", "callbacks.sms")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}  # fmt: skip


def create_app(config: Config, peers: Peers, *, rest: Callable[[Flask], None], dev: Callable[[Flask], None] | None = None) -> Flask:
    """The application: pages, assets, and what `rest` and `dev` add."""
    folder = Path(__file__).parent
    app = Flask(__name__, static_folder=str(folder / "static"), template_folder=str(folder / "templates"))
    # A file larger than the limit is refused by documents, in words; the front has already refused what is much larger.
    app.config.update(MAX_CONTENT_LENGTH=config.upload_limit_mb * 2**20 + 2**20, MAX_FORM_MEMORY_SIZE=2**20)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    texts.install(app)
    forms.install(app)
    seen.install(app, peers)
    _Requests(app, config, peers).install()
    for page in PAGES:
        app.register_blueprint(page.blueprint(peers, config))
    assets.install(app)
    rest(app)
    if dev is not None:
        dev(app)
    return app


class _Requests:
    """What happens around every request."""

    def __init__(self, app: Flask, config: Config, peers: Peers) -> None:
        self._app, self._config = app, config
        self._sessions, self._catalogues = Sessions(peers), texts.catalogues()
        self._step_up = step_up.StepUp(peers)
        self._cookie = cookie_name(config.public_url)
        self._log = telemetry.log(__name__)

    def install(self) -> None:
        """Hang the steps into the application."""
        self._app.before_request(self._begin)
        self._app.after_request(self._protect)
        self._app.teardown_request(self._end)
        self._app.register_error_handler(Failure, self._failed)
        self._app.register_error_handler(HTTPException, self._refused)
        self._app.register_error_handler(Exception, self._broke)
        self._app.context_processor(self._around)

    def _begin(self) -> AnyResponse | None:
        g.held, g.stack = None, ExitStack()
        g.translator, g.in_language = self._language(""), self._language
        if request.endpoint in FILES:
            return None
        refuse_large_body()
        if request.endpoint is not None and request.endpoint not in FROM_ANYWHERE:
            refuse_cross_site(request, self._config.public_url)
        token = request.cookies.get(self._cookie, "")
        if token:
            self._resolve(token)
        # Where there is no page, whoever is signed in reads that in their own language.
        if request.endpoint is None or request.endpoint.startswith(OPEN):
            return None
        if g.held is None:
            return self._to_sign_in(ended=bool(token))
        if g.held.profile.terms_due:
            return None if request.endpoint == "terms.accept" else self._first(url_for("information.terms"))
        if not g.held.current.membership_id and not (operates() and request.endpoint.startswith(BESIDE)):
            # Removed from the organisation a moment ago, or not yet in any.
            return self._first(url_for("operations.start" if operates() and not g.held.profile.memberships else "sign_in.organisations"))
        written_as = "" if request.endpoint.startswith(PERSONAL) else forms.foreign()
        return self._elsewhere(written_as) if written_as else None

    def _resolve(self, token: str) -> None:
        try:
            g.held = self._sessions.resolve(token, address=request.remote_addr or "", quiet=QUIET in request.headers)
        except Unauthenticated:
            return
        g.stack.enter_context(acting(g.held))
        g.translator = self._language(g.held.profile.language)

    def _language(self, profile: str) -> Translator:
        accepted = [each for each, _ in request.accept_languages]
        return texts.choose(self._catalogues, profile=profile, cookie=request.cookies.get(texts.COOKIE, ""), accepted=accepted)

    def _to_sign_in(self, *, ended: bool) -> AnyResponse:
        if _beside_the_page():
            return _look(401)
        if request.method != "GET" or request.accept_mimetypes.best == "application/json":
            return Response(render_template("problem.html", failure="session_ended", written=forms.written()), 401)
        device = request.cookies.get(device_cookie(self._config.public_url))
        response = self._first(url_for("unlock.unlock") if device else url_for("sign_in.start", ended=1 if ended else None))
        response.delete_cookie(self._cookie, path="/", secure=self._config.secure, httponly=True, samesite="Lax")
        return response

    def _first(self, target: str) -> AnyResponse:
        """Something else comes first; then on to the page that was asked for."""
        return _look(401) if _beside_the_page() else wanted.keep(self._config, _go(target))

    def _elsewhere(self, membership_id: str) -> AnyResponse:
        """The form was shown in another organisation than the session works in now: nothing is done, and what was written is not lost."""
        if _beside_the_page():
            return _look(409)
        there = next((each for each in g.held.profile.memberships if each.membership_id == membership_id), None)
        adapter = self._app.create_url_adapter(request)
        back = request.full_path.rstrip("?") if adapter is not None and adapter.test(method="GET") else url_for("home.home")
        page = render_template("problem.html", failure="other_organisation", status=409, written=forms.written(), there=there, back=back)
        return Response(page, 409)

    def _protect(self, response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.endpoint not in FILES:
            response.headers.setdefault("Cache-Control", "no-store")
        if self._config.secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if wanted_cookie(self._config.public_url) in request.cookies and _inside():
            arrived(self._config, response)
        return response

    def _end(self, _: BaseException | None) -> None:
        stack: ExitStack | None = g.pop("stack", None)
        if stack is not None:
            stack.close()

    def _failed(self, failure: Failure) -> AnyResponse:
        if step_up.wanted(failure):
            return self._step_up.ask(failure)
        if isinstance(failure, Unauthenticated) and g.held is not None:
            return self._to_sign_in(ended=True)
        answer = render_template("problem.html", failure=failure.reason, sentence=sentence(failure), status=failure.http_status)
        response = Response(answer, failure.http_status)
        if "retry_after" in failure.facts:
            response.headers["Retry-After"] = failure.facts["retry_after"]
        return response

    def _refused(self, error: HTTPException) -> AnyResponse:
        code = error.code or 500
        if code < 400:
            return error.get_response()
        response = Response(render_template("problem.html", failure=f"http_{code}", status=code), code)
        response.headers.extend([(name, value) for name, value in error.get_headers() if name == "Allow"])
        return response

    def _broke(self, error: Exception) -> AnyResponse:
        self._log.error("page failed", endpoint=request.endpoint, exc_info=error)
        return Response(render_template("problem.html", failure="internal", status=500), 500)

    def _around(self) -> dict[str, object]:
        held = g.get("held")
        return {
            "held": held, "config": self._config, "may": may, "access": access_pb2, "identity": identity_pb2, "notify": notify_pb2,
            "request_id": telemetry.request_id(), "is_firm": held is not None and is_firm(),
            "administers": administers, "operates": operates, "frame": frame(),
            "activating": activation_cookie(self._config.public_url) in request.cookies,
        }  # fmt: skip


def _inside() -> bool:
    """Whether a signed-in person is on a page of an organisation."""
    held = g.get("held")
    on_page = request.endpoint is not None and request.endpoint not in FILES and not request.endpoint.startswith(OPEN)
    return on_page and held is not None and bool(held.current.membership_id)


def _beside_the_page() -> bool:
    """Whether the page asks that without having been told to be left: by itself, or to send something from it."""
    return "HX-Request" in request.headers and (request.method != "GET" or QUIET in request.headers)


def _look(status: int) -> AnyResponse:
    """The page loads itself again, unless something is being written on it (static/page.js)."""
    return Response("", status, {"HX-Trigger": "kontor:session"})


def _go(target: str) -> AnyResponse:
    """Go to another page, also where htmx asked for a part of one."""
    if request.headers.get("HX-Request"):
        return Response("", 200, {"HX-Redirect": target})
    return redirect(target)
