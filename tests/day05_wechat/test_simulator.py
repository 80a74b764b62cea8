import contextlib
import json
import os
import re
import socket
import threading
import time
from html import unescape
from itertools import count
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import pytest
import requests
import wechatpy
import xmltodict
from flask import Flask, redirect, request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server
from werkzeug.test import Client

from day05_wechat.messages.app import build, parse
from day05_wechat.settings.app import SettingError
from day05_wechat.signature.app import sign
from day05_wechat.simulator import grants, handlers, phone
from day05_wechat.simulator.app import create_app
from day05_wechat.simulator.grants import ApiError, Grants
from day05_wechat.simulator.judge import FAULT, judge
from day05_wechat.simulator.people import PEOPLE, SNAPSHOT
from day05_wechat.simulator.phone import Handler, Phone
from day05_wechat.simulator.push import (
    Account,
    Exchange,
    UnsendableError,
    compose,
    deliver,
    push,
    stamps,
    to_xml,
    verification,
)
from day05_wechat.simulator.samples import EVENTS, MESSAGES, TRICKS
from day05_wechat.simulator.wire import (
    Answer,
    NoAnswerError,
    in_process,
    loopback,
    over_http,
    within,
)

TOKEN = "token4tests"
APPID = "wx0123456789abcdef"
SECRET = "secret4tests"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CONFIG = {
    "TESTING": True,
    "WECHAT_TOKEN": TOKEN,
    "WECHAT_APPID": APPID,
    "WECHAT_SECRET": SECRET,
    "WECHAT_AES_KEY": AES_KEY,
    "WECHAT_PATH": "/wechat",
}
GH = "gh_0123456789ab"
RAIN, SAM, MARKUP = PEOPLE
ACCOUNT = Account(TOKEN, GH)
URL = "http://127.0.0.1:9/wechat"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in os.environ:
        if name.startswith("FLASK_"):
            monkeypatch.delenv(name)


@pytest.fixture
def app():
    return create_app(CONFIG)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def registered(client):
    """Give a client whose simulator sends to the lesson's handler."""
    register(client)
    return client


@contextlib.contextmanager
def serving(app):
    """Run a real server on a free port, and give its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def raw_server(talk):
    """Run a server that gives each connection to ``talk`` and knows nothing of HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def work():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(OSError):
                        talk(connection)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/wechat"
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes up who waits in accept
            thread.join()


def register(client, place="here", mode="plain"):
    response = client.post("/register", data={"place": place, "mode": mode})
    assert (response.status_code, response.location) == (303, "/#registration")
    return client.get("/").text


def send(client, kind="text", text="", **form):
    """Send something, and return the exchange."""
    response = client.post("/send", data={"kind": kind, "text": text, **form})
    assert response.status_code == 303, response.text
    exchange = client.application.extensions["phone"].exchanges[-1]
    assert response.location == f"/#sent-{exchange.number}"
    return exchange


def message(kind="text", text="hi"):
    return compose(kind, text, ACCOUNT, RAIN.openid)[1]


def handler(view, methods=("GET", "POST")):
    """Return an app with one view at /wechat."""
    app = Flask("handler")
    app.add_url_rule("/wechat", view_func=view, endpoint="wechat", methods=methods)
    return app


def elements(xml):
    return xmltodict.parse(xml)["xml"]


def fields(tag, html):
    return [unescape(each) for each in re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", html, re.DOTALL)]


# Registering a handler


def test_a_handler_is_verified_and_the_page_shows_how(client):
    assert "None yet" in client.get("/").text
    html = register(client)
    assert "Verified:" in html
    asked, answered = fields("pre", html)
    query = re.match(r"GET /wechat\?(\S+) HTTP/1.1\nHost: ", asked)[1]
    names = [name for name, _ in parse_qsl(query)]
    assert names == ["signature", "echostr", "timestamp", "nonce"]
    given = dict(parse_qsl(query))
    assert given["signature"] == sign(TOKEN, given["timestamp"], given["nonce"])
    assert re.fullmatch(r"\d{16,19}", given["echostr"])
    assert answered.startswith("HTTP/1.1 200 OK\n")
    assert answered.endswith("\n\n" + given["echostr"])


WRONG_ECHOES = {
    "a line end": (lambda echo: echo + "\n", "around echostr"),
    "quotes": (lambda echo: f'"{echo}"', "around echostr"),
    "a byte order mark": (lambda echo: b"\xef\xbb\xbf" + echo.encode(), "around echostr"),
    "success": (lambda echo: "success", "not the echostr"),
    "nothing": (lambda echo: "", "not the echostr"),
    "403": (lambda echo: (echo, 403), "token the same"),
    "404": (lambda echo: (echo, 404), "must be 200"),
    "201": (lambda echo: (echo, 201), "must be 200"),
    "a redirect": (lambda echo: redirect("/elsewhere"), "must be 200"),
    "an exception": (lambda echo: 1 / 0, "must be 200"),
}


@pytest.mark.parametrize("name", WRONG_ECHOES)
def test_a_handler_that_does_not_echo_exactly_is_not_registered(name):
    echo, problem = WRONG_ECHOES[name]
    bad = in_process(handler(lambda: echo(request.args["echostr"])))
    device = Phone(1, 3)
    device.register(Handler(URL, bad, ACCOUNT))
    assert problem in device.registration.problem
    assert device.handler is None


def test_a_failed_verification_takes_the_old_handler_away(registered):
    device = registered.application.extensions["phone"]
    assert device.handler
    device.register(Handler(URL, in_process(handler(lambda: "no")), ACCOUNT))
    html = registered.get("/").text
    assert "Not verified." in html
    assert registered.post("/send", data={"text": "hi"}).status_code == 409


def test_nothing_is_sent_before_the_registration(client):
    response = client.post("/send", data={"text": "hi"})
    assert response.status_code == 409
    assert "Register a handler first" in response.text
    assert not client.application.extensions["phone"].exchanges


def test_a_handler_that_does_not_run_is_told_so(client):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = CONFIG | {"WECHAT_HANDLER_URL": f"http://127.0.0.1:{port}/wechat"}
    html = register(create_app(config).test_client(), "there")
    assert "Not verified." in html
    assert "does it run?" in html


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:5000/wechat",
        "http://127.1.2.3/wechat",
        "http://localhost:8000/a/b?c=d",
        "http://[::1]:5000/wechat",
    ],
)
def test_addresses_of_this_machine_are_accepted(url):
    assert loopback(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.0.1/wechat",
        "http://0.0.0.0/wechat",
        "http://169.254.169.254/latest/meta-data",
        "http://example.com/wechat",
        "http://127.0.0.1.example.com/wechat",
        "http://localhost.example.com/",
        "http://127.0.0.1@example.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com\\@127.0.0.1/",
        "http://[::ffff:8.8.8.8]/",
        "http://2130706433/",
        "http:///wechat",
        "http://127.0.0.1:5000/a b",
        "http://127.0.0.1:5000/\r\nX: y",
        "http://127.0.0.1:99999/wechat",
        "http://127.0.0.1:port/wechat",
        "https://127.0.0.1/wechat",
        "file:///etc/passwd",
        "127.0.0.1:5000/wechat",
        "//127.0.0.1/wechat",
        "",
    ],
)
def test_any_other_address_is_refused(url, monkeypatch):
    with pytest.raises(ValueError, match=r"\w"):
        loopback(url)
    if url:
        with pytest.raises(SettingError, match="WECHAT_HANDLER_URL"):
            create_app(CONFIG | {"WECHAT_HANDLER_URL": url})
        monkeypatch.setenv("WECHAT_HANDLER_URL", url)
        with pytest.raises(SettingError, match="WECHAT_HANDLER_URL"):
            create_app(CONFIG)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("PUSH_TIMEOUT", value) for value in (0, -1, "5 s", None, 61, float("nan"), [5])],
        *[("PUSH_TRIES", value) for value in (0, -1, 1.5, "three", None, 10, [3])],
    ],
)
def test_a_patience_that_cannot_work_is_refused_at_the_start(name, value):
    with pytest.raises(SettingError, match=f"{name} must be a"):
        create_app(CONFIG | {name: value})


