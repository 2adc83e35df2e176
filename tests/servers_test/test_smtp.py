"""A mail server can be had for tests, and broken by them."""

import smtplib
from email.message import EmailMessage

import pytest

from tests.servers.smtp import MailServer


def test_a_sent_mail_is_caught_with_its_text(smtp: MailServer) -> None:
    _send(smtp, to="kari@example.org", subject="Velkommen")
    mail = smtp.wait_for("kari@example.org", about="Velkommen")
    assert mail.sender == "post@example.org"
    assert mail.text.strip() == "Hei på deg"


def test_a_stopped_server_comes_back_at_the_same_address(smtp: MailServer) -> None:
    smtp.stop()
    with pytest.raises(OSError, match="refused"):
        _send(smtp, to="kari@example.org", subject="lost")
    smtp.start()
    _send(smtp, to="kari@example.org", subject="kept")
    assert [mail.message["subject"] for mail in smtp.messages] == ["kept"]


def test_a_refusing_server_says_why(smtp: MailServer) -> None:
    smtp.refusal = "451 try later"
    with pytest.raises(smtplib.SMTPRecipientsRefused, match="try later"):
        _send(smtp, to="kari@example.org", subject="refused")
    assert smtp.messages == []


def _send(server: MailServer, *, to: str, subject: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "post@example.org", to, subject
    message.set_content("Hei på deg")
    with smtplib.SMTP("127.0.0.1", server.port, timeout=5) as connection:
        connection.send_message(message)
