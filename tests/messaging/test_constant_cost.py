"""A conversation of ten thousand messages costs what one of ten does: counted by the database, in rows."""

from collections.abc import Callable

from kontor.messaging.v1 import messaging_pb2 as pb
from sqlalchemy import Select, text

from chassis.caller import Caller
from chassis.db import Database, Transaction
from chassis.testing import ServiceUnderTest
from services.messaging.actions import messages, read_threads
from services.messaging.actions import threads as actions
from tests.messaging.talk import BAKERY, PAYROLL, answer, assigned, client, consultant, found, read, send, thread

LONG = """
insert into messages select gen_random_uuid(), organisation_id, service_area, subject, body, document_ids, sent_by_user_id,
  sent_by_membership_id, sent_by, sent_at, thread_id, n, by_firm from messages, generate_series(2, 10000) n where thread_id = :thread
"""
# What this connection has read from the tables of threads, and nobody else.
READ = """
select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0) from pg_stat_xact_user_tables
where relname in ('messages', 'threads', 'participants', 'read_marks')
"""
Step = Callable[[Transaction, str], object]


def test_opening_reading_marking_and_answering_cost_the_same_however_long_it_is(service: ServiceUnderTest) -> None:
    """T15: each of them reads as many rows of a thread of 10,000 messages as of one of ten."""
    writer, firm = client(), consultant()
    assigned(service, firm, PAYROLL)
    short, long = send(service, writer).thread_id, send(service, writer).thread_id
    for _ in range(9):
        answer(service, writer, short)
    database = _grown(service, long)
    for name, step in _steps(firm, writer).items():
        few, many = _rows(database, step, short), _rows(database, step, long)
        assert 0 < few <= 40, name
        # A row or two more is an older version of a row that the step before has changed.
        assert many <= few + 2, name


def test_the_long_thread_of_that_comparison_is_whole(service: ServiceUnderTest) -> None:
    """Or the comparison would be of two short ones."""
    writer, firm = client(), consultant()
    assigned(service, firm, PAYROLL)
    long = send(service, writer).thread_id
    _grown(service, long)
    assert thread(service, firm, long).unread == 10_000
    assert read(service, firm, long, 9_000).unread == 1_000
    assert found(service, firm, unread=True) == ["Lønn i mai"]


def _steps(firm: Caller, writer: Caller) -> dict[str, Step]:
    """What people do with a thread, by name."""
    as_firm, as_writer = read_threads.asked_by(firm), read_threads.asked_by(writer)

    def asked(statement: Select[*tuple[object, ...]], **wanted: object) -> Step:
        return lambda tx, held: tx.execute(statement, {**wanted, "thread_id": held}).all()

    return {
        "open at the firm": asked(read_threads.ONE[True], **as_firm),
        "open at the client": asked(read_threads.ONE[False], **as_writer),
        "allowed": asked(read_threads.SEEN[True], **as_firm, organisation_id=BAKERY),
        "newest": asked(read_threads.NEWEST, after=2**31 - 1, limit=10),
        "oldest": asked(read_threads.OLDEST, after=0, limit=10),
        "counts": asked(read_threads.counts(firm=True, organisations=[]), **as_firm),
        "mark": lambda tx, held: actions.mark_read(tx, firm, pb.MarkThreadReadRequest(thread_id=held, up_to=2**31 - 1)),
        "answer": lambda tx, held: messages.answer(tx, writer, pb.AnswerRequest(thread_id=held, body="b")),
        "close": lambda tx, held: actions.close_thread(tx, firm, held),
    }  # fmt: skip


def _rows(database: Database, step: Step, thread_id: str) -> int:
    with database.transaction() as tx:
        before = tx.execute(text(READ)).scalar_one()
        step(tx, thread_id)
        tx.flush()
        return int(tx.execute(text(READ)).scalar_one() - before)


def _grown(service: ServiceUnderTest, thread_id: str) -> Database:
    database = service.service.database
    assert database is not None
    with database.begin() as connection:
        connection.execute(text(LONG), {"thread": thread_id})
        connection.execute(text("update threads set message_count = 10000 where id = :thread"), {"thread": thread_id})
        connection.execute(text("update read_marks set position = 10000 where thread_id = :thread"), {"thread": thread_id})
        connection.execute(text("analyze"))
    return database
