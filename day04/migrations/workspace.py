"""The workspace of an app: a copy of the example's models that you edit, its scripts, its database.

``init_workspace`` adds the commands ``start-over``, ``take``, ``sql`` and ``flask db`` to an app,
and the page that shows the database.
"""

import logging
import runpy
import shutil
import sqlite3
import sys
import traceback
from contextlib import closing
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask.logging import default_handler
from flask_migrate import Migrate
from sqlalchemy import event
from sqlalchemy.pool import NullPool

from day04.migrations.page import page


def init_workspace(app: Flask, example: Path, template: Path | None = None) -> None:
    """Give the app its workspace, a folder inside ``DATA_FOLDER``.

    ``example`` is the folder with the models of each step, and the finished scripts. With a
    ``template``, ``start-over`` also lays out the migrations, with the first script.
    """
    workspace = Path(app.config["DATA_FOLDER"]).absolute() / "workspace"
    app.config.update(WORKSPACE=workspace, EXAMPLE=example, TEMPLATE=template)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{workspace / 'library.db'}"
    # Close the file after each use.
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", {"poolclass": NullPool})
    app.json.default = repr  # a row may have bytes in it
    for command in start_over, take, sql:
        app.cli.add_command(command)
    app.register_blueprint(page)
    if (workspace / "models.py").exists():
        add_models(app, workspace)


def add_models(app: Flask, workspace: Path) -> None:
    """Use the models of the workspace, and give the app the commands ``flask db`` for them."""
    try:
        # Run the file each time, because you edit it; Python would import it only once.
        db = runpy.run_path(str(workspace / "models.py"))["db"]
        db.init_app(app)
    except Exception as error:  # noqa: BLE001 (with any mistake in it, the other commands remain)
        problem = "".join(traceback.format_exception_only(error))
        click.echo(f"There is no 'flask db' until you correct models.py. {problem}", err=True)
        return
    migrate = Migrate(app, db, directory=workspace / "migrations")
    for name in "alembic.autogenerate", "alembic.runtime.migration", "flask_migrate":
        logging.getLogger(name).setLevel(logging.INFO)
        logging.getLogger(name).addHandler(default_handler)

    @migrate.configure
    def print_to_stdout(config):
        config.stdout = sys.stdout  # Alembic has the one of its import, which a test replaces
        return config

    with app.app_context():

        @event.listens_for(db.engine, "connect")
        def check_foreign_keys(connection, record):
            # SQLite checks foreign keys only if each new connection asks for it.
            connection.execute("PRAGMA foreign_keys = ON")


@click.command("start-over")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
@with_appcontext
def start_over(yes: bool) -> None:
    """Lay out a new workspace: the models of step 1, and no database."""
    workspace, template = current_app.config["WORKSPACE"], current_app.config["TEMPLATE"]
    example = current_app.config["EXAMPLE"]
    models, migrations = workspace / "models.py", workspace / "migrations"
    ours = [models, migrations, workspace / "library.db"]
    if not yes and any(path.exists() for path in ours):
        click.confirm(f"Delete models, migrations and database in {workspace}?", abort=True)
    try:
        for path in ours:  # and no other file of this folder
            if path.is_dir():
                shutil.rmtree(path)
            path.unlink(missing_ok=True)
        workspace.mkdir(parents=True, exist_ok=True)
        shutil.copy(example / "models_1.py", models)
        if template:
            shutil.copytree(template, migrations)
            (migrations / "alembic.ini.mako").rename(migrations / "alembic.ini")
            (migrations / "versions").mkdir()
            for script in example.glob("versions/0001_*.py"):
                shutil.copy(script, migrations / "versions")
    except OSError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"The new workspace is in {workspace}")


@click.command()
@click.argument("what", type=click.Choice(["models", "script"]))
@click.argument("step", type=click.Choice(["1", "2"]))
@with_appcontext
def take(what: str, step: str) -> None:
    """Put the example's models or script of a STEP into the workspace, as if you had typed it."""
    workspace, example = current_app.config["WORKSPACE"], current_app.config["EXAMPLE"]
    if what == "models":
        sources = sorted(example.glob("models_*.py"))
        targets = [workspace / "models.py"]
    else:
        sources = sorted(example.glob("versions/*.py"))
        versions = workspace / "migrations" / "versions"
        name = sources[int(step) - 1].name
        targets = list(versions.glob(f"000{step}_*.py")) or [versions / name]
    source, target = sources[int(step) - 1], targets[0]
    if len(targets) > 1 or not target.parent.is_dir():
        raise click.ClickException(f"The workspace has no place for {what} {step}.")
    if target.exists() and what == "models":
        known = [path.read_bytes() for path in sources]
        if target.read_bytes() not in known:
            click.confirm("models.py has changes of your own. Overwrite them?", abort=True)
    shutil.copy(source, target)
    click.echo(f"{target.name} is now as in step {step} of the example")


@click.command()
@click.argument("statement")
@with_appcontext
def sql(statement: str) -> None:
    """Send one SQL STATEMENT to the database of the workspace, and print the rows it finds."""
    path = current_app.config["WORKSPACE"] / "library.db"
    if not path.exists():  # connecting would make the file
        raise click.ClickException("There is no database yet: 'flask db upgrade' makes it.")
    try:
        with closing(sqlite3.connect(path)) as connection, connection:  # commits at its end
            connection.execute("PRAGMA foreign_keys = ON")  # as in the app
            cursor = connection.execute(statement)
            for row in cursor:
                click.echo(row)
            if cursor.rowcount >= 0:
                click.echo(f"Rows changed: {cursor.rowcount}")
    except sqlite3.Error as error:
        raise click.ClickException(str(error)) from error
