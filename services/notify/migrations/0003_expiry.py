"""Notices that documents will be deleted: what each is about, and when it first reached somebody."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.Uuid(as_uuid=False)
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "expiry_batches",
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("batch_id", name="pk_expiry_batches"),
    )
    op.create_index("ix_expiry_batches_organisation_id", "expiry_batches", ["organisation_id"])
    op.create_index("ix_expiry_batches_at", "expiry_batches", ["at"])
    op.create_table(
        "expiring_versions",
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["expiry_batches.batch_id"], name="fk_expiring_versions_batch_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("batch_id", "version_id", name="pk_expiring_versions"),
    )
    op.create_index("ix_expiring_versions_version_id", "expiring_versions", ["version_id"])
    op.create_index("ix_expiring_versions_document_id", "expiring_versions", ["document_id"])
    op.create_index("ix_notices_expiry", "notices", ["subject_id"], postgresql_where=sa.text("kind = 5"))


def downgrade() -> None:
    op.drop_index("ix_notices_expiry", "notices")
    op.execute("delete from notices where kind in (5, 6)")
    op.execute("delete from deliveries where kind = 'expiry'")
    op.drop_table("expiring_versions")
    op.drop_table("expiry_batches")
