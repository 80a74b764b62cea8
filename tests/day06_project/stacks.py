"""What the shop can run on: SQLite and files, or a database server and Redis.

SQLite and files are always tried. PostgreSQL and MariaDB, each with Redis, belong to the second
half: the variables of ``SERVERS`` hold their URLs, without a database. Each run makes its own.
"""

import os
import secrets
import shutil
import socket
from contextlib import closing, contextmanager

import pytest
import redis
from flask_migrate import upgrade
from sqlalchemy import create_engine, event, make_url, text

from day06_project.shop import create_app
from day06_project.shop.config import DRIVERS
from day06_project.shop.extensions import db
from tests.day06_project.helpers import close, process, wait_for
from tests.helpers import free_port

SERVERS = {
    "postgresql": ("COURSE_TEST_POSTGRESQL", "COURSE_TEST_REDIS"),
    "mariadb": ("COURSE_TEST_MARIADB", "COURSE_TEST_REDIS"),
}
ON_SERVERS = [pytest.param(name, marks=pytest.mark.second_half) for name in SERVERS]


def variable(name):
    """Return what a variable of ``SERVERS`` holds, or skip the test."""
    return os.environ.get(name) or pytest.skip(f"{name} is not set: it names the server to test on")


@contextmanager
def own_database(server):
    """Make a database on the server, and drop it at the end."""
    url = make_url(server)
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    postgresql = url.get_backend_name() == "postgresql"
    name = f"course_{secrets.token_hex(6)}"
    admin = url.set(database="postgres") if postgresql else url
    engine = create_engine(admin, isolation_level="AUTOCOMMIT")
    charset = "" if postgresql else " CHARACTER SET utf8mb4"
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}{charset}"))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        force = " WITH (FORCE)" if postgresql else ""
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}{force}"))
        engine.dispose()


@contextmanager
def own_keys(url):
    """Give a prefix for keys in Redis, and delete the keys at the end."""
    prefix = f"course-{secrets.token_hex(6)}:"
    yield prefix
    with closing(redis.Redis.from_url(url)) as client:
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)


@contextmanager
def settings_of(name, folder):
    """Give the settings that make a shop run on a stack of its own."""
    if name == "embedded":
        yield {"DATA_FOLDER": folder, "DATABASE_URL": f"sqlite:///{folder / 'shop.db'}"}
        return
    database, store = (variable(each) for each in SERVERS[name])
    with own_database(database) as url, own_keys(store) as prefix:
        yield {
            "DATA_FOLDER": folder,
            "DATABASE_URL": url,
            "REDIS_URL": store,
            "REDIS_PREFIX": prefix,
        }


@contextmanager
def closing_apps():
    """Give ``create_app``, and close the apps at the end."""
    apps = []

    def built(*arguments, **settings):
        app = create_app(*arguments, **settings)
        apps.append(app)
        with app.app_context():
            if db.engine.dialect.name == "sqlite":
                event.listen(db.engine, "connect", do_not_wait_for_the_disk)
        return app

    yield built
    for app in apps:
        close(app)


def do_not_wait_for_the_disk(connection, record):
    """Make SQLite fast: what tests write need not survive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")


def migrate(settings):
    with closing_apps() as built, built("testing", **settings).app_context():
        upgrade()


@contextmanager
def real_redis(folder):
    """Start a Redis server of the test's own; give its URL, and functions to stop and start it."""
    variable("COURSE_TEST_REDIS")
    program = shutil.which("redis-server") or pytest.skip("redis-server is not installed")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]

    class Server:
        url = f"redis://127.0.0.1:{port}"

        def start(self):
            self.running = process(*command, "--logfile", "redis.log")
            self.process = self.running.__enter__()
            wait_for(lambda: socket.create_connection(("127.0.0.1", port)).close() or True)

        def stop(self):
            self.running.__exit__(None, None, None)

    server = Server()
    server.start()
    try:
        yield server
    finally:
        server.stop()
