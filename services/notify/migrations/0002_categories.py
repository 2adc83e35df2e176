"""Switches by category and channel, the hour of a person's digest, answers that wait for their mail, and links that switch mails off."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.Uuid(as_uuid=False)
MOMENT = sa.DateTime(timezone=True)
UNREAD = sa.text("read_at is null and digested_at is null")


def upgrade() -> None:
    _switches()
    _notices()
    op.add_column("people", sa.Column("digest_hour", sa.SmallInteger()))
    op.add_column("deliveries", sa.Column("subject", sa.String(200)))
    op.add_column("deliveries", sa.Column("text", sa.Text()))
    op.add_column("deliveries", sa.Column("sent_by", sa.String(300)))
    op.create_index("ix_deliveries_ended_at", "deliveries", ["ended_at"], postgresql_where=sa.text("ended_at is not null"))
    op.create_index("ix_withdrawals_at", "withdrawals", ["at"])
    op.create_table(
        "unsubscribe_links",
        sa.Column("token", sa.LargeBinary(32), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("category", sa.SmallInteger(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_unsubscribe_links"),
    )
    op.create_index("ix_unsubscribe_links_user_id", "unsubscribe_links", ["user_id"])
    op.create_index("ix_unsubscribe_links_made_at", "unsubscribe_links", ["made_at"])


def downgrade() -> None:
    op.create_table(
        "settings",
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("documents_in_portal", sa.Boolean(), nullable=False),
        sa.Column("documents_by_email", sa.Boolean(), nullable=False),
        sa.Column("messages_by_email", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("membership_id", name="pk_settings"),
    )
    op.execute("""
        insert into settings select membership_id,
          coalesce(bool_or("on") filter (where category = 1 and channel = 1), true),
          coalesce(bool_or("on") filter (where category = 1 and channel = 2), false),
          coalesce(bool_or("on") filter (where category = 2 and channel = 2), true)
        from switches group by membership_id
    """)
    for table in ("switches", "unsubscribe_links"):
        op.drop_table(table)
    for index, table in (("ix_withdrawals_at", "withdrawals"), ("ix_deliveries_ended_at", "deliveries"), ("ix_notices_unread", "notices")):
        op.drop_index(index, table)
    for table, column in (
        ("deliveries", "sent_by"), ("deliveries", "text"), ("deliveries", "subject"), ("people", "digest_hour"), ("notices", "thread_id"),
        ("notices", "category"),
    ):  # fmt: skip
        op.drop_column(table, column)
    op.create_index("ix_notices_unread", "notices", ["membership_id", "kind", "at"], postgresql_where=UNREAD)


def _switches() -> None:
    op.create_table(
        "switches",
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("category", sa.SmallInteger(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("membership_id", "category", "channel", name="pk_switches"),
    )
    # Documents are category 1, messages 2; the portal is channel 1, e-mail 2.
    op.execute("""
        insert into switches
        select membership_id, 1, 1, documents_in_portal from settings union all
        select membership_id, 1, 2, documents_by_email from settings union all
        select membership_id, 2, 2, messages_by_email from settings
    """)
    op.drop_table("settings")


def _notices() -> None:
    op.add_column("notices", sa.Column("thread_id", ID))
    op.add_column("notices", sa.Column("category", sa.SmallInteger()))
    # A published document is about documents, a stopped upload about safety, a message about messages.
    op.execute("update notices set category = case kind when 1 then 1 when 2 then 5 else 2 end")
    op.alter_column("notices", "category", nullable=False)
    op.drop_index("ix_notices_unread", "notices")
    op.create_index("ix_notices_unread", "notices", ["membership_id", "category", "at"], postgresql_where=UNREAD)
