"""A small service to test the chassis with: it keeps notes, and speaks real contracts."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import uuid_utils.compat as ids
from kontor.documents.v1 import events_pb2 as documents_events_pb2
from kontor.messaging.v1 import events_pb2, messaging_pb2, messaging_pb2_grpc
from kontor.notify.v1 import notify_pb2, notify_pb2_grpc
from sqlalchemy import MetaData, String, Uuid, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis import caller, db
from chassis.db import Database, Transaction
from chassis.errors import Conflict
from chassis.outbox import Handle
from chassis.service import Handler, Job, Rpc, Service

# An event that no service here handles.
NOBODYS = documents_events_pb2.DocumentReceived
MIGRATIONS = Path(__file__).parent / "schema"


class Model(DeclarativeBase):
    """The sample service's tables."""

    metadata = MetaData(naming_convention=db.NAMING)


class Note(Model):
    """Something that was written down."""

    __tablename__ = "notes"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    text: Mapped[str] = mapped_column(String(200))


def make_tables(database: Database) -> None:
    """Bring an empty database to the newest version."""
    db.migrate(database, MIGRATIONS, Model.metadata)


class Undone(Exception):
    """Ends a transaction that is to be rolled back."""


@contextmanager
def undone(database: Database) -> Iterator[Transaction]:
    """A transaction that is rolled back at the end of the block."""
    with suppress(Undone), database.transaction() as tx:
        yield tx
        tx.flush()
        raise Undone


def notes(database: Database) -> list[str]:
    """All notes, in the order they were made."""
    return [row.text for row in database.read(select(Note.text).order_by(Note.id))]


class Messages(messaging_pb2_grpc.MessagesServicer):
    """Notes each message; a message with the subject "again" is refused."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def SendMessage(self, request: messaging_pb2.SendMessageRequest, context: grpc.ServicerContext) -> messaging_pb2.Message:
        """Note the subject."""
        who = caller.current()
        with self._database.transaction() as tx:
            note(tx, request.subject)
            if request.subject == "again":
                raise Conflict("said_already", "It was said before.", facts={"subject": request.subject})
            if request.subject == "defect":
                raise ZeroDivisionError("the secret recipe")
            sent = events_pb2.MessageSent(message_id=str(uuid.uuid4()), organisation_id=request.organisation_id)
            tx.emit(sent, about=sent.message_id, organisation=request.organisation_id)
            tx.record("message.send", organisation=request.organisation_id, subject=sent.message_id)
        return messaging_pb2.Message(message_id=sent.message_id, subject=request.subject, sent_by=who.name)

    def ListMessages(self, request: messaging_pb2.ListMessagesRequest, context: grpc.ServicerContext) -> messaging_pb2.ListMessagesResponse:
        """All notes."""
        return messaging_pb2.ListMessagesResponse(messages=[messaging_pb2.Message(subject=text) for text in notes(self._database)])


class Letters(notify_pb2_grpc.LettersServicer):
    """Takes every letter."""

    def SendNow(self, request: notify_pb2.SendNowRequest, context: grpc.ServicerContext) -> notify_pb2.SendNowResponse:
        """Nothing more to do."""
        return notify_pb2.SendNowResponse()


def note(tx: Transaction, text: str) -> None:
    """Write something down."""
    tx.add(Note(id=str(ids.uuid7()), text=text))


def hear(tx: Transaction, event: events_pb2.MessageSent, envelope: Any) -> None:
    """Note that a message was sent."""
    note(tx, f"heard {event.message_id}")


def build(url: str, *, name: str = "sample", handle: Handle = hear, jobs: tuple[Job, ...] = ()) -> Service:
    """The service on an empty database."""
    return build_on(Database(url, service=name), handle=handle, jobs=jobs)


def build_on(database: Database, *, handle: Handle = hear, jobs: tuple[Job, ...] = ()) -> Service:
    """The service on this database."""
    return Service(
        name=database.service, database=database, tables=Model.metadata, migrations=MIGRATIONS,
        rpcs=(
            Rpc(Messages(database), messaging_pb2_grpc.add_MessagesServicer_to_server),
            Rpc(Letters(), notify_pb2_grpc.add_LettersServicer_to_server),
        ),
        handlers=(Handler(events_pb2.MessageSent, handle),),
        jobs=jobs,
    )  # fmt: skip
