"""A name for each membership, as it was entered there, and where the owner of the account has come in."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The version before this one still adds members while it is replaced. Without a name of its own a membership shows the person's.
    op.add_column("members", sa.Column("name", sa.String(300), nullable=False, server_default=""))
    op.add_column("members", sa.Column("name_key", sa.String(600), nullable=False, server_default=""))
    op.add_column("people", sa.Column("came_in", sa.ARRAY(sa.Uuid(as_uuid=False)), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("people", "came_in")
    # Shown before the person came in, and from now on by the person's name alone: nobody is left without one.
    op.execute("""
        insert into people (user_id, name, name_key, as_of)
        select distinct on (user_id) user_id, name, name_key, to_timestamp(0) from members
        where removed_at is null and name <> '' order by user_id, membership_id on conflict do nothing
    """)
    for name in ("name_key", "name"):
        op.drop_column("members", name)
