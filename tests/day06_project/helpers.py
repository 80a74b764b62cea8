"""What the tests of the shop share: a client like the front end's script, and small helpers."""

import subprocess
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from sqlalchemy import event, insert
from werkzeug.security import generate_password_hash

from day06_project.shop.extensions import db
from day06_project.shop.libs.store import RedisStore
from day06_project.shop.models import User

API = "/api/v1.0"
PASSWORD = "correct horse"
PASSWORD_HASH = generate_password_hash(PASSWORD, "pbkdf2:sha256:1")


class Shopper:
    """A client that sends JSON with the CSRF token, as the script of the front end does."""

    def __init__(self, app, client=None):
        self.app = app
        self.client = client or app.test_client()
        self.user = None

    def cookie(self, name):
        """Return the value of a cookie, or None."""
        found = self.client.get_cookie(name)
        return found and found.value

    @property
    def token(self):
        """The CSRF token that the shop has set as a cookie; the first time, ask for it."""
        if self.cookie("csrf_token") is None:
            self.get("/session")
        return self.cookie("csrf_token")

    def get(self, path, **more):
        return self.client.get(API + path, **more)

    def send(self, method, path, json=None, token=None, **more):
        """Send a request with a token: the client's own, or the one that is given."""
        headers = {"X-CSRFToken": self.token if token is None else token} | more.pop("headers", {})
        return self.client.open(API + path, method=method, json=json, headers=headers, **more)

    def register(self, name, password=PASSWORD):
        captcha_id = str(uuid.uuid4())
        self.app.extensions["store"].put(f"captcha:{captcha_id}", "TEST", 60)
        body = {"name": name, "password": password}
        body |= {"captcha_id": captcha_id, "captcha_text": "test"}
        return self.send("POST", "/users", body)

    def elsewhere(self, app):
        """Return another client with the same cookies, such as a second tab, on any worker."""
        client = app.test_client()
        for name in "session", "csrf_token":
            client.set_cookie(name, self.cookie(name))
        return Shopper(app, client)

    def login(self, name, password=PASSWORD):
        return self.send("POST", "/session", {"name": name, "password": password})

    def logged_in(self, name):
        """Return this client with a new account in its session, put there without the forms."""
        with self.app.app_context(), db.engine.begin() as connection:
            account = insert(User).values(name=name, password_hash=PASSWORD_HASH)
            user_id = connection.execute(account).inserted_primary_key.id
        self.user = {"id": user_id, "name": name}
        with self.client.session_transaction() as session:
            session["user_id"] = user_id
        return self

    def offer(self, name="Teapot", price=2750, stock=1000, **more):
        """Put goods on sale, and return their id."""
        response = self.send(
            "POST", "/goods", {"name": name, "price": price, "stock": stock, **more}
        )
        assert response.status_code == 201
        return response.json["id"]


def at_once(function, arguments):
    """Call a function in a thread for each argument, all at once; return what came back."""
    arguments = list(arguments)
    start = threading.Barrier(len(arguments))

    def call(argument):
        start.wait(60)
        return function(argument)

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(call, arguments))


class WatchedLock:
    """A lock that says when another thread waits for it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.is_waited_for = threading.Event()

    def __enter__(self):
        if not self.lock.acquire(blocking=False):
            self.is_waited_for.set()
            self.lock.acquire()

    def __exit__(self, *error):
        self.lock.release()

    def hold_up(self, function, calls):
        """Wrap a function: it waits until another thread waits for the lock, or calls it, too."""

        def wrapper():
            calls.append(function)
            if len(calls) > 1:
                self.is_waited_for.set()
            assert self.is_waited_for.wait(120)
            return function()

        return wrapper


@contextmanager
def statements(app):
    """Give a list that collects the SQL statements of an app."""
    seen = []

    def note(connection, cursor, statement, *rest):
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def age(store, seconds):
    """Make everything in a store older, instead of waiting."""
    if isinstance(store, RedisStore):
        for key in store.client.scan_iter(f"{store.prefix}*"):
            before = store.client.pttl(key)
            assert before != -1, f"{key} never ends"
            left = before - seconds * 1000  # -2 before: it has just ended
            if left > 0:
                store.client.pexpire(key, left)
            else:
                store.client.delete(key)
    else:
        with store._open() as connection:
            connection.execute("UPDATE entries SET expires = expires - ?", (seconds,))


def forget_failures(app):
    """Delete the counters of wrong passwords, captchas and accounts."""
    store = app.extensions["store"]
    if isinstance(store, RedisStore):
        keys = [*store.client.scan_iter(f"{store.prefix}login:*")]
        keys += store.client.scan_iter(f"{store.prefix}limit:*")
        if keys:
            store.client.delete(*keys)
    else:
        with store._open() as connection:
            connection.execute("DELETE FROM entries WHERE key LIKE 'limit:%' OR key LIKE 'login:%'")


def close(app):
    """Close the connections of an app to its database and to Redis."""
    with app.app_context():
        db.engine.dispose()
    if client := app.config.get("SESSION_REDIS"):
        client.close()
        app.extensions["store"].client.close()


@contextmanager
def process(*command, **more):
    """Start a program, and end it with everything that it has started."""
    started = subprocess.Popen(command, start_new_session=True, **more)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(60)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait_for(condition, seconds=120):
    """Call a function again and again until it returns something true, and return that."""
    end = time.monotonic() + seconds
    while True:
        with suppress(OSError):
            if found := condition():
                return found
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
