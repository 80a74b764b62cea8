"""The commands around ``flask db``: lay out a workspace, take a step of the example, send SQL."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

TEMPLATE = Path(__file__).parent / "template"
EXAMPLE = Path(__file__).parent / "example"


@click.command("start-over")
@click.option("--example", is_flag=True, help="Begin with the three scripts of the example.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
@with_appcontext
def start_over(example: bool, yes: bool) -> None:
    """Lay out a fresh workspace: the first models, no migrations, no database."""
    workspace = current_app.config["WORKSPACE"]
    models, migrations = workspace / "models.py", workspace / "migrations"
    ours = [models, migrations, workspace / "library.db"]
    if not yes and any(path.exists() for path in ours):
        click.confirm(f"Delete models, migrations and database in {workspace}?", abort=True)
    try:
        for path in ours:  # and nothing else that may lie there
            if path.is_dir():
                shutil.rmtree(path)
            path.unlink(missing_ok=True)
        workspace.mkdir(parents=True, exist_ok=True)
        shutil.copy(EXAMPLE / f"models_{3 if example else 1}.py", models)
        if example:
            shutil.copytree(TEMPLATE, migrations)
            (migrations / "alembic.ini.mako").rename(migrations / "alembic.ini")
            shutil.copytree(EXAMPLE / "versions", migrations / "versions")
    except OSError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"A fresh workspace lies in {workspace}")


@click.command()
@click.argument("what", type=click.Choice(["models", "script"]))
@click.argument("step", type=click.Choice(["1", "2", "3"]))
@with_appcontext
def take(what: str, step: str) -> None:
    """Put the example's models or script of a STEP into the workspace, as if you had typed it."""
    workspace = current_app.config["WORKSPACE"]
    if what == "models":
        targets = list(workspace.glob("models.py"))
        sources = sorted(EXAMPLE.glob("models_*.py"))
    else:
        targets = list(workspace.glob(f"migrations/versions/000{step}_*.py"))
        sources = sorted(EXAMPLE.glob("versions/*.py"))
    if len(targets) != 1:
        raise click.ClickException(f"The workspace has {len(targets)} files for {what} {step}.")
    own_words = targets[0].read_bytes() not in [path.read_bytes() for path in sources]
    if what == "models" and own_words:
        click.confirm("models.py has words of your own. Overwrite them?", abort=True)
    shutil.copy(sources[int(step) - 1], targets[0])
    click.echo(f"{targets[0].name} is now as in step {step} of the example")


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
