"""Calling WeChat when something is wrong: a refused token, a busy WeChat, odd responses.

Begin with test_a_refused_token_is_replaced_once.
"""

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import request

from day05_wechat.api import client as module
from day05_wechat.api.errors import (
    AddressError,
    ApiError,
    BusyError,
    NoResponseError,
    QuotaError,
    SilentError,
    StoreError,
    TokenError,
    WeChatError,
)
from day05_wechat.api.store import Entry, FileStore, RedisStore, make_store
from tests.day05_wechat.helpers import WAIT
from tests.day05_wechat.helpers_api import Owner, serve_simulator
from tests.day05_wechat.helpers_oauth import fake_wechat
from tests.day05_wechat.helpers_simulator import APPID, SECRET
from tests.helpers import ROOT

TOKEN, MENU, TICKET = "/cgi-bin/stable_token", "/cgi-bin/menu/get", "/cgi-bin/ticket/getticket"


@pytest.fixture(scope="module")
def shared():
    with fake_wechat() as fake:
        yield fake


@pytest.fixture
def wechat(shared):
    """A WeChat that counts its tokens, and answers every call well."""
    shared.forget()
    shared.tokens = []

    def give():
        shared.tokens.append(f"TOKEN-{len(shared.tokens) + 1}")
        return json.dumps({"access_token": shared.tokens[-1], "expires_in": 7200})

    shared.responses = {
        TOKEN: give,
        MENU: {"menu": {}},
        TICKET: {"ticket": "T", "expires_in": 7200},
    }
    return shared


@pytest.fixture
def client(wechat, tmp_path):
    return Owner(wechat.url, tmp_path).client


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """The pauses that the client made; no test waits for them."""
    made = []
    monkeypatch.setattr(module.time, "sleep", made.append)
    return made


def refuse(errcode, times=10**9):
    """Return a view that refuses so many calls with this number."""
    left = [times]

    def view():
        left[0] -= 1
        return json.dumps({"errcode": errcode, "errmsg": "no"} if left[0] >= 0 else {"errcode": 0})

    return view


def used(wechat, path=MENU):
    """Return the token of each call."""
    return [each["access_token"] for each in wechat.asked(path)]


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_a_refused_token_is_replaced_once(client, wechat, errcode):
    wechat.responses[MENU] = refuse(errcode, times=1)
    assert client.call(MENU) == {"errcode": 0}
    assert used(wechat) == ["TOKEN-1", "TOKEN-2"]


def test_a_second_refusal_is_an_error(client, wechat):
    wechat.responses[MENU] = refuse(40001)
    with pytest.raises(TokenError):
        client.call(MENU)
    assert used(wechat) == ["TOKEN-1", "TOKEN-2"]


def test_a_busy_wechat_is_asked_three_times(client, wechat, pauses):
    wechat.responses[MENU] = refuse(-1, times=2)
    assert client.call(MENU) == {"errcode": 0}
    wechat.responses[MENU] = refuse(-1)
    with pytest.raises(BusyError):
        client.call(MENU)
    assert len(used(wechat)) == 6
    assert pauses == [0.3, 1, 0.3, 1]


def test_a_busy_wechat_gives_no_token_at_once(client, wechat):
    busy = refuse(-1, times=2)
    give = wechat.responses[TOKEN]
    wechat.responses[TOKEN] = lambda: give() if '"errcode": 0' in (text := busy()) else text
    assert client.call(MENU) == {"menu": {}}


def test_busy_and_refused_in_one_call(client, wechat):
    answers = [refuse(-1), refuse(40001), refuse(-1), refuse(-1), lambda: '{"errcode": 0}']
    wechat.responses[MENU] = lambda: answers.pop(0)()
    assert client.call(MENU) == {"errcode": 0}
    assert used(wechat) == ["TOKEN-1"] * 2 + ["TOKEN-2"] * 3


@pytest.mark.parametrize(
    ("errcode", "kind"),
    [(40164, AddressError), (45009, QuotaError), (45015, SilentError), (40037, ApiError)],
)
def test_other_errors_are_told_apart_and_not_tried_again(client, wechat, errcode, kind):
    wechat.responses[MENU] = refuse(errcode)
    with pytest.raises(ApiError) as caught:
        client.call(MENU)
    assert (type(caught.value), caught.value.errcode) == (kind, errcode)
    assert len(used(wechat)) == 1


