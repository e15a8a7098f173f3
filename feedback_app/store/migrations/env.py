"""Run by alembic: apply the revisions on the connection that `migration.py` gives, in its transaction."""

from alembic import context

from feedback_app.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
