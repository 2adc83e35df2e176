"""Members who were assigned, or have been removed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "members",
        sa.Column("membership_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("membership_id", name="pk_members"),
    )


def downgrade() -> None:
    op.drop_table("members")