@pytest.mark.parametrize("host", ["192.168.0.1", "example.com", "2130706433"])
def test_who_names_another_machine_is_told_so(host):
    with pytest.raises(ValueError, match=f"must be on this machine, and {host} is not"):
        loopback(f"http://{host}/wechat")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"place": "here"},
        {"place": "http://127.0.0.1:1/", "mode": "plain"},
        {"place": "here", "mode": "x", "url": "http://127.0.0.1:1/"},
        {"url": "http://127.0.0.1:1/", "handler": "http://127.0.0.1:1/"},
    ],
)
def test_the_browser_names_no_address(client, form):
    assert client.post("/register", data=form).status_code == 400
    assert client.application.extensions["phone"].registration is None


def test_the_default_url_is_the_handlers_own():
    known = handlers.known_handlers(CONFIG | {"ACCOUNT_ID": GH})
    assert known["there", "plain"].url == "http://127.0.0.1:5000/wechat"
    known = handlers.known_handlers(CONFIG | {"ACCOUNT_ID": GH, "WECHAT_PATH": "/weixin"})
    assert known["there", "plain"].url == "http://127.0.0.1:5000/weixin"
    assert known["here", "plain"].url == "http://localhost/weixin"


def test_a_url_that_was_set_is_chosen_from_the_start(client):
    def checked(client):
        return re.search(r'name="place" value="(\w+)" checked', client.get("/").text)[1]

    assert checked(client) == "here"
    there = create_app(CONFIG | {"WECHAT_HANDLER_URL": "http://127.0.0.1:5009/x"}).test_client()
    assert checked(there) == "there"
    assert "http://127.0.0.1:5009/x" in there.get("/").text


# What is sent

KINDS = [*MESSAGES, *EVENTS]

ORDER = {
    "text": "MsgType Content MsgId",
    "image": "MsgType PicUrl MediaId MsgId",
    "voice": "MsgType MediaId Format MediaId16K MsgId",
    "video": "MsgType MediaId ThumbMediaId MsgId",
    "shortvideo": "MsgType MediaId ThumbMediaId MsgId",
    "location": "MsgType Location_X Location_Y Scale Label MsgId",
    "link": "MsgType Title Description Url MsgId",
    "subscribe": "MsgType Event EventKey",
    "qrcode": "MsgType Event EventKey Ticket",
    "unsubscribe": "MsgType Event EventKey",
    "scan": "MsgType Event EventKey Ticket",
    "report": "MsgType Event Latitude Longitude Precision",
    "click": "MsgType Event EventKey",
    "view": "MsgType Event EventKey MenuId",
}


def test_there_are_seven_messages_and_six_events():
    assert list(MESSAGES) == list(ORDER)[:7]
    names = [own["Event"] for _, own in EVENTS.values()]
    assert sorted(set(names)) == ["CLICK", "LOCATION", "SCAN", "VIEW", "subscribe", "unsubscribe"]
    assert EVENTS["qrcode"][1]["EventKey"].startswith("qrscene_")
    assert not EVENTS["scan"][1]["EventKey"].startswith("qrscene_")


@pytest.mark.parametrize("kind", KINDS)
def test_the_fields_are_complete_and_in_wechats_order(kind):
    before = int(time.time())
    found = elements(to_xml(message(kind)))
    common = ["ToUserName", "FromUserName", "CreateTime"]
    assert list(found) == common + ORDER[kind].split()
    assert (found["ToUserName"], found["FromUserName"]) == (GH, RAIN.openid)
    assert before <= int(found["CreateTime"]) <= time.time()
    assert found["MsgType"] == (kind if kind in MESSAGES else "event")


@pytest.mark.parametrize("kind", KINDS)
def test_texts_stand_in_cdata_and_numbers_do_not(kind):
    for line in to_xml(message(kind)).splitlines()[1:-1]:
        name, value = re.fullmatch(r"<(\w+)>(.*)</\1>", line).groups()
        numbers = "CreateTime MsgId MenuId Location_X Location_Y Scale Latitude Longitude Precision"
        if name in numbers.split():
            float(value)
        else:
            assert value.startswith("<![CDATA["), line


@pytest.mark.parametrize("kind", KINDS)
def test_wechatpy_and_the_messages_lesson_read_what_is_sent(kind):
    sent = message(kind, "你好 ]]> <Content>&amp;</Content>\nnext line")
    xml = to_xml(sent)
    assert parse(xml.encode()) == {name: str(v) if v != "" else None for name, v in sent.items()}
    read = wechatpy.parse_message(xml)
    assert (read.source, read.target) == (RAIN.openid, GH)
    wanted = {"qrcode": "subscribe_scan", "report": "location"}.get(kind, kind)
    assert (read.event if kind in EVENTS else read.type) == wanted
    if kind == "text":
        assert read.content == sent["Content"]
    if kind == "qrcode":
        assert read.scene_id == "12"


def test_a_message_has_a_number_of_its_own_that_needs_64_bits():
    ids = [message()["MsgId"] for _ in range(100)]
    assert len(set(ids)) == 100
    assert all(2**53 < each < 2**63 for each in ids)


def test_the_nonce_sorts_differently_as_a_text_and_as_a_number():
    for _ in range(200):
        timestamp, nonce = stamps()
        assert int(nonce) < int(timestamp)
        assert nonce > timestamp
        assert abs(int(timestamp) - time.time()) < 3


def test_a_push_is_signed_and_names_the_user():
    sent = message()
    request = push(URL, ACCOUNT, sent)
    assert request.method == "POST"
    assert request.headers["Content-Type"] == "text/xml"
    query = parse_qsl(urlsplit(request.url).query)
    assert [name for name, _ in query] == ["signature", "timestamp", "nonce", "openid"]
    given = dict(query)
    assert given["openid"] == RAIN.openid
    assert given["signature"] == sign(TOKEN, given["timestamp"], given["nonce"])
    assert request.body.decode() == to_xml(sent)
    assert push(URL + "?a=b", ACCOUNT, sent).target.startswith("/wechat?a=b&signature=")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Write something"),
        (" \n\t", "Write something"),
        ("x" * 2001, "2000 characters"),
        ("a\0b", "XML cannot carry"),
        ("\x1b[31m", "XML cannot carry"),
        ("\ufffe", "XML cannot carry"),
    ],
)
def test_what_no_phone_would_send_is_refused(registered, text, problem):
    with pytest.raises(UnsendableError, match=problem):
        message(text=text)
    response = registered.post("/send", data={"text": text})
    assert response.status_code == 400
    assert problem in response.text
    assert not registered.application.extensions["phone"].exchanges


def test_a_button_that_does_not_exist_is_refused(registered):
    assert registered.post("/send", data={"kind": "x"}).status_code == 400
    assert registered.post("/send", data={"kind": "again"}).status_code == 409
    assert registered.post("/send", data={"text": "x" * 60_000}).status_code == 413


@given(st.text(max_size=50))
def test_any_text_is_refused_or_arrives_whole(text):
    try:
        sent = message(text=text)
    except UnsendableError:
        return
    arrived = parse(to_xml(sent).encode())["Content"]
    # XML takes a single CR for a line end as well, and the lesson strips the outer white space.
    assert arrived == re.sub("\r\n?", "\n", text).strip()


@pytest.mark.parametrize("text", ["x" * 2000, "😀" * 2000, "a\r\nb", " x "])
def test_what_a_phone_can_send_arrives(registered, text):
    exchange = send(registered, text=text)
    assert exchange.message["Content"] == text.replace("\r\n", "\n")
    assert (
        parse(exchange.attempts[0].request.body)["Content"] == exchange.message["Content"].strip()
    )
    assert exchange.verdict.kind == "reply"


