"""Failures as programs read them: RFC 9457 problem documents."""

import json
from urllib.parse import quote

from flask import Response, request
from werkzeug.exceptions import HTTPException

from chassis import telemetry
from chassis.errors import Failure, to_problem

MEDIA_TYPE = "application/problem+json"


def respond(failure: Failure, *, detail: str = "") -> Response:
    """The failure as a response. `detail` is a sentence for people in their language."""
    problem = to_problem(failure, instance=quote(request.path, safe="/:"), request_id=telemetry.request_id())
    if detail:
        problem["detail"] = detail
    response = Response(json.dumps(problem, ensure_ascii=False), failure.http_status, mimetype=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    if failure.http_status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="kontor"'
    if "retry_after" in failure.facts:
        response.headers["Retry-After"] = failure.facts["retry_after"]
    return response


def respond_http(error: HTTPException) -> Response:
    """What Flask refuses by itself: no such page, wrong method. Its headers, such as Allow, stay."""
    failure = Failure((error.name or "error").lower().replace(" ", "_"), error.description or "")
    failure.http_status = error.code or 500  # type: ignore[misc]  # of this one only
    response = respond(failure)
    kept = [(name, value) for name, value in error.get_headers() if name.lower() not in ("content-type", "content-length")]
    response.headers.extend(kept)
    return response
