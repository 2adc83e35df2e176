"""Programmes as the scope of a role, addresses being replaced, and who takes part in the beta programme."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OPEN = sa.text("ended_at is null")


def upgrade() -> None:
    op.alter_column("memberships", "role", type_=sa.String(30))
    # The version before this one still adds people and members while it is replaced.
    op.add_column("memberships", sa.Column("programmes", sa.ARRAY(sa.SmallInteger()), nullable=False, server_default="{}"))
    op.add_column("users", sa.Column("beta", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "replacements",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("old_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("new_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_replacements"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name="fk_replacements_organisation_id"),
        sa.ForeignKeyConstraint(["old_id"], ["memberships.id"], name="fk_replacements_old_id"),
        sa.ForeignKeyConstraint(["new_id"], ["memberships.id"], name="fk_replacements_new_id"),
    )
    op.create_index("ix_replacements_organisation_id", "replacements", ["organisation_id"])
    for column in ("old", "new"):
        op.create_index(f"uq_replacements_{column}", "replacements", [f"{column}_id"], unique=True, postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_table("replacements")
    op.drop_column("users", "beta")
    op.drop_column("memberships", "programmes")
    op.alter_column("memberships", "role", type_=sa.String(20))
