"""What a firm does for a client, and where nobody of it does so yet."""

from functools import partial

import pytest
from kontor.access.v1.access_pb2 import PERMISSION_LINK_READ
from kontor.linking.v1 import linking_pb2 as pb
from kontor.linking.v1.events_pb2 import ConsultantAssigned, LinkChanged, LinkCreated

from chassis.caller import Caller
from chassis.errors import Denied, Invalid, NotFound
from chassis.testing import ServiceUnderTest, at_once, person
from tests.linking.firm import ACCOUNTING, HR, PAYROLL, SUPPORT, Firm, Identity, audited, trails


def update(firm: Firm, client_id: str, *areas: int, who: Caller | None = None) -> pb.Link:
    request = pb.UpdateLinkRequest(organisation_id=client_id, service_areas=areas)  # type: ignore[arg-type]
    return firm.asks(who).UpdateLink(request)


def listed(firm: Firm, who: Caller | None = None, **asked: bool) -> dict[str, list[int]]:
    """Clients with the areas in which nobody works for them."""
    found = firm.asks(who).ListClients(pb.ListClientsRequest(**asked)).clients  # type: ignore[arg-type]
    return {client.name: list(client.unserved_areas) for client in found}


def test_a_firm_says_what_it_does_for_a_client_and_everything_when_it_says_nothing(firm: Firm) -> None:
    """ACC-11, ACC-60: the areas that a client is asked to choose from."""
    request = pb.CreateLinkRequest(organisation_id=firm.made("Testdal Bakeri AS"), service_areas=[HR, PAYROLL])
    assert list(firm.asks().CreateLink(request).service_areas) == [PAYROLL, HR]
    everything = firm.asks().CreateLink(pb.CreateLinkRequest(organisation_id=firm.made("Exempelvarvet AB")))
    assert list(everything.service_areas) == [ACCOUNTING, PAYROLL, HR]
    clients = firm.asks().ListClients(pb.ListClientsRequest()).clients
    assert [list(client.firm_areas) for client in clients] == [[ACCOUNTING, PAYROLL, HR], [PAYROLL, HR]]


def test_whoever_makes_a_client_helps_it_with_the_portal(firm: Firm, service: ServiceUnderTest) -> None:
    """ACC-60: a question about the portal always has a reader; asked again, an assignment changed meanwhile stays."""
    request = pb.CreateLinkRequest(organisation_id=firm.made("Testdal Bakeri AS"))
    client_id = firm.asks().CreateLink(request).organisation_id
    created, assigned = service.relay()
    assert isinstance(created, LinkCreated)
    assert assigned == ConsultantAssigned(
        firm_id=firm.id, organisation_id=client_id, membership_id=firm.administrator.membership_id, service_areas=[SUPPORT]
    )
    firm.assign(client_id, firm.member(), SUPPORT)
    firm.assign(client_id, firm.administrator, PAYROLL)
    firm.asks().CreateLink(request)
    assert firm.clients_of(firm.administrator) == {"Testdal Bakeri AS": [PAYROLL]}


def test_what_a_firm_does_is_changed_and_told_in_order(firm: Firm, service: ServiceUnderTest) -> None:
    """ACC-60: the same again changes nothing; receivers order what they hear by version, after the link itself."""
    client_id = firm.linked("Testdal Bakeri AS")
    for areas in ([PAYROLL], [PAYROLL], [HR, PAYROLL]):
        link = update(firm, client_id, *areas)
    assert list(link.service_areas) == [PAYROLL, HR]
    told = [event for event in service.relay() if isinstance(event, LinkChanged)]
    assert [list(event.service_areas) for event in told] == [[PAYROLL], [PAYROLL, HR]]
    about_the_link = [envelope for envelope in service.seen if envelope.aggregate_id == link.link_id]
    assert [envelope.aggregate_version for envelope in about_the_link] == [1, 2, 3]
    assert audited(service).count("link.update") == 2


def test_a_client_named_in_capitals_is_the_same_client(firm: Firm, service: ServiceUnderTest) -> None:
    """BEY-09, RFC 9562 § 4: what is told of it and its trail have its own spelling; in another nobody would find them."""
    client_id, consultant = firm.linked("Testdal Bakeri AS"), firm.member()
    update(firm, client_id.upper(), PAYROLL)
    firm.assign(client_id.upper(), consultant, PAYROLL)
    told = [event for event in service.relay() if isinstance(event, LinkChanged | ConsultantAssigned)]
    assert {event.organisation_id for event in told} == {client_id}
    assert {envelope.organisation_id for envelope in service.seen} == {client_id}
    assert trails(service) == [(client_id, 4)]


