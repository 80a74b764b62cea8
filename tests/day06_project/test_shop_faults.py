"""What happens when a part of it dies: Redis, the database, a worker."""

import http.client
import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from sqlalchemy import make_url, select
from werkzeug.security import generate_password_hash

from day06_project.shop.config import DRIVERS
from day06_project.shop.extensions import db
from day06_project.shop.models import Goods, User

ROOT = Path(__file__).parent.parent.parent
BROKEN = requests.ConnectionError, requests.exceptions.ChunkedEncodingError
CAPTCHA = "/captchas/00000000-0000-4000-8000-000000000000"


@pytest.fixture
def unavailable(problem):
    """Give a function that looks for a 503 which came soon enough."""

    def check(ask):
        start = time.monotonic()
        response = ask()
        assert time.monotonic() - start < 3
        problem(response, 503)
        assert response.headers["Retry-After"] == "5"
        return response

    return check


def page_status(person, path="/"):
    start = time.monotonic()
    response = person.client.get(path)
    response.close()
    assert time.monotonic() - start < 3
    return response.status_code


# Redis


@contextmanager
def real_redis(tools, folder):
    """Start a Redis of the test's own; give its port, and words to stop and start it."""
    if "COURSE_TEST_REDIS" not in os.environ:
        pytest.skip("COURSE_TEST_REDIS names no server")
    program = shutil.which("redis-server") or pytest.skip("there is no redis-server here")
    port = tools.free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]

    class Server:
        url = f"redis://127.0.0.1:{port}"

        def start(self):
            self.running = tools.process(*command, "--logfile", "redis.log")
            self.process = self.running.__enter__()
            tools.wait_for(lambda: socket.create_connection(("127.0.0.1", port)).close() or True)

        def stop(self):
            self.running.__exit__(None, None, None)

    server = Server()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["small", "real"])
def redis_server(request, tools, tmp_path):
    if request.param == "small":
        yield request.getfixturevalue("small_redis")
    else:
        with real_redis(tools, tmp_path) as server:
            yield server


@pytest.fixture
def redis_shop(empty, redis_server):
    app = empty(REDIS_URL=redis_server.url)
    with app.app_context():
        db.create_all()
    return app


def test_without_redis_pages_and_goods_answer_and_sessions_say_503(
    redis_shop, redis_server, shopper, unavailable
):
    ada = shopper(redis_shop).logged_in("ada")
    stranger = shopper(redis_shop)
    teapot = ada.offer("Teapot", 2750)
    redis_server.stop()
    try:
        newcomer = shopper.__new__(shopper)
        newcomer.client = redis_shop.test_client()
        for person in ada, stranger, newcomer:
            for path in "/", "/cart.html", "/static/html/index.html":
                assert page_status(person, path) == 200
            assert person.get("/goods").json["total"] == 1
            assert person.get(f"/goods/{teapot}").json["price"] == 2750
            unavailable(lambda person=person: person.get("/session"))
            unavailable(lambda person=person: person.get(CAPTCHA))
            unavailable(lambda person=person: person.get("/health"))
        for person in ada, stranger:
            unavailable(lambda person=person: person.get("/cart"))
            unavailable(lambda person=person: person.login("ada"))
            unavailable(lambda person=person: person.send("DELETE", "/session"))
            unavailable(lambda person=person: person.send("PUT", f"/cart/{teapot}", {}))
            unavailable(lambda person=person: person.send("POST", "/goods", {}))
        assert newcomer.client.get_cookie("csrf_token") is None
    finally:
        redis_server.start()
    for person in stranger, newcomer:
        assert person.get("/session").status_code == 200
        assert page_status(person) == 200
        assert person.client.get_cookie("csrf_token")
    if isinstance(redis_server.url, str) and "protocol=2" in redis_server.url:
        assert ada.get("/session").json["user"]["name"] == "ada"  # it kept its data
    assert ada.get("/health").json == {"status": "ok"}
    person = shopper(redis_shop)
    assert person.login("ada").status_code == 200


def test_a_session_that_cannot_be_saved_is_tried_once(redis_shop, redis_server, shopper, caplog):
    client = redis_shop.test_client()
    redis_server.stop()
    try:
        response = client.get("/api/v1.0/session")
    finally:
        redis_server.start()
    assert response.status_code == 503
    assert "Request finalizing failed" not in caplog.text
    assert caplog.text.count("Traceback") <= 4  # one failure, with its causes


