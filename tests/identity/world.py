"""The people of identity's tests: they get mail, follow links, hold authenticators and sign in."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
import pyotp
from joserfc.jwk import KeySet
from kontor.access.v1.access_pb2 import PERMISSION_FIRM_CREATE
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.identity_pb2_grpc import AccountStub, OrganisationsStub, SessionsStub, SignInStub
from kontor.notify.v1 import notify_pb2
from kontor.notify.v1.notify_pb2_grpc import LettersServicer, add_LettersServicer_to_server
from sqlalchemy import text

from chassis import caller, clock
from chassis.caller import Caller, Verifier
from chassis.config import Secret
from chassis.errors import Failure
from chassis.service import Rpc
from chassis.testing import FakePeers, ServiceUnderTest, person
from services.identity.config import Config
from services.identity.service import build

PUBLIC_URL = "https://portal.example.no"
PASSWORD = "gran furu bjerk hassel"
# Valid by check digit, and nobody's.
NUMBERS = {"NO": ["999999999", "999999980", "999999972"], "SE": ["5599999991"], "FI": ["99999992"], "DK": ["99999993"]}


class Notify(LettersServicer):
    """Takes letters, unless the mail server is `away`; one of which it `says_nothing` is taken too."""

    def __init__(self) -> None:
        self.sent: list[notify_pb2.SendNowRequest] = []
        self.away: Failure | None = None
        self.says_nothing: Failure | None = None

    def SendNow(self, request: notify_pb2.SendNowRequest, _: object) -> notify_pb2.SendNowResponse:
        if self.away:
            raise self.away
        self.sent.append(request)
        if self.says_nothing:
            raise self.says_nothing
        return notify_pb2.SendNowResponse()


@dataclass
class Somebody:
    """A person with a mailbox and an authenticator."""

    email: str
    password: str = PASSWORD
    secret: str = ""
    session: str = ""


class World:
    """The service, its keys, the mail it sent."""

    def __init__(self, url: str, folder: Path) -> None:
        private, public = caller.new_keys("identity")
        (folder / "signing.json").write_text(json.dumps(private.as_dict(private=True)))
        self.notify = Notify()
        peers = FakePeers(notify=[Rpc(self.notify, add_LettersServicer_to_server)])
        config = Config(database_url=Secret(url), signing_key=folder / "signing.json", public_url=PUBLIC_URL)
        self.service = ServiceUnderTest(build(config, peers))
        self.keys: KeySet = public
        self.sign_in, self.sessions = SignInStub(self.channel()), SessionsStub(self.channel())

    def channel(self, who: Caller = caller.NOBODY) -> grpc.Channel:
        return self.service.channel(who)

    def organisations(self, who: Caller) -> OrganisationsStub:
        return OrganisationsStub(self.channel(who))

    def sessions_of(self, who: Caller) -> SessionsStub:
        return SessionsStub(self.channel(who))

    def account(self, who: Caller) -> AccountStub:
        return AccountStub(self.channel(who))

    def mail(self, email: str) -> notify_pb2.SendNowRequest:
        """Let the post go out, and answer the newest letter to this address."""
        self.service.run_job("send_letters")
        return [letter for letter in self.notify.sent if letter.email == email][-1]

    def token(self, email: str) -> str:
        return self.mail(email).link.removeprefix(f"{PUBLIC_URL}/links/")

    def sql(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        """What the database holds; for what no RPC tells."""
        assert self.service.service.database is not None
        with self.service.service.database.engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    def firm(self) -> pb.Organisation:
        """A firm, made by the platform's operator."""
        operator = person(PERMISSION_FIRM_CREATE, user_id="operator", membership_id="", organisation_id="", organisation_kind="")
        return self.firm_by(operator)

    def firm_by(self, who: Caller, *, number: str = NUMBERS["NO"][0], country: str = "NO") -> pb.Organisation:
        administrator = pb.FirstAdministrator(email="berit@kontoret.example.no", first_name="Berit", last_name="Revisordal", language="nb")
        request = pb.CreateFirmRequest(name="Nordlys Regnskap AS", organisation_number=number, country=country, administrator=administrator)
        return self.organisations(who).CreateFirm(request)

    def client(self, firm_side: Caller, email: str = "kari@bakeri.example.no", number: str = NUMBERS["NO"][1]) -> pb.Organisation:
        administrator = pb.FirstAdministrator(email=email, first_name="Kari", last_name="Bakerud", language="nb")
        request = pb.CreateClientRequest(name="Bakerud Bakeri AS", organisation_number=number, country="NO", administrator=administrator)
        return self.organisations(firm_side).CreateClient(request)

    def with_password(self, email: str) -> Somebody:
        """Somebody who was invited, and has verified the address and set a password."""
        self.sign_in.VerifyAccount(pb.VerifyAccountRequest(token=self.token(email)))
        self.sign_in.RequestPasswordLink(pb.RequestPasswordLinkRequest(email=email))
        self.sign_in.SetPassword(pb.SetPasswordRequest(token=self.token(email), password=PASSWORD, password_again=PASSWORD))
        return Somebody(email)

    def activated(self, email: str) -> Somebody:
        """Somebody who also has an authenticator, and is signed in."""
        somebody = self.with_password(email)
        self.signed_in(somebody)
        return somebody

    def started(self, somebody: Somebody) -> pb.StartSignInResponse:
        return self.sign_in.StartSignIn(pb.StartSignInRequest(email=somebody.email, password=somebody.password))

    def signed_in(self, somebody: Somebody) -> str:
        """Sign in with the code of a step not used before; answers the session token."""
        begun = self.started(somebody)
        somebody.secret = begun.enrolment.key or somebody.secret
        request = pb.FinishSignInRequest(attempt=begun.attempt, code=code(somebody), user_agent="Test")
        somebody.session = self.sign_in.FinishSignIn(request).session
        return somebody.session

    def resolved(self, somebody: Somebody) -> pb.ResolveSessionResponse:
        return self.sessions.ResolveSession(pb.ResolveSessionRequest(session=somebody.session))

    def caller(self, somebody: Somebody) -> Caller:
        """Who the services take the holder of the session for."""
        return self.asserted(self.resolved(somebody).assertions["identity"], "identity")

    def asserted(self, assertion: str, service: str) -> Caller:
        return Verifier(self.keys, audience=service).verify(assertion)


def code(somebody: Somebody, *, at: timedelta = timedelta(0)) -> str:
    """What the authenticator shows now, or some time from now."""
    return pyotp.TOTP(somebody.secret).at(clock.now() + at)


def wrong(somebody: Somebody) -> str:
    """A code that fits no step near now."""
    near = {code(somebody, at=timedelta(seconds=30 * step)) for step in range(-3, 4)}
    return next(digits for digits in (f"{number:06}" for number in range(100)) if digits not in near)


@contextmanager
def later(**by: float) -> Iterator[None]:
    """Some time later, as `timedelta` says it."""
    with clock.moved(timedelta(**by)):
        yield
