"""Members whose access has ended are reached by no notice in the portal, also where mails to them go on."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("email_stops", sa.Column("in_force", sa.Boolean(), server_default=sa.true(), nullable=False))
    # Where mails go on nobody has kept whether the access had ended; the next event about the member tells.
    op.execute("update email_stops set in_force = not stopped")


def downgrade() -> None:
    op.drop_column("email_stops", "in_force")
