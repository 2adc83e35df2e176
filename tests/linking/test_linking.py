"""Which firm works for which client, and which of its consultants, in which areas."""

from functools import partial
from pathlib import Path

import pytest
from kontor.access.v1.access_pb2 import PERMISSION_CONSULTANT_ASSIGN, PERMISSION_DOCUMENT_HOLD, PERMISSION_LINK_READ
from kontor.identity.v1 import events_pb2 as identity_events
from kontor.linking.v1 import linking_pb2 as pb
from kontor.linking.v1.events_pb2 import ConsultantAssigned, LinkCreated

from chassis import db
from chassis.errors import Denied, Invalid, NotFound, Unavailable
from chassis.testing import ServiceUnderTest, at_once, person
from services.linking.models import Model
from tests.linking.firm import ACCOUNTING, HR, PAYROLL, SUPPORT, Firm, Identity, audited, new_id


def test_a_firm_links_a_client_it_has_made_and_tells_everybody(firm: Firm, service: ServiceUnderTest) -> None:
    """FNK-13: the link is an event, so that documents and messages know of it."""
    link = firm.asks().CreateLink(pb.CreateLinkRequest(organisation_id=firm.made("Testdal Bakeri AS")))
    assert link.client_name == "Testdal Bakeri AS"
    created, assigned = service.relay()
    assert created == LinkCreated(
        link_id=link.link_id, firm_id=firm.id, organisation_id=link.organisation_id, service_areas=[ACCOUNTING, PAYROLL, HR]
    )
    assert isinstance(assigned, ConsultantAssigned)
    assert audited(service) == ["link.create", "consultant.assign"]


def test_a_link_asked_for_again_is_the_same_link_also_when_all_ask_at_once(firm: Firm, service: ServiceUnderTest) -> None:
    """One link, one event, however often a browser sends the form."""
    request = pb.CreateLinkRequest(organisation_id=firm.made("Testdal Bakeri AS"))
    links = at_once([lambda: firm.asks().CreateLink(request)] * 6)
    assert len({link.link_id for link in links}) == 1
    assert [event.DESCRIPTOR.name for event in service.relay()] == ["LinkCreated", "ConsultantAssigned"]


def test_a_firm_cannot_link_the_client_of_another_firm(firm: Firm, service: ServiceUnderTest, identity: Identity) -> None:
    """FNK-16: and it does not learn whether there is such a client."""
    with pytest.raises(NotFound) as foreign:
        firm.asks().CreateLink(pb.CreateLinkRequest(organisation_id=Firm(service, identity).made("Fjelltest Regnskap AS")))
    assert foreign.value.reason == "client_not_found"
    assert service.relay() == []


def test_linking_fails_clearly_while_identity_does_not_answer(firm: Firm, identity: Identity) -> None:
    """Nothing is recorded on a guess."""
    client_id = firm.made("Testdal Bakeri AS")
    identity.down = True
    with pytest.raises(Unavailable):
        firm.asks().CreateLink(pb.CreateLinkRequest(organisation_id=client_id))
    assert firm.clients_of(firm.administrator) == {}


def test_a_consultant_without_the_permission_cannot_link_or_assign(firm: Firm) -> None:
    """Linking is for the firm's administrators."""
    client_id, consultant = firm.linked("Testdal Bakeri AS"), firm.member()
    with pytest.raises(Denied):
        firm.asks(consultant).CreateLink(pb.CreateLinkRequest(organisation_id=client_id))
    with pytest.raises(Denied):
        firm.asks(consultant).AssignConsultant(
            pb.AssignConsultantRequest(organisation_id=client_id, membership_id=consultant.membership_id, service_areas=[PAYROLL])
        )


