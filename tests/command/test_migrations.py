"""A database is brought up step by step while the version before goes on writing, and back down the same steps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import alembic.command
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, text

from chassis import db, outbox
from chassis.db import Database
from tests.architecture.tree import ROOT

SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/migrations"))
# What made columns of rows that there were, without anything that an older version could leave out: nothing had been released before.
BEFORE_ANY_RELEASE = {("messaging", "0003"), ("notify", "0002")}
COLUMNS = """
    select c.relname as table_name, a.attname as name, format_type(a.atttypid, a.atttypmod) as kind, a.attnotnull as needed,
      pg_get_expr(d.adbin, d.adrelid) as filled, a.attidentity <> '' as counted
    from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
"""
CONSTRAINTS = """
    select conrelid::regclass::text as table_name, conname, pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'public'::regnamespace and contype <> 'n'
"""
INDEXES = "select tablename as table_name, indexdef from pg_indexes where schemaname = 'public'"
# The chassis's own tables are made whole by the first step, as they are today.
OTHERS = {"alembic_version", *outbox.tables.tables}


@dataclass(frozen=True)
class Schema:
    """What there is after a step; columns as (type, must be given, what fills it in)."""

    columns: dict[tuple[str, str], tuple[str, bool, str]]
    constraints: frozenset[tuple[str, ...]]
    indexes: frozenset[tuple[str, ...]]


@dataclass(frozen=True)
class Stairs:
    """A service's migrations, and an empty database."""

    service: str
    database: Database
    folder: Path
    metadata: MetaData

    @property
    def steps(self) -> list[str]:
        """The revisions, the first one first."""
        with self.database.engine.connect() as connection:
            scripts = ScriptDirectory.from_config(db._alembic(connection, self.folder, self.metadata))
        return [each.revision for each in reversed(list(scripts.walk_revisions()))]

    def go(self, direction: Callable[..., None], revision: str) -> Schema:
        """Up or down to there."""
        with self.database.begin() as connection:
            direction(db._alembic(connection, self.folder, self.metadata), revision)
        with self.database.begin() as connection:
            columns, constraints, indexes = (
                [row for row in connection.execute(text(each)) if row.table_name not in OTHERS] for each in (COLUMNS, CONSTRAINTS, INDEXES)
            )
        return Schema(
            {(row.table_name, row.name): (row.kind, row.needed, row.filled or "counted" * row.counted) for row in columns},
            frozenset(map(tuple, constraints)), frozenset(map(tuple, indexes)),
        )  # fmt: skip


@pytest.fixture
def stairs(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[Stairs]:
    service: str = request.param
    database = Database(new_database(service), service=service)
    metadata = import_module(f"services.{service}.models").Model.metadata
    import_module(f"services.{service}.service")  # which knows the other files with tables
    yield Stairs(service, database, ROOT / "services" / service / "migrations", metadata)
    database.close()


@pytest.mark.parametrize("stairs", SERVICES, indirect=True)
def test_every_step_down_leads_back_to_what_was_there(stairs: Stairs) -> None:
    """Step by step to the bottom, where nothing of the service's own is left; and up again, to what the models say."""
    were = {step: stairs.go(alembic.command.upgrade, step) for step in stairs.steps}
    for step in reversed(stairs.steps[:-1]):
        assert stairs.go(alembic.command.downgrade, step) == were[step], step
    assert stairs.go(alembic.command.downgrade, "base").columns == {}
    db.migrate(stairs.database, stairs.folder, stairs.metadata)
    db.drift(stairs.database, stairs.folder, stairs.metadata)


@pytest.mark.parametrize("stairs", SERVICES, indirect=True)
def test_the_version_before_goes_on_writing_after_every_step(stairs: Stairs) -> None:
    """Rolling out, docs/operations.md: of a table that was there, what must be given and is new is filled in, and stays so."""
    before, unfilled = stairs.go(alembic.command.upgrade, stairs.steps[0]), []
    for step in stairs.steps[1:]:
        after = stairs.go(alembic.command.upgrade, step)
        there = {table for table, _ in before.columns}
        for (table, name), (_, needed, filled) in after.columns.items():
            known = before.columns.get((table, name))
            left_out = known is None or not known[1] or known[2]
            if table in there and left_out and needed and not filled and (stairs.service, step) not in BEFORE_ANY_RELEASE:
                unfilled.append((step, table, name))
        before = after
    assert unfilled == []
