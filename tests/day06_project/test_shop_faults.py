"""The shop without Redis or without its database: what still works, and 503 for the rest.

Begin with test_without_redis_pages_and_goods_work_and_sessions_are_503.
"""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest
from redis import Redis
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from day06_project.shop.config import DRIVERS
from day06_project.shop.extensions import db
from day06_project.shop.libs import patience
from day06_project.shop.libs import store as store_module
from tests.day06_project.helpers import Shopper, close
from tests.day06_project.stacks import ON_SERVERS, real_redis

CAPTCHA = "/captchas/00000000-0000-4000-8000-000000000000"
GOODS = {"name": "Teapot", "price": 2750, "description": "x" * 1000}


@pytest.fixture
def unavailable(problem):
    """Give a function that checks that a response is a 503 with a time to try again."""

    def check(response):
        problem(response, 503)
        assert response.headers["Retry-After"] == "5"
        return response

    return check


def page_status(shopper, path="/"):
    with shopper.client.get(path) as response:
        return response.status_code


# Redis


@pytest.fixture(params=["small", pytest.param("real", marks=pytest.mark.second_half)])
def redis_server(request, tmp_path):
    """Give a Redis server that the test may stop and start."""
    if request.param == "small":
        yield request.getfixturevalue("small_redis")
    else:
        with real_redis(tmp_path) as server:
            yield server


@pytest.fixture
def redis_shop(build_empty, redis_server):
    """Give a shop on such a server."""
    app = build_empty(REDIS_URL=redis_server.url)
    with app.app_context():
        db.create_all()
    return app


def test_without_redis_pages_and_goods_work_and_sessions_are_503(
    redis_shop, redis_server, unavailable
):
    ada = Shopper(redis_shop).logged_in("ada")
    visitor = Shopper(redis_shop)
    assert visitor.token
    teapot = ada.offer("Teapot", 2750)
    newcomer = Shopper(redis_shop)  # has no session yet
    redis_server.stop()
    try:
        for shopper in ada, visitor, newcomer:
            for path in "/", "/cart.html", "/static/html/index.html":
                assert page_status(shopper, path) == 200
            assert shopper.get("/goods").json["total"] == 1
            assert shopper.get(f"/goods/{teapot}").json["price"] == 2750
            unavailable(shopper.get("/session"))
            unavailable(shopper.get(CAPTCHA))
            unavailable(shopper.get("/health"))
        for shopper in ada, visitor:
            unavailable(shopper.get("/cart"))
            unavailable(shopper.login("ada"))
            unavailable(shopper.send("DELETE", "/session"))
            unavailable(shopper.send("PUT", f"/cart/{teapot}", {}))
            unavailable(shopper.send("POST", "/goods", {}))
        assert newcomer.cookie("csrf_token") is None
    finally:
        redis_server.start()
    for shopper in visitor, newcomer:
        assert shopper.get("/session").status_code == 200
        assert page_status(shopper) == 200
        assert shopper.cookie("csrf_token")
    assert ada.get("/health").json == {"status": "ok"}
    assert Shopper(redis_shop).login("ada").status_code == 200


def test_a_session_that_redis_kept_is_there_again(build_empty, small_redis):
    app = build_empty(REDIS_URL=small_redis.url)
    with app.app_context():
        db.create_all()
    ada = Shopper(app).logged_in("ada")
    small_redis.stop()
    small_redis.start()
    assert ada.get("/session").json["user"] == ada.user


def test_a_session_that_cannot_be_saved_is_tried_once(redis_shop, redis_server, caplog):
    client = redis_shop.test_client()
    redis_server.stop()
    try:
        response = client.get("/api/v1.0/session")
    finally:
        redis_server.start()
    assert response.status_code == 503
    assert "Request finalizing failed" not in caplog.text
    assert caplog.text.count("Traceback") <= 4  # one failure, with its causes


def test_a_redis_that_accepts_connections_and_is_silent_is_503(
    build_empty, unavailable, monkeypatch
):
    class Impatient(Redis):
        @classmethod
        def from_url(cls, url, socket_timeout, **options):
            return Redis.from_url(url, socket_timeout=socket_timeout / 10, **options)

    monkeypatch.setattr(store_module, "Redis", Impatient)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        app = build_empty(REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}")
        unavailable(app.test_client().get("/api/v1.0/session"))