def test_a_consultant_sees_the_assigned_clients_and_the_administrator_all(firm: Firm) -> None:
    """FNK-13, FNK-19: the client list is personal."""
    bakery, consultant, other = firm.linked("Testdal Bakeri AS"), firm.member(), firm.member()
    yard = firm.linked("Exempelvarvet AB")
    firm.assign(bakery, consultant, PAYROLL, HR)
    firm.assign(yard, other, ACCOUNTING)
    assert firm.clients_of(consultant) == {"Testdal Bakeri AS": [PAYROLL, HR]}
    assert firm.clients_of(other) == {"Exempelvarvet AB": [ACCOUNTING]}
    assert firm.clients_of(firm.administrator) == {"Exempelvarvet AB": [SUPPORT], "Testdal Bakeri AS": [SUPPORT]}


def test_clients_of_other_firms_never_show(firm: Firm, service: ServiceUnderTest, identity: Identity) -> None:
    """ASVS 8.4.1: not even to an administrator, and client people have no client list."""
    Firm(service, identity).linked("Naboen AS")
    bakery = firm.linked("Testdal Bakeri AS")
    assert list(firm.clients_of(firm.administrator)) == ["Testdal Bakeri AS"]
    assert firm.clients_of(person(PERMISSION_LINK_READ, organisation_id=bakery)) == {}


def test_clients_are_found_by_part_of_the_name_whatever_its_case(firm: Firm) -> None:
    """FNK-19: `%` and `_` are letters here, not wildcards."""
    for name in ("Ærlig Bygg AS", "ØSTTEST Regnskap AS", "100 % Test AB", "Testilä Oy"):
        firm.linked(name)
    assert list(firm.clients_of(firm.administrator, name="østt")) == ["ØSTTEST Regnskap AS"]
    assert list(firm.clients_of(firm.administrator, name="%")) == ["100 % Test AB"]
    assert list(firm.clients_of(firm.administrator, name="_")) == []
    assert list(firm.clients_of(firm.administrator, name="testilä\0")) == ["Testilä Oy"]


def test_clients_asked_for_by_id_are_those_one_would_find(firm: Firm) -> None:
    """FNK-19: for names beside what another service answers, and no way around the assignment."""
    mine, other, consultant = firm.linked("Testdal Bakeri AS"), firm.linked("Alm AS"), firm.member()
    firm.assign(mine, consultant, PAYROLL)
    request = pb.ListClientsRequest(organisation_ids=[mine.upper(), other, firm.id])
    assert [each.name for each in firm.asks(consultant).ListClients(request).clients] == ["Testdal Bakeri AS"]
    assert [each.name for each in firm.asks().ListClients(request).clients] == ["Alm AS", "Testdal Bakeri AS"]
    assert list(firm.asks().ListClients(pb.ListClientsRequest(organisation_ids=[firm.id])).clients) == []


def test_clients_come_in_pages_by_name_each_once(firm: Firm) -> None:
    """Keyset pages: two clients of one name are not lost between pages."""
    for name in ("Dal AS", "berg AS", "Berg AS", "Ås AB", "ask AB"):
        firm.linked(name)
    names, token = [], ""
    while True:
        page = firm.asks().ListClients(pb.ListClientsRequest(page_size=2, page_token=token))
        names += [client.name.lower() for client in page.clients]
        token = page.next_page_token
        if not token:
            break
    assert names == ["ask ab", "berg as", "berg as", "dal as", "ås ab"]


def test_the_longest_names_have_a_next_page(firm: Firm) -> None:
    for letter in "ab":
        firm.linked("\U0001d538" * 199 + letter)
    page = firm.asks().ListClients(pb.ListClientsRequest(page_size=1))
    rest = firm.asks().ListClients(pb.ListClientsRequest(page_size=1, page_token=page.next_page_token))
    assert [each.name[-1] for each in (*page.clients, *rest.clients)] == ["a", "b"]


