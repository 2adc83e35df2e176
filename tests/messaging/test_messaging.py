"""Messages reach those at the firm who serve the client in that area, at once, and nobody else."""

from pathlib import Path

import pytest
import uuid_utils.compat as uuid
from kontor.access.v1.access_pb2 import PERMISSION_MESSAGE_READ
from kontor.messaging.v1.events_pb2 import MessageSent, ThreadChanged
from sqlalchemy import text

from chassis import db
from chassis.errors import Denied, Invalid, NotFound
from chassis.testing import ServiceUnderTest, person
from services.messaging.models import Model
from tests.messaging.talk import (
    ACCOUNTING,
    BAKERY,
    HR,
    PAYROLL,
    PERMISSIONS,
    assigned,
    client,
    consultant,
    listed,
    page,
    send,
    told,
)


def test_a_message_reaches_those_who_serve_the_client_in_that_area(service: ServiceUnderTest) -> None:
    """ACC-11, ACC-60, ACC-63: the area decides; the event has ids and never the text."""
    writer, payroll, hr = client(), consultant(), consultant()
    assigned(service, payroll, PAYROLL, ACCOUNTING)
    assigned(service, hr, HR)
    message = send(service, writer)
    assert service.relay() == [
        MessageSent(
            message_id=message.message_id, organisation_id=BAKERY, service_area=PAYROLL, sent_by_membership_id=writer.membership_id,
            reader_membership_ids=[payroll.membership_id], thread_id=message.thread_id,
        ),
        ThreadChanged(
            thread_id=message.thread_id, organisation_id=BAKERY, membership_ids=[writer.membership_id, payroll.membership_id]
        ),
    ]  # fmt: skip
    assert all(b"ansatte" not in envelope.SerializeToString() for envelope in service.seen)
    assert listed(service, payroll) == ["Lønn i mai"]
    assert listed(service, hr) == []


def test_a_message_has_a_subject_a_longer_text_and_the_documents_it_is_about(service: ServiceUnderTest) -> None:
    """ACC-34, ACC-61: as written, with who sent it and when."""
    writer, about = client(), [str(uuid.uuid7()), str(uuid.uuid7())]
    sent = send(service, writer, subject="  Lønn\ti mai ", body="Linje 1\r\n\r\n  Linje 2\x00\x1b", document_ids=about)
    (held,) = page(service, writer).messages
    assert held == sent
    assert (held.subject, held.body, list(held.document_ids)) == ("Lønn i mai", "Linje 1\n\n  Linje 2", about)
    assert held.sent_by == writer.name
    assert held.sent_at.seconds > 0


def test_a_message_that_nobody_serves_yet_waits_for_whoever_will(service: ServiceUnderTest) -> None:
    """ACC-60: nothing is lost; the consultant assigned later sees it."""
    send(service, client())
    (event,) = told(service)
    assert isinstance(event, MessageSent)
    assert list(event.reader_membership_ids) == []
    later = consultant()
    assigned(service, later, PAYROLL)
    assert listed(service, later) == ["Lønn i mai"]


def test_client_people_see_what_they_wrote_themselves_also_after_being_added_again(service: ServiceUnderTest) -> None:
    """A colleague, administrators too, does not read it; a person stays the same person (ACC-84)."""
    writer, colleague = client(), client()
    send(service, writer)
    assert listed(service, colleague) == []
    again = person(*PERMISSIONS, organisation_id=BAKERY, user_id=writer.user_id)
    assert listed(service, again) == ["Lønn i mai"]


def test_nobody_writes_or_reads_for_an_organisation_not_their_own(service: ServiceUnderTest) -> None:
    """ASVS 8.4.1: other clients and other firms' consultants find no such organisation."""
    send(service, client())
    for stranger in (person(*PERMISSIONS), consultant()):
        with pytest.raises(NotFound):
            send(service, stranger)
        with pytest.raises(NotFound):
            page(service, stranger)


