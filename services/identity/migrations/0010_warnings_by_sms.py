"""SMS that tell people of changes to their accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sms_warnings",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("phone", sa.String(300), nullable=False),
        sa.Column("change", sa.String(40), nullable=False),
        sa.Column("membership_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sms_warnings_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sms_warnings"),
    )
    op.create_index("ix_sms_warnings_created_at", "sms_warnings", ["created_at"])
    op.create_index("ix_sms_warnings_due_at", "sms_warnings", ["due_at"], postgresql_where=sa.text("taken_at is null"))


def downgrade() -> None:
    op.drop_table("sms_warnings")
