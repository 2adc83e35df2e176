"""What a firm does for a client; until now that was everything."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The version before this one still links clients while it is replaced.
    op.add_column("links", sa.Column("service_areas", sa.ARRAY(sa.SmallInteger()), nullable=False, server_default="{1,2,3}"))
    op.add_column("links", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    op.drop_column("links", "version")
    op.drop_column("links", "service_areas")
