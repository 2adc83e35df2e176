"""A mail server for tests: it catches what is sent and can be stopped and started again at the same address."""

import email
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers.program import free_ports
from tests.waiting import eventually


@dataclass(frozen=True)
class Caught:
    """A mail as it was handed over: who it was addressed to on the envelope, and what it says."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        """Its plain text."""
        body = self.message.get_body(("plain",))
        return body.get_content() if body else ""


@dataclass
class MailServer:
    """Takes every mail until it is told to refuse."""

    port: int
    messages: list[Caught] = field(default_factory=list)
    refusal: str | None = None  # e.g. "451 try later": the answer to every recipient while it is set
    _controller: Controller | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Refuse connections, as a server that is down does; what was caught stays."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def wait_for(self, recipient: str, *, about: str = "", seconds: float = 10.0) -> Caught:
        """The newest mail to somebody whose subject or text has these words; waits until there is one."""

        def found() -> Caught | None:
            mails = [mail for mail in self.messages if recipient in mail.recipients]
            return next((mail for mail in reversed(mails) if about in f"{mail.message['subject']}\n{mail.text}"), None)

        mail = eventually(found, seconds=seconds)
        assert mail is not None
        return mail

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Called by aiosmtpd for each recipient."""
        if self.refusal is None:
            envelope.rcpt_tos.append(address)
        return self.refusal or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd for each mail."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        message = email.message_from_bytes(content, policy=default)
        self.messages.append(Caught(envelope.mail_from or "", tuple(envelope.rcpt_tos), message))
        return "250 OK"


@pytest.fixture
def smtp() -> Iterator[MailServer]:
    """A mail server of the test's own."""
    server = MailServer(free_ports(1)[0])
    server.start()
    yield server
    server.stop()
