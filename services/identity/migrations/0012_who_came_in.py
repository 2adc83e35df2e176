"""Accounts that somebody has come in with, numbers that opened one which was unused, and identifiers as each organisation wrote them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID, MOMENT = sa.Uuid(as_uuid=False), sa.DateTime(timezone=True)
OPENED = """
    update users u set opened_at = coalesce(
      (select min(f.confirmed_at) from factors f where f.user_id = u.id), u.terms_accepted_at,
      (select min(s.created_at) from sessions s where s.user_id = u.id),
      (select min(b.bound_at) from provider_bindings b where b.user_id = u.id))
"""
# Whoever came in by a number alone goes on doing so, where nothing but that number led to the account.
BY_NUMBER = """
    update identifiers i set opened_at = u.opened_at from users u
    where u.id = i.user_id and u.opened_at is not null and i.proven_at is null and u.password_hash is null
      and not exists (select from factors f where f.user_id = u.id)
      and not exists (select from provider_bindings b where b.user_id = u.id)
      and not exists (select from memberships m
                      where m.user_id = u.id and m.removed_at is null and m.identifier_id is distinct from i.id)
"""
# Sessions that such a number has opened reached every organisation; the next one knows which.
BEFORE = """
    update sessions s set ended_at = now() from users u where u.id = s.user_id and s.ended_at is null
      and not exists (select from factors f where f.user_id = u.id)
      and not exists (select from provider_bindings b where b.user_id = u.id)
"""
# Of an account that several have and nobody has used, none knows more than the others.
ENTERED = """
    update memberships m set entered = array[u.email, u.first_name, u.last_name]::varchar(254)[] from users u
    where u.id = m.user_id and u.opened_at is null and m.entered is null and m.removed_at is null
      and exists (select from memberships o where o.user_id = m.user_id and o.id <> m.id and o.removed_at is null)
"""


def upgrade() -> None:
    op.add_column("users", sa.Column("opened_at", MOMENT, nullable=True))
    op.add_column("identifiers", sa.Column("opened_at", MOMENT, nullable=True))
    op.add_column("memberships", sa.Column("identifier", sa.String(length=1000), nullable=True))
    for table in ("sessions", "provider_sign_ins"):
        op.add_column(table, sa.Column("identifier_id", ID, nullable=True))
    for statement in (OPENED, BY_NUMBER, BEFORE, ENTERED):
        op.execute(statement)


def downgrade() -> None:
    # The version before this one would let such a session into every organisation.
    op.execute("update sessions set ended_at = coalesce(ended_at, now()) where identifier_id is not null")
    for table in ("provider_sign_ins", "sessions"):
        op.drop_column(table, "identifier_id")
    op.drop_column("memberships", "identifier")
    op.drop_column("identifiers", "opened_at")
    op.drop_column("users", "opened_at")