# On the wire


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

    with raw_server(talk) as url:
        requests_sent = [push(url, ACCOUNT, message(text="你好")), verification(url, ACCOUNT)[0]]
        answers = [over_http(each, 5) for each in requests_sent]
    wire = [f"{head.decode()}\n\n{body.decode()}".replace("\r\n", "\n") for head, body in seen]
    assert wire == [each.raw for each in requests_sent]
    expected = "HTTP/1.1 200 OK\nX-Own: 1\nContent-Length: 7\n\nsuccess"
    assert [answer.raw for answer in answers] == [expected] * 2


def test_an_app_in_this_process_sees_the_same_request():
    seen = []

    def view():
        seen.append((request.full_path, dict(request.headers), request.get_data()))
        return "success"

    sent = push(URL, ACCOUNT, message())
    answer = in_process(handler(view))(sent, 5)
    assert seen == [(sent.target, sent.headers, sent.body)]
    assert (answer.status, answer.body) == (200, b"success")


def test_no_redirect_is_followed_and_no_proxy_is_asked(monkeypatch):
    hits = []

    def view():
        hits.append(request.path)
        return redirect("/elsewhere")

    app = handler(view)
    app.add_url_rule("/elsewhere", view_func=view)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(app) as base:
        assert over_http(push(base + "/wechat", ACCOUNT, message()), 5).status == 302
    assert hits == ["/wechat"]


def dripping(connection):
    """Answer one byte after another, for longer than any test waits."""
    receive(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b"x")
        time.sleep(0.01)


def test_the_whole_answer_must_come_in_time():
    """A timeout of requests would begin anew with every byte."""
    with raw_server(dripping) as url:
        started = time.monotonic()
        with pytest.raises(NoAnswerError, match=r"answer within 0\.2 s"):
            within(0.2, over_http, push(url, ACCOUNT, message()))
        assert time.monotonic() - started < 2


def test_who_is_waited_for_no_longer_is_read_no_longer():
    """So the threads that were given up end, too."""
    with raw_server(dripping) as url, pytest.raises(NoAnswerError, match="no complete answer"):
        over_http(push(url, ACCOUNT, message()), 0.2)


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", b"what?\r\n\r\n", b"\0" * 100],
)
def test_a_connection_that_breaks_is_no_answer(said):
    def talk(connection):
        receive(connection)
        connection.sendall(said)

    with raw_server(talk) as url, pytest.raises(NoAnswerError):
        within(5, over_http, push(url, ACCOUNT, message()))


def test_an_endless_answer_is_cut():
    def talk(connection):
        receive(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 10_000)

    with raw_server(talk) as url:
        answer = within(5, over_http, push(url, ACCOUNT, message()))
    assert 100_000 < len(answer.body) < 400_000
    assert judge(answer, message()).why == "The answer has more than 100000 bytes."


# Tries


def tried(transport, forged=False, sent=None, seconds=0.05, account=ACCOUNT):
    exchange = Exchange(1, "hi", sent or message(), forged)
    deliver(exchange, URL, account, transport, seconds, 3)
    return exchange


def success(*_):
    return Answer(200, (), b"success")


def never(*_):
    raise NoAnswerError("no answer")


def test_no_answer_three_times_with_one_msgid_and_then_the_error_bubble():
    release = threading.Event()
    seen = []

    def slow(request, seconds):
        seen.append(request)
        release.wait(10)
        return success()

    exchange = tried(slow)
    release.set()
    assert len(exchange.attempts) == len(seen) == 3
    assert [each.problem for each in exchange.attempts] == ["no answer within 0.05 s"] * 3
    assert len({each.request.body for each in exchange.attempts}) == 1
    ids = {elements(each.body)["MsgId"] for each in seen}
    assert ids == {str(exchange.message["MsgId"])}
    nonces = {parse_qs(urlsplit(each.url).query)["nonce"][0] for each in seen}
    assert len(nonces) == 3
    assert (exchange.verdict.kind, exchange.verdict.lines) == ("fault", (FAULT,))
    assert exchange.verdict.why == "no answer within 0.05 s; tries: 3."


@pytest.mark.parametrize("good", [1, 2, 3])
def test_the_first_answer_ends_the_tries(good):
    calls = count(1)

    def transport(*_):
        return success() if next(calls) == good else never()

    exchange = tried(transport)
    assert len(exchange.attempts) == good
    assert exchange.verdict.kind == "silence"


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_a_bad_answer_is_an_answer_and_is_not_asked_for_again(status):
    exchange = tried(lambda *_: Answer(status, (), b"oh"))
    assert len(exchange.attempts) == 1
    assert exchange.verdict.kind == "fault"


def test_an_exception_in_the_handler_is_a_500():
    def broken():
        raise RuntimeError("mend me")

    app = handler(broken)
    app.debug = True  # lets the exception pass
    exchange = tried(in_process(app))
    assert exchange.attempts[0].answer.status == 500
    assert "mend me" in exchange.attempts[0].answer.raw
    assert exchange.verdict.kind == "fault"


def test_the_time_and_the_number_of_tries_are_settings():
    app = create_app(CONFIG | {"PUSH_TIMEOUT": 0.05, "PUSH_TRIES": 2})
    device = app.extensions["phone"]
    assert (device.seconds, device.tries) == (0.05, 2)
    device.register(Handler(URL, in_process(handler(lambda: request.args["echostr"])), ACCOUNT))
    device.registration.handler = Handler(URL, never, ACCOUNT)
    assert len(send(app.test_client(), text="hi").attempts) == 2
    device = create_app(CONFIG).extensions["phone"]
    assert (device.seconds, device.tries) == (5, 3)


def test_the_page_shows_the_tries_as_they_happen(registered):
    """While one request waits for the handler, another can already see how far it is."""
    seen, calls = [], count(1)

    def transport(*_):
        seen.append(registered.application.test_client().get("/").text)
        return never() if next(calls) < 3 else success()

    registered.application.extensions["phone"].registration.handler = Handler(
        URL, transport, ACCOUNT
    )
    exchange = send(registered, text="hi")
    assert "Waiting for the answer to no. 1" in seen[0]
    assert "Try 1 of no. 1: no answer" in seen[1]
    assert "Try 2 of no. 1: no answer" in seen[2]
    assert exchange.verdict.kind == "silence"
    html = registered.get("/").text
    assert "Waiting" not in html
    assert "Accepted, without a reply." in html


def test_the_same_message_can_be_sent_again(registered):
    first = send(registered, text="hi")
    forged = send(registered, "forged")
    again = send(registered, "again")
    assert again.message == first.message != forged.message
    assert again.attempts[0].request.body == first.attempts[0].request.body
    assert again.attempts[0].request.url != first.attempts[0].request.url
    # The handler has answered once, and repeats it.
    assert again.attempts[0].answer.body == first.attempts[0].answer.body


# Judging


def reply(sent=None, **fields):
    sent = sent or message()
    header = {"ToUserName": sent["FromUserName"], "FromUserName": sent["ToUserName"]}
    return header | {"CreateTime": 1700000000, "MsgType": "text", "Content": "x"} | fields


def verdict(body, sent=None, status=200):
    body = build(body) if isinstance(body, dict) else body
    body = body.encode() if isinstance(body, str) else body
    return judge(Answer(status, (), body), sent or message())


def without(name):
    return {key: value for key, value in reply().items() if key != name}


@pytest.mark.parametrize("body", [b"", b"success"])
@pytest.mark.parametrize("kind", KINDS)
def test_success_and_nothing_are_silence(body, kind):
    assert verdict(body, message(kind)).kind == "silence"


