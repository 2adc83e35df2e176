"""The portal as a Flask application: who is asking, in which language, with which protection, and how failures are told."""

import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from chassis import telemetry
from chassis.errors import Failure, Unauthenticated
from chassis.language import Catalogues
from chassis.service import Peers
from services.gateway import assets, texts
from services.gateway.config import Config
from services.gateway.pages import account, administration, clients, documents, home, information, messages, notices, sign_in
from services.gateway.reader import is_firm, may
from services.gateway.reasons import sentence
from services.gateway.session import Sessions, acting, cookie_name

PAGES = (sign_in, home, documents, notices, messages, administration, account, clients, information)
# Reached without a session: everything before sign-in, mailed links, assets, information, and the API, which looks for itself.
OPEN = ("sign_in.", "information.", "static", "assets.", "dev.", "rest.")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin", "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}  # fmt: skip


def create_app(config: Config, peers: Peers, *, rest: Callable[[Flask], None], dev: Callable[[Flask], None] | None = None) -> Flask:
    """The application: pages, assets, and what `rest` and `dev` add."""
    folder = Path(__file__).parent
    app = Flask(__name__, static_folder=str(folder / "static"), template_folder=str(folder / "templates"))
    app.config.update(MAX_CONTENT_LENGTH=config.upload_limit_mb * 2**20 + 2**20, KONTOR=config, MAX_FORM_MEMORY_SIZE=2**20)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    texts.install(app)
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
        self._sessions, self._catalogues = Sessions(peers), Catalogues(texts.FOLDER, "portal")
        self._cookie = cookie_name(config.public_url)
        self._log = telemetry.log("gateway.web")

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
        g.began, g.held, g.stack = time.perf_counter(), None, ExitStack()
        wanted = request.headers.get("X-Request-ID", "")
        g.request_id = wanted if wanted.isascii() and wanted.isprintable() and 0 < len(wanted) <= 64 else uuid.uuid4().hex
        g.stack.enter_context(telemetry.request(g.request_id))
        g.translator = self._language("")
        if request.endpoint is None or request.endpoint in ("static", "assets.vendor") or request.endpoint.startswith("rest."):
            return None
        if request.method not in ("GET", "HEAD", "OPTIONS") and not self._from_here():
            return Response(render_template("problem.html", failure="cross_site"), 403)
        token = request.cookies.get(self._cookie, "")
        if token:
            self._resolve(token)
        if g.held is None and not request.endpoint.startswith(OPEN):
            return self._to_sign_in(ended=bool(token))
        if g.held is not None and not g.held.current.membership_id and not request.endpoint.startswith((*OPEN, "account.")):
            return redirect(url_for("sign_in.organisations"))
        return None

    def _resolve(self, token: str) -> None:
        try:
            g.held = self._sessions.resolve(token)
        except Unauthenticated:
            return
        g.stack.enter_context(acting(g.held))
        g.translator = self._language(g.held.profile.language)

    def _language(self, profile: str) -> texts.Translator:
        accepted = [each for each, _ in request.accept_languages]
        return texts.choose(self._catalogues, profile=profile, cookie=request.cookies.get(texts.COOKIE, ""), accepted=accepted)

    def _from_here(self) -> bool:
        """Whether an unsafe request comes from our own pages: Fetch Metadata, else Origin (OWASP)."""
        site = request.headers.get("Sec-Fetch-Site")
        if site:
            return site in ("same-origin", "none")
        origin = request.headers.get("Origin", "")
        return origin == "" or urlsplit(origin).netloc in (request.host, urlsplit(self._config.public_url).netloc)

    def _to_sign_in(self, *, ended: bool) -> AnyResponse:
        target = url_for("sign_in.start", ended=1 if ended else None)
        if request.headers.get("HX-Request"):
            return Response("", 401, {"HX-Redirect": target})
        if request.method != "GET" or request.accept_mimetypes.best == "application/json":
            return Response(render_template("problem.html", failure="session_ended"), 401)
        response = redirect(target)
        response.delete_cookie(self._cookie, path="/")
        return response

    def _protect(self, response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.endpoint not in ("static", "assets.vendor"):
            response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Request-ID"] = g.request_id
        if self._config.secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        rule = request.url_rule.rule if request.url_rule else "unknown"
        took = round((time.perf_counter() - g.began) * 1000)
        self._log.info("request", method=request.method, route=rule, status=response.status_code, milliseconds=took)
        return response

    def _end(self, _: BaseException | None) -> None:
        stack: ExitStack | None = g.pop("stack", None)
        if stack is not None:
            stack.close()

    def _failed(self, failure: Failure) -> AnyResponse:
        if isinstance(failure, Unauthenticated) and g.held is not None:
            return self._to_sign_in(ended=True)
        answer = render_template("problem.html", failure=failure.reason, sentence=sentence(failure), status=failure.http_status)
        return Response(answer, failure.http_status)

    def _refused(self, error: HTTPException) -> AnyResponse:
        code = error.code or 500
        if code < 400:
            return error.get_response()  # type: ignore[return-value]
        return Response(render_template("problem.html", failure=f"http_{code}", status=code), code)

    def _broke(self, error: Exception) -> AnyResponse:
        self._log.error("page failed", exc_info=error)
        return Response(render_template("problem.html", failure="internal", status=500), 500)

    def _around(self) -> dict[str, object]:
        held = g.get("held")
        return {
            "held": held,
            "config": self._config,
            "may": may,
            "request_id": g.get("request_id", ""),
            "is_firm": held is not None and is_firm(),
        }
