"""From which day to which a member may work in an organisation."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LIMITED = sa.text("removed_at is null and (first_day is not null or last_day is not null or not in_force)")


def upgrade() -> None:
    op.add_column("memberships", sa.Column("first_day", sa.Date(), nullable=True))
    op.add_column("memberships", sa.Column("last_day", sa.Date(), nullable=True))
    # The version before this one still adds members while it is replaced.
    op.add_column("memberships", sa.Column("stop_emails", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("memberships", sa.Column("in_force", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_index("ix_memberships_limited", "memberships", ["id"], postgresql_where=LIMITED)


def downgrade() -> None:
    op.drop_index("ix_memberships_limited", "memberships")
    for column in ("in_force", "stop_emails", "last_day", "first_day"):
        op.drop_column("memberships", column)
