"""Second factors whole: SMS, several of them, recovery and vouched codes, fresh proofs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID, MOMENT, DIGEST, SEALED = sa.Uuid(as_uuid=False), sa.DateTime(timezone=True), sa.LargeBinary(length=32), sa.String(length=300)


def upgrade() -> None:
    op.alter_column("factors", "secret", type_=SEALED, existing_type=sa.String(length=64))
    op.add_column("factors", sa.Column("preferred_at", MOMENT, nullable=True))
    op.alter_column("sign_in_attempts", "enrolment_secret", type_=SEALED, existing_type=sa.String(length=64))
    op.add_column("sign_in_attempts", sa.Column("replaces", sa.Boolean(), nullable=False, server_default=sa.false()))
    # The version before this one still writes sessions while it is replaced.
    op.add_column("sessions", sa.Column("password_at", MOMENT, nullable=False, server_default=sa.func.now()))
    op.execute("update sessions set password_at = created_at")
    _sms()
    _codes()


def downgrade() -> None:
    for table in ("vouched_codes", "recovery_codes", "sms_budgets", "sms_codes", "factor_setups"):
        op.drop_table(table)
    op.drop_column("sessions", "password_at")
    op.drop_column("sign_in_attempts", "replaces")
    # Fails where something sealed is kept: the version before this one could not read it, and would let people in without.
    op.alter_column("sign_in_attempts", "enrolment_secret", type_=sa.String(length=64), existing_type=SEALED)
    op.drop_column("factors", "preferred_at")
    op.alter_column("factors", "secret", type_=sa.String(length=64), existing_type=SEALED)


def _sms() -> None:
    op.create_table(
        "factor_setups",
        sa.Column("id", ID, nullable=False),
        sa.Column("token", DIGEST, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("secret", SEALED, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_factor_setups_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_factor_setups"),
        sa.UniqueConstraint("token", name="uq_factor_setups_token"),
    )
    op.create_index("ix_factor_setups_user_id", "factor_setups", ["user_id"])
    op.create_index("ix_factor_setups_expires_at", "factor_setups", ["expires_at"])
    op.create_table(
        "sms_codes",
        sa.Column("about", ID, nullable=False),
        sa.Column("phone", SEALED, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("about", name="pk_sms_codes"),
    )
    op.create_index("ix_sms_codes_expires_at", "sms_codes", ["expires_at"])
    op.create_table(
        "sms_budgets",
        sa.Column("subject", DIGEST, nullable=False),
        sa.Column("recent", sa.ARRAY(MOMENT), nullable=False),
        sa.Column("counted_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_sms_budgets"),
    )
    op.create_index("ix_sms_budgets_counted_at", "sms_budgets", ["counted_at"])


def _codes() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_recovery_codes_user_id"),
        sa.PrimaryKeyConstraint("digest", name="pk_recovery_codes"),
    )
    op.create_index("ix_recovery_codes_user_id", "recovery_codes", ["user_id"])
    op.create_table(
        "vouched_codes",
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("made_by", ID, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_vouched_codes_user_id"),
        sa.ForeignKeyConstraint(["made_by"], ["memberships.id"], name="fk_vouched_codes_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_vouched_codes"),
        sa.UniqueConstraint("digest", name="uq_vouched_codes_digest"),
    )
    op.create_index("ix_vouched_codes_user_id", "vouched_codes", ["user_id"])
    op.create_index("ix_vouched_codes_expires_at", "vouched_codes", ["expires_at"])
