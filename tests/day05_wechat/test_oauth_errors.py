"""The login when WeChat fails: errors, odd bodies, other status codes, or no response in time.

Begin with test_an_error_with_status_200_is_a_bad_gateway. ``failing`` logs in, and looks for the
app secret, the code and the tokens in everything that the visitor or the log could show.
"""

import gzip
import json
import logging
import socket

import pytest
import requests
from werkzeug.exceptions import BadGateway

from day05_wechat.oauth import wechat as lesson
from day05_wechat.oauth.wechat import fetch
from tests.day05_wechat.helpers import WAIT, raw_server
from tests.day05_wechat.helpers_oauth import (
    EXCHANGE,
    OPENID,
    PERSON,
    PROFILE,
    SECRET,
    TOKENS,
    come_back,
    fake_wechat,
    log_in,
    site,
)


@pytest.fixture(scope="module")
def app(shared_wechat):
    return site(shared_wechat.url)


@pytest.fixture
def client(app, wechat):
    """A browser in front of a site that knows the fake WeChat."""
    return app.test_client()


@pytest.fixture
def no_socket(wechat, monkeypatch):
    """Take the bodies of the fake WeChat directly, because a test is about what they say."""
    monkeypatch.setattr(lesson, "fetch", wechat.fetch)


def failing(client, caplog):
    """Come back with a code; return the response, after looking for secrets everywhere."""
    with caplog.at_level(logging.DEBUG):
        response = come_back(client, "CODE-of-the-visitor")
    everything = response.text + str(response.headers) + caplog.text
    for record in caplog.records:
        everything += str(record.exc_info) + str(record.args)
    for secret in (SECRET, "CODE-of-the-visitor", "ACCESS-1", "REFRESH-1"):
        assert secret not in everything
    assert "Traceback" not in everything
    assert client.get("/profile").location == "/"
    return response


# Errors come with status 200


ERRORS = [
    {"errcode": 40029, "errmsg": "invalid code, rid: 1-2"},
    {"errcode": 40163, "errmsg": "code been used"},
    {"errcode": -1, "errmsg": "system error"},
    {"errcode": "40029"},
    {"errcode": None},
    {"errcode": [[]], "errmsg": "nested"},
    {
        "errcode": 40001,
        "errmsg": f"wrong secret {SECRET} for CODE-of-the-visitor\nINFO all is well",
    },
    {"errcode": 40001, "errmsg": {"secret": SECRET, "text": "x" * 5000}},
    TOKENS | {"errcode": 40029},
]


@pytest.mark.usefixtures("no_socket")
@pytest.mark.parametrize("error", ERRORS)
def test_an_error_with_status_200_is_a_bad_gateway(wechat, client, caplog, error):
    wechat.responses[EXCHANGE] = error
    response = failing(client, caplog)
    assert response.status_code == 502
    assert "WeChat refused" in response.text
    assert "errmsg" not in response.text
    assert "1-2" not in response.text
    (record,) = [record for record in caplog.records if "refused" in record.getMessage()]
    number = error["errcode"]
    assert isinstance(number, list | None) or str(number) in record.getMessage()
    assert "\n" not in record.getMessage()
    assert len(record.getMessage()) < 300


def test_the_errmsg_is_logged_for_the_developer(wechat, client, caplog):
    wechat.responses[EXCHANGE] = {"errcode": 40029, "errmsg": "invalid code, rid: 1-2"}
    failing(client, caplog)
    assert "invalid code, rid: 1-2" in caplog.text


def test_errcode_0_is_a_success(wechat, client):
    wechat.responses[EXCHANGE] = {"errcode": 0, "errmsg": "ok"} | TOKENS
    wechat.responses[PROFILE] = {"errcode": 0, "errmsg": "ok"} | PERSON
    assert "林小雨" in log_in(client).text


# Bodies that are not what they should be


BODIES = {
    "html": "<html>busy</html>",
    "nothing": "",
    "broken": '{"access_token": "ACCESS-1", ',
    "array": '["ACCESS-1"]',
    "text": '"ACCESS-1"',
    "null": "null",
    "number": "1" * 4400,
    "not UTF-8": b'{"access_token": "ACCESS-1", "openid": "\xff"}',
    "UTF-16": json.dumps(TOKENS).encode("utf-16"),
    "no openid": json.dumps(TOKENS | {"openid": ""}),
    "no token": json.dumps({"openid": OPENID}),
    "wrong types": json.dumps(TOKENS | {"openid": None, "access_token": ["ACCESS-1"]}),
    "empty": "{}",
}


@pytest.mark.usefixtures("no_socket")
@pytest.mark.parametrize("name", BODIES)
def test_a_body_without_tokens_is_a_bad_gateway(wechat, client, caplog, name):
    wechat.responses[EXCHANGE] = lambda: (BODIES[name], 200, {"Content-Type": "text/plain"})
    response = failing(client, caplog)
    assert response.status_code == 502
    assert "response of WeChat is not as expected" in response.text
    assert 'href="/"' in response.text
    assert any(record.levelname == "WARNING" for record in caplog.records)


def test_json_that_is_nested_too_deep_is_a_bad_gateway(monkeypatch, client, caplog):
    monkeypatch.setattr(lesson, "fetch", lambda *_: b"[" * 90_000)
    assert failing(client, caplog).status_code == 502


