"""Alembic's entry: it migrates over the connection that `storage.schema` hands it."""

from alembic import context
from sqlmodel import SQLModel

from storage.database import NOUNS

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    user_module_prefix="columns.",
)
assert NOUNS  # noqa: S101 - importing them is what fills the metadata
with context.begin_transaction():
    context.run_migrations()
