"""Write an organisation's audit trail out of all services into one file, which `kontor audit verify` checks anywhere."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import RowMapping, text

from chassis import audit
from chassis.db import Database

PAGE = 1000
_HEAD = text("select number, digest from audit_heads where organisation_id = :organisation")
_ROWS = text("select * from audit where organisation_id = :organisation and number > :after order by number limit :size")


def export(databases: Mapping[str, Database], organisation_id: str) -> Iterator[bytes]:
    """The lines of the file."""
    return audit.export({name: _chain(database, organisation_id) for name, database in databases.items()}, organisation_id)


def _chain(database: Database, organisation_id: str) -> audit.Chain:
    asked = {"organisation": organisation_id, "size": PAGE}
    found = next(iter(database.read(_HEAD, asked)), None)

    def after(number: int) -> Sequence[RowMapping]:
        return [row._mapping for row in database.read(_ROWS, asked | {"after": number})]

    return audit.Chain((found.number, bytes(found.digest)) if found else (0, audit.FIRST), after)
