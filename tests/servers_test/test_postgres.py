"""PostgreSQL can be had for tests."""

from collections.abc import Callable

import psycopg
from sqlalchemy import create_engine, text

from tests.servers.program import Program


def test_a_new_database_is_empty_and_of_our_own(new_database: Callable[[str], str]) -> None:
    first, second = new_database("identity"), new_database("identity")
    assert first != second
    assert first.startswith("postgresql+psycopg://")
    engine = create_engine(first)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (words text)"))
        assert connection.execute(text("SELECT count(*) FROM note")).scalar_one() == 0
        assert int(connection.execute(text("SHOW server_version_num")).scalar_one()) >= 150000
    engine.dispose()


def test_a_killed_server_comes_back_with_what_was_committed(own_postgres: Program) -> None:
    address = own_postgres.url.replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE note AS SELECT 'kept' AS words")
    own_postgres.kill()
    own_postgres.start()
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT words FROM note").fetchall() == [("kept",)]