def test_simultaneous_changes_each_get_a_version_of_their_own(firm: Firm, service: ServiceUnderTest) -> None:
    """The event with the highest version says what is in the database."""
    client_id = firm.linked("Testdal Bakeri AS")
    at_once([partial(update, firm, client_id, *areas) for areas in ([PAYROLL], [HR], [ACCOUNTING], [PAYROLL, HR])])
    service.relay()
    told = {envelope.aggregate_version: envelope for envelope in service.seen if envelope.type.endswith("LinkChanged")}
    assert sorted(told) == list(range(2, len(told) + 2))
    (client,) = firm.asks().ListClients(pb.ListClientsRequest()).clients
    assert list(client.firm_areas) == list(LinkChanged.FromString(told[max(told)].data).service_areas)


def test_only_the_firms_administrators_say_what_it_does_and_only_for_its_clients(
    firm: Firm, service: ServiceUnderTest, identity: Identity
) -> None:
    """FNK-16: to others there is no such client."""
    client_id, consultant = firm.linked("Testdal Bakeri AS"), firm.member()
    firm.assign(client_id, consultant, PAYROLL)
    with pytest.raises(Denied):
        update(firm, client_id, PAYROLL, who=consultant)
    with pytest.raises(NotFound) as refused:
        update(Firm(service, identity), client_id, PAYROLL)
    assert refused.value.reason == "client_not_found"


@pytest.mark.parametrize("areas", [[], [0], [SUPPORT], [99], [PAYROLL, PAYROLL]])
def test_what_is_no_area_of_a_firm_is_refused(firm: Firm, areas: list[int]) -> None:
    """Help with the portal is always part of it, and nothing at all would be no client."""
    with pytest.raises(Invalid):
        update(firm, firm.linked("Testdal Bakeri AS"), *areas)


def test_administrators_see_where_nobody_works_for_a_client(firm: Firm) -> None:
    """ACC-11: only areas the firm serves count, and the help with the portal."""
    bakery, yard, consultant = firm.linked("Testdal Bakeri AS"), firm.linked("Exempelvarvet AB"), firm.member()
    firm.assign(bakery, consultant, PAYROLL, HR)
    update(firm, yard, PAYROLL)
    firm.assign(yard, consultant, PAYROLL)
    assert listed(firm) == {"Exempelvarvet AB": [], "Testdal Bakeri AS": [ACCOUNTING]}
    firm.assign(yard, firm.administrator)
    assert listed(firm) == {"Exempelvarvet AB": [SUPPORT], "Testdal Bakeri AS": [ACCOUNTING]}
    firm.assign(yard, consultant, PAYROLL, SUPPORT)
    assert listed(firm, unserved=True) == {"Testdal Bakeri AS": [ACCOUNTING]}
    assert firm.asks().ListClients(pb.ListClientsRequest(name="exempel")).unserved_clients == 1
    assert listed(firm, consultant) == {"Exempelvarvet AB": [], "Testdal Bakeri AS": []}
    assert listed(firm, consultant, unserved=True) == {}
    assert firm.asks(consultant).ListClients(pb.ListClientsRequest()).unserved_clients == 0


def test_an_administrator_can_ask_for_the_own_clients_only(firm: Firm) -> None:
    """FNK-19: one who also works for clients finds them among all."""
    firm.linked("Testdal Bakeri AS")
    firm.assign(firm.linked("Exempelvarvet AB"), firm.administrator)
    assert list(listed(firm)) == ["Exempelvarvet AB", "Testdal Bakeri AS"]
    assert list(listed(firm, mine=True)) == ["Testdal Bakeri AS"]


def test_help_with_the_portal_can_be_given_to_a_consultant(firm: Firm) -> None:
    """ACC-60: it is assigned as the other areas are."""
    client_id, consultant = firm.linked("Testdal Bakeri AS"), firm.member()
    assert list(firm.assign(client_id, consultant, SUPPORT, PAYROLL).service_areas) == [PAYROLL, SUPPORT]
    request = pb.ListConsultantsRequest(organisation_id=client_id)
    seen = firm.asks(person(PERMISSION_LINK_READ, organisation_id=client_id)).ListConsultants(request).consultants
    assert consultant.membership_id in {each.membership_id for each in seen}
