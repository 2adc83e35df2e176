"""Firms and their clients."""

import pytest
from kontor.access.v1.access_pb2 import PERMISSION_CLIENT_CREATE, PERMISSION_FIRM_CREATE, PERMISSION_SESSION_USE
from kontor.identity.v1 import identity_pb2 as pb
from kontor.identity.v1.events_pb2 import MemberAdded, OrganisationCreated
from kontor.notify.v1 import notify_pb2

from chassis.caller import Caller
from chassis.errors import Conflict, Denied, Invalid, NotFound
from chassis.testing import person
from tests.identity.world import NUMBERS, World, operator


def test_a_firm_is_made_with_its_first_administrator(world: World) -> None:
    """ACC-06."""
    firm = world.firm()
    assert (firm.kind, firm.time_zone, firm.firm_id) == (pb.ORGANISATION_KIND_FIRM, "Europe/Oslo", "")
    created, added = world.service.relay()
    assert isinstance(created, OrganisationCreated)
    assert isinstance(added, MemberAdded)
    assert (created.organisation_id, added.organisation_id) == (firm.organisation_id, firm.organisation_id)
    assert added.role == pb.ROLE_ADMINISTRATOR


@pytest.mark.parametrize(
    ("country", "number", "kept", "zone"),
    [
        ("NO", "999 999 999", "999999999", "Europe/Oslo"),
        ("SE", "559999-9991", "5599999991", "Europe/Stockholm"),
        ("FI", "9999999-2", "99999992", "Europe/Helsinki"),
        ("DK", "99 99 99 93", "99999993", "Europe/Copenhagen"),
    ],
)
def test_a_number_is_kept_as_registered(world: World, country: str, number: str, kept: str, zone: str) -> None:
    """ACC-37: the country decides what today is."""
    firm = world.firm_by(operator(PERMISSION_FIRM_CREATE), number=number, country=country)
    assert (firm.organisation_number, firm.time_zone) == (kept, zone)


@pytest.mark.parametrize(
    ("country", "number"), [("NO", "999999998"), ("SE", "5599999992"), ("FI", "99999991"), ("DK", "12"), ("NO", "hello")]
)
def test_a_number_with_a_wrong_check_digit_is_refused(world: World, country: str, number: str) -> None:
    with pytest.raises(Invalid) as refused:
        world.firm_by(operator(PERMISSION_FIRM_CREATE), number=number, country=country)
    assert refused.value.fields == {"organisation_number": "organisation_number_invalid"}


def test_one_firm_and_one_client_of_a_firm_for_a_number(world: World, administrator: Caller) -> None:
    """A second click makes no second company."""
    with pytest.raises(Conflict) as refused:
        world.firm_by(operator(PERMISSION_FIRM_CREATE))
    assert refused.value.reason == "organisation_exists"
    client = world.client(administrator)
    with pytest.raises(Conflict):
        world.client(administrator)
    assert client.firm_id == administrator.organisation_id


def test_only_a_firm_makes_clients(world: World) -> None:
    """ACC-12."""
    with pytest.raises(Denied):
        world.client(person(PERMISSION_CLIENT_CREATE, organisation_kind="client"))


def test_a_new_clients_people_hear_who_invited_them(world: World, administrator: Caller) -> None:
    """ACC-15; in the language of the country where none was chosen."""
    first = pb.FirstAdministrator(email="aino@leipomo.example.fi", first_name="Aino", last_name="Leipuri")
    request = pb.CreateClientRequest(name="Leipomo Oy", organisation_number=NUMBERS["FI"][0], country="FI", administrator=first)
    world.organisations(administrator).CreateClient(request)
    letter = world.mail("aino@leipomo.example.fi")
    assert (letter.kind, letter.language, letter.inviter_name) == (notify_pb2.LETTER_KIND_WELCOME, "fi", "Berit Revisordal")


def test_an_organisation_is_seen_by_its_own_and_by_the_firm_that_made_it(world: World, administrator: Caller) -> None:
    """P10: for anybody else it does not exist."""
    client = world.client(administrator)
    kari = world.caller(world.activated("kari@bakeri.example.no"))
    request = pb.GetOrganisationRequest(organisation_id=client.organisation_id)
    assert world.organisations(administrator).GetOrganisation(request) == client
    assert world.organisations(kari).GetOrganisation(request) == client
    firm = pb.GetOrganisationRequest(organisation_id=administrator.organisation_id)
    for who, asked in ((kari, firm), (person(PERMISSION_SESSION_USE), request), (person(PERMISSION_SESSION_USE, organisation_id=""), firm)):
        with pytest.raises(NotFound):
            world.organisations(who).GetOrganisation(asked)


def test_a_malformed_address_is_named_where_it_stands(world: World) -> None:
    first = pb.FirstAdministrator(email="berit@kontoret.localhost", first_name="B", last_name="R")
    request = pb.CreateFirmRequest(name="F", organisation_number="999999999", country="NO", administrator=first)
    with pytest.raises(Invalid) as refused:
        world.organisations(operator(PERMISSION_FIRM_CREATE)).CreateFirm(request)
    assert refused.value.fields == {"administrator.email": "email_invalid"}
