"""Run by Alembic: every version on the connection that `suite.judge.store.database` has opened."""

from alembic import context

from suite.judge.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite knows no ALTER of a column: Alembic copies the table there.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
