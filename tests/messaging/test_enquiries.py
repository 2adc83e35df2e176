"""What a form offers before anything is written: types of enquiry, and at the firm the client's people."""

from dataclasses import replace
from pathlib import Path

import alembic.command
import pytest
from kontor.identity.v1.events_pb2 import ProfileChanged
from kontor.linking.v1.events_pb2 import LinkChanged, LinkCreated
from kontor.messaging.v1 import messaging_pb2 as pb
from sqlalchemy import text

from chassis import db
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
    thread,
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


def called(service: ServiceUnderTest, name: str, *where: Caller) -> None:
    """Identity tells what a person is called, in the memberships in which they have come in."""
    first, _, last = name.partition(" ")
    event = ProfileChanged(
        user_id=where[0].user_id, first_name=first, last_name=last, membership_ids=[each.membership_id for each in where]
    )
    assert service.happened(event)


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
    called(service, "Nytt Navn", member)
    assert names(service, firm) == ["Nytt Navn"]
    removed(service, member)
    assert names(service, firm) == []
    added(service, again(member))
    assert names(service, firm) == ["Gammelt Navn"]


@pytest.mark.parametrize("late", [True, False])
def test_a_name_entered_elsewhere_is_shown_there_alone_until_the_person_comes_in(service: ServiceUnderTest, late: bool) -> None:
    """NET-09, P5: neither do a stranger's people learn what somebody is called, nor do colleagues read what a stranger wrote."""
    firms = {each: consultant() for each in (BAKERY, YARD)}
    for each, firm in firms.items():
        assigned(service, firm, HR, at=each)
    member = client(name="Ingrid Eksempeldal")
    stranger = replace(again(member), organisation_id=YARD, name="Ukjent Ingrid")
    added(service, member)
    opened = send(service, member, HR).thread_id
    if not late:
        added(service, stranger)
    called(service, "Ingrid Ekte", member)
    if late:
        added(service, stranger)
    assert names(service, firms[BAKERY]) == ["Ingrid Ekte"]
    assert names(service, firms[YARD], organisation_id=YARD) == ["Ukjent Ingrid"]
    assert names(service, firms[YARD], organisation_id=YARD, name="ekte") == []
    written_to = send(service, firms[YARD], HR, organisation_id=YARD, to_membership_ids=[stranger.membership_id]).thread_id
    seen = {thread_id: thread(service, firms[each], thread_id) for each, thread_id in ((BAKERY, opened), (YARD, written_to))}
    assert [each.participants[0].name for each in seen.values()] == ["Ingrid Ekte", "Ukjent Ingrid"]
    called(service, "Ingrid Ekte", member, stranger)
    assert names(service, firms[YARD], organisation_id=YARD) == ["Ingrid Ekte"]


def test_a_person_is_forgotten_with_the_last_membership(service: ServiceUnderTest) -> None:
    """Nobody's name is kept longer than it is needed."""
    member = added(service, client())
    elsewhere = person(*PERMISSIONS, organisation_id=YARD, user_id=member.user_id, name="Ingrid Eksempeldal")
    added(service, elsewhere)
    called(service, "Ingrid Ekte", member, elsewhere)
    database = service.service.database
    assert database is not None
    kept = text("select name from people union all select name from members where name <> '' order by name")
    for who, left in ((member, ["Ingrid Eksempeldal", "Ingrid Eksempeldal", "Ingrid Ekte"]), (elsewhere, [])):
        removed(service, who)
        assert [row.name for row in database.read(kept)] == left


def test_a_member_known_from_before_names_were_entered_is_shown_by_the_persons(service: ServiceUnderTest) -> None:
    """A membership that came with an older version has no name of its own; stepping back down leaves nobody without one either."""
    firm, member, entered = consultant(), added(service, client(name="Gammelt Navn")), added(service, client(name="Bare Skrevet"))
    assigned(service, firm, HR)
    called(service, "Ingrid Ekte", member)
    held = service.service
    assert held.database is not None
    assert held.migrations is not None
    assert held.tables is not None
    with held.database.begin() as connection:
        alembic.command.downgrade(db._alembic(connection, Path(held.migrations), held.tables), "0004")
    left = {str(row.user_id): row.name for row in held.database.read(text("select user_id, name from people"))}
    assert left == {member.user_id: "Ingrid Ekte", entered.user_id: "Bare Skrevet"}
    db.migrate(held.database, Path(held.migrations), held.tables)
    assert names(service, firm) == ["Bare Skrevet", "Ingrid Ekte"]
