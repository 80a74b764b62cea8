"""Runs the migrations; ``flask --app day06_project.single_file.app db upgrade`` comes here."""

from alembic import context
from flask import current_app

migrate = current_app.extensions["migrate"]

with migrate.db.engine.connect() as connection:
    if connection.dialect.name == "sqlite":
        # Batch mode drops the old table, and ON DELETE CASCADE takes that for a deletion.
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.commit()  # or Alembic would use the transaction that is open already
    context.configure(connection, target_metadata=migrate.db.metadata, **migrate.configure_args)
    with context.begin_transaction():
        context.run_migrations()
