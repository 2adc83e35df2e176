"""Devices with key and PIN, the tokens that refresh their sessions, computers let in by telephone, and the terms that were accepted."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID, MOMENT, DIGEST = sa.Uuid(as_uuid=False), sa.DateTime(timezone=True), sa.LargeBinary(length=32)


def upgrade() -> None:
    # The version before this one still adds people and opens sessions while it is replaced.
    op.add_column("users", sa.Column("terms_version", sa.String(20), nullable=False, server_default=""))
    op.add_column("users", sa.Column("terms_accepted_at", MOMENT, nullable=True))
    op.add_column("users", sa.Column("devices_ended_at", MOMENT, nullable=True))
    for name, size in (("method", 20), ("address", 60)):
        op.add_column("sessions", sa.Column(name, sa.String(size), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("device_id", ID, nullable=True))
    op.create_index("ix_sessions_device_id", "sessions", ["device_id"])
    _devices()
    _web_sign_ins()


def downgrade() -> None:
    for table in ("web_sign_ins", "refresh_tokens", "devices"):
        op.drop_table(table)
    op.drop_index("ix_sessions_device_id", "sessions")
    for column in ("device_id", "address", "method"):
        op.drop_column("sessions", column)
    for column in ("devices_ended_at", "terms_accepted_at", "terms_version"):
        op.drop_column("users", column)


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("thumbprint", sa.String(43), nullable=False),
        sa.Column("public_key", sa.String(1000), nullable=False),
        sa.Column("pin", sa.String(400), nullable=True),
        sa.Column("pin_failures", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("user_agent", sa.String(300), nullable=False),
        sa.Column("enrolled_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("address", sa.String(60), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_devices_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.UniqueConstraint("user_id", "thumbprint", name="uq_devices_user_id"),
    )
    op.create_index("ix_devices_user_id", "devices", ["user_id"])
    op.create_table(
        "refresh_tokens",
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("session_id", ID, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_refresh_tokens"),
    )
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])
    op.create_index("ix_refresh_tokens_made_at", "refresh_tokens", ["made_at"])


def _web_sign_ins() -> None:
    op.create_table(
        "web_sign_ins",
        sa.Column("id", ID, nullable=False),
        sa.Column("browser", DIGEST, nullable=False),
        sa.Column("token", DIGEST, nullable=False),
        sa.Column("code", DIGEST, nullable=False),
        sa.Column("user_agent", sa.String(300), nullable=False),
        sa.Column("address", sa.String(60), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("denied", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_web_sign_ins"),
        *(sa.UniqueConstraint(name, name=f"uq_web_sign_ins_{name}") for name in ("browser", "token", "code")),
    )
    op.create_index("ix_web_sign_ins_address", "web_sign_ins", ["address", "started_at"])
    op.create_index("ix_web_sign_ins_expires_at", "web_sign_ins", ["expires_at"])
    op.create_index("ix_web_sign_ins_user_id", "web_sign_ins", ["user_id"])