@pytest.mark.parametrize(
    "token", ["x", "WyJhIl0=", "bm90IGpzb24=", "WyJhIiwgImIiXQ==", "æ", "WyJcdWQ4MDAiLCIwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMCJd"]
)
def test_a_page_token_from_elsewhere_is_refused(firm: Firm, token: str) -> None:
    """Nothing of a request reaches the query unread."""
    with pytest.raises(Invalid) as refused:
        firm.asks().ListClients(pb.ListClientsRequest(page_token=token))
    assert refused.value.reason == "bad_page_token"


def test_assigning_says_exactly_the_areas_and_each_change_is_told_in_order(firm: Firm, service: ServiceUnderTest) -> None:
    """FNK-16: the last word counts, and receivers can tell which it is by the version."""
    bakery, consultant = firm.linked("Testdal Bakeri AS"), firm.member()
    service.relay()
    for areas in ([HR, PAYROLL], [PAYROLL, HR], [PAYROLL], []):
        firm.assign(bakery, consultant, *areas)
    told = [event for event in service.relay() if isinstance(event, ConsultantAssigned)]
    assert [list(event.service_areas) for event in told] == [[PAYROLL, HR], [PAYROLL], []]
    assert [envelope.aggregate_version for envelope in service.seen[-3:]] == [1, 2, 3]
    assert len({envelope.aggregate_id for envelope in service.seen[-3:]}) == 1
    assert firm.clients_of(consultant) == {}


def test_simultaneous_assignments_each_get_a_version_of_their_own(firm: Firm, service: ServiceUnderTest) -> None:
    """The event with the highest version says what is in the database."""
    bakery, consultant = firm.linked("Testdal Bakeri AS"), firm.member()
    at_once([partial(firm.assign, bakery, consultant, *areas) for areas in ([PAYROLL], [HR], [ACCOUNTING], [PAYROLL, HR])])
    service.relay()
    told = {envelope.aggregate_version: envelope for envelope in service.seen if envelope.type.endswith("ConsultantAssigned")}
    assert sorted(told) == list(range(1, len(told) + 1))
    last = ConsultantAssigned.FromString(told[max(told)].data)
    assert list(firm.clients_of(consultant).values()) == [list(last.service_areas)]


def test_only_members_of_the_own_firm_can_be_assigned_and_only_to_own_clients(
    firm: Firm, service: ServiceUnderTest, identity: Identity
) -> None:
    """FNK-16: a firm's assignment reaches no further than the firm."""
    neighbour = Firm(service, identity)
    with pytest.raises(NotFound) as strange_member:
        firm.assign(firm.linked("Testdal Bakeri AS"), neighbour.member(), PAYROLL)
    with pytest.raises(NotFound) as strange_client:
        firm.assign(neighbour.linked("Naboen AS"), firm.member(), PAYROLL)
    with pytest.raises(NotFound) as nothing_to_end:
        firm.assign(firm.linked("Exempelvarvet AB"), neighbour.member())
    reasons = [each.value.reason for each in (strange_member, strange_client, nothing_to_end)]
    assert reasons == ["member_not_found", "client_not_found", "consultant_not_found"]


def test_who_works_for_a_client_is_told_to_those_concerned_only(firm: Firm, service: ServiceUnderTest, identity: Identity) -> None:
    """The firm's administrators, the client's consultants and the client see it; to others there is no such client."""
    bakery, consultant = firm.linked("Testdal Bakeri AS"), firm.member()
    firm.assign(bakery, consultant, PAYROLL)
    request = pb.ListConsultantsRequest(organisation_id=bakery)
    for who in (firm.administrator, consultant, person(PERMISSION_LINK_READ, organisation_id=bakery)):
        listed = {each.membership_id: list(each.service_areas) for each in firm.asks(who).ListConsultants(request).consultants}
        assert listed == {firm.administrator.membership_id: [SUPPORT], consultant.membership_id: [PAYROLL]}
    for stranger in (firm.member(), Firm(service, identity).administrator, person(PERMISSION_LINK_READ)):
        with pytest.raises(NotFound):
            firm.asks(stranger).ListConsultants(request)


