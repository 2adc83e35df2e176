"""The first version of the sample service's tables."""

import sqlalchemy as sa
from alembic import op

from chassis.schema import tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables.create()
    op.create_table(
        "notes",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("text", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
    )
