"""Alembic's entry: run the migrations of the service whose connection and tables were handed over by chassis.db."""

from alembic import context

config = context.config
given = {"connection": config.attributes["connection"], "target_metadata": config.attributes["metadata"]}
context.configure(**given, compare_server_default=False, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
