"""What every route of the API does with a request's parameters and with its answer."""

import json
from collections.abc import Collection
from typing import Any

from flask import Response, request

from chassis.errors import Invalid


def json_response(value: Any) -> Response:
    """`value` as a JSON document."""
    return Response(json.dumps(value, ensure_ascii=False, separators=(",", ":")), mimetype="application/json")


def refuse_parameters(*, allowed: Collection[str] = ()) -> None:
    """Raises Invalid for other query parameters than these: they were meant to do something."""
    unknown = [name for name in request.args if name not in allowed]
    if unknown:
        raise Invalid("invalid_request", "Some fields are not right.", fields=dict.fromkeys(unknown, "is not a parameter"))