def test_a_redis_that_takes_calls_and_says_nothing_is_given_up(empty, unavailable):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        app = empty(REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}")
        unavailable(lambda: app.test_client().get("/api/v1.0/session"))


def test_a_frozen_redis_is_given_up_too(tools, tmp_path, empty, shopper, unavailable):
    with real_redis(tools, tmp_path) as server:
        app = empty(REDIS_URL=server.url)
        with app.app_context():
            db.create_all()
        ada = shopper(app).logged_in("ada")
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            unavailable(lambda: ada.get("/session"))
            assert page_status(ada) == 200
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        assert ada.get("/session").json["user"]["name"] == "ada"


# The database


class Proxy:
    """Stands between the shop and the database, and can be cut."""

    def __init__(self, host, port):
        self.target = (host, port)
        self.port = 0
        self.sockets = []
        self.start()

    def start(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.create_connection(self.target)
                self.sockets += [client, server]
                for pair in (client, server), (server, client):
                    threading.Thread(target=self.copy, args=pair, daemon=True).start()

    def copy(self, source, sink):
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def stop(self):
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for each in self.sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self.sockets.clear()


def test_without_the_database_sessions_and_pages_live_and_the_rest_says_503(
    stack, app, build, ada, shopper, unavailable
):
    url = make_url(stack["DATABASE_URL"])
    if url.get_backend_name() == "sqlite":
        pytest.skip("a file is not a server: there is nothing to cut")
    assert url.drivername in DRIVERS.values()
    teapot = ada.offer()
    proxy = Proxy(url.host, url.port)
    try:
        through = url.set(host="127.0.0.1", port=proxy.port)
        other = build(DATABASE_URL=through.render_as_string(hide_password=False))
        person = shopper(other)
        assert person.login("ada").status_code == 200
        assert person.get(f"/goods/{teapot}").status_code == 200
        for _ in range(2):
            proxy.stop()
            unavailable(lambda: person.get("/goods"))
            unavailable(lambda: person.get(f"/goods/{teapot}"))
            unavailable(lambda: person.get("/cart"))
            unavailable(lambda: person.get("/session"))
            assert "database" in unavailable(lambda: person.get("/health")).json["detail"]
            assert person.get(CAPTCHA).status_code == 200
            assert page_status(person) == 200
            proxy.start()
            assert person.get("/goods").json["total"] == 1
            assert person.get("/session").json["user"]["name"] == "ada"
            assert person.get("/health").status_code == 200
    finally:
        proxy.stop()
        with other.app_context():
            db.engine.dispose()


def test_a_pool_without_a_free_connection_is_an_outage_and_no_crash(build, unavailable):
    options = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1}
    app = build(SQLALCHEMY_ENGINE_OPTIONS=options)
    with app.app_context():
        engine = db.engine
    with engine.connect():
        unavailable(lambda: app.test_client().get("/api/v1.0/goods"))
    assert app.test_client().get("/api/v1.0/goods").status_code == 200


# Workers


@pytest.fixture(scope="module")
def gunicorn(stack, tools, tmp_path_factory):
    """Start the shop as in production, with a Redis of its own; give address, pid and folder."""
    tmp_path = tmp_path_factory.mktemp("gunicorn")
    if sys.platform == "win32":
        pytest.skip("gunicorn needs a POSIX system")
    port = tools.free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COURSE_")}
    environ |= {
        "SECRET_KEY": "k" * 32,
        "INSTANCE_PATH": str(tmp_path),
        "DATABASE_URL": stack["DATABASE_URL"],
        "COOKIE_SECURE": "0",
        "BIND": f"127.0.0.1:{port}",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "day06_project/gunicorn.conf.py")]
    command += ["day06_project.wsgi:app"]

    @contextmanager
    def running():
        with (
            open(tmp_path / "out", "wb") as out,
            open(tmp_path / "err", "wb") as err,
            tools.process(*command, cwd=tmp_path, env=environ, stdout=out, stderr=err) as run,
        ):
            url = f"http://127.0.0.1:{port}"
            tools.wait_for(lambda: requests.get(f"{url}/api/v1.0/health", timeout=3).ok)
            yield url, run.pid, tmp_path

    if "REDIS_URL" in stack:
        with real_redis(tools, tmp_path) as server:
            environ["REDIS_URL"] = server.url
            with running() as found:
                yield found
    else:
        with running() as found:
            yield found


