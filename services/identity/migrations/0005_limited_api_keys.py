"""API keys limited to clients, bound to a certificate, and from where they were used."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("clients", sa.ARRAY(sa.Uuid(as_uuid=False)), nullable=True))
    op.add_column("api_keys", sa.Column("certificate", sa.String(length=64), nullable=True))
    op.add_column("api_keys", sa.Column("used_from", sa.String(length=45), nullable=True))
    op.add_column("api_keys", sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint("ck_api_keys_clients", "api_keys", "cardinality(clients) > 0")


def downgrade() -> None:
    # Without their limits they would open more than they were made for.
    op.execute("update api_keys set revoked_at = coalesce(revoked_at, now()) where clients is not null or certificate is not null")
    op.drop_constraint("ck_api_keys_clients", "api_keys")
    for column in ("refused_at", "used_from", "certificate", "clients"):
        op.drop_column("api_keys", column)
