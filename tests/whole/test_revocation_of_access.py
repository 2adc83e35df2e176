"""What a person may do ends within a second, in every service, when the password, a factor or the days change."""

from datetime import timedelta

import pyotp
import pytest
from kontor.identity.v1 import identity_pb2, identity_pb2_grpc

from chassis import clock
from demo import data
from demo.people import Person
from tests.journeys.rest import Rest
from tests.journeys.stage import Company, Stage
from tests.scenario import FIRM
from tests.whole.test_revocation import Reader, until_refused

NEW_PASSWORD = "helt nye ord hver dag"
YESTERDAY = (clock.now() - timedelta(days=2)).date().isoformat()


@pytest.fixture(scope="module")
def company(stage: Stage) -> Company:
    """A client whose people are about to lose what they have."""
    return stage.company("ending", language="nb")


def _as(stage: Stage, person: Person) -> Rest:
    return Rest(stage.product.url, stage.world.token(person))


def _newcomer(stage: Stage, company: Company, name: str) -> Person:
    """A member of the client who has signed in."""
    person = Person(f"{name.lower()}@ending.example", name, "Ender", "nb", "")
    with stage.world.acting(company.administrator):
        data.add_member(stage.world, person, identity_pb2.ROLE_WRITE)
    stage.world.activate(person)
    return person


def _everywhere(stage: Stage, person: Person, company: Company) -> Reader:
    """Reads identity, documents, messaging and notify; what linking knows is the firm's."""
    own = f"/api/v1/organisations/{company.id}"
    return Reader(_as(stage, person), (own, f"{own}/documents", f"{own}/messages", "/api/v1/notices"))


def test_another_password_ends_every_session_within_a_second(stage: Stage, company: Company) -> None:
    """P7, BEY-07, ACC-73: made by a mailed link, which ends the session at hand too."""
    person = _newcomer(stage, company, "Petra")
    sign_in = stage.world.sign_in
    sign_in.RequestPasswordLink(identity_pb2.RequestPasswordLinkRequest(email=person.email))
    token = stage.world.mailed_link(person)
    request = identity_pb2.SetPasswordRequest(token=token, password=NEW_PASSWORD, password_again=NEW_PASSWORD)
    until_refused(_everywhere(stage, person, company), lambda: sign_in.SetPassword(request))


def test_another_factor_ends_the_other_sessions_within_a_second(stage: Stage, company: Company) -> None:
    """P7, BEY-07, BEY-05: the session in which it was changed goes on."""
    person = _newcomer(stage, company, "Frode")
    first = _everywhere(stage, person, company)
    stage.world.sign_in_again(person)
    factors = identity_pb2_grpc.FactorsStub(stage.world.channel("identity"))
    with stage.world.acting(person):
        begun = factors.StartFactor(identity_pb2.StartFactorRequest(method=identity_pb2.METHOD_TOTP))
        code = pyotp.TOTP(begun.enrolment.key).now()
        request = identity_pb2.ConfirmFactorRequest(setup=begun.setup, code=code)
        until_refused(first, lambda: factors.ConfirmFactor(request))
    assert _as(stage, person).get("/api/v1/profile").status == 200


def test_the_end_of_somebodys_days_ends_access_within_a_second(stage: Stage, company: Company) -> None:
    """P7, NET-13: to that organisation, while the session lives."""
    person = _newcomer(stage, company, "Dagny")
    boss, reader = _as(stage, company.administrator), _everywhere(stage, person, company)
    member = reader.api.get("/api/v1/profile").ok()["memberships"][0]["membership_id"]
    over = {"first_day": "", "last_day": YESTERDAY}
    until_refused(reader, lambda: boss.post(f"/api/v1/members/{member}:set-validity", validity=over).ok())
    assert reader.api.get("/api/v1/profile").status == 200


def test_the_end_of_a_consultants_days_ends_access_to_clients_within_a_second(stage: Stage, company: Company) -> None:
    """P11, NET-13: at the firm, and so for every client, in linking too."""
    firm, consultant = _as(stage, FIRM), _as(stage, company.hr)
    member = consultant.get("/api/v1/profile").ok()["memberships"][0]["membership_id"]
    own = f"/api/v1/organisations/{company.id}"
    reader = Reader(consultant, ("/api/v1/clients", f"{own}/documents", "/api/v1/notices"))
    until_refused(reader, lambda: firm.post(f"/api/v1/members/{member}:set-validity", validity={"last_day": YESTERDAY}).ok())
    assert consultant.get("/api/v1/profile").status == 200
