"""Signing in through providers: browsers that are away at one, and whom a provider means by a subject."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID, MOMENT, DIGEST = sa.Uuid(as_uuid=False), sa.DateTime(timezone=True), sa.LargeBinary(length=32)


def upgrade() -> None:
    op.create_table(
        "provider_sign_ins",
        sa.Column("state", DIGEST, nullable=False),
        sa.Column("browser", DIGEST, nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("attempt_id", ID, nullable=True),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("state", name="pk_provider_sign_ins"),
        sa.UniqueConstraint("attempt_id", name="uq_provider_sign_ins_attempt_id"),
    )
    op.create_index("ix_provider_sign_ins_expires_at", "provider_sign_ins", ["expires_at"])
    op.create_table(
        "provider_bindings",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("bound_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_provider_bindings_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_provider_bindings"),
        sa.UniqueConstraint("subject", "issuer", name="uq_provider_bindings_subject"),
        sa.UniqueConstraint("user_id", "issuer", name="uq_provider_bindings_user_id"),
    )


def downgrade() -> None:
    for table in ("provider_bindings", "provider_sign_ins"):
        op.drop_table(table)
