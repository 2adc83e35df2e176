"""Hand mail over: to a mail server, or on a laptop into a folder where it can be read."""

import binascii
import json
import smtplib
import ssl
import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, dataclass
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import uuid_utils.compat as uuid

from chassis import clock
from chassis.config import BadSettings, Secret
from chassis.errors import Invalid, Unavailable

SECONDS = 20.0
# Quoted-printable text never has "=_", so no line of a body can be taken for the boundary.
BOUNDARY = "=_kontor"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Letter:
    """A mail to one person, both as plain text and as HTML."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    language: str
    unsubscribe: str = ""  # the page that switches such mails off; empty for what cannot be switched off


class Mail(Protocol):
    """Takes mail."""

    def send(self, letter: Letter, *, seconds: float = SECONDS) -> None:
        """Hand it over within this time.

        Raises Unavailable `mail_unavailable` when nobody takes mail now, Unavailable `mail_postponed` when this letter is not taken now,
        and Invalid `mail_refused` when there is no such address.
        """

    def close(self) -> None:
        """Give connections back."""


def open_mail(url: str, password: Secret, sender: str) -> Mail:
    """What the setting `mail_url` names. Raises BadSettings."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path:
        return CaughtMail(Path(unquote(parts.path)))
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise BadSettings("KONTOR_NOTIFY_MAIL_URL: write smtp://host:port, smtps://host:port or file:///folder")
    secured = parts.scheme == "smtps" or parts.query == "starttls"
    if parts.username and not secured and parts.hostname not in LOOPBACK:
        raise BadSettings("KONTOR_NOTIFY_MAIL_URL: a password travels only with smtps:// or ?starttls")
    if "@" not in parseaddr(sender)[1]:
        raise BadSettings("KONTOR_NOTIFY_SENDER: write Name <address@domain>")
    return SmtpMail(url, password, sender)


class SmtpMail:
    """A mail server. Each thread keeps its connection: a new one for each mail costs more than twice the time."""

    def __init__(self, url: str, password: Secret, sender: str) -> None:
        self._server, self._password = urlsplit(url), password
        name, self._address = parseaddr(sender)
        self._from = formataddr((name, self._address), "utf-8")
        self._held = threading.local()
        self._all: list[smtplib.SMTP] = []
        self._lock = threading.Lock()

    def send(self, letter: Letter, *, seconds: float = SECONDS) -> None:
        """See Mail. All steps together take at most `seconds`."""
        limit, content = time.monotonic() + seconds, encoded(letter, sender=self._from)
        try:
            connection = self._begun(limit)
            _answered(connection, limit, "RCPT", lambda: connection.rcpt(letter.to))
            _answered(connection, limit, "DATA", lambda: connection.data(content))
        except (smtplib.SMTPException, OSError) as why:
            self._drop()
            raise Unavailable("mail_unavailable", f"The mail server does not take mail: {type(why).__name__}.") from why
        except (Invalid, Unavailable):
            # The server may still wait for the rest of the refused mail.
            self._reset(limit)
            raise

    def close(self) -> None:
        """Close every thread's connection."""
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all.clear()

    def _begun(self, limit: float) -> smtplib.SMTP:
        """A connection on which the server is ready for a recipient."""
        held: smtplib.SMTP | None = getattr(self._held, "connection", None)
        if held is not None:
            try:
                _answered(held, limit, "MAIL", lambda: held.mail(self._address))
            except (smtplib.SMTPException, OSError):
                # It hung up, as servers do on idle connections and after so many mails; nothing of this one has been handed over.
                self._drop()
            else:
                return held
        self._held.connection = fresh = self._connected(limit)
        with self._lock:
            self._all.append(fresh)
        _answered(fresh, limit, "MAIL", lambda: fresh.mail(self._address))
        return fresh

    def _connected(self, limit: float) -> smtplib.SMTP:
        domain, host, port = self._address.rpartition("@")[2], str(self._server.hostname), self._server.port or 0
        kind: Callable[..., smtplib.SMTP] = smtplib.SMTP
        if self._server.scheme == "smtps":
            # Without a context of ours smtplib believes any certificate, and would tell any server the password and the links.
            kind = partial(smtplib.SMTP_SSL, context=ssl.create_default_context())
        connection = kind(host, port, local_hostname=domain, timeout=_left(limit))
        try:
            if self._server.query == "starttls":
                _hurry(connection, limit)
                connection.starttls(context=ssl.create_default_context())
            if self._server.username:
                _hurry(connection, limit)
                connection.login(unquote(self._server.username), self._password)
            _hurry(connection, limit)
            connection.ehlo_or_helo_if_needed()
        except BaseException:
            connection.close()
            raise
        return connection

    def _reset(self, limit: float) -> None:
        connection: smtplib.SMTP | None = getattr(self._held, "connection", None)
        try:
            if connection is not None:
                _hurry(connection, limit)
                connection.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        connection: smtplib.SMTP | None = getattr(self._held, "connection", None)
        if connection is not None:
            self._held.connection = None
            with self._lock:
                if connection in self._all:
                    self._all.remove(connection)
            connection.close()