def test_the_firms_people_write_only_in_areas_in_which_they_serve_the_client(service: ServiceUnderTest) -> None:
    """ACC-11: and colleagues of that area read it too."""
    payroll, colleague = consultant(), consultant()
    assigned(service, payroll, PAYROLL)
    assigned(service, colleague, PAYROLL, HR)
    send(service, payroll, PAYROLL)
    assert listed(service, colleague) == ["Lønn i mai"]
    with pytest.raises(NotFound):
        send(service, payroll, HR)


def test_a_consultant_whose_assignment_ended_reads_and_receives_nothing_more(service: ServiceUnderTest) -> None:
    """FNK-16: also when the ending overtakes the beginning on its way."""
    leaving, overtaken = consultant(), consultant()
    assigned(service, leaving, PAYROLL)
    assigned(service, leaving, version=2)
    assigned(service, overtaken, version=2)
    assigned(service, overtaken, PAYROLL, version=1)
    send(service, client())
    (event,) = told(service)
    assert isinstance(event, MessageSent)
    assert list(event.reader_membership_ids) == []
    for who in (leaving, overtaken):
        with pytest.raises(NotFound):
            page(service, who)


def test_messages_come_newest_first_in_pages_each_once(service: ServiceUnderTest) -> None:
    """Keyset pages: a message sent meanwhile does not shift the next page."""
    writer, reader = client(), consultant()
    assigned(service, reader, PAYROLL, HR)
    for number in range(5):
        send(service, writer, (PAYROLL, HR)[number % 2], subject=f"nr {number}")
    first = page(service, reader, page_size=2)
    send(service, writer, subject="nr 5")
    second = page(service, reader, page_size=2, page_token=first.next_page_token)
    third = page(service, reader, page_size=2, page_token=second.next_page_token)
    subjects = [message.subject for each in (first, second, third) for message in each.messages]
    assert subjects == ["nr 4", "nr 3", "nr 2", "nr 1", "nr 0"]
    assert third.next_page_token == ""


def test_what_cannot_be_a_message_is_refused_with_the_field_that_is_wrong(service: ServiceUnderTest) -> None:
    """Requests are judged before anything is stored."""
    writer = client()
    for given, field in [
        ({"subject": ""}, "subject"),
        ({"subject": "\x00 \u202e"}, "subject"),
        ({"body": "\n \x07"}, "body"),
        ({"body": "x" * 10_001}, "body"),
        ({"area": 0}, "service_area"),
        ({"area": 99}, "service_area"),
        ({"document_ids": ["../etc"]}, "document_ids"),
    ]:
        with pytest.raises(Invalid) as refused:
            send(service, writer, **given)  # type: ignore[arg-type]
        assert list(refused.value.fields) == [field], given
    with pytest.raises(Invalid):
        page(service, writer, page_token="not-a-token")
    assert service.relay() == []


def test_a_reader_may_not_write(service: ServiceUnderTest) -> None:
    """The role decides: the permission to read is not the one to write."""
    with pytest.raises(Denied):
        send(service, person(PERMISSION_MESSAGE_READ, organisation_id=BAKERY))


def test_sending_leaves_a_row_in_the_audit_trail_without_the_text(service: ServiceUnderTest) -> None:
    """Who wrote about what is known; what was written is not in the trail."""
    message = send(service, client())
    assert service.service.database is not None
    (row,) = service.service.database.read(text("select action, subject, facts from audit"))
    assert (row.action, row.subject, row.facts) == ("message.send", message.message_id, {"area": str(PAYROLL)})


def test_the_migrations_make_exactly_the_tables_of_the_models(service: ServiceUnderTest) -> None:
    """An upgraded database is the one the code was written for."""
    held = service.service
    assert held.database is not None
    assert held.migrations is not None
    db.drift(held.database, Path(held.migrations), Model.metadata)
