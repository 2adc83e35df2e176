"""Create the tables every service's database has; called by each service's migrations."""

from alembic import op

from chassis import outbox


def index_trail() -> None:
    """What makes reading the audit trail cheap; for databases older than that."""
    for index in outbox.trail.indexes:
        index.create(op.get_bind(), checkfirst=True)


def forget_trail_indexes() -> None:
    """Back to before them."""
    for index in outbox.trail.indexes:
        index.drop(op.get_bind(), checkfirst=True)


def create() -> None:
    """Outbox, inbox, job slots and audit trail."""
    outbox.tables.create_all(op.get_bind())
