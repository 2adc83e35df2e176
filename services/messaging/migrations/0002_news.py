"""News: articles, their texts, who has read them, and which firm works for which client."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_firms",
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("firm_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("service_areas", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "firm_id", name="pk_client_firms"),
    )
    op.create_table(
        "articles",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("firm_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("service_area", sa.SmallInteger(), nullable=False),
        sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(300), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_articles"),
    )
    op.create_index("ix_articles_published", "articles", ["firm_id", "publish_at", "id"])
    op.create_index("ix_articles_changed", "articles", ["firm_id", "changed_at", "id"])
    op.create_table(
        "article_texts",
        sa.Column("article_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "language", name="pk_article_texts"),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_article_texts_article_id", ondelete="CASCADE"),
    )
    op.create_table(
        "article_reads",
        sa.Column("article_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("membership_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "membership_id", name="pk_article_reads"),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_article_reads_article_id", ondelete="CASCADE"),
    )
    op.create_index("ix_article_reads_membership_id", "article_reads", ["membership_id"])


def downgrade() -> None:
    for name in ("article_reads", "article_texts", "articles", "client_firms"):
        op.drop_table(name)
