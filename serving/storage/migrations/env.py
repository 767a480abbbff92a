"""Alembic's entry: run steps on the connection that `serving.storage.migrate` hands over."""

from alembic import context

from serving.storage.migrate import VERSION_TABLE
from serving.storage.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
