"""Alembic's environment: runs migrations on the connection that `Database.migrate` hands over."""

from alembic import context

from services.catalog.tables import Table

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Table.metadata, render_as_batch=True)
with context.begin_transaction():
    if connection.dialect.name == "postgresql":
        # Several processes may start at once; the first migrates, the others wait and find nothing to do.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(736567)")
    context.run_migrations()