FAULTS = {
    "empty Content": reply(Content=None),
    "no Content": without("Content"),
    "two Contents": reply(Content=["a", "b"]),
    "names not swapped": reply(ToUserName=GH, FromUserName=RAIN.openid),
    "wrong receiver": reply(ToUserName=SAM.openid),
    "wrong sender": reply(FromUserName="gh_other"),
    "no receiver": without("ToUserName"),
    "no sender": without("FromUserName"),
    "no time": without("CreateTime"),
    "a time in words": reply(CreateTime="now"),
    "a time with fractions": reply(CreateTime="1700000000.5"),
    "no type": without("MsgType"),
    "unknown type": reply(MsgType="sticker"),
    "type in capitals": reply(MsgType="TEXT"),
    "image without envelope": reply(MsgType="image", MediaId="m"),
    "image without id": reply(MsgType="image", Image={"MediaId": None}),
    "voice as image": reply(MsgType="voice", Image={"MediaId": "m"}),
    "video as text": reply(MsgType="video", Video="m"),
    "music without thumb": reply(MsgType="music", Music={"Title": "t"}),
    "news without item": reply(MsgType="news", ArticleCount=1, Articles={"Title": "t"}),
    "news without count": reply(MsgType="news", Articles={"item": [{"Title": "t"}]}),
    "news without title": reply(MsgType="news", ArticleCount=1, Articles={"item": {"Url": "u"}}),
    "JSON": b'{"ToUserName": "x"}',
    "words": b"ok",
    "success with a line end": b"success\n",
    "Success": b"Success",
    "quoted success": b'"success"',
    "a blank": b" ",
    "HTML": b"<!doctype html><p>oh",
    "another root": b"<reply><MsgType>text</MsgType></reply>",
    "no fields": b"<xml/>",
    "words as fields": b"<xml>text</xml>",
    "broken CDATA": build(reply()).replace("x</C", "<![CDATA[a]]>b]]></C"),
    "GBK": build(reply(Content="你好")).encode("gbk"),
    "entities": b'<!DOCTYPE xml [<!ENTITY a "b">]><xml>&a;</xml>',
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_any_other_answer_is_the_error_bubble(name):
    found = verdict(FAULTS[name])
    assert (found.kind, found.lines) == ("fault", (FAULT,))
    assert found.why


@pytest.mark.parametrize("name", ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"])
def test_a_field_may_be_deep_or_long(name):
    deep = "<a>" * 10_000 + "</a>" * 10_000
    for content in (deep, "x" * 50_000):
        xml = build(without(name)).replace("</xml>", f"<{name}>{content}</{name}></xml>")
        found = verdict(xml)
        expected = "reply" if (name, content[0]) == ("Content", "x") else "fault"
        assert found.kind == expected
        assert len(found.why) < 300


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"<xml>{text}</xml>"))
def test_any_answer_gets_a_verdict(body):
    assert verdict(body).kind in {"fault", "silence"}


@pytest.mark.parametrize("status", [201, 204, 302, 400, 403, 500])
def test_so_is_a_good_reply_with_another_status(status):
    assert verdict(reply(), status=status).kind == "fault"
    assert verdict(b"success", status=status).kind == "fault"


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ({"Content": "a\nb"}, ["a\nb"]),
        ({"Content": "<b>&amp;"}, ["<b>&amp;"]),
        ({"MsgType": "image", "Image": {"MediaId": "m"}}, ["🖼 m"]),
        ({"MsgType": "voice", "Voice": {"MediaId": "m"}}, ["🔊 m"]),
        ({"MsgType": "video", "Video": {"MediaId": "m"}}, ["🎬 m"]),
        (
            {"MsgType": "video", "Video": {"MediaId": "m", "Title": "t", "Description": "d"}},
            ["🎬 m", "t", "d"],
        ),
        ({"MsgType": "music", "Music": {"ThumbMediaId": "m", "Title": "t"}}, ["🎵 m", "t"]),
    ],
)
def test_every_kind_of_reply_is_shown(fields, lines):
    found = verdict(reply(**fields))
    assert (found.kind, list(found.lines)) == ("reply", lines)


def test_white_space_in_a_text_is_kept_and_around_elements_ignored():
    pretty = f"""
    <xml>
      <ToUserName><![CDATA[{RAIN.openid}]]></ToUserName>
      <FromUserName><![CDATA[{GH}]]></FromUserName>
      <CreateTime>1700000000</CreateTime>
      <MsgType><![CDATA[text]]></MsgType>
      <Content><![CDATA[ a  b\n]]></Content>
    </xml>
    """
    assert verdict(pretty).lines == (" a  b\n",)


@pytest.mark.parametrize(
    ("kind", "most"),
    [(kind, 1) for kind in ("text", "image", "video", "link", "location")]
    + [(kind, 8) for kind in ("voice", "shortvideo", "subscribe", "click")],
)
def test_surplus_articles_are_dropped(kind, most):
    items = [{"Title": f"t{n}", "Description": "d", "PicUrl": "p", "Url": "u"} for n in range(10)]
    news = {"MsgType": "news", "ArticleCount": 10, "Articles": {"item": items}}
    sent = message(kind)
    found = verdict(reply(sent, **news), sent)
    assert found.lines == tuple(f"t{n} · d · u" for n in range(most))
    assert found.why == f"News: {most} of 10 shown."
    one = {"MsgType": "news", "ArticleCount": 1, "Articles": {"item": items[0]}}
    assert verdict(reply(sent, **one), sent).lines == ("t0 · d · u",)


@pytest.mark.parametrize("body", [b"oh", reply(message("unsubscribe"))])
def test_nobody_is_left_to_see_an_answer_to_unsubscribe(body):
    found = verdict(body, message("unsubscribe"))
    assert (found.kind, found.lines) == ("silence", ())


@pytest.mark.parametrize("kind", ["subscribe", "report", "click"])
def test_an_event_has_an_error_bubble_too(kind):
    assert verdict(b"oh", message(kind)).kind == "fault"


def test_wechatpys_replies_are_right():
    read = wechatpy.parse_message(to_xml(message()))
    for made, lines in [
        (wechatpy.create_reply("你好 <b>", read), ("你好 <b>",)),
        (wechatpy.create_reply([{"title": "t", "url": "u"}], read), ("t · u",)),
        (wechatpy.replies.ImageReply(message=read, media_id="m"), ("🖼 m",)),
        (wechatpy.replies.VoiceReply(message=read, media_id="m"), ("🔊 m",)),
        (wechatpy.replies.VideoReply(message=read, media_id="m", title="t"), ("🎬 m", "t")),
    ]:
        found = verdict(made.render())
        assert (found.kind, found.lines) == ("reply", lines)


def test_wechatpys_template_breaks_where_the_simulator_says_so():
    read = wechatpy.parse_message(to_xml(message()))
    assert verdict(wechatpy.create_reply("a]]>b", read).render()).kind == "fault"


# A forged message


def test_a_forged_message_is_signed_by_somebody_else():
    given = dict(parse_qsl(urlsplit(push(URL, ACCOUNT, message(), forged=True).url).query))
    assert re.fullmatch("[0-9a-f]{40}", given["signature"])
    assert given["signature"] != sign(TOKEN, given["timestamp"], given["nonce"])


def test_the_lessons_handler_refuses_a_forged_message(registered):
    exchange = send(registered, "forged")
    assert exchange.attempts[0].answer.status == 403
    assert exchange.verdict.kind == "refused"
    assert "403: the handler has seen" in registered.get("/").text


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_handler_that_takes_it_is_told_so(status):
    exchange = tried(lambda *_: Answer(status, (), b"success"), forged=True)
    assert exchange.verdict.kind == "taken"
    assert exchange.verdict.why.startswith(f"{status}: ")
    assert tried(lambda *_: Answer(403, (), b""), forged=True).verdict.kind == "refused"


def test_whoever_forges_does_not_try_again():
    exchange = tried(never, forged=True)
    assert len(exchange.attempts) == 1
    assert exchange.verdict.kind == "silence"


# Encrypted mode


def ciphers():
    pytest.importorskip("cryptography")
    from wechatpy.crypto import WeChatCrypto

    from day05_wechat.safe_mode.app import Cipher

    return Cipher(AES_KEY, APPID), WeChatCrypto(TOKEN, AES_KEY, APPID)


