"""The address book, notices, switches and deliveries."""

import sqlalchemy as sa
from alembic import op

from chassis.schema import tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.Uuid(as_uuid=False)
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    tables.create()
    _address_book()
    _notices()
    _deliveries()


def downgrade() -> None:
    for table in ("deliveries", "settings", "notices", "withdrawals", "organisations", "memberships", "people"):
        op.drop_table(table)


def _address_book() -> None:
    op.create_table(
        "people",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("first_name", sa.String(100), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("time_zone", sa.String(50), nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_people"),
    )
    op.create_table(
        "memberships",
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("removed_at", MOMENT),
        sa.PrimaryKeyConstraint("membership_id", name="pk_memberships"),
    )
    op.create_index("ix_memberships_user_id", "memberships", ["user_id"])
    op.create_table(
        "organisations",
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_organisations"),
    )
    op.create_table(
        "settings",
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("documents_in_portal", sa.Boolean(), nullable=False),
        sa.Column("documents_by_email", sa.Boolean(), nullable=False),
        sa.Column("messages_by_email", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("membership_id", name="pk_settings"),
    )


def _notices() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("scope_id", ID, nullable=False),
        sa.Column("service_area", sa.SmallInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("membership_id", "scope_id", "service_area", name="pk_withdrawals"),
    )
    op.create_table(
        "notices",
        sa.Column("id", ID, nullable=False),
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("folder_id", ID),
        sa.Column("service_area", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unscannable", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT),
        sa.Column("digested_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("membership_id", "kind", "subject_id", "version", name="uq_notices_membership_id"),
    )
    op.create_index("ix_notices_page", "notices", ["membership_id", "id"])
    unread = sa.text("read_at is null and digested_at is null")
    op.create_index("ix_notices_unread", "notices", ["membership_id", "kind", "at"], postgresql_where=unread)


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("recipient_id", ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("window", sa.String(36), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("recipient_id", "kind", "window", name="uq_deliveries_recipient_id"),
    )
    op.create_index("ix_deliveries_due", "deliveries", ["due_at"], postgresql_where=sa.text("state in ('due', 'sending')"))
