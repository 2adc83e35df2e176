"""Links and consultants."""

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
        "links",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("firm_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("client_name", sa.String(200), nullable=False),
        sa.Column("name_key", sa.String(400), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
        sa.UniqueConstraint("organisation_id", "firm_id", name="uq_links_organisation_id"),
    )
    op.create_index("ix_links_by_name", "links", ["firm_id", "name_key", "organisation_id"])
    op.create_table(
        "consultants",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("membership_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("firm_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("service_areas", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "membership_id", name="pk_consultants"),
    )
    op.create_index("ix_consultants_membership_id", "consultants", ["membership_id"])


def downgrade() -> None:
    op.drop_table("consultants")
    op.drop_table("links")
