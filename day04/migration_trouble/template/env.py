"""Alembic runs this file for each command: it connects, and passes on the models of the app."""

import logging

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy.exc import DBAPIError

migrate = current_app.extensions["migrate"]
logger = logging.getLogger("alembic.autogenerate")


def skip_empty_script(migration, revision, scripts):
    """Write no script if models and database agree."""
    is_new = getattr(context.config.cmd_opts, "autogenerate", False)
    if is_new and scripts[0].upgrade_ops.is_empty():
        scripts.clear()
        logger.info("No changes in schema detected.")


def print_sql():
    """Print the SQL for ``--sql``, and send nothing."""
    context.configure(
        url=migrate.db.engine.url, target_metadata=migrate.db.metadata, literal_binds=True
    )
    with context.begin_transaction():
        context.run_migrations()


def change_database():
    """Send the SQL to the database of the app."""
    with migrate.db.engine.connect() as connection:
        connection.detach()  # the app must not get this connection back, without its checks
        leave_on = "foreign_keys=on" in context.get_x_argument()  # to see what happens then
        if connection.dialect.name == "sqlite" and not leave_on:
            # Batch mode drops the old table, and for ON DELETE CASCADE its rows are deleted.
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.commit()  # so that Alembic begins a transaction of its own
        context.configure(
            connection=connection,
            target_metadata=migrate.db.metadata,
            process_revision_directives=skip_empty_script,
            **migrate.configure_args,
        )
        try:
            with context.begin_transaction():
                context.run_migrations()
        except DBAPIError as error:
            raise CommandError(str(error)) from error  # one message in place of a long traceback


if context.is_offline_mode():
    print_sql()
else:
    change_database()
