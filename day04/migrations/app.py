"""Change the tables of a database that is in use, and keep what is in them.

The models say how the tables shall be, and a database that is full of rows has to be brought there
step by step. Each step is a script, a migration, that can be kept with the code, tried, and undone.
The command ``start-over`` lays out a workspace in which you can do all of it yourself.

Run it: flask --app day04.migrations.app run --debug
"""

import logging
import runpy
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app, render_template
from flask.logging import default_handler
from flask_migrate import Migrate
from sqlalchemy import Connection, create_engine, event, inspect, select, table, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from day04.migrations.workspace import sql, start_over, take

LIMIT = 20  # rows of a table that are shown


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is where the workspace lies."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day04_migrations",
        SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool},  # a file need not be held open
    )
    app.config.from_mapping(config or {})
    workspace = Path(app.config["DATA_FOLDER"]).absolute() / "workspace"
    app.config["WORKSPACE"] = workspace
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{workspace / 'library.db'}"
    app.json.default = repr  # a row may hold bytes

    for command in start_over, take, sql:
        app.cli.add_command(command)
    if (workspace / "models.py").exists():
        add_models(app, workspace)

    @app.get("/")
    def index():
        """Show where the database is."""
        return render_template("index.html", workspace=workspace, limit=LIMIT, **state())

    @app.get("/state")
    def state_as_json():
        """Tell it to a program."""
        return state()

    @app.errorhandler(DatabaseError)
    def unreadable(error: DatabaseError):
        """Answer while the file is locked, or is no database at all."""
        said = f"The database cannot be read: {error.orig}\n"
        return said, 503, {"Content-Type": "text/plain; charset=utf-8"}

    return app


def add_models(app: Flask, workspace: Path) -> None:
    """Use the models of the workspace, and give the app the commands ``flask db ...`` for them."""
    try:
        # Run anew each time, for it is the file that you edit; an import would remember it.
        db = runpy.run_path(str(workspace / "models.py"))["db"]
        db.init_app(app)
    except Exception as error:  # noqa: BLE001 (whatever was typed, the commands that mend it stay)
        problem = "".join(traceback.format_exception_only(error))
        click.echo(f"There is no 'flask db' until models.py is mended. {problem}", err=True)
        return
    # An absolute path. The default, "migrations", is looked for wherever you happen to stand.
    migrate = Migrate(app, db, directory=workspace / "migrations")
    for name in "alembic.autogenerate", "alembic.runtime.migration", "flask_migrate":
        logging.getLogger(name).setLevel(logging.INFO)
        logging.getLogger(name).addHandler(default_handler)

    @migrate.configure
    def print_where_click_does(config):
        config.stdout = sys.stdout  # Alembic would keep the one of its import, past a test's runner
        return config

    with app.app_context():

        @event.listens_for(db.engine, "connect")
        def check_foreign_keys(connection, record):
            # SQLite checks nothing unless told so, on each connection anew.
            connection.execute("PRAGMA foreign_keys = ON")


def state() -> dict[str, Any]:
    """Read from the database itself, not from the models, which revision and tables it has."""
    path = current_app.config["WORKSPACE"] / "library.db"
    if not path.exists():  # connecting would make the file
        return {"revisions": [], "tables": {}}
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
        tables = {name: content(connection, name) for name in names}
    # Alembic's own table: a row with the revision, or none before the first upgrade.
    version = tables.pop("alembic_version", {"rows": []})
    return {"revisions": [row[0] for row in version["rows"]], "tables": tables}


def content(connection: Connection, name: str) -> dict[str, Any]:
    """Return the columns of a table, and its first rows."""
    result = connection.execute(select(text("*")).select_from(table(name)).limit(LIMIT))
    return {"columns": list(result.keys()), "rows": [list(row) for row in result]}
