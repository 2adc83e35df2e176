"""What a conversation costs: of ten messages and of ten thousand, and how fast messages are written."""

import itertools

import psycopg
from kontor.access.v1.access_pb2 import SERVICE_AREA_PAYROLL
from kontor.messaging.v1 import messaging_pb2 as pb
from kontor.messaging.v1 import messaging_pb2_grpc

from demo.session import World
from tests.benchmarks.measure import report, side_by_side
from tests.scenario import CLIENT, PAYROLL, Scenario

MESSAGES = 10_000
COPY = """
insert into messages select gen_random_uuid(), organisation_id, service_area, subject, body, document_ids, sent_by_user_id,
  sent_by_membership_id, sent_by, sent_at, thread_id, n, by_firm from messages, generate_series(2, %s) n where thread_id = %s
"""
PAGE = "select * from messages where thread_id = %s order by position desc limit 50"
ADD = """
insert into messages select gen_random_uuid(), organisation_id, service_area, subject, body, document_ids, sent_by_user_id,
  sent_by_membership_id, sent_by, sent_at, thread_id, position + %s, by_firm from messages where thread_id = %s and position = 1
"""


def test_a_thread_of_ten_thousand_messages(world: World, story: Scenario, databases: dict[str, str]) -> None:
    """T15: opening it, its first and its last page, and writing into it, against one of ten in the same minutes."""
    channel = world.channel("messaging")
    messages, threads = messaging_pb2_grpc.MessagesStub(channel), messaging_pb2_grpc.ThreadsStub(channel)
    with world.acting(CLIENT.administrator):
        short, long, scratch = (_opened(messages, story.client) for _ in range(3))
    with psycopg.connect(databases["messaging"].replace("+psycopg", ""), autocommit=True) as connection, world.acting(PAYROLL):
        _grow(connection, short, 10)
        _grow(connection, long, MESSAGES)
        positions = itertools.count(1)

        def opened(thread: str) -> None:
            assert threads.GetThread(pb.GetThreadRequest(thread_id=thread)).message_count >= 10

        def shown(thread: str, *, oldest: bool = False) -> None:
            asked = pb.ListMessagesRequest(organisation_id=story.client, thread_id=thread, oldest_first=oldest)
            assert len(messages.ListMessages(asked).messages) >= 10

        reading = side_by_side(
            100,
            open_of_10=lambda: opened(short),
            open_of_10_000=lambda: opened(long),
            page_of_10=lambda: shown(short),
            newest_page_of_10_000=lambda: shown(long),
            oldest_page_of_10_000=lambda: shown(long, oldest=True),
            raw_SQL_page=lambda: connection.execute(PAGE, (long,)).fetchall(),
        )
        writing = side_by_side(
            50,
            raw_insert=lambda: connection.execute(ADD, (next(positions), scratch)),
            answer_into_10=lambda: threads.Answer(pb.AnswerRequest(thread_id=short, body="Takk!")),
            answer_into_10_000=lambda: threads.Answer(pb.AnswerRequest(thread_id=long, body="Takk!")),
            new_thread=lambda: _opened(messages, story.client),
        )
    assert report(f"A thread of {MESSAGES:,} messages", reading)
    assert report("Writing messages", writing)
    of_ten, of_many = reading[0].p50, reading[1].p50
    assert of_many < 1.5 * of_ten
    assert writing[2].p50 < 1.5 * writing[1].p50


def _grow(connection: psycopg.Connection[object], thread: str, count: int) -> None:
    connection.execute(COPY, (count, thread))
    connection.execute("update threads set message_count = %s where id = %s", (count, thread))
    connection.execute("analyze")


def _opened(messages: messaging_pb2_grpc.MessagesStub, client: str) -> str:
    request = pb.SendMessageRequest(organisation_id=client, service_area=SERVICE_AREA_PAYROLL, subject="Lønn i mai", body="To nye ansatte.")
    return messages.SendMessage(request).thread_id