@pytest.mark.parametrize("kind", KINDS)
def test_wechatpy_decrypts_what_is_sent(kind):
    cipher, other = ciphers()
    sent = message(kind, "你好 😀")
    request = push(URL, Account(TOKEN, GH, cipher), sent)
    query = parse_qsl(urlsplit(request.url).query, strict_parsing=False)
    names = ["signature", "timestamp", "nonce", "openid", "encrypt_type", "msg_signature"]
    assert [name for name, _ in query] == names
    given = dict(query)
    assert given["encrypt_type"] == "aes"
    assert given["signature"] == sign(TOKEN, given["timestamp"], given["nonce"])
    assert list(elements(request.body)) == ["ToUserName", "Encrypt"]
    assert b"Content" not in request.body
    xml = other.decrypt_message(
        request.body, given["msg_signature"], given["timestamp"], given["nonce"]
    )
    assert xml == to_xml(sent)


def test_a_forged_message_is_forged_in_both_signatures():
    cipher, _ = ciphers()
    request = push(URL, Account(TOKEN, GH, cipher), message(), forged=True)
    given = dict(parse_qsl(urlsplit(request.url).query))
    encrypted = parse(request.body)["Encrypt"]
    stamp = given["timestamp"], given["nonce"]
    assert given["signature"] != sign(TOKEN, *stamp)
    assert given["msg_signature"] != sign(TOKEN, *stamp, encrypted)


def encrypted_answer(change=lambda fields: fields, token=TOKEN, appid=APPID, text=None):
    """Return a transport to a handler that answers with an envelope by wechatpy."""
    from wechatpy.crypto import WeChatCrypto

    def transport(*_):
        xml = build(reply()) if text is None else text
        envelope = WeChatCrypto(token, AES_KEY, appid).encrypt_message(xml, "123", "1700000000")
        return Answer(200, (), build(change(elements(envelope))).encode())

    return transport


def test_an_encrypted_reply_by_wechatpy_is_read():
    cipher, _ = ciphers()
    account = Account(TOKEN, GH, cipher)
    exchange = tried(encrypted_answer(), account=account)
    assert (exchange.verdict.kind, exchange.verdict.lines) == ("reply", ("x",))
    assert tried(success, account=account).verdict.kind == "silence"


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: reply(),
        lambda fields: {"Encrypt": fields["Encrypt"]},
        lambda fields: fields | {"MsgSignature": "0" * 40},
        lambda fields: fields | {"Nonce": "124"},
        lambda fields: fields | {"TimeStamp": "1700000001"},
        lambda fields: fields | {"Encrypt": fields["Encrypt"][::-1]},
        lambda fields: fields | {"Encrypt": [fields["Encrypt"]] * 2},
        lambda fields: signed(fields, "QUFB"),
        lambda fields: signed(fields, "no base64 ¤"),
        lambda fields: signed(fields, fields["Encrypt"][:-24]),
    ],
)
def test_a_reply_that_is_not_properly_encrypted_is_a_fault(change):
    cipher, _ = ciphers()
    exchange = tried(encrypted_answer(change), account=Account(TOKEN, GH, cipher))
    assert exchange.verdict.kind == "fault"


def signed(fields, encrypted):
    signature = sign(TOKEN, fields["TimeStamp"], fields["Nonce"], encrypted)
    return fields | {"Encrypt": encrypted, "MsgSignature": signature}


@pytest.mark.parametrize(
    "how", [{"token": "other"}, {"appid": "wxother"}, {"text": "no XML"}, {"text": "<xml/>"}]
)
def test_nor_does_one_count_that_somebody_else_encrypted_or_that_is_none(how):
    cipher, _ = ciphers()
    exchange = tried(encrypted_answer(**how), account=Account(TOKEN, GH, cipher))
    assert exchange.verdict.kind == "fault"


def test_the_lessons_own_encrypted_handler(client):
    pytest.importorskip("cryptography")
    assert "encrypted mode." in register(client, mode="encrypted")
    exchange = send(client, text="你好 ]]>")
    assert exchange.verdict.lines == ("你好 ]]>",)
    assert b"<Encrypt>" in exchange.attempts[0].request.body
    assert b"<Encrypt>" in exchange.attempts[0].answer.body
    assert "&lt;Content&gt;&lt;![CDATA[你好" in client.get("/").text
    assert send(client, "forged").verdict.kind == "refused"
    assert send(client, "unsubscribe").verdict.kind == "silence"


def test_without_cryptography_the_page_says_so_and_offers_it_not(monkeypatch):
    monkeypatch.setattr(handlers, "Cipher", None)
    client = create_app(CONFIG).test_client()
    html = client.get("/").text
    assert re.search(r'value="encrypted" disabled>.*not here.*cryptography</code>', html)
    assert client.post("/register", data={"place": "here", "mode": "encrypted"}).status_code == 400
    assert "Verified:" in register(client)


def wechatpy_handler(crypto=None):
    """Return a handler that owes nothing to the lessons."""
    from wechatpy.utils import check_signature

    def view():
        values = request.args
        check_signature(TOKEN, values["signature"], values["timestamp"], values["nonce"])
        if request.method == "GET":
            return values["echostr"]
        body = request.get_data()
        stamp = values["timestamp"], values["nonce"]
        if crypto:
            body = crypto.decrypt_message(body, values["msg_signature"], *stamp)
        read = wechatpy.parse_message(body)
        said = read.content if read.type == "text" else read.type
        xml = wechatpy.create_reply(f"{said} by wechatpy", read).render()
        return crypto.encrypt_message(xml, *reversed(stamp)) if crypto else xml

    app = handler(view)
    app.register_error_handler(wechatpy.exceptions.InvalidSignatureException, lambda e: ("", 403))
    return app


@pytest.mark.parametrize("mode", ["plain", "encrypted"])
def test_wechatpy_as_the_server(mode):
    crypto = ciphers()[1] if mode == "encrypted" else None
    with serving(wechatpy_handler(crypto)) as base:
        config = CONFIG | {"WECHAT_HANDLER_URL": f"{base}/wechat"}
        client = create_app(config).test_client()
        assert "Verified:" in register(client, "there", mode)
        assert send(client, text="你好 😀").verdict.lines == ("你好 😀 by wechatpy",)
        assert send(client, "image").verdict.lines == ("image by wechatpy",)
        assert send(client, "click").verdict.lines == ("event by wechatpy",)
        assert send(client, "forged").verdict.kind == "refused"
        assert send(client, "cdata").verdict.kind == "fault"


# The page


def test_the_lessons_handler_echoes_every_trick(registered):
    for kind in ("emoji", "cdata"):
        assert send(registered, kind).verdict.lines == (TRICKS[kind][1],)
    assert send(registered, "image").verdict.kind == "reply"


def test_every_button_is_on_the_page_and_works(registered):
    html = registered.get("/").text
    kinds = re.findall(r'<button name="kind" value="(\w+)"', html)
    assert sorted(kinds) == sorted([*MESSAGES, *EVENTS, *TRICKS, "again"])
    for kind in kinds:
        assert send(registered, kind, "hi").verdict.kind in {"reply", "silence", "refused"}


def test_what_is_sent_and_answered_is_shown_as_text(registered):
    attack = "<script>alert(1)</script>]]>'\"&amp;"
    send(registered, text=attack)
    html = registered.get("/").text
    assert "<script>alert" not in html
    shown = [unescape(each) for each in re.findall("<bdi>(.*?)</bdi>", html)]
    assert shown.count(attack) == 2
    asked, answered = fields("pre", html.partition('id="wire"')[2])
    assert asked == registered.application.extensions["phone"].exchanges[0].attempts[0].request.raw
    assert attack.replace("]]>", "]]]]><![CDATA[>") in asked
    assert "HTTP/1.1 200 OK" in answered


def test_an_answer_that_is_no_text_is_shown_all_the_same(registered):
    device = registered.application.extensions["phone"]
    odd = Answer(299, (("X", "<script>"),), b"<script>alert(1)</script>" + bytes(range(256)))
    device.registration.handler = Handler(URL, lambda *_: odd, ACCOUNT)
    assert send(registered, text="hi").verdict.kind == "fault"
    html = registered.get("/").text
    assert "HTTP/1.1 299" in html
    assert "<script>" not in html
    assert FAULT in html


