"""Members to whom e-mails have stopped because their access has ended."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "email_stops",
        sa.Column("membership_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("membership_id", name="pk_email_stops"),
    )


def downgrade() -> None:
    op.drop_table("email_stops")
