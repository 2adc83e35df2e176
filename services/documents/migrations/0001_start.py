"""Folders, documents, versions, and who may see them."""

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
    _clients()
    _folders()
    _documents()
    _versions()
    _feed()


def downgrade() -> None:
    for table in ("changes", "feeds", "versions", "documents", "grants", "folder_access", "folders", "consultants", "clients"):
        op.drop_table(table)


def _clients() -> None:
    """Clients and the consultants who work for them."""
    op.create_table(
        "clients",
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("firm_id", ID, nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("time_zone", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_clients"),
    )
    op.create_table(
        "consultants",
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("service_areas", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("membership_id", "organisation_id", name="pk_consultants"),
    )
    op.create_index("ix_consultants_organisation_id", "consultants", ["organisation_id"])


def _folders() -> None:
    """Folders and who may use them."""
    op.create_table(
        "folder_access",
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("membership_id", name="pk_folder_access"),
    )
    op.create_table(
        "folders",
        sa.Column("id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("name_key", sa.String(300), nullable=False),
        sa.Column("service_area", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_folders"),
    )
    op.create_index("uq_folders_name", "folders", ["organisation_id", "name_key"], unique=True)
    op.create_table(
        "grants",
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("granted_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["folder_id"], ["folders.id"], name="fk_grants_folder_id"),
        sa.PrimaryKeyConstraint("folder_id", "membership_id", name="pk_grants"),
    )
    op.create_index("ix_grants_membership_id", "grants", ["membership_id"])


def _documents() -> None:
    """The document list."""
    op.create_table(
        "documents",
        sa.Column("id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", sa.String(600), nullable=False),
        sa.Column("period", sa.SmallInteger(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("replaces", ID, nullable=True),
        sa.Column("merged_into", ID, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("uploaded_by", sa.String(300), nullable=False),
        sa.Column("uploaded_by_firm", sa.Boolean(), nullable=False),
        sa.Column("uploader_organisation_id", ID, nullable=False),
        sa.Column("uploaded_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["folder_id"], ["folders.id"], name="fk_documents_folder_id"),
        sa.ForeignKeyConstraint(["merged_into"], ["documents.id"], name="fk_documents_merged_into"),
        sa.ForeignKeyConstraint(["replaces"], ["documents.id"], name="fk_documents_replaces"),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
    )
    op.create_index(
        "ix_documents_newest",
        "documents",
        ["folder_id", sa.text("uploaded_at desc"), sa.text("id desc")],
        postgresql_where=sa.text("merged_into is null"),
    )
    op.create_index("ix_documents_replaces", "documents", ["replaces"], postgresql_where=sa.text("replaces is not null"))
    op.create_index(
        "ix_documents_years",
        "documents",
        ["folder_id", "year"],
        postgresql_where=sa.text("merged_into is null"),
        postgresql_include=["status", "uploader_organisation_id", "uploaded_at"],
    )
    op.create_index(
        "uq_documents_slot",
        "documents",
        ["folder_id", "name_key", "period", "year"],
        unique=True,
        postgresql_where=sa.text("replaces is null and merged_into is null and status in (1, 2, 3)"),
    )


def _versions() -> None:
    """The files behind the list."""
    op.create_table(
        "versions",
        sa.Column("id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("uploader_user_id", ID, nullable=False),
        sa.Column("uploader_membership_id", ID, nullable=False),
        sa.Column("uploader_name", sa.String(300), nullable=False),
        sa.Column("uploader_organisation_id", ID, nullable=False),
        sa.Column("uploader_organisation_name", sa.String(200), nullable=False),
        sa.Column("batch_id", sa.String(36), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name="fk_versions_document_id"),
        sa.PrimaryKeyConstraint("id", name="pk_versions"),
    )
    op.create_index("ix_versions_document_id", "versions", ["document_id"])
    op.create_index("ix_versions_waiting", "versions", ["due_at"], postgresql_where=sa.text("status = 1"))


def _feed() -> None:
    """The change feed."""
    op.create_table(
        "feeds",
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_feeds"),
    )
    op.create_table(
        "changes",
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name="fk_changes_document_id"),
        sa.PrimaryKeyConstraint("organisation_id", "position", name="pk_changes"),
    )