@pytest.mark.parametrize("shown", ["1", "2", "", "x", "99", "-1", "9" * 40])
def test_any_exchange_can_be_looked_at_and_the_newest_stands_for_none(registered, shown):
    for text in ("first", "second"):
        send(registered, text=text)
    wire = registered.get("/", query_string={"shown": shown}).text.partition('id="wire"')[2]
    assert ("first" in wire, "second" in wire) == (shown == "1", shown != "1")


def test_the_phone_changes_hands(registered):
    for person in PEOPLE:
        response = registered.post("/phone", data={"person": person.openid})
        assert response.status_code == 303
        assert send(registered, text="hi").message["FromUserName"] == person.openid
        assert f"as <bdi>{person.nickname}" in unescape(registered.get("/").text)
    assert registered.post("/phone", data={"person": "x"}).status_code == 400
    assert registered.post("/phone").status_code == 400


def test_only_so_much_is_kept(registered):
    for number in range(phone.KEPT + 5):
        send(registered, text=f"text-{number}-")
    html = registered.get("/").text
    assert html.count('<div id="sent-') == phone.KEPT
    assert "text-4-" not in html
    assert "text-5-" in html


def test_only_so_much_is_under_way_at_once(registered):
    device = registered.application.extensions["phone"]
    for _ in range(phone.AT_ONCE):
        device.slots.acquire()
    response = registered.post("/send", data={"text": "hi"})
    assert response.status_code == 503
    assert "Wait for the answers" in response.text
    for _ in range(phone.AT_ONCE):
        device.slots.release()
    device.registration.handler = Handler(URL, never, ACCOUNT)
    for _ in range(phone.AT_ONCE + 1):
        send(registered, text="hi")


def test_two_simulators_share_nothing(registered):
    send(registered, text="hi")
    other = create_app(CONFIG)
    assert not other.extensions["phone"].exchanges
    code = registered.application.extensions["grants"].new_code(RAIN, "snsapi_base")
    with pytest.raises(ApiError):
        other.extensions["grants"].exchange(code)


POSTS = ["/register", "/send", "/phone", "/connect/oauth2/authorize"]


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "origin", ["http://example.com", "null", "http://localhost:1", "https://localhost", ""]
)
def test_another_site_cannot_use_the_forms(client, path, origin):
    data = {"place": "here", "mode": "plain", "person": SAM.openid, "decision": "allow"}
    response = client.post(path, data=data, headers={"Origin": origin})
    assert response.status_code == 403
    device = client.application.extensions["phone"]
    assert device.registration is None
    assert device.person == RAIN


def test_the_own_pages_and_programs_can(client):
    data = {"place": "here", "mode": "plain"}
    for headers in ({}, {"Origin": "http://localhost"}):
        assert client.post("/register", data=data, headers=headers).status_code == 303
    own = {"Host": "127.0.0.1:5001", "Origin": "http://127.0.0.1:5001"}
    assert client.post("/register", data=data, headers=own).status_code == 303


@pytest.mark.parametrize("path", ["/", "/send", "/sns/auth", "/site/", "/nowhere"])
def test_a_name_that_was_made_to_lead_here_is_refused(client, path):
    host = {"Host": "example.com", "Origin": "http://example.com"}
    assert client.get(path, headers=host).status_code == 400
    assert client.post(path, headers=host).status_code == 400


def test_every_page_forbids_what_comes_from_elsewhere(client):
    for path in ("/", "/connect/oauth2/authorize", "/nowhere"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
    assert not re.search(r'style="|<script>|\son\w+=', client.get("/").text)


def test_problems_are_pages_that_lead_back(client):
    for response, status in [
        (client.get("/nowhere"), 404),
        (client.get("/send"), 405),
        (client.put("/"), 405),
        (client.post("/register"), 400),
    ]:
        assert response.status_code == status
        assert '<a href="/">Back' in response.text
    assert "POST" in client.get("/send").headers["Allow"]


@pytest.mark.parametrize("data", [b"\xff\xfe%zz", b"kind=%00", b"kind=text&text=%ff%fe", b"=&&="])
def test_no_form_breaks_it(registered, data):
    kind = "application/x-www-form-urlencoded"
    for path in POSTS:
        assert registered.post(path, data=data, content_type=kind).status_code < 500


# The login


def link(app_or_client, **changes):
    given = {
        "appid": APPID,
        "redirect_uri": "http://127.0.0.1:5002/callback",
        "response_type": "code",
        "scope": "snsapi_userinfo",
        "state": "abcXYZ123",
    }
    given = {name: value for name, value in (given | changes).items() if value is not None}
    return f"/connect/oauth2/authorize?{urlencode(given)}"


def decide(client, url=None, **form):
    """Send the consent form, and return the address it leads to, in parts."""
    form = {"person": RAIN.openid, "decision": "allow"} | form
    response = client.post(url or link(client), data=form)
    assert response.status_code == 303, response.text
    return urlsplit(response.location), dict(parse_qsl(urlsplit(response.location).query))


def api(client, path, **parameters):
    """Ask the API, and return what it says, after a look at how."""
    response = client.get(path, query_string=parameters)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain"
    return json.loads(response.get_data())


def exchange_code(client, code, **changes):
    given = {"appid": APPID, "secret": SECRET, "code": code, "grant_type": "authorization_code"}
    return api(client, "/sns/oauth2/access_token", **(given | changes))


def logged_in(client, **changes):
    form = {name: changes.pop(name) for name in ("person", "snapshot") if name in changes}
    return exchange_code(client, decide(client, link(client, **changes), **form)[1]["code"])


def error(answer):
    assert set(answer) == {"errcode", "errmsg"}
    assert answer["errmsg"]
    return answer["errcode"]


def test_the_consent_page_asks_who_one_is_and_shows_who_asks(client):
    html = client.get(link(client, redirect_uri="http://localhost:5002/callback")).text
    assert "<strong>localhost:5002</strong>" in html
    assert re.findall('value="(oSim[^"]+)" checked', html) == [RAIN.openid]
    for person in PEOPLE:
        assert f'value="{person.openid}"' in html
        assert person.nickname in unescape(html)
    assert MARKUP.nickname not in html
    assert "<b>阿明" not in html
    assert "(without a picture)" in html


def test_consent_leads_back_with_a_code_and_the_state(client):
    address, query = decide(client)
    assert address._replace(query="").geturl() == "http://127.0.0.1:5002/callback"
    assert list(query) == ["code", "state"]
    assert query["state"] == "abcXYZ123"
    assert re.fullmatch("[a-zA-Z0-9]{32}", query["code"])
    assert decide(client)[1]["code"] != query["code"]


def test_a_refusal_leads_back_with_the_state_alone(client):
    for form in ({"decision": "deny"}, {"decision": "deny", "person": ""}):
        assert decide(client, **form)[1] == {"state": "abcXYZ123"}
    assert decide(client, link(client, state=None), decision="deny")[0].query == ""
    assert not client.application.extensions["grants"].codes


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://localhost/cb?a=b&c=%20d", "http://localhost/cb?a=b&c=%20d&code=X&state=s"),
        ("http://localhost/cb#part", "http://localhost/cb?code=X&state=s#part"),
        ("https://localhost:8443", "https://localhost:8443?code=X&state=s"),
    ],
)
def test_the_address_keeps_what_it_has(client, uri, expected):
    response = client.post(
        link(client, redirect_uri=uri, state="s"),
        data={"person": RAIN.openid, "decision": "allow"},
    )
    assert re.sub("code=[^&#]*", "code=X", response.location) == expected


def test_without_a_person_or_a_decision_nothing_happens(client):
    for form in (
        {},
        {"decision": "allow"},
        {"decision": "allow", "person": "x"},
        {"person": RAIN.openid},
        {"decision": "maybe", "person": RAIN.openid},
    ):
        assert client.post(link(client), data=form).status_code == 400


