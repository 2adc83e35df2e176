"""The people of identity's tests: they get mail, follow links, hold authenticators and sign in."""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pyotp
from joserfc.jwk import KeySet
from kontor.access.v1.access_pb2 import PERMISSION_FIRM_CREATE
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.identity_pb2_grpc import AccountStub, FactorsStub, OrganisationsStub, SessionsStub, SignInStub
from kontor.notify.v1 import notify_pb2
from kontor.notify.v1.notify_pb2_grpc import (
    CodesServicer,
    LettersServicer,
    add_CodesServicer_to_server,
    add_LettersServicer_to_server,
)
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
SEALING_KEYS = Secret(f"k1:{b64encode(bytes(32)).decode()}")
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


class Sms(CodesServicer):
    """Takes SMS, unless SMS are not `offered` or something `fails`, or all of it is `away`; of one it can be `uncertain`."""

    def __init__(self) -> None:
        self.sent: list[notify_pb2.SendCodeRequest] = []
        self.offered, self.uncertain = True, False
        self.fails: Failure | None = None
        self.away: Failure | None = None

    def GetSmsState(self, _: notify_pb2.GetSmsStateRequest, __: object) -> notify_pb2.GetSmsStateResponse:
        if self.away:
            raise self.away
        return notify_pb2.GetSmsStateResponse(offered=self.offered)

    def SendCode(self, request: notify_pb2.SendCodeRequest, _: object) -> notify_pb2.SendCodeResponse:
        if self.fails:
            raise self.fails
        self.sent.append(request)
        return notify_pb2.SendCodeResponse(uncertain=self.uncertain)


@dataclass
class Somebody:
    """A person with a mailbox and an authenticator."""

    email: str
    password: str = PASSWORD
    secret: str = ""
    session: str = ""


class World:
    """The service, its keys, the mail it sent."""

    def __init__(self, url: str, folder: Path, *, codes: CodesServicer | None = None, **settings: Any) -> None:
        private, public = caller.new_keys("identity")
        (folder / "signing.json").write_text(json.dumps(private.as_dict(private=True)))
        self.notify, self.sms = Notify(), Sms()
        peers = FakePeers(notify=[Rpc(self.notify, add_LettersServicer_to_server), Rpc(codes or self.sms, add_CodesServicer_to_server)])
        given = {"database_url": Secret(url), "signing_key": folder / "signing.json", "public_url": PUBLIC_URL}
        config = Config(**{"sealing_keys": SEALING_KEYS, **given, **settings})
        self.service = ServiceUnderTest(build(config, peers))
        self.keys: KeySet = public
        self.sign_in, self.sessions = SignInStub(self.channel()), SessionsStub(self.channel())

    def channel(self, who: Caller = caller.NOBODY) -> grpc.Channel:
        return self.service.channel(who)

    def organisations(self, who: Caller) -> OrganisationsStub:
        return OrganisationsStub(self.channel(who))

    def sessions_of(self, who: Caller) -> SessionsStub:
        return SessionsStub(self.channel(who))

    def factors(self, who: Caller) -> FactorsStub:
        return FactorsStub(self.channel(who))

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

    def user_id(self, email: str) -> str:
        """Whose address it is; no RPC tells it of somebody who has not come in."""
        return str(self.sql("select id from users where email = :email", email=email)[0][0])

    def firm(self) -> pb.Organisation:
        """A firm, made by the platform's operator."""
        return self.firm_by(operator(PERMISSION_FIRM_CREATE))

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
        return self.accepted(somebody)

    def accepted(self, somebody: Somebody) -> str:
        """Accept the terms where they are due, as everybody does after the first sign-in (NET-36)."""
        due = self.resolved(somebody).profile.terms_due
        if due:
            self.account(self.caller(somebody)).AcceptTerms(pb.AcceptTermsRequest(version=due))
        return somebody.session

    def sms_for(self, attempt: str, number: str = "", *, country: str = "") -> pb.SendSmsCodeResponse:
        """Have a code sent."""
        return self.sign_in.SendSmsCode(pb.SendSmsCodeRequest(attempt=attempt, phone_number=number, country=country, language="nb"))

    def code_for(self, attempt: str) -> str:
        """Have a code sent, and answer it."""
        self.sms_for(attempt)
        return self.sms.sent[-1].code

    def finished(self, attempt: str, digits: str, method: int = pb.METHOD_UNSPECIFIED) -> pb.FinishSignInResponse:
        return self.sign_in.FinishSignIn(pb.FinishSignInRequest(attempt=attempt, code=digits, method=method))  # type: ignore[arg-type]

    def enrolled_by_sms(self, somebody: Somebody, number: str) -> None:
        """Sign in for the first time, with a telephone."""
        attempt = self.started(somebody).attempt
        self.sms_for(attempt, number)
        somebody.session = self.finished(attempt, self.sms.sent[-1].code, pb.METHOD_SMS).session
        self.accepted(somebody)

    def resolved(self, somebody: Somebody) -> pb.ResolveSessionResponse:
        return self.sessions.ResolveSession(pb.ResolveSessionRequest(session=somebody.session))

    def caller(self, somebody: Somebody) -> Caller:
        """Who the services take the holder of the session for."""
        return self.asserted(self.resolved(somebody).assertions["identity"], "identity")

    def asserted(self, assertion: str, service: str) -> Caller:
        return Verifier(self.keys, audience=service).verify(assertion)


def operator(*permissions: int) -> Caller:
    """The platform's operator, whose second factor is fresh at this moment; to be asked for where it is needed."""
    return person(*permissions, user_id="operator", membership_id="", organisation_id="", organisation_kind="")


def code(somebody: Somebody, *, at: timedelta = timedelta(0)) -> str:
    """What the authenticator shows now, or some time from now."""
    return pyotp.TOTP(somebody.secret).at(clock.now() + at)


def wrong(somebody: Somebody) -> str:
    """A code that fits no step near now."""
    near = {code(somebody, at=timedelta(seconds=30 * step)) for step in range(-3, 4)}
    return next(digits for digits in (f"{number:06}" for number in range(100)) if digits not in near)


def wrong_sms(digits: str) -> str:
    """Another code."""
    return "000001" if digits != "000001" else "000002"


@contextmanager
def later(**by: float) -> Iterator[None]:
    """Some time later, as `timedelta` says it."""
    with clock.moved(timedelta(**by)):
        yield
