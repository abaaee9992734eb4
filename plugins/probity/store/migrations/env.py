"""Alembic's environment: runs on the connection that ``probity.store.db.migrate`` hands over."""

from alembic import context

from probity.store import model
from probity.store.db import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=model.Base.metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
