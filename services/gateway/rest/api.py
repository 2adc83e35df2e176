"""The REST API: the contract's RPCs over HTTP and JSON, under /api/, for frontends and back-office systems."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Response, request
from werkzeug.exceptions import BadRequest, HTTPException, UnsupportedMediaType
from werkzeug.routing import BaseConverter

from chassis import telemetry
from chassis.errors import Denied, Failure, Internal, Unauthenticated
from chassis.service import Peers
from services.gateway.config import Config
from services.gateway.origin import refuse_cross_site, seen_from
from services.gateway.rest import docs, files, openapi, problems
from services.gateway.rest.messages import Writer, read, read_query
from services.gateway.rest.responses import json_response, refuse_parameters
from services.gateway.rest.routes import Route, routes
from services.gateway.session import Held, Sessions, acting, cookie_name, token_in
from services.gateway.transfer import refuse_large_body

HEADERS = {
    "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}  # fmt: skip
View = Callable[..., Response]


class Api:
    """A Flask application of its own, so that nothing that pages do around requests happens to it."""

    def __init__(self, config: Config, peers: Peers) -> None:
        self._config, self._sessions, self._writer = config, Sessions(peers), Writer()
        self._cookie = cookie_name(config.public_url)
        self._log = telemetry.log(__name__)
        self.app = Flask("kontor-api", static_folder=None, root_path=str(docs.FOLDER))
        self.app.url_map.converters["anything"] = Anything
        self.app.url_map.merge_slashes = False
        self._routes = tuple(routes())
        for route in self._routes:
            self._add(route.verb, route.path, self._view(route, peers), signed_in=route.access.WhichOneof("who") != "anyone")
        for verb, path, view in files.views(peers, self._writer):
            self._add(verb, path, view, signed_in=True)
        docs.add(self.app, openapi.document(self._routes, config))
        self._install()

    def mount(self, app: Flask) -> None:
        """Let `app` be asked for everything but /api/."""
        pages, api = app.wsgi_app, self.app.wsgi_app

        def both(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
            chosen = api if environ.get("PATH_INFO", "").startswith("/api/") else pages
            return chosen(environ, start_response)

        app.wsgi_app = both  # type: ignore[method-assign]  # as Flask's documentation recommends

    def _install(self) -> None:
        self.app.before_request(refuse_large_body)
        self.app.after_request(_protect)
        self.app.register_error_handler(Failure, problems.respond)
        self.app.register_error_handler(HTTPException, problems.respond_http)
        self.app.register_error_handler(Exception, self._broke)

    def _add(self, verb: str, path: str, view: View, *, signed_in: bool) -> None:
        rule = path.replace("{name}", "<anything:name>").replace("{", "<").replace("}", ">")

        def guarded(**fields: str) -> Response:
            if not signed_in:
                return view(**fields)
            held = self._sessions.resolve(self._token(), address=request.remote_addr or "")
            with acting(held), _terms_first(held):
                return view(**fields)

        self.app.add_url_rule(rule, endpoint=f"{verb} {path}", view_func=guarded, methods=[verb.upper()])

    def _token(self) -> str:
        authorization = request.headers.get("Authorization", "")
        token = token_in(authorization, request.headers.get("Cookie", ""), cookie=self._cookie)
        if not token:
            raise Unauthenticated("sign_in_needed", "Send a session token or an API key: Authorization: Bearer …")
        if not authorization.lower().startswith("bearer "):
            # The token is the cookie's, whatever else a browser or a proxy has put into the header.
            refuse_cross_site(request, self._config.public_url)
        return token

    def _view(self, route: Route, peers: Peers) -> View:
        call = getattr(route.stub(peers.channel(route.peer)), route.method.name)
        kind = route.request

        def view(**path: str) -> Response:
            path |= dict.fromkeys(route.filled, seen_from(request))
            if route.has_body:
                refuse_parameters()
                message = read(kind, _json_body(), path=path)
            else:
                message = read_query(kind, dict(request.args.lists()), path=path)
            return json_response(self._writer.write(call(message)))

        return view

    def _broke(self, error: Exception) -> Response:
        self._log.error("request failed", route=request.url_rule.rule if request.url_rule else "unknown", exc_info=error)
        return problems.respond(Internal("internal", "Something went wrong on our side."))


@contextmanager
def _terms_first(held: Held) -> Iterator[None]:
    """Say what is missing to somebody whose session reaches no organisation yet (NET-36). Raises Denied `terms_due`."""
    try:
        yield
    except (Unauthenticated, Denied) as refused:
        if held.profile.terms_due and refused.reason in ("sign_in_needed", "not_permitted"):
            raise Denied("terms_due", "Accept the terms first: POST /api/v1/profile:accept-terms.") from refused
        raise


class Anything(BaseConverter):
    """The rest of a path, as it is: a file's name may hold slashes and line ends, and be refused for it by those who know why."""

    regex = "(?s:.+)"
    part_isolating = False


def _json_body() -> Any:
    if request.mimetype != "application/json":
        # Also what makes browsers ask first before another site may send it (CORS).
        raise UnsupportedMediaType("Send JSON with Content-Type: application/json.")
    try:
        return json.loads(request.get_data(cache=False), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as why:
        raise BadRequest("The body is not JSON in UTF-8.") from why


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _protect(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