@pytest.mark.second_half
def test_a_frozen_redis_is_503_until_it_goes_on(tmp_path, build_empty, unavailable):
    with real_redis(tmp_path) as server:
        app = build_empty(REDIS_URL=server.url)
        with app.app_context():
            db.create_all()
        ada = Shopper(app).logged_in("ada")
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            unavailable(ada.get("/session"))
            assert page_status(ada) == 200
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        assert ada.get("/session").json["user"]["name"] == "ada"


# A disk that takes nothing more


@pytest.mark.parametrize("stack", ["embedded"], indirect=True)
def test_a_store_that_cannot_be_written_is_503_and_never_a_session_that_was_not_kept(
    app, ada, unavailable, monkeypatch
):
    assert ada.token
    connect = sqlite3.connect

    def read_only(path):
        connection = connect(path)
        connection.execute("PRAGMA query_only=ON")
        return connection

    monkeypatch.setattr(store_module, "sqlite3", SimpleNamespace(connect=read_only))
    newcomer = Shopper(app)
    assert "store" in unavailable(newcomer.get("/health")).json["detail"]
    assert "Set-Cookie" not in unavailable(newcomer.get("/session")).headers
    unavailable(newcomer.get(CAPTCHA))
    unavailable(ada.login("ada"))
    assert page_status(newcomer) == page_status(ada) == 200
    assert newcomer.get("/goods").status_code == 200
    assert ada.get("/cart").status_code == 200


@pytest.mark.second_half
def test_a_full_disk_is_503_and_nothing_acknowledged_is_lost(tmp_path, build_empty, unavailable):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]
    if not shutil.which("mount") or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root on Linux can make a small disk")
    try:
        app = build_empty(DATA_FOLDER=disk, DATABASE_URL="")
        with app.app_context():
            db.create_all()
        ada = Shopper(app).logged_in("ada")
        acknowledged = [ada.offer(**GOODS) for _ in range(10)]
        filler = disk / "filler"
        with suppress(OSError), open(filler, "xb", buffering=0) as file:
            while file.write(bytes(512)):
                pass
        for _ in range(50):
            response = ada.send("POST", "/goods", GOODS)
            if response.status_code != 201:
                break
            acknowledged.append(response.json["id"])
        unavailable(response)
        unavailable(ada.get("/health"))
        unavailable(Shopper(app).get("/session"))
        assert page_status(ada) == 200
        assert ada.get("/goods").json["total"] == len(acknowledged)
        filler.unlink()
        assert ada.get("/health").status_code == 200
        assert ada.get("/session").json["user"]["name"] == "ada"
        stored = [ada.get(f"/goods/{number}").status_code for number in acknowledged]
        assert set(stored) == {200}
    finally:
        close(app)
        subprocess.run(["umount", disk], check=True)


# The database


@pytest.mark.parametrize(
    ("path", "status"), [("/goods", 503), ("/health", 503), ("/session", 200), (CAPTCHA, 200)]
)
def test_without_the_database_sessions_and_pages_work(build_empty, tmp_path, path, status):
    visitor = Shopper(build_empty(DATABASE_URL=f"sqlite:///{tmp_path}/not there/shop.db"))
    response = visitor.get(path)
    assert response.status_code == status
    if path == "/health":
        assert "database" in response.json["detail"]
        assert "store" not in response.json["detail"]
    assert page_status(visitor) == 200


@pytest.mark.parametrize("path", ["/goods", "/goods/1", "/cart"])
def test_a_database_that_dies_at_the_end_of_a_request_is_503(
    app, ada, unavailable, monkeypatch, path
):
    ada.offer()

    def die(dialect, connection):
        raise OperationalError("ROLLBACK", {}, Exception("server closed the connection"))

    with app.app_context():
        dialect = db.engine.dialect
    with monkeypatch.context() as patch:
        patch.setattr(type(dialect), "do_rollback", die)
        response = ada.get(path)
    unavailable(response)
    assert ada.get("/goods").json["total"] == 1


class DeadlockError(Exception):
    """What psycopg raises; PyMySQL has a number in the place of the text."""

    sqlstate = "40P01"


