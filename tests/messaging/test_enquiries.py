"""What a form offers before anything is written: types of enquiry, and at the firm the client's people."""

import pytest
from kontor.identity.v1.events_pb2 import ProfileChanged
from kontor.linking.v1.events_pb2 import LinkChanged, LinkCreated
from kontor.messaging.v1 import messaging_pb2 as pb
from sqlalchemy import text

from chassis.caller import Caller
from chassis.errors import Invalid, NotFound
from chassis.testing import ServiceUnderTest, person
from tests.messaging.talk import (
    ACCOUNTING,
    BAKERY,
    HR,
    PAYROLL,
    PERMISSIONS,
    SUPPORT,
    YARD,
    added,
    again,
    assigned,
    client,
    consultant,
    enquiries,
    removed,
    send,
    told,
)

FIRM, LINK = "01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002"


def types(service: ServiceUnderTest, who: Caller, organisation: str = BAKERY) -> dict[int, bool]:
    """By area, whether somebody serves it."""
    listed = enquiries(service, who).ListEnquiryTypes(pb.ListEnquiryTypesRequest(organisation_id=organisation))
    return {each.service_area: each.served for each in listed.enquiry_types}


def names(service: ServiceUnderTest, who: Caller, **asked: str) -> list[str]:
    request = pb.ListRecipientsRequest(**{"organisation_id": BAKERY, **asked})  # type: ignore[arg-type]
    return [each.name for each in enquiries(service, who).ListRecipients(request).recipients]


def link(service: ServiceUnderTest, *areas: int, version: int) -> None:
    event = {"link_id": LINK, "firm_id": FIRM, "organisation_id": BAKERY, "service_areas": areas}
    made = LinkCreated(**event) if version == 1 else LinkChanged(**event)  # type: ignore[arg-type]
    assert service.happened(made, about=LINK, version=version)


def test_a_client_chooses_among_what_is_done_for_it_and_the_portal(service: ServiceUnderTest) -> None:
    """ACC-60: and is told where nobody is there yet."""
    payroll = consultant()
    link(service, PAYROLL, HR, version=1)
    assigned(service, payroll, PAYROLL)
    assert types(service, client()) == {PAYROLL: True, HR: False, SUPPORT: False}
    link(service, ACCOUNTING, version=2)
    assigned(service, payroll, PAYROLL, SUPPORT, version=2)
    assert types(service, client()) == types(service, payroll) == {ACCOUNTING: False, SUPPORT: True}


def test_without_word_of_the_link_a_client_can_choose_everything(service: ServiceUnderTest) -> None:
    """ACC-60: a question is not lost because an event is late; also where the link was made before areas were said."""
    assert types(service, client()) == {ACCOUNTING: False, PAYROLL: False, HR: False, SUPPORT: False}
    link(service, version=1)
    assert types(service, client()) == {ACCOUNTING: False, PAYROLL: False, HR: False, SUPPORT: False}


def test_support_for_the_portal_reaches_who_helps_with_it(service: ServiceUnderTest) -> None:
    """ACC-60: as any other enquiry."""
    helper = consultant()
    assigned(service, helper, SUPPORT)
    send(service, client(), SUPPORT, subject="Finner ikke mappen")
    (event,) = told(service)
    assert list(event.reader_membership_ids) == [helper.membership_id]  # type: ignore[attr-defined]


def test_others_learn_nothing_about_a_client(service: ServiceUnderTest) -> None:
    """ASVS 8.4.1: neither what is done for it nor who works there; a client's people have no such list at all."""
    added(service, client())
    elsewhere = consultant()
    assigned(service, elsewhere, PAYROLL, at=YARD)
    for who in (client(YARD), elsewhere, consultant()):
        with pytest.raises(NotFound):
            types(service, who)
    for who in (client(), elsewhere, consultant()):
        with pytest.raises(NotFound) as refused:
            names(service, who)
        assert refused.value.reason == "organisation_not_found"


def test_the_firm_finds_the_clients_people_by_name(service: ServiceUnderTest) -> None:
    """ACC-64: members now, as they are called now; `%` is a letter."""
    firm = consultant()
    assigned(service, firm, HR)
    for name in ("Ærlig Åse", "østen Dal", "Bo Berg", "bo 100 %"):
        added(service, client(name=name))
    added(service, client(YARD, name="Bo Annensteds"))
    assert names(service, firm) == ["bo 100 %", "Bo Berg", "Ærlig Åse", "østen Dal"]
    assert (names(service, firm, name="bO"), names(service, firm, name="%")) == (["bo 100 %", "Bo Berg"], ["bo 100 %"])
    stub = enquiries(service, firm)
    first = stub.ListRecipients(pb.ListRecipientsRequest(organisation_id=BAKERY, page_size=3))
    rest = stub.ListRecipients(pb.ListRecipientsRequest(organisation_id=BAKERY, page_token=first.next_page_token))
    assert [each.name for each in (*first.recipients, *rest.recipients)] == names(service, firm)
    for token in ("x", "WyJhIl0=", "æ", "WyJcdWQ4MDAiLCIwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMCJd"):
        with pytest.raises(Invalid):
            stub.ListRecipients(pb.ListRecipientsRequest(organisation_id=BAKERY, page_token=token))


def test_members_come_and_go_and_change_their_names_in_any_order(service: ServiceUnderTest) -> None:
    """ACC-82, ACC-84: a removal that arrives first is not undone; a name told later stays."""
    firm = consultant()
    assigned(service, firm, HR)
    gone, member = client(name="Bort Reist"), client(name="Gammelt Navn")
    removed(service, gone)
    added(service, gone)
    added(service, member)
    assert service.happened(ProfileChanged(user_id=member.user_id, first_name="Nytt", last_name="Navn"))
    assert names(service, firm) == ["Nytt Navn"]
    removed(service, member)
    assert names(service, firm) == []
    added(service, again(member))
    assert names(service, firm) == ["Gammelt Navn"]


def test_a_person_is_forgotten_with_the_last_membership(service: ServiceUnderTest) -> None:
    """Nobody's name is kept longer than it is needed."""
    member = added(service, client())
    elsewhere = person(*PERMISSIONS, organisation_id=YARD, user_id=member.user_id)
    added(service, elsewhere)
    database = service.service.database
    assert database is not None
    for who, left in ((member, 1), (elsewhere, 0)):
        removed(service, who)
        assert len(database.read(text("select 1 from people"))) == left
