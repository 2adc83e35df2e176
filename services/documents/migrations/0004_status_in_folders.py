"""A status that few documents have is found without reading the others."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS: Sequence[str | sa.TextClause] = ["folder_id", "status", sa.text("uploaded_at desc"), sa.text("id desc")]


def upgrade() -> None:
    op.create_index("ix_documents_status", "documents", COLUMNS, postgresql_where=sa.text("merged_into is null and deleted_at is null"))


def downgrade() -> None:
    op.drop_index("ix_documents_status", "documents")
