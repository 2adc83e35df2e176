"""What became of SMS that were handed over."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sms_reports",
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("error", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_sms_reports"),
    )
    op.create_index("ix_sms_reports_at", "sms_reports", ["at"])


def downgrade() -> None:
    op.drop_table("sms_reports")