@pytest.mark.parametrize(
    "problem", [{"errcode": 40164, "errmsg": f"no {SECRET}"}, {}, {"access_token": 7}]
)
def test_without_a_token_nothing_is_called(client, wechat, problem):
    wechat.responses[TOKEN] = problem
    with pytest.raises(WeChatError) as caught:
        client.call(MENU)
    assert SECRET not in str(caught.value)
    assert used(wechat) == []


def page_of(text, status=200, **headers):
    return lambda: (text, status, {"Content-Type": "text/html", **headers})


@pytest.mark.parametrize(
    "response",
    [
        page_of("<h1>Bad gateway</h1>", 502),
        page_of("{}", 500),
        page_of("", 302, Location="http://127.0.0.1:9/"),
        page_of("<html>"),
        page_of(""),
        page_of("[]"),
        page_of("null"),
        page_of(b"\xff{}"),
        page_of("[" * 5000),
        page_of(json.dumps({"x": "x" * 2_000_000})),
        page_of('{"errcode": "none"}'),
        page_of('{"errcode": [1]}'),
        page_of('{"errcode": null}'),
    ],
)
def test_an_odd_response_is_an_error_that_names_no_token(client, wechat, response, caplog):
    wechat.responses[MENU] = response
    with caplog.at_level(logging.DEBUG), pytest.raises(NoResponseError) as caught:
        client.call(MENU)
    said = f"{caught.value.message} {caught.value.__context__!r} {caplog.text}"
    assert "TOKEN-1" not in said
    assert SECRET not in said


def test_an_odd_lifetime_does_not_keep_a_token_for_ever(client, wechat):
    wechat.responses[TOKEN] = {"access_token": "A", "expires_in": 10**400}
    client.call(MENU)
    assert client.store.get(f"{APPID}-token").until <= time.time() + 7200


def test_the_request_is_what_wechat_wants(client, wechat):
    wechat.responses["/cgi-bin/x"] = lambda: seen() or "{}"
    bodies = []

    def seen():
        bodies.append((request.get_data(), request.args.to_dict()))

    client.call("/cgi-bin/x", {"name": "茶"}, more="a&b=c")
    assert bodies == [('{"name": "茶"}'.encode(), {"access_token": "TOKEN-1", "more": "a&b=c"})]
    assert [method for method, path, _ in wechat.seen if path == TOKEN] == ["POST"]
    assert not any(SECRET in str(pairs) for _, _, pairs in wechat.seen)


def test_no_response_within_the_time_limit(wechat, tmp_path):
    wechat.responses[MENU] = lambda: wechat.done.wait(WAIT) and "{}"
    client = Owner(wechat.url, tmp_path, API_TIMEOUT=0.2).client
    with pytest.raises(NoResponseError, match=r"Timeout|OutOfTime"):
        client.call(MENU)
    wechat.done.set()


def test_headers_that_come_byte_by_byte_are_too_late_as_well(tmp_path, dripping):
    client = Owner(dripping, tmp_path, API_TIMEOUT=0.2).client
    with pytest.raises(NoResponseError, match="OutOfTime"):
        client.call(MENU)


# The token of all processes


def test_the_token_is_replaced_before_it_ends(client, wechat, monkeypatch):
    client.call(MENU)
    real = time.time
    for passed, tokens in ((6990, 1), (7010, 2), (7015, 2)):
        monkeypatch.setattr("time.time", lambda passed=passed: real() + passed)
        client.call(MENU)
        assert len(wechat.tokens) == tokens


def test_the_ticket_is_renewed_with_a_new_token(client, wechat):
    wechat.responses[TICKET] = refuse(40001, times=1)
    with pytest.raises(NoResponseError, match="no ticket"):
        client.ticket()
    wechat.responses[TICKET] = {"ticket": "T", "expires_in": 7200, "errcode": 0}
    assert client.ticket() == client.ticket() == "T"
    assert used(wechat, TICKET) == ["TOKEN-1", "TOKEN-2", "TOKEN-2"]


