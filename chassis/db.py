"""PostgreSQL, one database a service: transactions that can emit events, fast reads, migrations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import alembic.command
import alembic.config
from google.protobuf.message import Message
from psycopg.types.string import TextLoader
from sqlalchemy import Executable, MetaData, create_engine, event, text
from sqlalchemy.engine import Connection, Engine, Row
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from chassis import audit, caller, outbox, telemetry
from chassis.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from chassis.service import Job

# Constraint names that migrations can rely on.
NAMING = {
    "ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s",
}  # fmt: skip
# A statement may run 5 s, wait 2 s for a lock, and a transaction may idle 10 s: nothing hangs (P23).
OPTIONS = "-c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=10000 -c timezone=UTC"
_wake = text("select pg_notify('outbox', '')")
_open: ContextVar[bool] = ContextVar("transaction_open", default=False)


def in_transaction() -> bool:
    """Whether this context holds an open transaction; remote calls are refused then."""
    return _open.get()


class Transaction(Session):
    """One unit of work. What it emits, audits and starts takes effect exactly if it commits."""

    def __init__(self, database: "Database") -> None:
        super().__init__(database.engine, expire_on_commit=False)
        self.database = database
        self._jobs: list[tuple[Context, str, tuple[str, ...]]] = []
        self._facts: list[tuple[str, str, str, str, dict[str, str]]] = []
        self._events = 0

    def emit(self, event: Message, *, about: object, version: int = 1, organisation: object = "") -> None:
        """Publish `event` when this transaction commits: the only way to publish. Order holds per `about`, by `version`."""
        outbox.write(self, event, about=str(about), version=version, organisation=str(organisation))
        self._events += 1

    def record(self, action: str, *, organisation: object, subject: object = "", **facts: str) -> None:
        """Add a row to the organisation's audit trail: who did `action` to `subject`, and by which API key. Ids and facts, no secrets."""
        who = caller.current()
        by_key = {"api_key": who.api_key_id} if who.api_key_id else {}
        self._facts.append((str(organisation), who.label, action, str(subject), facts | by_key))

    def start(self, job: "Job", *arguments: str) -> None:
        """Ask for `job` once this has committed. A request that gets lost is made good by the job's own schedule."""
        self._jobs.append((copy_context(), job.name, arguments))

    def close_books(self) -> None:
        """Write what must be written last, then wake the relay. Called by Database.transaction just before commit."""
        # A trail's head row is locked until commit: late keeps that short, and in the same order everywhere nobody waits in a circle.
        for organisation, by, action, subject, facts in sorted(self._facts, key=itemgetter(0)):
            audit.append(self, action, by=by, organisation=organisation, subject=subject, facts=facts)
        if self._events:
            self.execute(_wake)

    def committed(self) -> None:
        """Ask for the jobs that were to start."""
        # Each in the trace of what asked for it: of several events in one transaction every one has its own.
        for context, job, arguments in self._jobs:
            context.run(self.database.start_job, job, arguments)


class Database:
    """The database of one service. Pool of four: more connections made it slower (docs/performance.md)."""

    def __init__(self, url: str, *, service: str, pool_size: int = 4) -> None:
        self.url, self.service = url, service
        self.engine = _engine(url, pool_size, pool_pre_ping=True)
        # Connections of their own that never leave autocommit: nothing to set before a query and nothing to reset after it.
        self._reading = _engine(url, pool_size, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
        # Where asked-for jobs go, set by chassis.jobs; where nothing runs jobs, their schedule elsewhere finds them.
        self.start_job: Callable[[str, Sequence[str]], object] = lambda *job: job

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction that commits at the end of the block. Raises Unavailable when the database cannot be reached."""
        mark = _open.set(True)
        try:
            with _told(), Transaction(self) as tx:
                yield tx
                tx.flush()
                tx.close_books()
                tx.commit()
        finally:
            _open.reset(mark)
        tx.committed()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A short transaction of the chassis's own. Raises Unavailable as `transaction` does."""
        with _told(), self.engine.begin() as connection:
            yield connection

    def read(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """All rows of a query, outside any transaction: the fast path for pages and look-ups."""
        with _told():
            try:
                return self._rows(statement, parameters or {})
            except DBAPIError as why:
                if not why.connection_invalidated:
                    raise
                # The server restarted since this connection's last query. Asking again is cheaper than a ping before every query.
                return self._rows(statement, parameters or {})

    def _rows(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        with self._reading.connect() as connection:
            return connection.execute(statement, parameters).all()

    def check(self) -> None:
        """Raises Unavailable unless the database answers."""
        self.read(text("select 1"))

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
        self._reading.dispose()


def _engine(url: str, pool_size: int, **settings: Any) -> Engine:
    engine = create_engine(
        url, pool_size=pool_size, max_overflow=0, pool_timeout=5, pool_use_lifo=True, hide_parameters=True,
        connect_args={"options": OPTIONS, "connect_timeout": 5}, **settings,
    )  # fmt: skip
    # Ids are strings everywhere; read as such, a page of them takes half a millisecond less.
    event.listen(engine, "connect", lambda connection, _: connection.adapters.register_loader("uuid", TextLoader))
    telemetry.trace_statements(engine)
    return engine


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as why:
        raise Unavailable("database_unavailable", "The database does not answer.") from why
    except DataError as why:
        # Too long, not a number, a NUL byte: what the contract's rules let through and no column takes.
        raise Invalid("invalid_value", "A value in the request cannot be stored.") from why
    except DBAPIError as why:
        if why.connection_invalidated:
            raise Unavailable("database_unavailable", "The database connection was lost.") from why
        raise


def migrate(database: Database, folder: Path, metadata: MetaData) -> None:
    """Bring the schema to the newest version in `folder` (Alembic). Of several that try at once, the others wait for the first."""
    with database.begin() as connection:
        connection.execute(text("set local statement_timeout = 0; set local lock_timeout = '5min'"))
        connection.execute(text("select pg_advisory_xact_lock(hashtext('kontor-migrate'))"))
        alembic.command.upgrade(_alembic(connection, folder, metadata), "head")


def drift(database: Database, folder: Path, metadata: MetaData) -> None:
    """Raises alembic's AutogenerateDiffsDetected when models and migrations differ."""
    with database.engine.connect() as connection:
        alembic.command.check(_alembic(connection, folder, metadata))


def _alembic(connection: Connection, folder: Path, metadata: MetaData) -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "schema"))
    config.set_main_option("version_locations", str(folder))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = [metadata, outbox.tables]
    return config