def test_a_removed_consultants_assignments_end_everywhere(firm: Firm, service: ServiceUnderTest) -> None:
    """ACC-82 in a firm: other services are told, once for each client, and other consultants stay."""
    bakery, yard = firm.linked("Testdal Bakeri AS"), firm.linked("Exempelvarvet AB")
    leaving, staying = firm.member(), firm.member()
    for client_id in (bakery, yard):
        firm.assign(client_id, leaving, PAYROLL)
    firm.assign(bakery, staying, HR)
    service.relay()
    assert service.happened(identity_events.MemberRemoved(membership_id=leaving.membership_id, organisation_id=firm.id))
    told = [event for event in service.relay() if isinstance(event, ConsultantAssigned)]
    assert {event.organisation_id for event in told} == {bakery, yard}
    assert all(event.membership_id == leaving.membership_id and not event.service_areas for event in told)
    assert {envelope.aggregate_version for envelope in service.seen[-2:]} == {2}
    assert firm.clients_of(leaving) == {}
    assert firm.clients_of(staying) == {"Testdal Bakeri AS": [HR]}


def test_what_a_consultant_does_goes_on_at_a_new_address(service: ServiceUnderTest, identity: Identity) -> None:
    """AMI-11: the same clients and areas, beside what was assigned meanwhile; told again it changes nothing."""
    firm = Firm(service, identity)
    old, new = firm.member(), firm.member()
    bakery, yard = firm.linked("Testdal Bakeri AS"), firm.linked("Prøvelund Hagesenter AS")
    firm.assign(bakery, old, PAYROLL, HR)
    firm.assign(yard, old, ACCOUNTING)
    firm.assign(yard, new, HR)
    event = identity_events.MemberRemoved(membership_id=old.membership_id, organisation_id=firm.id, replaced_by=new.membership_id)
    assert service.happened(event)
    assert firm.clients_of(old) == {}
    assert firm.clients_of(new) == {"Testdal Bakeri AS": [PAYROLL, HR], "Prøvelund Hagesenter AS": [ACCOUNTING, HR]}
    service.relay()
    service.happened(event)
    assert service.relay() == []


def test_who_administers_the_client_manager_assigns_and_nothing_else(service: ServiceUnderTest, identity: Identity) -> None:
    """FNK-06, FNK-19: all clients are there to assign, as they are for whoever administers documents; another consultant may not."""
    firm = Firm(service, identity)
    manager, consultant = firm.member(PERMISSION_LINK_READ, PERMISSION_CONSULTANT_ASSIGN), firm.member()
    holds = firm.member(PERMISSION_LINK_READ, PERMISSION_DOCUMENT_HOLD)
    bakery = firm.linked("Testdal Bakeri AS")
    assert set(firm.clients_of(manager)) == set(firm.clients_of(holds)) == {"Testdal Bakeri AS"}
    assert firm.clients_of(consultant) == {}
    request = pb.AssignConsultantRequest(organisation_id=bakery, membership_id=consultant.membership_id, service_areas=[PAYROLL])
    for refused in (consultant, holds):
        with pytest.raises(Denied):
            firm.asks(refused).AssignConsultant(request)
    assert list(firm.asks(manager).AssignConsultant(request).service_areas) == [PAYROLL]
    with pytest.raises(Denied):
        firm.asks(manager).UpdateLink(pb.UpdateLinkRequest(organisation_id=bakery, service_areas=[HR]))
    with pytest.raises(NotFound):
        firm.asks(manager).AssignConsultant(pb.AssignConsultantRequest(organisation_id=new_id(), membership_id=new_id()))


def test_the_migrations_make_exactly_the_tables_of_the_models(service: ServiceUnderTest) -> None:
    """An upgraded database is the one the code was written for."""
    held = service.service
    assert held.database is not None
    assert held.migrations is not None
    db.drift(held.database, Path(held.migrations), Model.metadata)
