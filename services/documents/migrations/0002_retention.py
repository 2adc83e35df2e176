"""Versions end by themselves: what was announced, what is on hold, and what is left of what was deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.Uuid(as_uuid=False)
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _versions()
    op.add_column("documents", sa.Column("deleted_at", MOMENT, nullable=True))
    op.create_index("ix_documents_deleted_at", "documents", ["deleted_at"], postgresql_where=sa.text("deleted_at is not null"))
    op.create_index("ix_changes_at", "changes", ["at"])
    op.create_index("ix_changes_document_id", "changes", ["document_id"])
    _announcements()
    _holds()
    _tombstones()


def downgrade() -> None:
    for table in ("tombstones", "holds", "announcements"):
        op.drop_table(table)
    op.drop_index("ix_changes_document_id", "changes")
    op.drop_index("ix_changes_at", "changes")
    op.drop_index("ix_documents_deleted_at", "documents")
    op.drop_column("documents", "deleted_at")
    op.drop_index("ix_versions_expires_at", "versions")
    op.drop_index("ix_versions_store_hold", "versions")
    op.drop_column("versions", "store_hold")
    op.drop_column("versions", "expires_at")


def _versions() -> None:
    """A default for what the version before this one still writes while this one is rolled out."""
    op.add_column("versions", sa.Column("expires_at", MOMENT, nullable=False, server_default=sa.text("now() + interval '6 months'")))
    op.execute("update versions set expires_at = received_at + interval '6 months'")
    op.execute("update versions set expires_at = documents.expires_at from documents where documents.version_id = versions.id")
    op.create_index("ix_versions_expires_at", "versions", ["expires_at"])
    op.add_column("versions", sa.Column("store_hold", sa.SmallInteger(), nullable=False, server_default="0"))
    op.create_index("ix_versions_store_hold", "versions", ["store_hold"], postgresql_where=sa.text("store_hold <> 0"))


def _announcements() -> None:
    op.create_table(
        "announcements",
        sa.Column("version_id", ID, nullable=False),
        sa.Column("days", sa.SmallInteger(), nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("announced_at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("version_id", "days", name="pk_announcements"),
    )
    op.create_index("ix_announcements_batch_id", "announcements", ["batch_id"])


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("set_by", sa.String(300), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.Column("released_by", sa.String(300), nullable=False),
        sa.Column("release_reason", sa.String(500), nullable=False),
        sa.Column("released_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )
    op.create_index("ix_holds_active", "holds", ["organisation_id", "document_id"], postgresql_where=sa.text("released_at is null"))
    op.create_index("ix_holds_newest", "holds", ["organisation_id", sa.text("id desc")])


def _tombstones() -> None:
    op.create_table(
        "tombstones",
        sa.Column("id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("folder_name", sa.String(100), nullable=False),
        sa.Column("service_area", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", sa.String(600), nullable=False),
        sa.Column("period", sa.SmallInteger(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("uploaded_by", sa.String(300), nullable=False),
        sa.Column("uploaded_by_firm", sa.Boolean(), nullable=False),
        sa.Column("uploader_organisation_id", ID, nullable=False),
        sa.Column("uploaded_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("cause", sa.SmallInteger(), nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("notice_days", sa.SmallInteger(), nullable=True),
        sa.Column("notice_batch_id", ID, nullable=True),
        sa.Column("notice_announced_at", MOMENT, nullable=True),
        sa.Column("notice_delivered_at", MOMENT, nullable=True),
        sa.Column("deleted_by", sa.String(300), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tombstones"),
    )
    op.create_index("ix_tombstones_document_id", "tombstones", ["document_id"])
    op.create_index("ix_tombstones_newest", "tombstones", ["organisation_id", sa.text("withdrawn_at desc"), sa.text("id desc")])
    op.create_index("ix_tombstones_unfinished", "tombstones", ["due_at"], postgresql_where=sa.text("deleted_at is null"))
