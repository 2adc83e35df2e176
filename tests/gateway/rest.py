"""The REST API on fake services, and how its answers are read."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.gateway.config import Config
from services.gateway.rest.api import Api
from tests.gateway import peers
from tests.gateway.peers import ID, SESSION, Book

BEARER = {"Authorization": f"Bearer {SESSION}"}
MEMBERS, DOCUMENTS = "/api/v1/members", f"/api/v1/organisations/{ID}/documents"
MEMBER = {"email": "kari@example.com", "first_name": "Kari", "last_name": "Testdal"}


def application(book: Book) -> Flask:
    """The API in front of a page."""
    app = Flask("pages")
    Api(Config(), peers.peers(book)).mount(app)
    app.add_url_rule("/page", view_func=lambda: "a page")
    return app


def client(book: Book) -> FlaskClient:
    """Somebody who asks it."""
    return application(book).test_client(use_cookies=False)


def problem(response: TestResponse) -> Any:
    """What the answer says went wrong."""
    assert response.mimetype == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json is not None
    assert response.json["status"] == response.status_code
    return response.json


def fields(response: TestResponse) -> dict[str, str]:
    """What it says is wrong with which field."""
    assert response.status_code == 422
    return {each["field"]: each["reason"] for each in problem(response)["errors"]}
