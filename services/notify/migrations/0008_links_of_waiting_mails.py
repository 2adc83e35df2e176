"""A mail keeps the token of its link while it waits, so that each attempt carries the same one."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("token", sa.String(43), nullable=True))


def downgrade() -> None:
    op.drop_column("deliveries", "token")
