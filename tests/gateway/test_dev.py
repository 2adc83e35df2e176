"""What a laptop shows of caught mail and of the demonstration's authenticators, and that nothing else does."""

import json
import re
from pathlib import Path

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from chassis import clock
from services.gateway import dev
from services.gateway.dev import linked

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    app = Flask("pages")
    dev.pages(tmp_path)(app)
    return app.test_client()


def caught(folder: Path, name: str, **given: str) -> None:
    """A mail as notify catches it."""
    mail = {"to": "kari@example.com", "subject": "Velkommen", "text": "", "html": "", "at": "2026-05-31T12:00:00.123456+00:00", **given}
    (folder / "mail").mkdir(exist_ok=True)
    (folder / "mail" / f"{name}.json").write_text(json.dumps(mail))


def test_the_newest_mail_is_first_and_its_links_can_be_clicked(client: FlaskClient, tmp_path: Path) -> None:
    """ACC-15, on a laptop."""
    caught(tmp_path, "0192-1", subject="First")
    caught(tmp_path, "0192-2", subject="Second", text="Åpne:\nhttp://127.0.0.1:8080/links/abc\n<b>")
    (tmp_path / "mail" / ".0192-3").write_text("{")
    page = client.get("/dev/mailbox").get_data(as_text=True)
    assert page.index("Second") < page.index("First")
    assert '<a href="http://127.0.0.1:8080/links/abc">http://127.0.0.1:8080/links/abc</a>' in page
    assert "&lt;b&gt;" in page
    assert "kari@example.com" in page


def test_an_empty_mailbox_says_what_to_do(client: FlaskClient) -> None:
    """Empty states say what to do next."""
    assert "No mail yet." in client.get("/dev/mailbox").get_data(as_text=True)


def test_codes_are_those_of_the_authenticators(client: FlaskClient, tmp_path: Path) -> None:
    """ACC-25, without a telephone."""
    (tmp_path / "demo.json").write_text(json.dumps({"kari@example.com": SECRET}))
    shown = re.findall(r"<code>(\d{6})</code>", client.get("/dev/codes").get_data(as_text=True))
    assert pyotp.TOTP(SECRET).verify(shown[0], for_time=clock.now(), valid_window=1)


def test_codes_wait_for_the_demonstration(client: FlaskClient) -> None:
    """Empty states say what to do next."""
    assert "not loaded yet" in client.get("/dev/codes").get_data(as_text=True)


def test_a_link_cannot_smuggle_markup() -> None:
    """Mail is shown as text."""
    shown = 'see <a href="https://x.example/">https://x.example/</a>&#34;onclick=&#34;a and &lt;i&gt;'
    assert linked('see https://x.example/"onclick="a and <i>') == shown
