"""Administrators read the audit trail by day, person, thing and kind of act."""

from chassis.schema import tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables.index_trail()


def downgrade() -> None:
    tables.forget_trail_indexes()