def test_a_long_body_is_a_bad_gateway(wechat, client, caplog, monkeypatch):
    assert lesson.MAX_BYTES == 100_000
    body = json.dumps(TOKENS).encode()
    wechat.responses[EXCHANGE] = lambda: (body, 200)
    monkeypatch.setattr(lesson, "MAX_BYTES", len(body) - 1)
    assert failing(client, caplog).status_code == 502
    monkeypatch.setattr(lesson, "MAX_BYTES", len(body))
    assert come_back(client).status_code == 303


def test_text_plain_without_a_charset_is_read_as_utf_8(client):
    assert "Hello <bdi>林小雨 😀</bdi>" in log_in(client).text


def test_a_response_in_small_pieces_is_read(wechat, client):
    text = json.dumps(TOKENS, ensure_ascii=False)
    wechat.responses[EXCHANGE] = lambda: (iter(text), 200, {"Content-Type": "text/plain"})
    assert log_in(client).status_code == 200


def test_a_compressed_response_is_read(wechat, client):
    body = gzip.compress(json.dumps(TOKENS).encode())
    wechat.responses[EXCHANGE] = lambda: (body, 200, {"Content-Encoding": "gzip"})
    assert log_in(client).status_code == 200


# Other status codes, and no HTTP at all


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 403, 404, 500, 503])
def test_another_status_is_a_bad_gateway(wechat, client, caplog, status):
    body = json.dumps(TOKENS)
    wechat.responses[EXCHANGE] = lambda: (body, status, {"Location": f"{wechat.url}{EXCHANGE}"})
    assert failing(client, caplog).status_code == 502
    assert len(wechat.seen) == 1


def test_a_broken_redirect_is_a_bad_gateway(wechat, client, caplog):
    wechat.responses[EXCHANGE] = lambda: ("", 302, {"Location": "http://*/"})
    assert failing(client, caplog).status_code == 502


def test_wechat_away_is_a_bad_gateway(caplog):
    with socket.socket() as probe:  # bound and not listening
        probe.bind(("127.0.0.1", 0))
        client = site(f"http://127.0.0.1:{probe.getsockname()[1]}").test_client()
        response = failing(client, caplog)
    assert response.status_code == 502
    assert "ConnectionError" in caplog.text


HEAD = b"HTTP/1.1 200 OK\r\n"

RAW = {
    "not HTTP": b"hello\r\n\r\n",
    "nothing": b"",
    "cut off": HEAD + b"Content-Length: 500\r\n\r\n{}",
    "wrong length": HEAD + b"Content-Length: 1, 2\r\n\r\n{}",
    "wrong chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "wrong gzip": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "wrong header": HEAD + b"Content-Length: 2\r\nno colon here\r\nX-A: b\r\n\r\n[]",
    "endless header": HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n{}",
}


@pytest.mark.parametrize("name", RAW)
def test_a_response_that_is_not_http_is_a_bad_gateway(caplog, name):
    def talk(connection):
        connection.recv(65536)
        connection.sendall(RAW[name])

    with raw_server(talk) as url:
        assert failing(site(url).test_client(), caplog).status_code == 502


def test_no_exception_carries_the_url_along(caplog):
    with pytest.raises(BadGateway) as caught:
        fetch("http://127.0.0.1:9/x", {"secret": SECRET}, 60)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    # What requests itself raises would have told.
    with pytest.raises(requests.ConnectionError, match=SECRET):
        requests.get("http://127.0.0.1:9/x", params={"secret": SECRET}, timeout=WAIT)


# WeChat takes too long


def slow(wechat, before, blanks, interval):
    """Return a response that says ``before``, then some blanks, and ends without being JSON."""

    def pieces():
        yield before
        for _ in range(blanks):
            wechat.done.wait(interval)
            yield " "
        wechat.done.wait(interval)

    return lambda: (pieces(), 200, {"Content-Type": "text/plain"})


@pytest.mark.parametrize(
    ("before", "blanks", "interval"),
    [("", 0, WAIT), ('{"access_token":', 0, WAIT), (" ", 100, 0.05)],
    ids=["silent", "stalled", "dripping"],
)
def test_a_slow_wechat_is_a_gateway_timeout(caplog, before, blanks, interval):
    with fake_wechat() as wechat:
        wechat.responses[EXCHANGE] = slow(wechat, before, blanks, interval)
        client = site(wechat.url, API_TIMEOUT=0.2).test_client()
        response = failing(client, caplog)
    assert response.status_code == 504
    assert "WeChat takes too long" in response.text


def test_headers_that_come_byte_by_byte_are_too_late_as_well(caplog, dripping):
    response = failing(site(dripping, API_TIMEOUT=0.2).test_client(), caplog)
    assert response.status_code == 504


@pytest.mark.parametrize(
    "given",
    [{"errcode": 48001, "errmsg": "api unauthorized"}, "<html>", ("", 500)],
)
def test_a_profile_that_does_not_come_can_be_asked_for_again(wechat, client, caplog, given):
    assert come_back(client).status_code == 303
    wechat.responses[PROFILE] = lambda: given
    with caplog.at_level(logging.DEBUG):
        response = client.get("/profile")
    assert response.status_code == 502
    for text in (response.text, caplog.text):
        assert "ACCESS-1" not in text
        assert SECRET not in text
    wechat.responses[PROFILE] = PERSON
    assert client.get("/profile").status_code == 200
    assert len(wechat.asked(EXCHANGE)) == 1
