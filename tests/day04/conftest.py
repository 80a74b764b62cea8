"""Fixtures of the day: for all tests first, then for the lessons that have several test files.

The latter import their lesson only when they are used.
"""

import contextlib
import os
import re
import shutil
import socket
import sqlite3
import threading
from functools import cache, partial

import pytest

from tests.day04.helpers import end_of_threads


@pytest.fixture
def plain_environment(monkeypatch, tmp_path):
    """Keep out what the machine tells gunicorn, and keep gunicorn out of the home directory."""
    names = {"WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS", "NOTIFY_SOCKET", "XDG_RUNTIME_DIR", "PORT"}
    for name in names | {name for name in os.environ if name.startswith("GUNICORN_")}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def closed_port():
    """Give a port where no program listens, and none can begin to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


# Migrations


@pytest.fixture
def workspace(tmp_path):
    return tmp_path / "workspace"


@pytest.fixture
def flask_command(request, tmp_path):
    """Give a function that runs a command of the lesson's app and returns what it printed."""
    from tests.day04.migrations import command

    return partial(command, request.module.create_app, tmp_path)


@pytest.fixture
def db(flask_command):
    """Give a function that runs ``flask db``."""
    return partial(flask_command, "db")


@pytest.fixture
def rows(workspace):
    """Give a function that sends SQL without any code of the lesson, and without its checks."""

    def send(statement):
        with (
            contextlib.closing(sqlite3.connect(workspace / "library.db")) as connection,
            connection,
        ):
            return connection.execute(statement).fetchall()

    return send


@pytest.fixture
def schema(rows):
    """Give a function that returns the SQL of all tables, without spaces and quotes."""

    def read():
        found = rows("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        return {name: re.sub(r'[\s"]', "", text) for name, text in found}

    return read


@pytest.fixture
def models(workspace):
    """Give a function that changes the models of the workspace as an editor would."""

    def edit(*changes):
        path = workspace / "models.py"
        text = path.read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, "utf-8")

    return edit


@pytest.fixture(scope="session")
def begun(tmp_path_factory):
    """Give a function that begins the history of a lesson, once for all tests."""
    from tests.day04.migrations import begin

    return cache(lambda create_app: begin(create_app, tmp_path_factory.mktemp("begun")))


@pytest.fixture
def own(begun, request, tmp_path):
    """Begin with the first script, applied, and with rows."""
    shutil.copytree(begun(request.module.create_app), tmp_path, dirs_exist_ok=True)


# Mail; each test file defines the app and the client


@pytest.fixture(scope="module")
def no_thread_is_left():
    """Wait for the threads that the apps of a file have started; fail for one that does not end."""
    before = set(threading.enumerate())
    yield
    end_of_threads(before)


@pytest.fixture
def build_mail_app(no_thread_is_left):
    """Give a function that builds an app with a mail server; it is stopped at the end."""
    from tests.day04.mail import running

    with contextlib.ExitStack() as stack:
        yield lambda **config: stack.enter_context(running(**config))


@pytest.fixture
def inbox(app):
    """Give the messages that the lesson's server has received."""
    return app.extensions["mail_server"].messages


@pytest.fixture
def send(client):
    """Give a function that sends the form, with other values where a test names them."""
    from tests.day04.mail import FORM

    return lambda **fields: client.post("/send", data=FORM | fields)
