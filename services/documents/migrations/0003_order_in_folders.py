"""Folders are renamed and removed; the list has more orders; uploads to one place find each other."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LISTED = sa.text("merged_into is null and deleted_at is null")
ORDERS: dict[str, Sequence[str | sa.TextClause]] = {
    "newest": ["folder_id", sa.text("uploaded_at desc"), sa.text("id desc")],
    "name": ["folder_id", "name_key", "id"],
    "size": ["folder_id", "size", "id"],
}
PERIOD: Sequence[str | sa.TextClause] = ["folder_id", sa.text("year desc"), sa.text("period desc"), sa.text("id desc")]
PLACE = ["folder_id", "name_key", "period", "year"]


def upgrade() -> None:
    op.add_column("folders", sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("folders", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("uq_folders_name", "folders")
    op.create_index(
        "uq_folders_name", "folders", ["organisation_id", "name_key"], unique=True, postgresql_where=sa.text("removed_at is null")
    )
    _documents()
    op.create_index("ix_versions_history", "versions", ["document_id", "number"])
    op.drop_index("ix_versions_document_id", "versions")


def downgrade() -> None:
    op.create_index("ix_versions_document_id", "versions", ["document_id"])
    op.drop_index("ix_versions_history", "versions")
    for name in ("merged_into", "place", "period", "size", "name", "newest"):
        op.drop_index(f"ix_documents_{name}", "documents")
    unmerged = sa.text("merged_into is null")
    included = ["status", "uploader_organisation_id", "uploaded_at"]
    op.create_index("ix_documents_newest", "documents", ORDERS["newest"], postgresql_where=unmerged)
    op.create_index("ix_documents_years", "documents", ["folder_id", "year"], postgresql_where=unmerged, postgresql_include=included)
    _slot("replaces is null and merged_into is null and status in (1, 2, 3)")
    op.drop_index("uq_folders_name", "folders")
    op.execute("update folders set name_key = id::text where removed_at is not null")
    op.create_index("uq_folders_name", "folders", ["organisation_id", "name_key"], unique=True)
    op.drop_column("folders", "removed_at")
    op.drop_column("folders", "revision")


def _documents() -> None:
    op.drop_index("ix_documents_newest", "documents")
    for name, columns in ORDERS.items():
        op.create_index(f"ix_documents_{name}", "documents", columns, postgresql_where=LISTED)
    op.drop_index("ix_documents_years", "documents")
    included = ["status", "uploader_organisation_id", "uploaded_at", "uploaded_by_firm"]
    op.create_index("ix_documents_period", "documents", PERIOD, postgresql_where=LISTED, postgresql_include=included)
    op.create_index("ix_documents_place", "documents", PLACE, postgresql_where=sa.text("status = 1"))
    op.create_index("ix_documents_merged_into", "documents", ["merged_into"], postgresql_where=sa.text("merged_into is not null"))
    _slot("replaces is null and merged_into is null and deleted_at is null and status in (1, 2, 3)")


def _slot(condition: str) -> None:
    op.drop_index("uq_documents_slot", "documents")
    op.create_index("uq_documents_slot", "documents", PLACE, unique=True, postgresql_where=sa.text(condition))
