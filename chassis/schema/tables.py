"""Create the tables every service's database has; called by each service's first migration."""

from alembic import op

from chassis import outbox


def create() -> None:
    """Outbox, inbox, job slots and audit trail."""
    outbox.tables.create_all(op.get_bind())
