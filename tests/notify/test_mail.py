"""Mail is handed over whole and in time, or it is said clearly that it was not."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chassis import clock
from chassis.config import Secret
from chassis.errors import Invalid, Unavailable
from chassis.testing import at_once
from services.notify.letters import Writer
from services.notify.mail import CaughtMail, Letter, Mail, open_mail
from services.notify.rules import called
from tests.servers.program import free_ports
from tests.servers.smtp import MailServer

SENDER = "Käyttöpalvelu Kontor <no-reply@portal.example.no>"


def letter(**given: str) -> Letter:
    content = {
        "to": "kari@example.no", "subject": "Tre nye filer", "text": "Hei,\n\nTre filer.\n", "html": "<p>Hei</p>",
        "message_id": "<one@portal.example.no>", "language": "nb", **given,
    }  # fmt: skip
    return Letter(**content)


@pytest.fixture
def mail(smtp: MailServer) -> Iterator[Mail]:
    opened = open_mail(smtp.url, Secret(""), SENDER)
    yield opened
    opened.close()


def test_both_kinds_of_mail_hand_over_the_same_letter(smtp: MailServer, mail: Mail, tmp_path: Path) -> None:
    """The folder of a laptop and a mail server keep the same promise."""
    sent = letter(subject="Lønn: æøå", text="Å\n.\n..punkt\n" + "lang " * 300 + "\n", html="<p>Å</p>")
    caught = open_mail((tmp_path / "mail").as_uri(), Secret(""), SENDER)
    for each in (mail, caught):
        each.send(sent)
    (file,) = (tmp_path / "mail").glob("*.json")
    held = json.loads(file.read_text())
    arrived = smtp.messages[0]
    html = arrived.message.get_body(("html",))
    assert html is not None
    assert (held["to"], held["subject"], held["text"], held["html"], held["message_id"]) == (
        sent.to, sent.subject, sent.text, sent.html, sent.message_id,
    )  # fmt: skip
    assert (arrived.recipients[0], arrived.message["subject"], arrived.message["message-id"]) == (sent.to, sent.subject, sent.message_id)
    assert (arrived.text.replace("\r\n", "\n").strip(), html.get_content().strip()) == (sent.text.strip(), sent.html)
    assert arrived.message["from"] == SENDER
    assert arrived.message["auto-submitted"] == "auto-generated"


def test_caught_mails_sort_by_time_and_none_is_ever_half_written(tmp_path: Path) -> None:
    """What /dev/mailbox reads is whole."""
    caught = CaughtMail(tmp_path)
    for number in range(20):
        caught.send(letter(subject=f"nr {number}"))
    names = sorted(tmp_path.glob("*"))
    assert [json.loads(path.read_text())["subject"] for path in names] == [f"nr {number}" for number in range(20)]


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    """A full disk or a file in its place is said, not swallowed."""
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable):
        CaughtMail(tmp_path / "file").send(letter())


def test_a_long_or_foreign_subject_stays_one_header(smtp: MailServer, mail: Mail) -> None:
    """RFC 2047: folded, encoded, and the same words when read again."""
    subject = "Ääkkösiä ja välejä " * 12
    mail.send(letter(subject=subject.strip()))
    assert smtp.messages[0].message["subject"] == subject.strip()


@pytest.mark.parametrize(
    "broken",
    [
        {"subject": "Hei\r\nBcc: all@example.no"},
        {"message_id": "<x>\r\nBcc: all@example.no"},
        {"to": "kari@example.no>, <all@example.no"},
        {"to": "kari@example.no\nRCPT TO:<all@example.no>"},
        {"to": "kåre@example.no"},
        {"to": "kari"},
    ],
)
def test_nothing_that_breaks_out_of_its_line_is_sent(smtp: MailServer, mail: Mail, broken: dict[str, str]) -> None:
    """CWE-93: no second recipient, no second header."""
    with pytest.raises(Invalid):
        mail.send(letter(**broken))
    assert smtp.messages == []


@pytest.mark.parametrize("hidden", ["\u00ad", "\u200b", "\u200d", "\ue000"], ids=["soft hyphen", "no width", "joiner", "private"])
def test_a_name_with_a_character_nobody_sees_is_still_written_to(smtp: MailServer, mail: Mail, hidden: str) -> None:
    """Such a name is copied from a web page, and its mail must not be dropped for it."""
    name = f"Test{hidden}dal AS"
    written = Writer(public_url="https://portal.example.no", sender=SENDER).write(
        "added_to_organisation", to="kari@example.no", language="nb", key="one", first_name="Kari", organisation=called(name),
        inviter=called(name), link="https://portal.example.no/",
    )  # fmt: skip
    mail.send(written)
    assert "dal AS" in str(smtp.messages[0].message["subject"])


def test_one_connection_serves_many_mails_and_a_lost_one_is_replaced(smtp: MailServer, mail: Mail) -> None:
    """A restart of the mail server is noticed before a letter is entrusted to the dead connection."""
    mail.send(letter())
    smtp.stop()
    smtp.start()
    mail.send(letter())
    assert len(smtp.messages) == 2


def test_threads_do_not_share_a_connection(smtp: MailServer, mail: Mail) -> None:
    """Each letter reaches its own reader."""
    at_once([partial(mail.send, letter(to=f"r{number}@example.no", text=f"for r{number}\n")) for number in range(8)])
    assert sorted(mail.text.strip() for mail in smtp.messages) == [f"for r{number}" for number in range(8)]
    assert all(mail.text.strip() == f"for {mail.recipients[0].partition('@')[0]}" for mail in smtp.messages)


@pytest.mark.parametrize(
    ("answer", "reason", "failure"),
    [
        ("451 4.7.1 try later", "mail_postponed", Unavailable),
        ("550 5.7.1 relaying denied", "mail_postponed", Unavailable),
        ("421 4.3.2 closing", "mail_unavailable", Unavailable),
        ("550 5.1.1 no such user", "mail_refused", Invalid),
    ],
)
def test_a_refusal_says_whether_to_try_again(smtp: MailServer, mail: Mail, answer: str, reason: str, failure: type[Exception]) -> None:
    """Only "no such address" is final; after any of them the next letter goes through."""
    smtp.refusal = answer
    with pytest.raises(failure) as refused:
        mail.send(letter())
    assert refused.value.reason == reason  # type: ignore[attr-defined]
    smtp.refusal = None
    mail.send(letter())
    assert len(smtp.messages) == 1


def test_a_silent_mail_server_is_left_when_the_time_is_up() -> None:
    """P23: no hang; the caller is told within the time it gave."""
    with _silent_server() as port:
        opened = open_mail(f"smtp://127.0.0.1:{port}", Secret(""), SENDER)
        done: list[str] = []

        def send() -> None:
            with pytest.raises(Unavailable) as why:
                opened.send(letter(), seconds=0.3)
            done.append(why.value.reason)

        thread = threading.Thread(target=send)
        thread.start()
        thread.join(timeout=60)
        assert done == ["mail_unavailable"]
        opened.close()


def test_a_mail_server_that_cannot_show_who_it_is_gets_neither_password_nor_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """smtps:// is believed with a certificate of an authority this machine trusts, and with no other (RFC 8314 § 3.3)."""
    certificate, (port,), taken = _certificate(tmp_path), free_ports(1), MailServer(0)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = Controller(taken, hostname="127.0.0.1", port=port, ssl_context=context)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server.start()
    try:
        opened = open_mail(f"smtps://127.0.0.1:{port}", Secret(""), SENDER)
        opened.send(letter(), seconds=5)
        opened.close()
        assert len(taken.messages) == 1
        monkeypatch.delenv("SSL_CERT_FILE")
        stranger = open_mail(f"smtps://127.0.0.1:{port}", Secret(""), SENDER)
        with pytest.raises(Unavailable):
            stranger.send(letter(), seconds=5)
        stranger.close()
    finally:
        server.stop()
    assert len(taken.messages) == 1


def _certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody else has signed, with its key, as PEM."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(clock.now() - timedelta(days=1)).not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "server.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM))
    return file


@contextmanager
def _silent_server() -> Iterator[int]:
    """Accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