def test_the_base_scope_is_silent(client):
    client.post("/phone", data={"person": SAM.openid})
    response = client.get(link(client, scope="snsapi_base"))
    assert response.status_code == 303
    query = dict(parse_qsl(urlsplit(response.location).query))
    assert query["state"] == "abcXYZ123"
    tokens = exchange_code(client, query["code"])
    assert (tokens["openid"], tokens["scope"]) == (SAM.openid, "snsapi_base")


def test_the_parameters_must_stand_in_wechats_order(client):
    path, _, query = link(client).partition("?")
    parts = query.split("&")
    orders = [[*parts[n:], *parts[:n]] for n in range(1, 5)] + [parts[::-1]]
    for order in [
        *orders,
        parts[1:],
        parts[:3],
        [*parts, parts[0]],
        [*parts[:2], "x=1", *parts[2:]],
    ]:
        assert order != parts
        response = client.get(f"{path}?{'&'.join(order)}")
        assert response.status_code == 200
        assert "in this order" in response.text
        assert "You are" not in response.text
    for order in (parts, parts[:4], [*parts, "connect_redirect=1"]):
        assert "You are" in client.get(f"{path}?{'&'.join(order)}").text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"appid": "wxother"}, "no account with this appid"),
        ({"response_type": "token"}, "response_type must be code"),
        ({"scope": "snsapi_usrinfo"}, "scope must be"),
        ({"scope": ""}, "scope must be"),
        ({"state": "a-b"}, "letters and digits"),
        ({"state": "x" * 129}, "letters and digits"),
        ({"state": "你"}, "letters and digits"),
    ],
)
def test_a_wrong_link_is_a_page_that_says_so(client, changes, problem):
    for response in (client.get(link(client, **changes)), client.post(link(client, **changes))):
        assert response.status_code == 200
        assert response.mimetype == "text/html"
        assert problem in response.text
        assert "Location" not in response.headers


@pytest.mark.parametrize(
    "uri",
    [
        "http://example.com/callback",
        "http://127.0.0.1.example.com/",
        "http://sub.localhost/",
        "http://127.0.0.2/",
        "http://example.com\\@127.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "http://127.0.0.1@example.com/",
        "http://127.0.0.1:x/",
        "http://127.0.0.1:99999/",
        "http://[127.0.0.1/",
        "http://127.0.0.1/a\r\nX: y",
        "http://127.0.0.1\t.example.com/",
        " http://127.0.0.1/",
        "javascript://127.0.0.1/%0aalert(1)",
        "//127.0.0.1/callback",
        "/callback",
        "127.0.0.1",
        "",
        quote("http://127.0.0.1/callback", safe=""),
    ],
)
def test_a_code_goes_to_the_configured_domain_only(client, uri):
    for scope in ("snsapi_userinfo", "snsapi_base"):
        url = link(client, redirect_uri=uri, scope=scope)
        for response in (client.get(url), client.post(url, data={"decision": "allow"})):
            assert response.status_code == 200
            assert "10003" in response.text
            assert "redirect_uri域名与后台配置不一致" in response.text
            assert "Location" not in response.headers
    assert not client.application.extensions["grants"].codes


def test_the_domain_is_a_setting():
    client = create_app(CONFIG | {"LOGIN_DOMAINS": ["shop.example"]}).test_client()
    assert "You are" in client.get(link(client, redirect_uri="https://shop.example/cb")).text
    assert "10003" in client.get(link(client)).text


# The API


def test_a_code_becomes_tokens_and_a_profile(client):
    tokens = logged_in(client)
    names = ["access_token", "expires_in", "refresh_token", "openid", "scope"]
    assert list(tokens) == names
    assert tokens["expires_in"] == 7200
    assert (tokens["openid"], tokens["scope"]) == (RAIN.openid, "snsapi_userinfo")
    who = {"access_token": tokens["access_token"], "openid": RAIN.openid}
    profile = api(client, "/sns/userinfo", **who, lang="zh_CN")
    names = ["openid", "nickname", "sex", "province", "city", "country", "headimgurl", "privilege"]
    assert list(profile) == names
    assert (profile["openid"], profile["nickname"]) == (RAIN.openid, "林小雨")
    assert profile["privilege"] == []
    assert api(client, "/sns/auth", **who) == {"errcode": 0, "errmsg": "ok"}


def test_the_people_are_the_awkward_ones(client):
    profiles = []
    for person in PEOPLE:
        tokens = logged_in(client, person=person.openid)
        who = {"access_token": tokens["access_token"], "openid": person.openid}
        profiles.append(api(client, "/sns/userinfo", **who))
    pictures = [profile["headimgurl"] for profile in profiles]
    assert pictures[1] == ""
    assert all(each.startswith("https://") and ".example/" in each for each in pictures if each)
    assert {"<", ">", "&", '"', "'", "明"} <= {*profiles[2]["nickname"]}


def test_the_answers_mislead_requests_as_wechats_do(client):
    """Text without a charset is ISO-8859-1 to requests, and so is then its JSON."""
    tokens = logged_in(client)
    with serving(client.application) as base:
        who = {"access_token": tokens["access_token"], "openid": RAIN.openid}
        response = requests.get(f"{base}/sns/userinfo", params=who, timeout=5)
    assert response.headers["Content-Type"] == "text/plain"
    assert response.encoding == "ISO-8859-1"
    assert response.json()["nickname"] == "林小雨".encode().decode("latin-1")
    assert json.loads(response.content)["nickname"] == "林小雨"


def test_a_code_works_once(client):
    code = decide(client)[1]["code"]
    assert "access_token" in exchange_code(client, code)
    assert error(exchange_code(client, code)) == 40163
    assert error(exchange_code(client, code)) == 40163


def test_of_many_at_once_one_gets_the_tokens():
    many = Grants()
    code = many.new_code(RAIN, "snsapi_base")
    results, barrier = [], threading.Barrier(8)

    def work():
        barrier.wait()
        try:
            results.append(many.exchange(code)["openid"])
        except ApiError as error:
            results.append(error.errcode)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, key=str) == [40163] * 7 + [RAIN.openid]


def test_a_refused_request_does_not_use_the_code_up(client):
    code = decide(client)[1]["code"]
    assert error(exchange_code(client, code, secret="wrong")) == 40001
    assert error(exchange_code(client, code, appid="wxother")) == 40001
    assert error(exchange_code(client, code, grant_type="x")) == 40002
    assert "access_token" in exchange_code(client, code)


@pytest.mark.parametrize("code", ["", "x", "None", "你好"])
def test_an_unknown_code(client, code):
    assert error(exchange_code(client, code)) == 40029


def test_a_code_does_not_survive_a_change_of_case(client):
    code = decide(client)[1]["code"]
    assert error(exchange_code(client, code.lower())) == 40029
    assert error(exchange_code(client, code.swapcase())) == 40029


def test_nothing_outlives_its_time(client, monkeypatch):
    now = [1_700_000_000.0]
    monkeypatch.setattr(grants.time, "time", lambda: now[0])
    late, punctual = decide(client)[1]["code"], decide(client)[1]["code"]
    now[0] += 299
    tokens = exchange_code(client, punctual)
    now[0] += 1
    assert error(exchange_code(client, late)) == 40029
    assert error(exchange_code(client, punctual)) == 40029
    who = {"access_token": tokens["access_token"], "openid": RAIN.openid}
    now[0] += 7197
    assert api(client, "/sns/auth", **who)["errcode"] == 0
    now[0] += 3
    assert error(api(client, "/sns/auth", **who)) == 42001
    assert error(api(client, "/sns/userinfo", **who)) == 42001
    again = refreshed(client, tokens)
    assert list(again) == list(tokens)
    assert again["access_token"] != tokens["access_token"]
    assert again["refresh_token"] == tokens["refresh_token"]
    who["access_token"] = again["access_token"]
    assert api(client, "/sns/userinfo", **who)["nickname"] == "林小雨"
    now[0] += 30 * 24 * 3600
    assert error(refreshed(client, tokens)) == 40030


