"""The stacks that the shop runs on, and a client that does what the front end's script does.

SQLite and files are always tried. PostgreSQL and MariaDB, each with Redis, are turned on by the
variables of ``SERVERS``: addresses without a database, for each run makes one of its own.
"""

import os
import secrets
import socket
import socketserver
import subprocess
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from types import SimpleNamespace

import pytest
import redis
from flask_migrate import upgrade
from sqlalchemy import create_engine, delete, event, make_url, text

from day06_project.shop import create_app
from day06_project.shop.config import DRIVERS
from day06_project.shop.extensions import db
from day06_project.shop.models import CartItem, Goods, User

SERVERS = {
    "postgresql": ("COURSE_TEST_POSTGRESQL", "COURSE_TEST_REDIS"),
    "mariadb": ("COURSE_TEST_MARIADB", "COURSE_TEST_REDIS"),
}
API = "/api/v1.0"
PASSWORD = "correct horse"


# Stacks


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
    """Give a prefix for keys in Redis, and delete them at the end."""
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
    for variable in SERVERS[name]:
        if variable not in os.environ:
            pytest.skip(f"{variable} names no server")
    database, store = (os.environ[variable] for variable in SERVERS[name])
    with own_database(database) as url, own_keys(store) as prefix:
        yield {
            "DATA_FOLDER": folder,
            "DATABASE_URL": url,
            "REDIS_URL": store,
            "REDIS_PREFIX": prefix,
        }


@pytest.fixture(scope="module", params=["embedded", *SERVERS])
def stack(request, tmp_path_factory):
    """Give the settings of a stack, its tables made by the migrations."""
    with settings_of(request.param, tmp_path_factory.mktemp("shop")) as settings:
        app = create_app("testing", **settings)
        with app.app_context():
            upgrade()
        close(app)
        yield settings


@pytest.fixture(scope="module")
def build(stack):
    """Give a function that builds a shop on the stack: another worker, as it were."""
    with closing_apps() as built:
        yield lambda **settings: built("testing", **stack | settings)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """Give a function that builds a shop without tables, in a folder of its own."""
    with closing_apps() as built:
        yield lambda environment="testing", **settings: built(
            environment, **{"DATA_FOLDER": tmp_path_factory.mktemp("empty")} | settings
        )


@contextmanager
def closing_apps():
    apps = []

    def built(*arguments, **settings):
        apps.append(create_app(*arguments, **settings))
        return apps[-1]

    yield built
    for app in apps:
        close(app)


def close(app):
    with app.app_context():
        db.engine.dispose()
    if client := app.config.get("SESSION_REDIS"):
        client.close()
        app.extensions["store"].client.close()


@pytest.fixture(scope="module")
def built_app(build):
    return build()


@pytest.fixture
def app(built_app):
    """Give the shop, which is emptied afterwards: users, goods, carts and counters."""
    yield built_app
    with built_app.app_context():
        for model in CartItem, Goods, User:
            db.session.execute(delete(model))
        db.session.commit()
    forget_failures(built_app)


def forget_failures(app):
    """Empty the counters of wrong passwords."""
    store = app.extensions["store"]
    if app.config["REDIS_URL"]:
        keys = list(store.client.scan_iter(f"{store.prefix}login:*"))
        if keys:
            store.client.delete(*keys)
    else:
        store.path.unlink(missing_ok=True)


# Clients


class Shopper:
    """Sends JSON with the token, as the front end's script does."""

    def __init__(self, app, client=None):
        self.client = client or app.test_client()
        self.token = self.cookie("csrf_token", self.client.get(f"{API}/session"))
        self.user = None

    def cookie(self, name, response=None):
        """Return a cookie's value, from the jar."""
        found = self.client.get_cookie(name)
        return found and found.value

    def send(self, method, path, json=None, token=None, **more):
        headers = {"X-CSRFToken": self.token if token is None else token} | more.pop("headers", {})
        response = self.client.open(API + path, method=method, json=json, headers=headers, **more)
        self.token = self.cookie("csrf_token") or self.token
        return response

    def get(self, path, **more):
        return self.client.get(API + path, **more)

    def register(self, name, password=PASSWORD):
        captcha_id = str(uuid.uuid4())
        self.get(f"/captchas/{captcha_id}")
        body = {"name": name, "password": password}
        body |= {"captcha_id": captcha_id, "captcha_text": "test"}
        return self.send("POST", "/users", body)

    def login(self, name, password=PASSWORD):
        return self.send("POST", "/session", {"name": name, "password": password})

    def logged_in(self, name):
        assert self.register(name).status_code == 201
        response = self.login(name)
        assert response.status_code == 200
        self.user = response.json["user"]
        return self

    def offer(self, name="Teapot", price=2750, **more):
        response = self.send("POST", "/goods", {"name": name, "price": price, **more})
        assert response.status_code == 201
        return response.json["id"]


@pytest.fixture
def stranger(app):
    """Give somebody who is not logged in."""
    return Shopper(app)


@pytest.fixture
def ada(app):
    return Shopper(app).logged_in("ada")


@pytest.fixture
def bob(app):
    return Shopper(app).logged_in("bob")


@pytest.fixture
def problem():
    """Give a function that looks for problem details in a response, and returns them."""

    def check(response, status):
        assert response.status_code == status
        assert response.content_type == "application/problem+json"
        assert response.headers["X-Request-ID"] == response.json["request_id"]
        assert response.json["status"] == status
        assert response.json["instance"] == response.request.path
        assert {"type", "title", "detail"} <= set(response.json)
        return response.json

    return check


