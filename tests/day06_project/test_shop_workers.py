"""The shop on gunicorn: workers that share everything, and that may be killed."""

import http.client
import json
import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from day06_project.shop.extensions import db
from day06_project.shop.models import Goods, Order, User
from tests.day06_project.helpers import PASSWORD, PASSWORD_HASH, process, wait_for
from tests.day06_project.stacks import real_redis
from tests.helpers import ROOT, free_port

pytestmark = [
    pytest.mark.second_half,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs a POSIX system"),
]

BROKEN = requests.ConnectionError, requests.exceptions.ChunkedEncodingError


@pytest.fixture(scope="module")
def gunicorn(stack, tmp_path_factory):
    """Start the shop as in production, with a Redis of its own; give URL, pid and folder."""
    tmp_path = tmp_path_factory.mktemp("gunicorn")
    port = free_port()
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
            process(*command, cwd=tmp_path, env=environ, stdout=out, stderr=err) as run,
        ):
            url = f"http://127.0.0.1:{port}"
            wait_for(lambda: requests.get(f"{url}/api/v1.0/health", timeout=60).ok)
            yield url, run.pid, tmp_path

    if "REDIS_URL" in stack:
        with real_redis(tmp_path) as server:
            environ["REDIS_URL"] = server.url
            with running() as found:
                yield found
    else:
        with running() as found:
            yield found


class Customer:
    """A client over a real socket, with a cookie jar."""

    def __init__(self, url):
        self.url = f"{url}/api/v1.0"
        self.http = requests.Session()
        self.http.get(f"{self.url}/session", timeout=60)

    def send(self, method, path, body=None, headers=()):
        headers = {"X-CSRFToken": self.http.cookies["csrf_token"], **dict(headers)}
        return self.http.request(method, self.url + path, json=body, headers=headers, timeout=60)

    def user(self):
        return self.http.get(f"{self.url}/session", timeout=60).json()["user"]


def children(pid):
    path = f"/proc/{pid}/task/{pid}/children"
    return [int(word) for word in Path(path).read_text("ascii").split()]


def kill_three(master, work, acknowledged):
    """Run ``work`` in four threads, and kill a worker three times meanwhile."""
    done = threading.Event()
    threads = [threading.Thread(target=work, args=(number, done)) for number in range(4)]
    for thread in threads:
        thread.start()
    first, killed = set(children(master)), set()
    try:
        for _ in range(3):
            goal = len(acknowledged) + 12
            wait_for(lambda goal=goal: len(acknowledged) >= goal)
            victim = wait_for(lambda: set(children(master)) - killed).pop()
            os.kill(victim, signal.SIGKILL)
            killed.add(victim)
            wait_for(lambda: len(set(children(master)) - killed) == len(first))
        goal = len(acknowledged) + 12
        wait_for(lambda: len(acknowledged) >= goal)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert len(killed) == 3


def log_in_four(url, app):
    """Return four clients of one account."""
    with app.app_context():
        db.session.add(User(name="ada", password_hash=PASSWORD_HASH))
        db.session.commit()
    customers = [Customer(url) for _ in range(4)]
    for customer in customers:
        credentials = {"name": "ada", "password": PASSWORD}
        assert customer.send("POST", "/session", credentials).status_code == 200
    return customers


NEEDS_PROC = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="there is no /proc here"
)


@NEEDS_PROC
def test_a_killed_worker_loses_no_session_and_no_write_that_was_acknowledged(gunicorn, app):
    url, master, _ = gunicorn
    customers = log_in_four(url, app)
    acknowledged = []

    def work(number, done):
        for count in range(10_000):
            if done.is_set():
                return
            name = f"{number}-{count}"
            with suppress(*BROKEN):  # that worker died: not acknowledged
                response = customers[number].send("POST", "/goods", {"name": name, "price": 1})
                assert response.status_code == 201
                acknowledged.append(name)

    kill_three(master, work, acknowledged)
    assert [customer.user()["name"] for customer in customers] == ["ada"] * 4
    for customer in customers:
        customer.http.close()
    with app.app_context():
        stored = db.session.scalars(select(Goods.name)).all()
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))


@NEEDS_PROC
def test_an_order_that_is_sent_until_it_is_answered_is_placed_once(gunicorn, app):
    """Four buyers, each with a cart of its own, repeat an order whose response was lost."""
    url, master, _ = gunicorn
    (seller, *_) = sellers = log_in_four(url, app)
    body = {"name": "Cup", "price": 1, "stock": 1_000_000}
    cup = seller.send("POST", "/goods", body).json()["id"]
    with app.app_context():
        names = [f"buyer-{number}" for number in range(4)]
        db.session.add_all(User(name=name, password_hash=PASSWORD_HASH) for name in names)
        db.session.commit()
    for name, buyer in zip(names, sellers, strict=True):
        buyer.send("POST", "/session", {"name": name, "password": PASSWORD})
    acknowledged, repeated = [], []

    def until_answered(customer, method, path, body, **headers):
        """Send a request until there is a response; the outcome of the first is not known."""
        while True:
            with suppress(*BROKEN):
                return customer.send(method, path, body, **headers)
            repeated.append(path)

    def work(number, done):
        for count in range(10_000):
            if done.is_set():
                return
            quantity = 1 + count % 3
            until_answered(sellers[number], "PUT", f"/cart/{cup}", {"quantity": quantity})
            key = {"Idempotency-Key": f'"{number}-{count}"'}
            body = {"total": quantity}
            response = until_answered(sellers[number], "POST", "/orders", body, headers=key)
            assert response.status_code == 201, response.text
            acknowledged.append((response.json()["id"], quantity))

    kill_three(master, work, acknowledged)
    for customer in sellers:
        customer.http.close()
    with app.app_context():
        placed = db.session.execute(select(Order.id, Order.total)).all()
        stock = db.session.scalar(select(Goods.stock).where(Goods.id == cup))
    assert sorted(map(tuple, placed)) == sorted(acknowledged)
    assert stock == 1_000_000 - sum(quantity for _, quantity in acknowledged)


def test_workers_share_sessions_and_log_their_requests(gunicorn):
    url, _, folder = gunicorn
    customer = Customer(url)
    sid = customer.http.cookies["session"]
    for _ in range(20):
        with requests.Session() as again:  # another connection, and so perhaps another worker
            again.cookies.set("session", sid)
            response = again.get(f"{url}/api/v1.0/session", timeout=60)
            assert "session" not in response.cookies, "the worker did not know it"
    # A client that connects to gunicorn itself cannot make it believe in https.
    response = requests.get(
        f"{url}/api/v1.0/goods", headers={"X-Forwarded-Proto": "https"}, timeout=60
    )
    assert "Strict-Transport-Security" not in response.headers
    response = customer.send("POST", "/session", {"name": "nobody", "password": "wrong horse"})
    assert response.status_code == 401
    request_id = response.headers["X-Request-ID"]
    assert f"[{request_id}] session.py:" in (folder / "err").read_text()
    assert "wrong password for nobody" in (folder / "err").read_text()
    # The line of the server itself follows the response, and has the same id.
    line = wait_for(
        lambda: [each for each in (folder / "out").read_text().splitlines() if request_id in each]
    )[0]
    assert '"POST /api/v1.0/session HTTP/1.1" 401' in line
    assert not (folder / ".gunicorn").exists()
    for sent, status in (100, 401), (70_000, 413):
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
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
