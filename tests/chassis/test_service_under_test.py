"""A service under test answers as it would in production: guarded, with migrated tables, and its events carried."""

from collections.abc import Callable, Iterator

import pytest
from kontor.access.v1.access_pb2 import PERMISSION_MESSAGE_READ, PERMISSION_MESSAGE_WRITE, SERVICE_AREA_PAYROLL
from kontor.messaging.v1 import events_pb2, messaging_pb2, messaging_pb2_grpc
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc

from chassis import db
from chassis.caller import Caller
from chassis.errors import Conflict, Denied, Internal, Invalid, Unauthenticated
from chassis.testing import ServiceUnderTest, person
from tests.chassis import sample

ORGANISATION = "0190a0a0-0000-7000-8000-000000000001"


@pytest.fixture
def service(new_database: Callable[[str], str]) -> Iterator[ServiceUnderTest]:
    under_test = ServiceUnderTest(sample.build(new_database("sample")))
    yield under_test
    under_test.close()


def messages(service: ServiceUnderTest, who: Caller | None = None) -> messaging_pb2_grpc.MessagesStub:
    return messaging_pb2_grpc.MessagesStub(service.channel(who or person(PERMISSION_MESSAGE_WRITE, PERMISSION_MESSAGE_READ)))


def message(subject: str = "Payroll of May") -> messaging_pb2.SendMessageRequest:
    return messaging_pb2.SendMessageRequest(organisation_id=ORGANISATION, service_area=SERVICE_AREA_PAYROLL, subject=subject, body="Hello")


def test_migrations_make_exactly_the_declared_tables(service: ServiceUnderTest) -> None:
    assert service.service.database is not None
    db.drift(service.service.database, sample.MIGRATIONS, sample.Model.metadata)


def test_one_who_may_is_answered_under_their_name(service: ServiceUnderTest) -> None:
    assert messages(service).SendMessage(message()).sent_by == "Ingrid Eksempeldal"


def test_an_event_reaches_its_handler_once(service: ServiceUnderTest) -> None:
    sent = messages(service).SendMessage(message())
    assert [event.message_id for event in service.relay() if isinstance(event, events_pb2.MessageSent)] == [sent.message_id]
    assert service.relay() == []
    listed = messages(service).ListMessages(messaging_pb2.ListMessagesRequest(organisation_id=ORGANISATION))
    assert [each.subject for each in listed.messages] == ["Payroll of May", f"heard {sent.message_id}"]


def test_an_event_of_another_service_is_brought(service: ServiceUnderTest) -> None:
    assert service.happened(events_pb2.MessageSent(message_id="m1"), organisation=ORGANISATION)


def test_a_failure_reaches_the_caller_with_its_facts_and_undoes_everything(service: ServiceUnderTest) -> None:
    with pytest.raises(Conflict) as refused:
        messages(service).SendMessage(message("again"))
    assert (refused.value.reason, refused.value.facts["subject"]) == ("said_already", "again")
    assert service.relay() == []


def test_a_defect_tells_the_caller_nothing_but_the_request(service: ServiceUnderTest) -> None:
    with pytest.raises(Internal) as failed:
        messages(service).SendMessage(message("defect"))
    assert "recipe" not in str(failed.value) + str(failed.value.facts)
    assert failed.value.facts["request_id"]


def test_bad_fields_are_named(service: ServiceUnderTest) -> None:
    wrong = messaging_pb2.SendMessageRequest(organisation_id="nonsense", service_area=SERVICE_AREA_PAYROLL, subject="", body="x")
    with pytest.raises(Invalid) as refused:
        messages(service).SendMessage(wrong)
    assert set(refused.value.fields) == {"organisation_id", "subject"}


def test_nobody_and_one_without_the_permission_are_refused(service: ServiceUnderTest) -> None:
    with pytest.raises(Unauthenticated):
        messages(service, Caller()).SendMessage(message())
    with pytest.raises(Denied):
        messages(service, person(PERMISSION_MESSAGE_READ)).SendMessage(message())


def test_what_is_for_a_service_is_for_no_person(service: ServiceUnderTest) -> None:
    letter = notify_pb2.SendNowRequest(letter_id=ORGANISATION, kind=notify_pb2.LETTER_KIND_WELCOME, email="a@example.no")
    notify_pb2_grpc.LettersStub(service.channel(Caller(service="identity"))).SendNow(letter)
    for who in (person(PERMISSION_MESSAGE_WRITE), Caller(service="documents")):
        with pytest.raises(Denied):
            notify_pb2_grpc.LettersStub(service.channel(who)).SendNow(letter)


def test_no_call_is_made_inside_a_transaction(service: ServiceUnderTest) -> None:
    assert service.service.database is not None
    stub = messages(service)
    with pytest.raises(RuntimeError, match="inside a transaction"), service.service.database.transaction():
        stub.SendMessage(message())
