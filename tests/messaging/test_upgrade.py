"""Messages written before there were threads become threads of one message each."""

from pathlib import Path

import alembic.command
import uuid_utils.compat as uuid
from kontor.messaging.v1 import messaging_pb2 as pb
from sqlalchemy import text

from chassis import db
from chassis.testing import ServiceUnderTest
from tests.messaging.talk import BAKERY, OPEN, PAYROLL, answer, assigned, client, consultant, page, thread, threads

OLD = """
insert into messages
  (id, organisation_id, service_area, subject, body, document_ids, sent_by_user_id, sent_by_membership_id, sent_by, sent_at)
values (:id, :organisation, 2, :subject, 'Hei', array[:document]::uuid[], :user, :membership, :name, now())
"""


def test_old_messages_are_threads_after_the_upgrade(service: ServiceUnderTest) -> None:
    """P25 in spirit: nothing is lost, everybody sees what they saw, and what the firm wrote is the firm's."""
    writer, firm, document = client(), consultant(), str(uuid.uuid7())
    assigned(service, firm, PAYROLL)
    held = service.service
    assert held.database is not None
    assert held.migrations is not None
    assert held.tables is not None
    folder = Path(held.migrations)
    with held.database.begin() as connection:
        alembic.command.downgrade(db._alembic(connection, folder, held.tables), "0002")
    asked, noted = str(uuid.uuid7()), str(uuid.uuid7())
    with held.database.begin() as connection:
        for who, message, subject in ((writer, asked, "spørsmål"), (firm, noted, "notat")):
            connection.execute(text(OLD), {
                "id": message, "organisation": BAKERY, "subject": subject, "document": document, "user": who.user_id,
                "membership": who.membership_id, "name": who.name,
            })  # fmt: skip
    db.migrate(held.database, folder, held.tables)
    listed = {each.subject: each for each in threads(service, firm).ListThreads(pb.ListThreadsRequest()).threads}
    assert {subject: (each.state, each.message_count, each.started_by_firm, each.unread) for subject, each in listed.items()} == {
        "spørsmål": (OPEN, 1, False, 1), "notat": (OPEN, 1, True, 0),
    }  # fmt: skip
    assert list(listed["spørsmål"].document_ids) == [document]
    (own,) = threads(service, writer).ListThreads(pb.ListThreadsRequest()).threads
    assert (own.thread_id, own.unread) == (asked, 0)
    answer(service, firm, asked)
    assert [each.body for each in page(service, writer, thread_id=asked).messages] == ["Takk!", "Hei"]
    assert thread(service, writer, asked).unread == 1
