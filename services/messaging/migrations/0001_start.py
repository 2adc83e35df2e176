"""Messages and who may read them."""

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
        "messages",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("service_area", sa.SmallInteger(), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("document_ids", sa.ARRAY(sa.Uuid(as_uuid=False)), nullable=False),
        sa.Column("sent_by_user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("sent_by_membership_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("sent_by", sa.String(300), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_of_area", "messages", ["organisation_id", "service_area", "id"])
    op.create_index("ix_messages_of_sender", "messages", ["organisation_id", "sent_by_user_id", "id"])
    op.create_table(
        "consultant_access",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("membership_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("service_areas", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "membership_id", name="pk_consultant_access"),
    )


def downgrade() -> None:
    op.drop_table("consultant_access")
    op.drop_table("messages")
