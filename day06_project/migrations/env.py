"""Run the migrations; ``flask --app day06_project.shop db upgrade`` comes here."""

from alembic import context
from flask import current_app
from sqlalchemy import NullPool, create_engine

migrate = current_app.extensions["migrate"]
engine = migrate.db.engine
if engine.dialect.name != "sqlite":
    # Without the time limits of requests: to change a large table takes long.
    engine = create_engine(engine.url, poolclass=NullPool)


def log(step, **rest):
    """Log each migration."""
    direction = "up to" if step.is_upgrade else "down from"
    current_app.logger.info(
        "migration %s %s: %s", direction, step.up_revision_id, step.up_revision.doc
    )


options = {
    "target_metadata": migrate.db.metadata,
    "on_version_apply": log,
    **migrate.configure_args,
}


def run_on_sqlite(connection):
    """Run with foreign keys off, in one transaction, and check the keys before it ends.

    To change a table SQLite makes it anew and drops the old one. With foreign keys on, this
    deletes every row that refers to it. They can only be switched outside of a transaction.
    """
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.commit()
    # The driver begins a transaction only for rows. Tables that stay after a failure would stop the
    # next attempt.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    context.configure(connection, transactional_ddl=True, **options)
    try:
        context.run_migrations()
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
            raise RuntimeError(f"rows refer to nothing: {broken}")
        connection.commit()
    finally:
        connection.rollback()
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")


if context.is_offline_mode():
    context.configure(url=engine.url, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()
else:
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            run_on_sqlite(connection)
        else:
            context.configure(connection, **options)
            with context.begin_transaction():
                context.run_migrations()
