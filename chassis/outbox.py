"""Events leave with the transaction that caused them, and take effect once: outbox, relay and inbox."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import uuid_utils.compat as uuid
from google.protobuf import symbol_database
from google.protobuf.message import Message
from kontor.events.v1.envelope_pb2 import Envelope
from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, MetaData, String, Table, Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import caller, clock, telemetry
from chassis.errors import Failure, NotFound

if TYPE_CHECKING:
    from chassis.bus import Bus
    from chassis.db import Database, Transaction

ATTEMPTS = 3
BATCH = 500
PURGE = 5000
POLL_SECONDS, MEASURE_SECONDS = 1.0, 5.0
KEEP_SENT, KEEP_HANDLED = timedelta(days=30), timedelta(days=14)

# The tables every service's database has; chassis/schema/tables.py creates them.
tables = MetaData()
outbox = Table(
    "outbox", tables,
    Column("id", String(36), primary_key=True),
    Column("envelope", LargeBinary, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    Index("ix_outbox_unsent", "id", postgresql_where=text("sent_at is null")),
)  # fmt: skip
inbox = Table(
    "inbox", tables,
    Column("id", String(36), primary_key=True),
    Column("type", String(200), nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("error", Text),
    Column("envelope", LargeBinary),
    Index("ix_inbox_parked", "id", postgresql_where=text("state = 'parked'")),
)  # fmt: skip
slots = Table("job_slots", tables, Column("job", String(100), primary_key=True), Column("slot", DateTime(timezone=True), primary_key=True))
trail = Table(
    "audit", tables,
    Column("organisation_id", String(36), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("caller", String(100), nullable=False),
    Column("action", String(100), nullable=False),
    Column("subject", String(100), nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    # What administrators ask for, each in the order of the chain: a day, a person, a thing, a kind of act, a person's account.
    Index("ix_audit_at", "organisation_id", "at"),
    *(Index(f"ix_audit_{column}", "organisation_id", column, "number") for column in ("caller", "subject", "action")),
    Index("ix_audit_account", "organisation_id", text("(facts ->> 'user')"), "number", postgresql_where=text("facts ? 'user'")),
)  # fmt: skip
trail_heads = Table(
    "audit_heads", tables,
    Column("organisation_id", String(36), primary_key=True), Column("number", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)  # fmt: skip

_write = outbox.insert().inline()
_unsent = (
    select(outbox.c.id, outbox.c.envelope)
    .where(outbox.c.sent_at.is_(None), outbox.c.id > bindparam("after"))
    .order_by(outbox.c.id).limit(BATCH).with_for_update(skip_locked=True)
)  # fmt: skip
_sent = outbox.update().where(outbox.c.id == func.any(text("cast(:ids as text[])"))).values(sent_at=func.now())
_waiting = select(func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))
_parked = select(inbox.c.id, inbox.c.type, inbox.c.error).where(inbox.c.state == "parked").order_by(inbox.c.id)
_handled = (
    inbox.update().where(inbox.c.id == func.any(text("cast(:ids as text[])")), inbox.c.state == "waiting")
    .values(state="handled", error=None).returning(inbox.c.id)
)  # fmt: skip
_arrival = upsert(inbox).values(state="waiting", attempts=1)
_attempt = _arrival.on_conflict_do_update(
    index_elements=["id"], set_={"attempts": inbox.c.attempts + 1}, where=inbox.c.state == "waiting"
).returning(inbox.c.attempts)
_first_attempts = _arrival.on_conflict_do_nothing().returning(inbox.c.id)


def write(tx: "Transaction", event: Message, *, about: str, version: int, organisation: str) -> None:
    """Put `event` into the outbox of the running transaction. Services use Transaction.emit."""
    envelope = wrap(event, source=tx.database.service, about=about, version=version, organisation=organisation)
    tx.execute(_write, {"id": envelope.id, "envelope": envelope.SerializeToString(), "written_at": clock.now(), "sent_at": None})


def wrap(event: Message, *, source: str, about: str, version: int, organisation: str) -> Envelope:
    """A new envelope for what has just happened, caused by the current caller in the running trace."""
    envelope = Envelope(
        id=str(uuid.uuid7()), type=event.DESCRIPTOR.full_name, source=source, organisation_id=organisation, caller=caller.current().label,
        aggregate_id=about, aggregate_version=version, traceparent=telemetry.traceparent(), data=event.SerializeToString(),
    )  # fmt: skip
    envelope.time.FromDatetime(clock.now())
    return envelope


def content(envelope: Envelope) -> Message:
    """The event inside. Raises KeyError for a type this process does not know."""
    message: Message = symbol_database.Default().GetSymbol(envelope.type)()
    message.ParseFromString(envelope.data)
    return message


class Relay:
    """Carries the outbox of one service to the bus. Any number may run: rows are claimed by SKIP LOCKED."""

    def __init__(self, database: "Database", bus: "Bus") -> None:
        self._database, self._bus, self._stop = database, bus, threading.Event()
        self._after, self._again, self._measured = "", 0.0, 0.0
        self._log = telemetry.log("chassis.relay")

    def run(self) -> None:
        """Relay until stopped: woken by NOTIFY, and by a poll each second should a wake-up be lost."""
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._database.url.replace("+psycopg", ""), autocommit=True, connect_timeout=5) as listening:
                    listening.execute("listen outbox")
                    while not self._stop.is_set():
                        self.measure()
                        if self.relay() < BATCH:
                            list(listening.notifies(timeout=POLL_SECONDS, stop_after=1))
            except Exception as why:  # noqa: BLE001 - whatever it is, the rows stay: the outbox is the retry, and this loop outlives it
                unforeseen = None if isinstance(why, Failure | OSError | psycopg.Error) else why
                self._log.warning("relay waits", service=self._database.service, error=type(why).__name__, exc_info=unforeseen)
                self._stop.wait(0.5)

    def relay(self) -> int:
        """Bring one batch to the bus; answers how many events it held. What the bus refuses does not hold up what comes after it."""
        if time.monotonic() >= self._again:
            self._after = ""
        with self._database.begin() as connection:
            connection.execute(text("set local idle_in_transaction_session_timeout = 0"))
            rows = connection.execute(_unsent, {"after": self._after}).all()
            if not rows:
                return 0
            accepted = self._bus.publish([Envelope.FromString(row.envelope) for row in rows])
            if accepted:
                connection.execute(_sent, {"ids": list(accepted)})
        if len(accepted) < len(rows):
            self._again = self._again if self._after else time.monotonic() + POLL_SECONDS
            self._after = rows[-1].id
        return len(rows)

    def measure(self) -> None:
        """Tell the operator, every few seconds, how many events wait and how many are parked."""
        if time.monotonic() >= self._measured + MEASURE_SECONDS:
            self._measured = time.monotonic()
            telemetry.WAITING.labels(self._database.service).set(self._database.read(_waiting)[0][0])
            telemetry.PARKED.labels(self._database.service).set(len(self._database.read(_parked)))

    def stop(self) -> None:
        """End `run` after the batch at hand."""
        self._stop.set()


Handle = Callable[["Transaction", Any, Envelope], None]


class Inbox:
    """Applies events to one service: each once, each attempt counted before it is made, parked after three."""

    def __init__(self, database: "Database", handlers: Mapping[str, Handle]) -> None:
        self._database, self._handlers = database, handlers
        self._log = telemetry.log("chassis.inbox")

    @property
    def types(self) -> frozenset[str]:
        """Full names of the events handled here."""
        return frozenset(self._handlers)

    def receive(self, envelope: Envelope) -> bool:
        """Handle `envelope`. True when it is done with: handled now or before, or parked. False: bring it again.

        Raises Unavailable, and has done nothing, while the database does not answer.
        """
        attempt = self._count(envelope)
        if attempt == 0:
            return self._told(envelope, "duplicate")
        if attempt > ATTEMPTS:
            # The attempts before this one ended without a word: the process died in them (poison).
            return self._park(envelope, "the process died while handling it")
        try:
            self._handle(envelope)
        except Exception as why:  # noqa: BLE001 - a handler may fail in any way; what failed is counted, logged and parked
            self._log.warning("event failed", type=envelope.type, event_id=envelope.id, attempt=attempt, exc_info=why)
            return self._park(envelope, f"{type(why).__name__}") if attempt >= ATTEMPTS else not self._told(envelope, "failed")
        return self._told(envelope, "handled")

    def receive_together(self, envelopes: Sequence[Envelope]) -> set[str]:
        """Handle events in one transaction; answers the ids of those that are done with. The others are to be received one by one.

        Their first attempts are counted before, too. Raises what a handler raises: then none is handled, and each has its further
        attempts by itself.
        """
        rows = [{"id": each.id, "type": each.type, "received_at": clock.now()} for each in envelopes]
        with self._database.begin() as connection:
            new = set(connection.execute(_first_attempts, rows).scalars())
        mine = {each.id: each for each in envelopes if each.id in new}
        self._handle(*mine.values())
        return {each.id for each in mine.values() if self._told(each, "handled")}

    def parked(self) -> list[tuple[str, str, str]]:
        """Id, type and error of each parked event, oldest first."""
        return [(row.id, row.type, row.error or "") for row in self._database.read(_parked)]

    def redrive(self, event_id: str) -> bool:
        """Try a parked event again, with three fresh attempts. Raises NotFound if it is not parked."""
        statement = inbox.update().where(inbox.c.id == event_id, inbox.c.state == "parked").values(state="waiting", attempts=0)
        with self._database.begin() as connection:
            held = connection.execute(statement.returning(inbox.c.envelope)).scalar()
        if held is None:
            raise NotFound("event_not_parked", "No such event is parked here.")
        envelope = Envelope.FromString(held)
        return any(self.receive(envelope) for _ in range(ATTEMPTS)) and event_id not in {row[0] for row in self.parked()}

    def _count(self, envelope: Envelope) -> int:
        with self._database.begin() as connection:
            row = {"id": envelope.id, "type": envelope.type, "received_at": clock.now()}
            return int(connection.execute(_attempt, row).scalar() or 0)

    def _handle(self, *envelopes: Envelope) -> None:
        with self._database.transaction() as tx:
            # The mark first: its row lock makes a second delivery of the same event wait, and then find it handled.
            mine = set(tx.scalars(_handled, {"ids": [envelope.id for envelope in envelopes]}))
            for envelope in envelopes:
                with (
                    telemetry.request(envelope.id),
                    telemetry.span(f"handle {envelope.type}", parent={"traceparent": envelope.traceparent}),
                    caller.acting(caller.labelled(envelope.caller), {}),
                ):
                    if envelope.id in mine:
                        self._handlers[envelope.type](tx, content(envelope), envelope)
                        tx.flush()
                        # The next handler reads what is there now, not what this one has read.
                        tx.expunge_all()

    def _park(self, envelope: Envelope, error: str) -> bool:
        # Only what still waits: a late second delivery must not park what another one is just handling.
        mine = inbox.update().where(inbox.c.id == envelope.id, inbox.c.state == "waiting")
        with self._database.begin() as connection:
            connection.execute(mine.values(state="parked", error=error, envelope=envelope.SerializeToString()))
        self._log.error("event parked", type=envelope.type, event_id=envelope.id, error=error)
        return self._told(envelope, "parked")

    def _told(self, envelope: Envelope, outcome: str) -> bool:
        telemetry.EVENTS.labels(self._database.service, envelope.type, outcome).inc()
        return True


def purge_events(database: "Database") -> None:
    """Delete what nobody can need again: events sent 30 days ago or handled 14 days ago, a few thousand at a time."""
    sent, handled = clock.now() - KEEP_SENT, clock.now() - KEEP_HANDLED
    _purge(database, outbox, outbox.c.sent_at < sent, outbox.c.id < _first_id(sent))
    _purge(database, inbox, inbox.c.state == "handled", inbox.c.received_at < handled, inbox.c.id < _first_id(handled))


def _purge(database: "Database", table: Table, *old: Any) -> None:
    some = table.delete().where(table.c.id.in_(select(table.c.id).where(*old).limit(PURGE))).returning(table.c.id)
    deleted = PURGE
    while deleted == PURGE:
        with database.begin() as connection:
            deleted = len(connection.execute(some).all())


def _first_id(moment: datetime) -> str:
    # Ids begin with their time (UUIDv7): the primary key finds the old ones.
    digits = f"{int(moment.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}"