@pytest.mark.parametrize("cause", [Exception(1213, "Deadlock found"), DeadlockError("deadlock")])
def test_a_deadlock_is_a_conflict_and_no_outage(app, ada, problem, monkeypatch, cause):
    teapot = ada.offer()

    def fail(session):
        raise OperationalError("COMMIT", {}, cause)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "commit", fail)
        problem(ada.send("PATCH", f"/goods/{teapot}", {"price": 1}), 409)
    assert ada.get(f"/goods/{teapot}").json["price"] == 2750


def test_without_a_free_connection_the_response_is_503(build, unavailable):
    options = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1}
    app = build(SQLALCHEMY_ENGINE_OPTIONS=options)
    with app.app_context():
        engine = db.engine
    with engine.connect():
        unavailable(app.test_client().get("/api/v1.0/goods"))
    assert app.test_client().get("/api/v1.0/goods").status_code == 200


class Proxy:
    """A TCP proxy between the shop and its database, which can be stopped."""

    def __init__(self, host, port):
        self.target = (host, port)
        self.port = 0
        self.sockets = []
        self.accepted = 0
        self.thawed = threading.Event()
        self.thawed.set()
        self.start()

    def start(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                self.accepted += 1
                server = socket.create_connection(self.target)
                self.sockets += [client, server]
                for pair in (client, server), (server, client):
                    threading.Thread(target=self.copy, args=pair, daemon=True).start()

    def copy(self, source, sink):
        with suppress(OSError):
            while data := source.recv(65536):
                self.thawed.wait()
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


@pytest.mark.parametrize("stack", ON_SERVERS, indirect=True)
def test_a_frozen_database_is_503_and_is_not_asked_by_each_request(
    stack, build, ada, unavailable, monkeypatch
):
    monkeypatch.setattr(patience, "PAUSE", 0)
    url = make_url(stack["DATABASE_URL"])
    ada.offer()
    proxy = Proxy(url.host, url.port)
    try:
        through = url.set(host="127.0.0.1", port=proxy.port)
        url = through.render_as_string(hide_password=False)
        other = build(DATABASE_URL=url, DATABASE_SECONDS=1)
        shopper = Shopper(other)
        assert shopper.get("/goods").json["total"] == 1
        proxy.thawed.clear()
        unavailable(shopper.get("/goods"))
        assert "database" in unavailable(shopper.get("/health")).json["detail"]
        assert page_status(shopper) == 200
        monkeypatch.setattr(patience, "PAUSE", 3600)
        unavailable(shopper.get("/goods"))
        before = proxy.accepted
        for _ in range(4):
            unavailable(shopper.get("/goods"))
        assert proxy.accepted == before
        monkeypatch.setattr(patience, "PAUSE", 0)
        proxy.thawed.set()
        monkeypatch.setattr(
            patience, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 7200)
        )
        assert shopper.get("/goods").json["total"] == 1
    finally:
        monkeypatch.undo()
        proxy.thawed.set()
        proxy.stop()
        with other.app_context():
            db.engine.dispose()


@pytest.mark.parametrize("stack", ON_SERVERS, indirect=True)
def test_while_the_database_is_away_sessions_and_pages_work(
    stack, build, ada, unavailable, monkeypatch
):
    url = make_url(stack["DATABASE_URL"])
    assert url.drivername in DRIVERS.values()
    teapot = ada.offer()
    proxy = Proxy(url.host, url.port)
    try:
        through = url.set(host="127.0.0.1", port=proxy.port)
        monkeypatch.setattr(patience, "PAUSE", 0)
        other = build(DATABASE_URL=through.render_as_string(hide_password=False))
        shopper = Shopper(other)
        assert shopper.login("ada").status_code == 200
        assert shopper.get(f"/goods/{teapot}").status_code == 200
        for _ in range(2):
            proxy.stop()
            unavailable(shopper.get("/goods"))
            unavailable(shopper.get(f"/goods/{teapot}"))
            unavailable(shopper.get("/cart"))
            unavailable(shopper.get("/session"))
            assert "database" in unavailable(shopper.get("/health")).json["detail"]
            assert shopper.get(CAPTCHA).status_code == 200
            assert page_status(shopper) == 200
            proxy.start()
            assert shopper.get("/goods").json["total"] == 1
            assert shopper.get("/session").json["user"]["name"] == "ada"
            assert shopper.get("/health").status_code == 200
    finally:
        proxy.stop()
        with other.app_context():
            db.engine.dispose()