@pytest.fixture(params=["file", "redis"])
def store(request, tmp_path):
    """Each kind of store, empty; Redis only where there is one."""
    if request.param == "file":
        yield FileStore(tmp_path)
        return
    url = os.environ.get("COURSE_TEST_REDIS")
    if not url:
        pytest.skip("no Redis: COURSE_TEST_REDIS is not set")
    prefix = f"test-{os.getpid()}-{tmp_path.name}:"
    found = make_store({"REDIS_URL": url, "REDIS_PREFIX": prefix})
    yield found
    for key in found.client.scan_iter(f"{prefix}*"):
        found.client.delete(key)
    found.client.close()


def entry(text):
    return Entry(text, time.time() + 7200)


def test_what_is_kept_can_be_read(store):
    assert store.get("token") is None
    one = store.replace("token", None, lambda: entry("one"))
    assert store.get("token") == one
    assert store.get("ticket") is None


def test_an_entry_is_replaced_only_by_those_who_know_it(store):
    one = store.replace("token", None, lambda: entry("one"))
    two = store.replace("token", one, lambda: entry("two"))
    assert two.text == "two"
    assert store.replace("token", one, lambda: entry("three")) == two
    assert store.replace("token", None, lambda: entry("three")) == two


def test_the_others_wait_while_one_makes_the_entry(store):
    first, second, go_on = threading.Event(), threading.Event(), threading.Event()

    def make():
        (second if first.is_set() else first).set()
        go_on.wait(WAIT)
        return entry("made")

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(store.replace, "token", None, make)
        first.wait(WAIT)
        two = pool.submit(store.replace, "token", None, make)
        second.wait(0.3)  # time enough for a store without a lock
        go_on.set()
        assert one.result() == two.result()
    assert not second.is_set()


def test_a_failure_leaves_the_old_entry_and_no_lock(store):
    one = store.replace("token", None, lambda: entry("one"))

    def fail():
        raise NoResponseError("no")

    with pytest.raises(NoResponseError):
        store.replace("token", one, fail)
    assert store.get("token") == one
    assert store.replace("token", one, lambda: entry("two")).text == "two"


def test_an_entry_can_be_made_while_another_is_made(store):
    """The ticket needs the token, which may be old as well."""

    def make_ticket():
        return entry("ticket with " + store.replace("token", None, lambda: entry("token")).text)

    assert store.replace("ticket", None, make_ticket).text == "ticket with token"


def test_a_redis_that_is_away_is_an_error_of_the_store():
    store = make_store({"REDIS_URL": "redis://127.0.0.1:9", "REDIS_PREFIX": "x:"})
    assert isinstance(store, RedisStore)
    for call in (lambda: store.get("token"), lambda: store.replace("token", None, entry)):
        with pytest.raises(StoreError, match="Redis cannot be used: ConnectionError"):
            call()
    store.client.close()


def test_a_redis_entry_ends_with_the_token():
    kept = {}

    class Fake:
        """A Redis that remembers how long it is to keep an entry."""

        def lock(self, *_, **__):
            return contextlib.nullcontext()

        def get(self, name):
            return None

        def set(self, name, value, ex):
            kept[name] = ex

    RedisStore(Fake(), "w:").replace("token", None, lambda: entry("one"))
    assert kept.keys() == {"w:token"}
    assert 7100 < kept["w:token"] <= 7200


PROGRAM = """
import sys
from day05_wechat.api.app import create_app
client = create_app({"DATA_FOLDER": sys.argv[1], "REDIS_URL": ""}).extensions["wechat"]
sys.stdin.readline()
print(client.token())
"""


@pytest.mark.second_half
def test_four_processes_get_one_token(tmp_path):
    with serve_simulator() as simulator:
        environ = os.environ | {
            "WECHAT_APPID": APPID,
            "WECHAT_SECRET": SECRET,
            "WECHAT_API_BASE": simulator.url,
        }
        command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
        started = [subprocess.Popen(command, cwd=ROOT, env=environ, **pipes) for _ in range(4)]
        for process in started:
            process.stdin.write("\n")
            process.stdin.flush()
        tokens = {process.communicate(timeout=120)[0] for process in started}
        assert len(tokens) == 1
        assert simulator.office.calls["/stable_token"] == 1
