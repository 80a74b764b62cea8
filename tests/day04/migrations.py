"""What the test files of the two lessons on migrations use.

Each of them imports the ``create_app`` of its lesson; the fixtures take it from there.
"""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from tests.helpers import ROOT

TEMPLATE = ROOT / "day04" / "migration_trouble" / "template"
AUTHORS = [(1, "Jane Austen"), (2, "Jules Verne")]
BOOKS = [(1, "Emma", 1), (2, "Persuasion", 1), (3, "Around the World in Eighty Days", 2)]


@lru_cache(maxsize=1)
def app_with(create_app, folder, models):
    """Build the app for a folder; anew only if the models have changed, to save time."""
    return create_app({"DATA_FOLDER": folder})


def command(create_app, folder, *words, code=0, answer=None, **config):
    """Run a command of an app with its data in a folder; return what it printed."""
    models = Path(folder, "workspace", "models.py")
    text = models.read_text("utf-8") if models.exists() else None
    app = (
        create_app({"DATA_FOLDER": folder, **config})
        if config
        else app_with(create_app, folder, text)
    )
    result = app.test_cli_runner().invoke(args=words, input=answer)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def command_in_a_process(create_app, folder, *words, options=("-W", "error")):
    """Run a command as in a terminal, with options for Python."""
    call = f"{create_app.__module__}:create_app({{'DATA_FOLDER': {str(folder)!r}}})"
    return subprocess.run(
        [sys.executable, *options, "-m", "flask", "--app", call, *words],
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def begin(create_app, folder):
    """Lay out a workspace with its first script, apply it, and insert rows; return the folder."""
    command(create_app, folder, "start-over")
    if not (folder / "workspace" / "migrations").exists():
        command(create_app, folder, "db", "init", "-t", str(TEMPLATE))
        words = ("-m", "Create authors and books", "--rev-id", "0001")
        command(create_app, folder, "db", "migrate", *words)
    command(create_app, folder, "db", "upgrade")
    fill(folder)
    return folder


def fill(folder):
    """Insert the authors and the books."""
    with closing(sqlite3.connect(folder / "workspace" / "library.db")) as connection, connection:
        connection.executemany("INSERT INTO author (id, name) VALUES (?, ?)", AUTHORS)
        connection.executemany("INSERT INTO book (id, title, author_id) VALUES (?, ?, ?)", BOOKS)


def script(workspace, revision):
    """Return the path of a script."""
    [path] = (workspace / "migrations" / "versions").glob(f"{revision}_*.py")
    return path
