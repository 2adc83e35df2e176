"""Identifiers of people, invitations by code."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID, MOMENT, KEYED, SEALED = sa.Uuid(as_uuid=False), sa.DateTime(timezone=True), sa.LargeBinary(length=32), sa.String(length=300)
DRAWN = "upper(substr(md5(gen_random_uuid()::text), 1, 8))"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def upgrade() -> None:
    # The version before this one still adds people while it is replaced.
    op.add_column("users", sa.Column("system_id", sa.String(length=12), nullable=False, server_default=sa.text(DRAWN)))
    for (user,) in op.get_bind().execute(sa.text("select id from users")).all():
        drawn = {"made": "".join(secrets.choice(ALPHABET) for _ in range(8)), "user": user}
        op.get_bind().execute(sa.text("update users set system_id = :made where id = :user"), drawn)
    op.create_unique_constraint("uq_users_system_id", "users", ["system_id"])
    op.add_column("memberships", sa.Column("phone", SEALED, nullable=True))
    op.add_column("memberships", sa.Column("identifier_id", ID, nullable=True))
    op.add_column("memberships", sa.Column("entered", sa.ARRAY(sa.String(length=254)), nullable=True))
    op.create_table(
        "identifiers",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("sealed", sa.String(length=1000), nullable=False),
        sa.Column("digest", KEYED, nullable=False),
        sa.Column("claimed_at", MOMENT, nullable=False),
        sa.Column("proven_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_identifiers_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_identifiers"),
    )
    op.create_index("ix_identifiers_user_id", "identifiers", ["user_id"])
    op.create_index("ix_identifiers_digest", "identifiers", ["digest"])
    op.create_index("uq_identifiers_proven", "identifiers", ["digest"], unique=True, postgresql_where=sa.text("proven_at is not null"))
    _invitations()


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", ID, nullable=False),
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("inviter_id", sa.String(length=200), nullable=False),
        sa.Column("inviter_name", sa.String(length=200), nullable=False),
        sa.Column("identity_checked_at", MOMENT, nullable=False),
        sa.Column("phone", SEALED, nullable=False),
        sa.Column("person", SEALED, nullable=False),
        sa.Column("letter_id", ID, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("entered_at", MOMENT, nullable=True),
        sa.Column("entry", KEYED, nullable=True),
        sa.Column("sms_asked", sa.Integer(), nullable=False),
        sa.Column("sms_sent", sa.Integer(), nullable=False),
        sa.Column("made_code", KEYED, nullable=True),
        sa.Column("made_tries", sa.Integer(), nullable=False),
        sa.Column("made_expires_at", MOMENT, nullable=True),
        sa.Column("completed_at", MOMENT, nullable=True),
        sa.Column("activation", KEYED, nullable=True),
        sa.Column("activation_expires_at", MOMENT, nullable=True),
        sa.Column("activation_used_at", MOMENT, nullable=True),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["memberships.id"], name="fk_invitations_membership_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_invitations_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("letter_id", name="uq_invitations_letter_id"),
        sa.UniqueConstraint("entry", name="uq_invitations_entry"),
        sa.UniqueConstraint("activation", name="uq_invitations_activation"),
    )
    op.create_index("ix_invitations_membership", "invitations", ["membership_id", "id"])
    op.create_index("ix_invitations_user_id", "invitations", ["user_id"])
    op.create_index("ix_invitations_expires_at", "invitations", ["expires_at"])
    living = sa.text("cancelled_at is null and completed_at is null")
    op.create_index("uq_invitations_open", "invitations", ["membership_id"], unique=True, postgresql_where=living)
    op.create_table(
        "invitation_codes",
        sa.Column("digest", KEYED, nullable=False),
        sa.Column("invitation_id", ID, nullable=False),
        sa.Column("first_half", KEYED, nullable=False),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name="fk_invitation_codes_invitation_id"),
        sa.PrimaryKeyConstraint("digest", name="pk_invitation_codes"),
    )
    op.create_index("ix_invitation_codes_invitation_id", "invitation_codes", ["invitation_id"])
    op.create_index("ix_invitation_codes_first_half", "invitation_codes", ["first_half"])


def downgrade() -> None:
    for table in ("invitation_codes", "invitations", "identifiers"):
        op.drop_table(table)
    for column in ("entered", "identifier_id", "phone"):
        op.drop_column("memberships", column)
    op.drop_column("users", "system_id")