def refreshed(client, tokens, **changes):
    given = {"appid": APPID, "grant_type": "refresh_token"} | changes
    given.setdefault("refresh_token", tokens["refresh_token"])
    return api(client, "/sns/oauth2/refresh_token", **given)


def test_a_refresh_can_fail(client):
    tokens = logged_in(client)
    assert error(refreshed(client, tokens, refresh_token="x")) == 40030
    assert error(refreshed(client, tokens, refresh_token=tokens["access_token"])) == 40030
    assert error(refreshed(client, tokens, appid="wxother")) == 40001
    assert error(refreshed(client, tokens, grant_type="x")) == 40002
    assert error(api(client, "/sns/oauth2/refresh_token")) == 40001


def test_the_base_scope_gives_no_profile(client):
    location = client.get(link(client, scope="snsapi_base")).location
    tokens = exchange_code(client, dict(parse_qsl(urlsplit(location).query))["code"])
    for each in (tokens, refreshed(client, tokens)):
        who = {"access_token": each["access_token"], "openid": each["openid"]}
        assert error(api(client, "/sns/userinfo", **who)) == 48001
        assert api(client, "/sns/auth", **who)["errcode"] == 0


def test_a_token_speaks_for_one_person(client):
    tokens = logged_in(client)
    for path in ("/sns/userinfo", "/sns/auth"):
        token = tokens["access_token"]
        assert error(api(client, path, access_token=token, openid=SAM.openid)) == 40003
        assert error(api(client, path, access_token=token)) == 40003
        assert error(api(client, path, access_token="x", openid=RAIN.openid)) == 40001
        refresher = tokens["refresh_token"]
        assert error(api(client, path, access_token=refresher, openid=RAIN.openid)) == 40001
        assert error(api(client, path)) == 40001


def test_a_snapshot_page_shows_a_made_up_user(client):
    tokens = logged_in(client, snapshot="on")
    assert tokens["is_snapshotuser"] == 1
    assert tokens["openid"] == SNAPSHOT.openid not in {person.openid for person in PEOPLE}
    who = {"access_token": tokens["access_token"], "openid": tokens["openid"]}
    assert api(client, "/sns/userinfo", **who)["nickname"] == SNAPSHOT.nickname
    assert refreshed(client, tokens)["is_snapshotuser"] == 1
    assert "is_snapshotuser" not in logged_in(client)


def test_the_api_keeps_only_so_much(monkeypatch):
    monkeypatch.setattr(grants, "MOST", 3)
    many = Grants()
    codes = [many.new_code(RAIN, "snsapi_base") for _ in range(5)]
    assert list(many.codes) == codes[2:]
    tokens = [many.exchange(code) for code in codes[2:]]
    for _ in range(5):
        many.refresh(tokens[0]["refresh_token"])
    assert [len(each) for each in (many.codes, many.tokens, many.refreshers)] == [3, 3, 3]


@pytest.mark.parametrize(
    "path", ["/sns/oauth2/access_token", "/sns/oauth2/refresh_token", "/sns/userinfo", "/sns/auth"]
)
def test_the_api_answers_whatever_it_is_asked(client, path):
    for query in (
        "",
        "?appid",
        "?appid=%ff&secret=%00",
        "?access_token=%e4%bd%a0&openid=%ff",
        "?&&=",
    ):
        response = client.get(path + query)
        assert response.status_code == 200
        assert json.loads(response.get_data())["errcode"] > 0
    assert client.post(path).status_code == 405


# The site inside

PREFIX = "/run/day05_wechat/simulator"


@pytest.fixture
def visitor(monkeypatch):
    """Give a browser of sorts; neither it nor the site asks a proxy."""
    monkeypatch.setenv("NO_PROXY", "*")
    with requests.Session() as session:
        yield session


@contextlib.contextmanager
def mounted(app=None):
    """Run a simulator as the reader does, below a prefix, and give the address of its page."""
    with serving(
        DispatcherMiddleware(Flask("reader"), {PREFIX: app or create_app(CONFIG)})
    ) as base:
        yield base + PREFIX


def begin(visitor, page, scope="snsapi_userinfo"):
    """Go from the simulator's page to the login, and return where the site sends the visitor."""
    assert f'href="{PREFIX}/site/"' in visitor.get(f"{page}/", timeout=5).text
    url = f"{page}/site/login/{scope}"
    assert (
        url.removeprefix(page.removesuffix(PREFIX)) in visitor.get(f"{page}/site/", timeout=5).text
    )
    return visitor.get(url, timeout=5, allow_redirects=False).headers["Location"]


@pytest.mark.parametrize("person", PEOPLE)
def test_log_in_on_the_site_below_the_simulator(visitor, person):
    with mounted() as page:
        consent = begin(visitor, page)
        assert consent.startswith(f"{page}/connect/oauth2/authorize?appid={APPID}&")
        assert consent.endswith("#wechat_redirect")
        form = {"person": person.openid, "decision": "allow"}
        answer = visitor.post(consent, data=form, timeout=5)
        # A fragment outlives redirects, in browsers as well.
        assert (answer.status_code, answer.url) == (200, f"{page}/site/profile#wechat_redirect")
        assert person.nickname in unescape(answer.text)
        assert person.openid in answer.text
        assert "<script>alert" not in answer.text


def test_deny_and_be_nobody(visitor):
    with mounted() as page:
        answer = visitor.post(begin(visitor, page), data={"decision": "deny"}, timeout=5)
        assert answer.status_code == 400
        assert answer.url.startswith(f"{page}/site/callback?state=")
        assert visitor.get(f"{page}/site/profile", timeout=5).url == f"{page}/site/"


def test_log_in_silently_and_as_a_snapshot(visitor):
    with mounted() as page:
        answer = visitor.get(begin(visitor, page, "snsapi_base"), timeout=5)
        assert answer.url == f"{page}/site/profile#wechat_redirect"
        assert RAIN.openid in answer.text
        assert RAIN.nickname not in answer.text
        form = {"person": RAIN.openid, "decision": "allow", "snapshot": "on"}
        answer = visitor.post(begin(visitor, page), data=form, timeout=5)
        assert SNAPSHOT.nickname in answer.text
        assert RAIN.openid not in answer.text


def test_the_browser_does_not_say_where_the_site_calls(app, client, visitor):
    """The pages are where the browser says; the API is where the server says that it listens."""
    with serving(app) as base:
        server = {"SERVER_NAME": "127.0.0.1", "SERVER_PORT": base.rpartition(":")[2]}

        def go(url, method="GET", **form):
            path = url.removeprefix("http://localhost:1")
            options = {"base_url": "http://localhost:1", "environ_overrides": server}
            return client.open(path, method=method, data=form, **options)

        consent = go("/site/login/snsapi_userinfo").location
        assert consent.startswith("http://localhost:1/connect/oauth2/authorize?")
        back = go(consent, "POST", person=SAM.openid, decision="allow").location
        assert back.startswith("http://localhost:1/site/callback?")
        assert go(back).location == "/site/profile"
        assert "Hello <bdi>Sam</bdi>" in go("/site/profile").text


def test_links_and_forms_stay_below_the_prefix():
    browser = Client(DispatcherMiddleware(Flask("reader"), {PREFIX: create_app(CONFIG)}))
    answer = browser.post(f"{PREFIX}/register", data={"place": "here", "mode": "plain"})
    assert answer.location == f"{PREFIX}/#registration"
    assert browser.post(f"{PREFIX}/send", data={"text": "hi"}).location == f"{PREFIX}/#sent-1"
    html = browser.get(f"{PREFIX}/").text + browser.get(f"{PREFIX}/nowhere").text
    links = re.findall(r'(?:href|src|action|data-page)="([^"]*)"', html)
    assert len(links) > 12
    outside = [each for each in links if not each.startswith((PREFIX + "/", "#", "data:"))]
    assert outside == []
