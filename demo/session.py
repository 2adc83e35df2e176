"""Be a person of the demonstration: everything through the public contract, as another frontend would do it."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import grpc
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc

from chassis import caller
from chassis.caller import Caller
from chassis.errors import Failure
from chassis.peers import PeerChannel
from demo.authenticator import Authenticator
from demo.people import PASSWORD, Person

T = TypeVar("T")
PATIENCE_SECONDS = 60.0
# What needs a fresh second factor takes one of up to 15 minutes.
FRESH_SECONDS = 600.0
LINK = re.compile(r"/links/([A-Za-z0-9_-]{20,100})")


# The gRPC channel to a service, and all letters sent so far, newest first: recipient and text.
Channels = Callable[[str], grpc.Channel]
Letters = Callable[[], Iterable[tuple[str, str]]]


class TookTooLongError(Exception):
    """Something of the demonstration did not happen in time; the text says what."""


def until(attempt: Callable[[], T | None], what: str, *, pause: float = 0.1) -> T:
    """Try until it answers something: events and mails take a moment. Raises TookTooLongError."""
    waiting, last = threading.Event(), ""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            answer = attempt()
            if answer is not None:
                return answer
        except Failure as why:
            last = f" ({why.reason})"
        waiting.wait(pause)
    raise TookTooLongError(f"{what} took too long{last}")


def caught(mailbox: Path) -> Letters:
    """The letters in the folder where `make run` catches its mail."""

    def letters() -> Iterator[tuple[str, str]]:
        for mail in sorted(mailbox.glob("*.json"), reverse=True):
            letter = json.loads(mail.read_text())
            yield letter["to"], letter["text"]

    return letters


class World:
    """The running product as seen from outside: its gRPC ports, and the mail it sends."""

    def __init__(self, channel: Channels, letters: Letters) -> None:
        self._channels, self._letters = channel, letters
        self.sign_in = identity_pb2_grpc.SignInStub(self.channel("identity"))
        self._sessions = identity_pb2_grpc.SessionsStub(self.channel("identity"))
        self.secrets: dict[str, str] = {}
        self.phones: dict[str, Authenticator] = {}
        self._tokens: dict[str, str] = {}
        self._proven: dict[str, float] = {}
        self._used: set[str] = set()

    def channel(self, service: str) -> PeerChannel:
        """A channel that carries whoever is acting."""
        return PeerChannel(service, self._channels(service))

    def mailed_link(self, person: Person) -> str:
        """The token of the newest mailed link to this person that was not used here before."""

        def find() -> str | None:
            for recipient, text in self._letters():
                match = LINK.search(text)
                if recipient == person.email and match and match.group(1) not in self._used:
                    self._used.add(match.group(1))
                    return match.group(1)
            return None

        return until(find, f"the mail to {person.email}")

    def activate(self, person: Person) -> None:
        """Verify the address, make the password, enrol the authenticator."""
        self.sign_in.VerifyAccount(identity_pb2.VerifyAccountRequest(token=self.mailed_link(person)))
        self.sign_in.RequestPasswordLink(identity_pb2.RequestPasswordLinkRequest(email=person.email, language=person.language))
        token = self.mailed_link(person)
        self.sign_in.SetPassword(identity_pb2.SetPasswordRequest(token=token, password=PASSWORD, password_again=PASSWORD))
        begun = self.sign_in.StartSignIn(identity_pb2.StartSignInRequest(email=person.email, password=PASSWORD))
        key = self.secrets[person.email] = begun.enrolment.key.replace(" ", "")
        self.phones[person.email] = Authenticator(key, used=False)
        self._finish(person, begun.attempt)
        with self.acting(person) as held:
            own = identity_pb2_grpc.AccountStub(self.channel("identity"))
            own.AcceptTerms(identity_pb2.AcceptTermsRequest(version=held.profile.terms_due))

    def sign_in_again(self, person: Person) -> None:
        """Sign in somebody who was activated before; may wait for the next code."""
        begun = self.sign_in.StartSignIn(identity_pb2.StartSignInRequest(email=person.email, password=PASSWORD))
        self._finish(person, begun.attempt)

    def phone(self, person: Person) -> Authenticator:
        """The telephone of somebody who has enrolled it."""
        return self.phones.setdefault(person.email, Authenticator(self.secrets[person.email]))

    def _finish(self, person: Person, attempt: str) -> None:
        request = identity_pb2.FinishSignInRequest(attempt=attempt, code=self.phone(person).code(), user_agent="demonstration")
        self._tokens[person.email] = self.sign_in.FinishSignIn(request).session
        self._proven[person.email] = time.monotonic()

    def token(self, person: Person) -> str:
        """The session token of a person who was activated."""
        return self._tokens[person.email]

    @contextmanager
    def acting(self, person: Person) -> Iterator[Any]:
        """Be this person inside the block, with a second factor that is fresh; answers the resolved session."""
        if time.monotonic() - self._proven[person.email] > FRESH_SECONDS:
            with self._holding(person):
                self._sessions.StepUp(identity_pb2.StepUpRequest(code=self.phone(person).code()))
            self._proven[person.email] = time.monotonic()
        with self._holding(person) as held:
            yield held

    @contextmanager
    def _holding(self, person: Person) -> Iterator[Any]:
        held = self._sessions.ResolveSession(identity_pb2.ResolveSessionRequest(session=self._tokens[person.email]))
        with caller.acting(Caller(user_id=held.profile.user_id), dict(held.assertions)):
            yield held