class Customer:
    """A browser, as far as a server can tell."""

    def __init__(self, url):
        self.url = f"{url}/api/v1.0"
        self.http = requests.Session()
        self.http.get(f"{self.url}/session", timeout=10)

    def send(self, method, path, body=None):
        headers = {"X-CSRFToken": self.http.cookies["csrf_token"]}
        return self.http.request(method, self.url + path, json=body, headers=headers, timeout=10)

    def user(self):
        return self.http.get(f"{self.url}/session", timeout=10).json()["user"]


def children(pid):
    path = f"/proc/{pid}/task/{pid}/children"
    return [int(word) for word in Path(path).read_text("ascii").split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="there is no /proc here")
def test_a_killed_worker_takes_no_session_and_no_acknowledged_write_along(gunicorn, app, tools):
    url, master, _ = gunicorn
    with app.app_context():
        password_hash = generate_password_hash("correct horse", "pbkdf2:sha256:1")
        db.session.add(User(name="ada", password_hash=password_hash))
        db.session.commit()
    customers = [Customer(url) for _ in range(4)]
    for customer in customers:
        credentials = {"name": "ada", "password": "correct horse"}
        assert customer.send("POST", "/session", credentials).status_code == 200
    acknowledged, done = [], threading.Event()

    def work(number):
        for count in range(10_000):
            if done.is_set():
                return
            name = f"{number}-{count}"
            with suppress(*BROKEN):  # that worker died: not acknowledged
                response = customers[number].send("POST", "/goods", {"name": name, "price": 1})
                assert response.status_code == 201
                acknowledged.append(name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    killed = set()
    try:
        for _ in range(3):
            goal = len(acknowledged) + 12
            tools.wait_for(lambda goal=goal: len(acknowledged) >= goal)
            victim = tools.wait_for(lambda: set(children(master)) - killed).pop()
            os.kill(victim, signal.SIGKILL)
            killed.add(victim)
            tools.wait_for(lambda: len(set(children(master)) - killed) == 2)
        goal = len(acknowledged) + 12
        tools.wait_for(lambda: len(acknowledged) >= goal)
    finally:
        done.set()
        for thread in threads:
            thread.join(20)
    assert len(killed) == 3
    assert [customer.user()["name"] for customer in customers] == ["ada"] * 4
    for customer in customers:
        customer.http.close()
    with app.app_context():
        stored = db.session.scalars(select(Goods.name)).all()
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))


def test_workers_share_sessions_and_tell_what_they_do(gunicorn, tools):
    url, _, folder = gunicorn
    customer = Customer(url)
    sid = customer.http.cookies["session"]
    for _ in range(20):
        with requests.Session() as again:  # another connection, and so perhaps another worker
            again.cookies.set("session", sid)
            response = again.get(f"{url}/api/v1.0/session", timeout=10)
            assert "session" not in response.cookies, "it was not known"
    # Whoever speaks to gunicorn itself cannot make it believe in https.
    response = requests.get(
        f"{url}/api/v1.0/goods", headers={"X-Forwarded-Proto": "https"}, timeout=10
    )
    assert "Strict-Transport-Security" not in response.headers
    response = customer.send("POST", "/session", {"name": "nobody", "password": "wrong horse"})
    assert response.status_code == 401
    request_id = response.headers["X-Request-ID"]
    assert f"[{request_id}] session.py:" in (folder / "err").read_text()
    assert "wrong password for nobody" in (folder / "err").read_text()
    # The line of the server itself follows the answer, and carries the same id.
    line = tools.wait_for(
        lambda: [each for each in (folder / "out").read_text().splitlines() if request_id in each]
    )[0]
    assert '"POST /api/v1.0/session HTTP/1.1" 401' in line
    assert not (folder / ".gunicorn").exists()
    for sent, status in (100, 401), (70_000, 413):
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        body = json.dumps({"name": "nobody", "password": "wrong horse"}).encode().ljust(sent)
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in customer.http.cookies)
        connection.request(
            "POST",
            "/api/v1.0/session",
            iter([body[:50], body[50:]]),
            {
                "Content-Type": "application/json",
                "Cookie": cookies,
                "X-CSRFToken": customer.http.cookies["csrf_token"],
            },
            encode_chunked=True,
        )
        assert connection.getresponse().status == status
        connection.close()
    customer.http.close()
