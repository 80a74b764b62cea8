"""The simulator on the wire: the bytes of request and response, and up to three tries.

Begin with test_an_app_in_this_process_sees_the_same_request. A *transport* is a function that takes
a request to the handler: ``in_process`` calls a Flask app, ``over_http`` uses a socket.
"""

import re
import threading
import time
from itertools import count
from queue import Queue
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import redirect, request

from day05_wechat.simulator import wire
from day05_wechat.simulator.judge import FAULT
from day05_wechat.simulator.push import push, verification
from day05_wechat.simulator.wire import NoResponseError, Response, in_process, over_http, within
from tests.day05_wechat.helpers import WAIT, raw_server
from tests.day05_wechat.helpers_simulator import (
    ACCOUNT,
    URL,
    elements,
    handler_app,
    message,
    never,
    success,
    tried,
)
from tests.helpers import serving


def test_an_app_in_this_process_sees_the_same_request():
    seen = []

    def view():
        seen.append((request.full_path, dict(request.headers), request.get_data()))
        return "success"

    sent = push(URL, ACCOUNT, message())
    response = in_process(handler_app(view))(sent, WAIT)
    assert seen == [(sent.target, sent.headers, sent.body)]
    assert (response.status, response.body) == (200, b"success")


def test_the_first_response_ends_the_tries():
    exchange = tried(success)
    assert len(exchange.attempts) == 1
    assert exchange.verdict.kind == "silence"


def test_without_a_response_the_message_is_sent_three_times():
    exchange = tried(never)
    assert len(exchange.attempts) == 3
    assert (exchange.verdict.kind, exchange.verdict.lines) == ("fault", (FAULT,))


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_an_error_is_a_response_and_ends_the_tries(status):
    exchange = tried(lambda *_: Response(status, (), b"oh"))
    assert len(exchange.attempts) == 1
    assert exchange.verdict.kind == "fault"


def test_an_exception_in_the_handler_is_a_500():
    def broken():
        raise RuntimeError("mend me")

    app = handler_app(broken)
    app.debug = True  # lets the exception pass
    exchange = tried(in_process(app))
    assert exchange.attempts[0].response.status == 500
    assert "mend me" in exchange.attempts[0].response.raw
    assert exchange.verdict.kind == "fault"


# The bytes


def receive(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    return head, body


def test_the_page_shows_exactly_the_bytes_that_were_sent():
    seen = []

    def talk(connection):
        seen.append(receive(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Own: 1\r\nContent-Length: 7\r\n\r\nsuccess")

    with raw_server(talk) as base:
        url = f"{base}/wechat"
        requests_sent = [push(url, ACCOUNT, message(text="你好")), verification(url, ACCOUNT)[0]]
        responses = [over_http(each, WAIT) for each in requests_sent]
    wire = [f"{head.decode()}\n\n{body.decode()}".replace("\r\n", "\n") for head, body in seen]
    assert wire == [each.raw for each in requests_sent]
    expected = "HTTP/1.1 200 OK\nX-Own: 1\nContent-Length: 7\n\nsuccess"
    assert [response.raw for response in responses] == [expected] * 2


def test_no_redirect_is_followed_and_no_proxy_is_asked(monkeypatch):
    hits = []

    def view():
        hits.append(request.path)
        return redirect("/elsewhere")

    app = handler_app(view)
    app.add_url_rule("/elsewhere", view_func=view)
    monkeypatch.delenv("NO_PROXY", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(app) as server:
        sent = push(f"{server.url}/wechat", ACCOUNT, message())
        assert over_http(sent, WAIT).status == 302
    assert hits == ["/wechat"]


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", b"what?\r\n\r\n", b"\0" * 100],
)
def test_a_connection_that_breaks_brings_no_response(said):
    def talk(connection):
        receive(connection)
        connection.sendall(said)

    with raw_server(talk) as url, pytest.raises(NoResponseError, match="does it run"):
        within(WAIT, over_http, push(url, ACCOUNT, message()))


def test_an_endless_response_is_cut(monkeypatch):
    monkeypatch.setattr(wire, "MAX_RESPONSE", 3_000)

    def talk(connection):
        receive(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 10_000)

    with raw_server(talk) as url:
        response = within(WAIT, over_http, push(url, ACCOUNT, message()))
    assert len(response.body) == 3_001


# Time


DRIPPING = {
    "headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
    "body without a length": b"HTTP/1.1 200 OK\r\n\r\n",
}


@pytest.fixture(params=DRIPPING.values(), ids=DRIPPING)
def dripping(request):
    """Send one byte after another, for much longer than a test allows."""

    def talk(connection):
        receive(connection)
        connection.sendall(request.param)
        for _ in range(10_000):
            connection.sendall(b"x")
            time.sleep(0.01)

    with raw_server(talk) as url:
        yield url


def test_the_whole_response_must_come_in_time(dripping):
    """A timeout of a socket would begin anew with every byte."""
    with pytest.raises(NoResponseError, match=r"response within 0\.2 s"):
        within(0.2, over_http, push(dripping, ACCOUNT, message()))


def test_a_response_that_comes_too_late_is_read_no_longer(dripping):
    """So the threads that were given up end, too."""
    with pytest.raises(NoResponseError, match=r"no complete response within 0\.2 s"):
        over_http(push(dripping, ACCOUNT, message()), 0.2)


def test_a_handler_that_hangs_does_not_keep_the_program_alive():
    def transport(*_):
        assert threading.current_thread() is not threading.main_thread()
        return Response(200 if threading.current_thread().daemon else 500, (), b"")

    assert within(WAIT, transport, None).status == 200


# Tries


def test_without_a_response_each_try_has_the_same_msgid_and_another_nonce():
    release, seen = threading.Event(), Queue()

    def slow(request, seconds):
        seen.put(request)
        release.wait(WAIT)
        return success()

    exchange = tried(slow, seconds=0.05)
    release.set()
    requests_seen = [seen.get(timeout=WAIT) for _ in range(3)]
    assert [each.problem for each in exchange.attempts] == ["no response within 0.05 s"] * 3
    assert len({each.request.body for each in exchange.attempts}) == 1
    ids = {elements(each.body)["MsgId"] for each in requests_seen}
    assert ids == {str(exchange.message["MsgId"])}
    nonces = {parse_qs(urlsplit(each.url).query)["nonce"][0] for each in requests_seen}
    assert len(nonces) == 3
    assert (exchange.verdict.kind, exchange.verdict.lines) == ("fault", (FAULT,))
    assert exchange.verdict.why == "no response within 0.05 s; tries: 3."


@pytest.mark.parametrize("good", [1, 2, 3])
def test_any_try_can_bring_the_response(good):
    calls = count(1)

    def transport(*_):
        return success() if next(calls) == good else never()

    exchange = tried(transport)
    assert len(exchange.attempts) == good
    assert exchange.verdict.kind == "silence"


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_handler_that_takes_a_forged_message_is_told_so(status):
    exchange = tried(lambda *_: Response(status, (), b"success"), forged=True)
    assert exchange.verdict.kind == "taken"
    assert exchange.verdict.why.startswith(f"{status}: ")
    assert tried(lambda *_: Response(403, (), b""), forged=True).verdict.kind == "refused"


def test_a_forged_message_is_sent_once():
    exchange = tried(never, forged=True)
    assert len(exchange.attempts) == 1
    assert exchange.verdict.kind == "silence"
