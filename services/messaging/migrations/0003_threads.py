"""Threads: every message there is becomes the first of its own. Who takes part, who has read what, and how people are called."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Whoever works or worked for the client is of the firm; everybody else who wrote is of the client.
MESSAGES = """
update messages m set thread_id = m.id, position = 1, by_firm = exists (select from consultant_access a
  where a.organisation_id = m.organisation_id and a.membership_id = m.sent_by_membership_id)
"""
THREADS = """
insert into threads (id, organisation_id, service_area, subject, state, started_by, started_by_firm, started_at, document_ids,
  message_count, last_message_at, last_message_by, last_message_by_firm)
select id, organisation_id, service_area, subject, 1, sent_by, by_firm, sent_at, document_ids, 1, sent_at, sent_by, by_firm
from messages
"""
PARTICIPANTS = """
insert into participants (thread_id, user_id, organisation_id, membership_id, last_message_at)
select id, sent_by_user_id, organisation_id, sent_by_membership_id, sent_at from messages where not by_firm
"""
MARKS = "insert into read_marks (thread_id, user_id, position, own) select id, sent_by_user_id, 1, 0 from messages"


def upgrade() -> None:
    _threads()
    op.add_column("messages", sa.Column("thread_id", sa.Uuid(as_uuid=False), nullable=True))
    op.add_column("messages", sa.Column("position", sa.Integer(), nullable=True))
    op.add_column("messages", sa.Column("by_firm", sa.Boolean(), nullable=True))
    _people()
    for statement in (MESSAGES, THREADS, PARTICIPANTS, MARKS):
        op.execute(statement)
    for name in ("thread_id", "position", "by_firm"):
        op.alter_column("messages", name, nullable=False)
    op.create_foreign_key("fk_messages_thread_id", "messages", "threads", ["thread_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_messages_of_thread", "messages", ["thread_id", "position"], unique=True)
    op.create_index("ix_consultant_access_membership_id", "consultant_access", ["membership_id"])


def _threads() -> None:
    op.create_table(
        "threads",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("service_area", sa.SmallInteger(), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("started_by", sa.String(300), nullable=False),
        sa.Column("started_by_firm", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document_ids", sa.ARRAY(sa.Uuid(as_uuid=False)), nullable=False),
        sa.Column("assigned_membership_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("message_count", sa.Integer(), nullable=False),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_message_by", sa.String(300), nullable=False),
        sa.Column("last_message_by_firm", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_threads"),
    )
    op.create_index("ix_threads_of_area", "threads", ["organisation_id", "service_area", "last_message_at", "id"])
    op.create_index("ix_threads_live", "threads", ["organisation_id", "service_area"], postgresql_where=sa.text("state <> 3"))
    assigned = sa.text("assigned_membership_id is not null")
    op.create_index("ix_threads_assigned", "threads", ["assigned_membership_id"], postgresql_where=assigned)


def _people() -> None:
    op.create_table(
        "participants",
        sa.Column("thread_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("membership_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("thread_id", "user_id", name="pk_participants"),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name="fk_participants_thread_id", ondelete="CASCADE"),
    )
    op.create_index("ix_participants_by_activity", "participants", ["user_id", "organisation_id", "last_message_at", "thread_id"])
    op.create_table(
        "read_marks",
        sa.Column("thread_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("own", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("thread_id", "user_id", name="pk_read_marks"),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name="fk_read_marks_thread_id", ondelete="CASCADE"),
    )
    op.create_table(
        "members",
        sa.Column("membership_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("membership_id", name="pk_members"),
    )
    op.create_index("ix_members_organisation_id", "members", ["organisation_id"])
    op.create_index("ix_members_user_id", "members", ["user_id"])
    op.create_table(
        "people",
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("name_key", sa.String(600), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_people"),
    )


def downgrade() -> None:
    op.drop_index("ix_consultant_access_membership_id", "consultant_access")
    op.drop_index("ix_messages_of_thread", "messages")
    for name in ("by_firm", "position", "thread_id"):
        op.drop_column("messages", name)
    for name in ("people", "members", "read_marks", "participants", "threads"):
        op.drop_table(name)
