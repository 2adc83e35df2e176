"""PostgreSQL, one database a service: transactions that can emit events, fast reads, migrations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import alembic.command
import alembic.config
import sqlalchemy
from google.protobuf.message import Message
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from sqlalchemy import Executable, MetaData, text
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from chassis import audit, outbox
from chassis.errors import Unavailable

if TYPE_CHECKING:
    from chassis.service import Job

# Constraint names that migrations can rely on.
NAMING = {
    "ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s",
}  # fmt: skip
# A statement may run 5 s, wait 2 s for a lock, and a transaction may idle 10 s: nothing hangs (P23).
OPTIONS = "-c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=10000 -c timezone=UTC"
_open: ContextVar[bool] = ContextVar("transaction_open", default=False)


def in_transaction() -> bool:
    """Whether this context holds an open transaction; remote calls are refused then."""
    return _open.get()


class Transaction(Session):
    """One unit of work. What it emits, audits and starts takes effect exactly if it commits."""

    def __init__(self, database: "Database") -> None:
        super().__init__(database.engine, expire_on_commit=False)
        self.database = database
        self._after: list[Callable[[], None]] = []
        self._events = 0

    def emit(self, event: Message, *, about: object, version: int = 1, organisation: object = "") -> None:
        """Publish `event` when this transaction commits: the only way to publish. Order holds per `about`, by `version`."""
        outbox.write(self, event, about=str(about), version=version, organisation=str(organisation))
        self._events += 1

    def record(self, action: str, *, organisation: object, subject: object = "", **facts: str) -> None:
        """Add a row to the organisation's audit trail: who did `action` to `subject`. Ids and facts, no secrets."""
        self._after_flush_last(lambda: audit.append(self, action, organisation=str(organisation), subject=str(subject), facts=facts))

    def start(self, job: "Job", *arguments: str) -> None:
        """Ask for `job` once this has committed. A request that gets lost is made good by the job's own schedule."""
        self._after.append(lambda: self.database.start_job(job.name, arguments))

    def _after_flush_last(self, append: Callable[[], None]) -> None:
        # The trail's head row is locked until commit; writing it last keeps that moment short.
        self.info.setdefault("audit", []).append(append)

    def close_books(self) -> None:
        """Write what must be written last, then wake the relay. Called by Database.transaction just before commit."""
        for append in self.info.pop("audit", []):
            append()
        if self._events:
            self.execute(text("select pg_notify('outbox', '')"))

    def committed(self) -> None:
        """Start the jobs that were asked for."""
        for start in self._after:
            start()


class Database:
    """The database of one service. Pool of four: more connections made it slower (docs/performance.md)."""

    def __init__(self, url: str, *, service: str, pool_size: int = 4) -> None:
        self.url, self.service = url, service
        _trace_engines()
        self.engine = sqlalchemy.create_engine(
            url, pool_size=pool_size, max_overflow=0, pool_timeout=5, pool_pre_ping=True, pool_use_lifo=True,
            connect_args={"options": OPTIONS, "connect_timeout": 5},
        )  # fmt: skip
        self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.start_job: Callable[[str, Sequence[str]], None] = lambda name, arguments: None

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

    def read(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """All rows of a query, outside any transaction: the fast path for pages and look-ups."""
        with _told(), self._reading.connect() as connection:
            return connection.execute(statement, parameters or {}).all()

    def check(self) -> None:
        """Raises Unavailable unless the database answers."""
        self.read(text("select 1"))

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _trace_engines() -> None:
    """Have SQLAlchemy's engines report spans from now on; the instrumentation does it for a process, and complains when asked twice."""
    instrumentor = SQLAlchemyInstrumentor()
    if not instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.instrument(skip_dep_check=True)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as why:
        raise Unavailable("database_unavailable", "The database does not answer.") from why
    except DBAPIError as why:
        if why.connection_invalidated:
            raise Unavailable("database_unavailable", "The database connection was lost.") from why
        raise


def migrate(database: Database, folder: Path, metadata: MetaData) -> None:
    """Bring the schema to the newest version in `folder` (Alembic)."""
    with database.engine.begin() as connection:
        connection.execute(text("set local statement_timeout = 0"))
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
