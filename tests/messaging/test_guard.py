"""No personal, bank or card number gets into a conversation: not into a row, an event, a log or an answer (BEY-04)."""

import random
from functools import partial

import pytest
from kontor.access.v1.access_pb2 import PERMISSION_MESSAGE_READ
from kontor.messaging.v1 import messaging_pb2 as pb
from kontor.messaging.v1.events_pb2 import AnswerSent
from sqlalchemy import text

from chassis.errors import Denied, Invalid
from chassis.testing import ServiceUnderTest, person
from tests.messaging import numbers
from tests.messaging.talk import PAYROLL, answer, assigned, client, consultant, enquiries, page, send, told

FNR, IBAN, CARD = "15108695088", "NO93 8601 1117 947", "4111 1111 1111 1111"


def test_a_message_with_such_a_number_is_refused_by_its_kind_alone(service: ServiceUnderTest) -> None:
    """BEY-04, ACC-36, ACC-65: also the comment on an upload, which is a message; nothing was kept and nothing is told."""
    for given, field, kinds in [
        ({"body": f"Fnr. {FNR[:6]} {FNR[6:]}"}, ["body"], "norwegian_identity_number"),
        ({"subject": f"Konto {IBAN}"}, ["subject"], "iban"),
        ({"subject": CARD, "body": f"{FNR} og {IBAN}"}, ["subject", "body"], "iban,norwegian_identity_number,payment_card"),
    ]:
        with pytest.raises(Invalid) as refused:
            send(service, client(), **given)  # type: ignore[arg-type]
        assert (refused.value.reason, list(refused.value.fields), refused.value.facts["kinds"]) == ("sensitive_number", field, kinds)
    opened = send(service, client())
    assert len(told(service)) == 1
    assert opened.position == 1


def test_a_message_is_kept_masked_where_that_is_asked_for(service: ServiceUnderTest) -> None:
    """BEY-04: digits become dots, all else stays."""
    writer = client()
    sent = send(service, writer, subject=f"Konto {IBAN}", body=f"Min er {FNR[:6]} {FNR[6:]}.\nHilsen", mask=True)
    assert (sent.subject, sent.body) == ("Konto •••• •••• •••• •••", "Min er •••••• •••••.\nHilsen")
    assert page(service, writer, thread_id=sent.thread_id).messages[0].body == sent.body


def test_a_number_is_found_in_what_is_kept_not_only_in_what_was_sent(service: ServiceUnderTest) -> None:
    """Cleaning a text takes away what stood between its digits."""
    for body in ("151086\x0095088", "151086\u202e95088", "1510\u00ad86\u200b 95088"):
        with pytest.raises(Invalid) as refused:
            send(service, client(), body=body)
        assert refused.value.reason == "sensitive_number"


def test_an_answer_carries_no_number_not_even_one_kept_before_there_was_a_guard(service: ServiceUnderTest) -> None:
    """BEY-04: the one event that has text is masked once more."""
    firm, writer = consultant(), client()
    assigned(service, firm, PAYROLL)
    opened = send(service, writer)
    assert service.service.database is not None
    with service.service.database.begin() as connection:
        connection.execute(text("update threads set subject = :subject"), {"subject": f"Fnr {FNR}"})
    told(service)
    with pytest.raises(Invalid):
        answer(service, firm, opened.thread_id, f"Kort {CARD}")
    answer(service, firm, opened.thread_id, f"Kort {CARD}", mask=True)
    (event,) = told(service)
    assert isinstance(event, AnswerSent)
    assert (event.subject, event.text) == ("Fnr •••••••••••", "Kort •••• •••• •••• ••••")


def test_a_text_is_checked_while_it_is_written(service: ServiceUnderTest) -> None:
    """BEY-04: places are code points, whatever the letters before them weigh in bytes."""
    written = f"Hei 👋🏽 æ: {FNR[:6]}-{FNR[6:]} / {IBAN}"
    findings = enquiries(service, client()).CheckText(pb.CheckTextRequest(text=written)).findings
    assert [(each.kind, written[each.start : each.end]) for each in findings] == [
        (pb.SENSITIVE_KIND_NORWEGIAN_IDENTITY_NUMBER, "151086-95088"), (pb.SENSITIVE_KIND_IBAN, IBAN),
    ]  # fmt: skip
    assert not enquiries(service, client()).CheckText(pb.CheckTextRequest(text="")).findings
    with pytest.raises(Denied):
        enquiries(service, person(PERMISSION_MESSAGE_READ)).CheckText(pb.CheckTextRequest(text=written))
    with pytest.raises(Invalid):
        enquiries(service, client()).CheckText(pb.CheckTextRequest(text="x" * 20_001))


def test_no_number_is_left_anywhere(service: ServiceUnderTest, caplog: pytest.LogCaptureFixture) -> None:
    """BEY-04: of 240 numbers, refused or masked, in new threads and in answers: none in a row, an event, a log or a failure."""
    firm, writer, chance = consultant(), client(), random.Random(8)
    assigned(service, firm, PAYROLL)
    opened = send(service, writer).thread_id
    written, refusals = [], []
    for make in numbers.SENSITIVE.values():
        for _ in range(20):
            first, second = make(chance), make(chance)
            written += [first, second]
            opening = partial(send, service, writer, subject=f"Om {first}", body=f"nr {first} takk")
            answering = partial(answer, service, firm, opened, f"nr {second} takk")
            opening(mask=True)
            answering(mask=True)
            refusals += [_refused(opening), _refused(answering)]
    service.relay()
    places = {
        "rows": _rows(service), "events": "".join(str(each.data) for each in service.seen), "logs": caplog.text,
        "failures": "".join(refusals),
    }  # fmt: skip
    assert len(places["rows"]) > 10_000
    assert {(place, number) for place, content in places.items() for number in written if number in content} == set()
    assert places["rows"].count("•") > 1_000


def _refused(act: partial[pb.Message]) -> str:
    with pytest.raises(Invalid) as refused:
        act()
    failure = refused.value
    return f"{failure.reason} {failure.message} {failure.fields} {failure.facts}"


def _rows(service: ServiceUnderTest) -> str:
    """Everything in every table of the service; bytes as text too."""
    database = service.service.database
    assert database is not None
    names = database.read(text("select relname from pg_stat_user_tables where schemaname = 'public'"))
    contents = [database.read(text(f"select t.*, t::text as whole from {row.relname} t")) for row in names]  # noqa: S608 - names of tables
    return "".join(str(tuple(row)) for rows in contents for row in rows)