@pytest.fixture
def later(app, monkeypatch):
    """Give a function that lets the store grow older, without anybody waiting for it."""
    past = []

    def let_pass(seconds):
        past.append(seconds)
        store = app.extensions["store"]
        if not app.config["REDIS_URL"]:
            clock = SimpleNamespace(time=lambda: time.time() + sum(past))
            monkeypatch.setattr("day06_project.shop.libs.store.time", clock)
            return
        for key in store.client.scan_iter(f"{store.prefix}*"):
            left = store.client.pttl(key) - seconds * 1000
            assert left > -seconds * 1000, f"{key} never ends"
            if left > 0:
                store.client.pexpire(key, left)
            else:
                store.client.delete(key)

    return let_pass


# Servers of a test's own


@pytest.fixture
def small_redis():
    """Give a server with the few commands that the shop needs, and words to stop and start it."""
    with SmallRedis() as server:
        yield server


class SmallRedis:
    """Speaks enough of Redis' protocol (RESP 2) for tests on machines that have no Redis."""

    def __init__(self):
        self.databases = {}
        self.connections = set()
        self.lock = threading.Lock()
        self.port = 0
        self.start()

    def start(self):
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                outer.connections.add(self.connection)
                outer.serve(self.rfile, self.wfile)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            with suppress(OSError):  # the client has closed it already
                connection.shutdown(socket.SHUT_RDWR)
        self.connections.clear()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0?protocol=2"

    def serve(self, reader, writer):
        number, queue = 0, None
        try:
            while line := reader.readline():
                words = []
                for _ in range(int(line[1:])):
                    size = int(reader.readline()[1:])
                    words.append(reader.read(size + 2)[:-2])
                name = words[0].upper()
                if name == b"SELECT":
                    number, answer = int(words[1]), b"+OK\r\n"
                elif name == b"MULTI":
                    queue, answer = [], b"+OK\r\n"
                elif name == b"EXEC":
                    with self.lock:
                        answers = [self.run(number, *each) for each in queue]
                    queue, answer = None, b"*%d\r\n" % len(answers) + b"".join(answers)
                elif queue is not None:
                    queue.append(words)
                    answer = b"+QUEUED\r\n"
                else:
                    with self.lock:
                        answer = self.run(number, *words)
                writer.write(answer)
        except (OSError, ValueError):
            pass  # stopped

    def run(self, number, name, key=b"", *rest):
        data = self.databases.setdefault(number, {})
        value, ends = data.get(key, (None, None))
        if ends is not None and ends <= time.monotonic():
            del data[key]
            value = ends = None
        text = b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
        options = [word.upper() for word in rest[1:]]
        match name.upper():
            case b"PING":
                return b"+PONG\r\n"
            case b"GET":
                return text
            case b"GETDEL":
                data.pop(key, None)
                return text
            case b"DEL":
                return b":%d\r\n" % (data.pop(key, None) is not None)
            case b"SET":
                if b"NX" in options and value is not None:
                    return b"$-1\r\n"
                seconds = int(rest[options.index(b"EX") + 2]) if b"EX" in options else None
                data[key] = rest[0], seconds and time.monotonic() + seconds
                return b"+OK\r\n"
            case b"SETEX":
                data[key] = rest[1], time.monotonic() + int(rest[0])
                return b"+OK\r\n"
            case b"INCRBY":
                data[key] = b"%d" % (int(value or 0) + int(rest[0])), ends
                return b":%s\r\n" % data[key][0]
            case b"TTL":
                return b":%d\r\n" % (-2 if value is None else round(ends - time.monotonic()))
            case b"KEYS":
                return b"*%d\r\n" % len(data) + b"".join(
                    b"$%d\r\n%s\r\n" % (len(each), each) for each in data
                )
        return b"-ERR unknown command\r\n"


@contextmanager
def process(*command, **more):
    """Start a program, and end it with whatever it has started."""
    started = subprocess.Popen(command, start_new_session=True, **more)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait(10)


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return found.getsockname()[1]


def wait_for(condition, seconds=15):
    """Ask again until it is so."""
    end = time.monotonic() + seconds
    while True:
        with suppress(OSError):
            if found := condition():
                return found
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def shopper():
    """Give the class, for tests that need more people, or apps of their own."""
    return Shopper


@pytest.fixture(scope="session")
def tools():
    """Give what tests with processes and apps of their own need."""
    return SimpleNamespace(
        close=close,
        forget_failures=forget_failures,
        process=process,
        free_port=free_port,
        wait_for=wait_for,
        api=API,
    )


@pytest.fixture
def queries():
    """Give a context manager that collects the statements an app's database gets."""

    @contextmanager
    def collect(app):
        seen = []

        def note(connection, cursor, statement, *rest):
            seen.append(statement)

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        yield seen
        event.remove(engine, "before_cursor_execute", note)

    return collect


@pytest.fixture
def parallel():
    """Give a function that calls something many times at once and returns what came back."""

    def run(call, arguments):
        arguments = list(arguments)
        start = threading.Barrier(len(arguments))

        def one(argument):
            start.wait(10)
            return call(argument)

        with ThreadPoolExecutor(len(arguments)) as pool:
            return list(pool.map(one, arguments))

    return run