class CaughtMail:
    """A folder in place of a mail server: each mail is a JSON file whose name sorts by time, for /dev/mailbox."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letter: Letter, *, seconds: float = SECONDS) -> None:
        """See Mail. The file appears whole."""
        del seconds
        name = str(uuid.uuid7())
        content = json.dumps(asdict(letter) | {"at": clock.now().isoformat()}, ensure_ascii=False, indent=1)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            unfinished = self._folder / f".{name}"
            unfinished.write_text(content, encoding="utf-8")
            unfinished.rename(self._folder / f"{name}.json")
        except OSError as why:
            raise Unavailable("mail_unavailable", f"The folder for caught mail cannot be written: {why.strerror}.") from why

    def close(self) -> None:
        """Nothing is held."""


def encoded(letter: Letter, *, sender: str) -> bytes:
    """The letter as it travels (RFC 5322, RFC 2046 § 5.1.4): written out, as the library's message objects take 300 times as long.

    Raises Invalid `mail_refused` for an address that mail cannot be sent to, and for a line end where none may be.
    """
    if not (_plain_address(letter.to) and _one_line(letter.subject) and letter.message_id.isprintable()):
        raise Invalid("mail_refused", "The address, the subject or the id of the letter cannot stand in its head.")
    headers = {
        "Date": format_datetime(clock.now()), "From": sender, "To": letter.to, "Message-ID": letter.message_id,
        "Subject": Header(letter.subject, header_name="Subject").encode(linesep="\r\n"), "Content-Language": letter.language,
        "Auto-Submitted": "auto-generated", "MIME-Version": "1.0", "Content-Type": f'multipart/alternative; boundary="{BOUNDARY}"',
    }  # fmt: skip
    if letter.unsubscribe:
        # One click without signing in (RFC 8058); mail programs believe it only where DKIM covers both headers (docs/operations.md).
        headers |= {"List-Unsubscribe": f"<{letter.unsubscribe}>"}
        headers |= {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if letter.unsubscribe.startswith("https:") else {}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return b"".join([head.encode("ascii"), _part("plain", letter.text), _part("html", letter.html), f"\r\n--{BOUNDARY}--\r\n".encode()])


def _part(kind: str, text: str) -> bytes:
    body = binascii.b2a_qp("\r\n".join(text.splitlines()).encode(), istext=True)
    head = f"\r\n--{BOUNDARY}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode() + body


def _one_line(text: str) -> bool:
    # Not isprintable(): that also refuses soft hyphens and joiners, which come with names copied from elsewhere and break no header.
    return not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)


def _plain_address(address: str) -> bool:
    return address.isascii() and address.isprintable() and "@" in address and not set(address) & set(' <>",;\\')


def _answered(connection: smtplib.SMTP, limit: float, step: str, ask: Callable[[], tuple[int, bytes]]) -> None:
    _hurry(connection, limit)
    try:
        code, answer = ask()
    except smtplib.SMTPDataError as why:
        code, answer = why.smtp_code, why.smtp_error if isinstance(why.smtp_error, bytes) else why.smtp_error.encode()
    if code < 300:
        return
    if code == 421:
        raise smtplib.SMTPServerDisconnected("the server closes the connection")
    # Only "no such address" (RFC 3463 § 3.2) is final. Other 5xx may be ours or the server's mistake, which somebody will mend.
    if step == "RCPT" and code >= 500 and answer.startswith(b"5.1."):
        raise Invalid("mail_refused", "The mail server knows no such address.")
    raise Unavailable("mail_postponed", f"The mail server answered {step} with {code}.")


def _hurry(connection: smtplib.SMTP, limit: float) -> None:
    if connection.sock is None:
        raise smtplib.SMTPServerDisconnected("not connected")
    connection.sock.settimeout(_left(limit))


def _left(limit: float) -> float:
    left = limit - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
