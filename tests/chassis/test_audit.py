"""The audit trail shows every change made to it afterwards."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import RowMapping, delete, select, update

from chassis import audit, caller, outbox
from chassis.caller import Caller
from chassis.db import Database
from chassis.testing import at_once
from tests.chassis import sample

INGRID = Caller(user_id="u1", name="Ingrid")


@pytest.fixture
def database(new_database: Callable[[str], str]) -> Iterator[Database]:
    made = Database(new_database("audit"), service="sample", pool_size=8)
    sample.make_tables(made)
    yield made
    made.close()


def record(database: Database, organisation: str, *subjects: str) -> None:
    with caller.acting(INGRID, {}), database.transaction() as tx:
        for subject in subjects:
            tx.record("member.add", organisation=organisation, subject=subject, role="administrator")


def chain(database: Database, organisation: str = "o1") -> list[RowMapping]:
    rows = select(outbox.trail).where(outbox.trail.c.organisation_id == organisation).order_by(outbox.trail.c.number)
    return [row._mapping for row in database.read(rows)]


def head(database: Database, organisation: str = "o1") -> bytes:
    heads = outbox.trail_heads
    return bytes(database.read(select(heads.c.digest).where(heads.c.organisation_id == organisation))[0][0])


def test_a_row_says_who_did_what_to_whom(database: Database) -> None:
    """P29."""
    record(database, "o1", "m1")
    (row,) = chain(database)
    assert (row["caller"], row["action"], row["subject"], row["facts"]) == ("user:u1", "member.add", "m1", {"role": "administrator"})
    assert "Ingrid" not in str(row)


def test_what_is_rolled_back_leaves_no_trail(database: Database) -> None:
    """P29."""
    with sample.undone(database) as tx:
        tx.record("member.add", organisation="o1")
    assert chain(database) == []


def test_many_at_once_make_one_unbroken_chain_for_each_organisation(database: Database) -> None:
    """P29: each transaction touches both organisations, in either order, and none waits in a circle."""

    def both(number: int) -> None:
        first, second = ("o1", "o2") if number % 2 else ("o2", "o1")
        with database.transaction() as tx:
            tx.record("link", organisation=first, subject=f"{number}")
            tx.record("link", organisation=second, subject=f"{number}")

    assert at_once([lambda number=number: both(number) for number in range(16)]) == [None] * 16  # type: ignore[misc]
    for organisation in ("o1", "o2"):
        rows = chain(database, organisation)
        assert {row["subject"] for row in rows} == {str(number) for number in range(16)}
        assert audit.first_broken(rows, head=head(database, organisation)) is None


@pytest.mark.parametrize("column", ["caller", "action", "subject"])
def test_a_changed_row_is_named(database: Database, column: str) -> None:
    """P29."""
    record(database, "o1", *(f"m{number}" for number in range(5)))
    with database.begin() as connection:
        connection.execute(update(outbox.trail).where(outbox.trail.c.number == 3).values({column: "forged"}))
    assert audit.first_broken(chain(database)) == 3


@pytest.mark.parametrize(("removed", "named"), [(2, 2), (5, 5)])
def test_a_removed_row_is_named_also_the_last(database: Database, removed: int, named: int) -> None:
    """P29."""
    record(database, "o1", *(f"m{number}" for number in range(5)))
    with database.begin() as connection:
        connection.execute(delete(outbox.trail).where(outbox.trail.c.number == removed))
    assert audit.first_broken(chain(database), head=head(database)) == named
