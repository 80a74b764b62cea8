"""What Alembic runs before it compares or migrates: this connects, and hands over the models."""

import logging

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy.exc import DBAPIError

migrate = current_app.extensions["migrate"]
logger = logging.getLogger("alembic.autogenerate")


def leave_out_empty(migration, revision, scripts):
    """Write no script if models and database agree."""
    is_new = getattr(context.config.cmd_opts, "autogenerate", False)
    if is_new and scripts[0].upgrade_ops.is_empty():
        scripts.clear()
        logger.info("No changes in schema detected.")


def offline():
    """Print the SQL that ``--sql`` asks for, and send nothing."""
    context.configure(
        url=migrate.db.engine.url, target_metadata=migrate.db.metadata, literal_binds=True
    )
    with context.begin_transaction():
        context.run_migrations()


def online():
    """Send it to the database of the app."""
    with migrate.db.engine.connect() as connection:
        connection.detach()  # no pool shall hand it on with its checks off
        leave_on = "foreign_keys=on" in context.get_x_argument()  # to see what happens then
        if connection.dialect.name == "sqlite" and not leave_on:
            # Batch mode drops the old table, and ON DELETE CASCADE takes that for a deletion.
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.commit()  # or Alembic would take the transaction for somebody else's
        context.configure(
            connection=connection,
            target_metadata=migrate.db.metadata,
            process_revision_directives=leave_out_empty,
            **migrate.configure_args,
        )
        try:
            with context.begin_transaction():
                context.run_migrations()
        except DBAPIError as error:
            raise CommandError(str(error)) from error  # the last lines of a long traceback


if context.is_offline_mode():
    offline()
else:
    online()
