"""The simulator's page: it registers a handler, sends messages to it and shows what comes back.

Begin with test_a_handler_is_registered. ``client`` belongs to a simulator without a handler; the
messages of ``registered`` go to the handler of the lessons.
"""

import re
from html import unescape
from itertools import count
from urllib.parse import parse_qsl

import pytest
import xmltodict
from flask import Flask, redirect, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from day05_wechat.settings.app import SettingError
from day05_wechat.signature.app import sign
from day05_wechat.simulator import handlers, phone
from day05_wechat.simulator.app import create_app
from day05_wechat.simulator.grants import ApiError
from day05_wechat.simulator.judge import FAULT
from day05_wechat.simulator.phone import Handler, Phone
from day05_wechat.simulator.push import UnsendableError
from day05_wechat.simulator.samples import EVENTS, MESSAGES, TRICKS
from day05_wechat.simulator.wire import Response, in_process, loopback
from tests.day05_wechat.helpers import TOKEN, WAIT, first_program
from tests.day05_wechat.helpers_simulator import (
    ACCOUNT,
    CONFIG,
    GH,
    PEOPLE,
    PREFIX,
    RAIN,
    SAM,
    URL,
    handler_app,
    message,
    never,
    register,
    send,
    success,
)
from tests.helpers import free_port, page

app = create_app(CONFIG)


@pytest.fixture
def client():
    """The client of a simulator that has forgotten what other tests did."""
    vars(app.extensions["phone"]).update(vars(Phone(WAIT, 3)))
    return app.test_client()


@pytest.fixture
def registered(client):
    """The client of a simulator that sends to the handler of the lessons."""
    register(client)
    return client


def test_a_handler_is_registered(client):
    assert "None yet" in page(client.get("/")).select_one("[role=status]").text
    response = client.post("/register", data={"place": "here", "mode": "plain"})
    assert response.status_code == 303
    assert "Verified:" in page(client.get("/")).select_one("[role=status]").text


def test_the_first_program_sends_a_signed_text_to_the_handler(monkeypatch):
    client = first_program("simulator", monkeypatch).app.test_client()
    for text in ("hello", "a]]>b", "hello"):
        response = client.post("/send", data={"text": text})
        assert (response.status_code, response.mimetype) == (200, "application/xml")
        assert xmltodict.parse(response.text)["xml"]["Content"] == text
    assert client.post("/send", data={"text": " "}).text == "success"
    assert client.post("/send", data={"text": "a\x1bb"}).status_code == 400
    assert client.post("/send").status_code == 400


def test_nothing_is_sent_before_the_registration(client):
    response = client.post("/send", data={"text": "hello"})
    assert response.status_code == 409
    assert "Register a handler first" in response.text
    assert not client.application.extensions["phone"].exchanges


def test_a_message_is_sent_and_the_reply_is_shown(registered):
    response = registered.post("/send", data={"text": "hello"})
    assert (response.status_code, response.location) == (303, "/#sent-1")
    shown = page(registered.get("/"))
    assert shown.select_one("#sent-1 .bubble").text == "hello"
    assert shown.select_one("#got-1 .bubble").text == "hello"


def test_request_and_response_are_shown_byte_by_byte(registered):
    send(registered, text="hello")
    asked, answered = page(registered.get("/")).select("#wire pre")
    assert asked.text.startswith("POST /wechat?signature=")
    assert "<Content><![CDATA[hello]]></Content>" in asked.text
    assert answered.text.startswith("HTTP/1.1 200 OK")


def test_the_handler_of_the_lessons_refuses_a_forged_message(registered):
    exchange = send(registered, "forged")
    assert exchange.attempts[0].response.status == 403
    assert exchange.verdict.kind == "refused"
    assert "403: the handler has seen" in registered.get("/").text


# Registering a handler


def test_the_page_shows_how_a_handler_is_verified(client):
    asked, answered = (pre.text for pre in page(register(client)).select("#registration pre"))
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
    bad = in_process(handler_app(lambda: echo(request.args["echostr"])))
    device = Phone(WAIT, 3)
    device.register(Handler(URL, bad, ACCOUNT))
    assert problem in device.registration.problem
    assert device.handler is None


def test_a_failed_verification_takes_the_old_handler_away(registered):
    device = registered.application.extensions["phone"]
    assert device.handler
    device.register(Handler(URL, in_process(handler_app(lambda: "no")), ACCOUNT))
    html = registered.get("/").text
    assert "Not verified." in html
    assert registered.post("/send", data={"text": "hi"}).status_code == 409


def test_a_handler_that_does_not_run_is_told_so():
    config = CONFIG | {"WECHAT_HANDLER_URL": f"http://127.0.0.1:{free_port()}/wechat"}
    html = register(create_app(config).test_client(), "there")
    assert "Not verified." in html
    assert "does it run?" in html


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
def test_the_browser_cannot_name_a_url(client, form):
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


def test_without_cryptography_the_page_says_so_and_does_not_offer_it(monkeypatch):
    monkeypatch.setattr(handlers, "Cipher", None)
    client = create_app(CONFIG).test_client()
    html = client.get("/").text
    assert re.search(r'value="encrypted" disabled>.*not here.*cryptography</code>', html)
    assert client.post("/register", data={"place": "here", "mode": "encrypted"}).status_code == 400
    assert "Verified:" in register(client)


# Handlers run on this machine only


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:5000/wechat",
        "http://127.1.2.3/wechat",
        "http://localhost:8000/a/b?c=d",
        "http://127.0.0.1:1/",
        "http://[::1]:5000/wechat",
    ],
)
def test_urls_of_this_machine_are_accepted(url):
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
        "http://127.0.0.1:0/wechat",
        "http://127.0.0.1:99999/wechat",
        "http://127.0.0.1:port/wechat",
        "https://127.0.0.1/wechat",
        "file:///etc/passwd",
        "127.0.0.1:5000/wechat",
        "//127.0.0.1/wechat",
        "",
    ],
)
def test_any_other_url_is_refused(url):
    with pytest.raises(ValueError, match=r"\w"):
        loopback(url)
    if url:
        with pytest.raises(SettingError, match="WECHAT_HANDLER_URL"):
            handlers.known_handlers(CONFIG | {"ACCOUNT_ID": GH, "WECHAT_HANDLER_URL": url})


def test_a_wrong_url_is_refused_at_the_start(monkeypatch):
    with pytest.raises(SettingError, match="WECHAT_HANDLER_URL"):
        create_app(CONFIG | {"WECHAT_HANDLER_URL": "http://example.com/"})
    monkeypatch.setenv("WECHAT_HANDLER_URL", "http://example.com/")
    with pytest.raises(SettingError, match="WECHAT_HANDLER_URL"):
        create_app(CONFIG)


@pytest.mark.parametrize("host", ["192.168.0.1", "example.com", "2130706433"])
def test_the_exception_names_the_other_machine(host):
    with pytest.raises(ValueError, match=f"must be on this machine, and {host} is not"):
        loopback(f"http://{host}/wechat")


# Sending


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
def test_a_text_that_no_phone_would_send_is_refused(text, problem):
    with pytest.raises(UnsendableError, match=problem):
        message(text=text)


def test_the_page_says_why_a_text_is_refused(registered):
    response = registered.post("/send", data={"text": " "})
    assert response.status_code == 400
    assert page(response).select_one("#problem").text == "Write something first."
    assert not registered.application.extensions["phone"].exchanges


def test_a_button_that_does_not_exist_is_refused(registered):
    assert registered.post("/send", data={"kind": "x"}).status_code == 400
    assert registered.post("/send", data={"kind": "again"}).status_code == 409
    assert registered.post("/send", data={"text": "x" * 60_000}).status_code == 413


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


def test_the_newest_message_can_be_sent_again(registered):
    send(registered, text="older")
    newest = send(registered, text="newest")
    forged = send(registered, "forged")
    again = send(registered, "again")
    assert again.message == newest.message != forged.message
    assert again.label == "newest"
    assert again.attempts[0].request.body == newest.attempts[0].request.body
    assert again.attempts[0].request.url != newest.attempts[0].request.url
    # The handler has answered once, and repeats it.
    assert again.attempts[0].response.body == newest.attempts[0].response.body


def test_the_phone_changes_hands(registered):
    for person in PEOPLE:
        response = registered.post("/phone", data={"person": person.openid})
        assert response.status_code == 303
        assert send(registered, text="hi").message["FromUserName"] == person.openid
        assert f"as <bdi>{person.nickname}" in unescape(registered.get("/").text)
    assert registered.post("/phone", data={"person": "x"}).status_code == 400
    assert registered.post("/phone").status_code == 400


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
    assert "Waiting for the response to no. 1" in seen[0]
    assert "Try 1 of no. 1: no response" in seen[1]
    assert "Try 2 of no. 1: no response" in seen[2]
    assert exchange.verdict.kind == "silence"
    html = registered.get("/").text
    assert "Waiting" not in html
    assert "Accepted, without a reply." in html


def test_only_so_much_is_kept(monkeypatch):
    monkeypatch.setattr(phone, "KEPT", 3)
    client = create_app(CONFIG).test_client()
    register(client)
    for number in range(5):
        send(client, text=f"text {number}")
    bubbles = [bubble.text for bubble in page(client.get("/")).select(".sent .bubble")]
    assert bubbles == ["text 2", "text 3", "text 4"]


def test_only_so_much_is_under_way_at_once(registered):
    device = registered.application.extensions["phone"]
    for _ in range(phone.AT_ONCE):
        device.slots.acquire()
    response = registered.post("/send", data={"text": "hi"})
    assert response.status_code == 503
    assert "Wait for the responses" in response.text
    for _ in range(phone.AT_ONCE):
        device.slots.release()
    device.registration.handler = Handler(URL, never, ACCOUNT)
    for _ in range(phone.AT_ONCE + 1):
        send(registered, text="hi")


def test_the_time_and_the_number_of_tries_are_settings():
    app = create_app(CONFIG | {"PUSH_TIMEOUT": 59.5, "PUSH_TRIES": 2})
    device = app.extensions["phone"]
    assert (device.seconds, device.tries) == (59.5, 2)
    device.register(Handler(URL, in_process(handler_app(lambda: request.args["echostr"])), ACCOUNT))
    device.registration.handler = Handler(URL, never, ACCOUNT)
    assert len(send(app.test_client(), text="hi").attempts) == 2
    defaults = {k: v for k, v in CONFIG.items() if k != "PUSH_TIMEOUT"}
    device = create_app(defaults).extensions["phone"]
    assert (device.seconds, device.tries) == (5, 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("PUSH_TIMEOUT", value) for value in (0, "5 s", None, 60.1, float("nan"), [5])],
        *[("PUSH_TRIES", value) for value in (0, 1.5, "three", None, 10)],
    ],
)
def test_a_patience_that_cannot_work_is_refused_at_the_start(name, value):
    with pytest.raises(SettingError, match=f"{name} must be a"):
        create_app(CONFIG | {name: value})


@pytest.mark.parametrize(("seconds", "tries"), [(0.1, 1), (60, 9)])
def test_a_patience_between_the_limits_is_taken(seconds, tries):
    device = create_app(CONFIG | {"PUSH_TIMEOUT": seconds, "PUSH_TRIES": tries}).extensions["phone"]
    assert (device.seconds, device.tries) == (seconds, tries)


def test_a_setting_can_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("FLASK_PUSH_TRIES", "2")
    assert create_app(CONFIG).extensions["phone"].tries == 2


def test_two_simulators_share_nothing(registered):
    send(registered, text="hi")
    other = create_app(CONFIG)
    assert not other.extensions["phone"].exchanges
    code = registered.application.extensions["grants"].new_code(RAIN, "snsapi_base")
    with pytest.raises(ApiError):
        other.extensions["grants"].exchange(code)


# What the page shows is text


def test_what_is_sent_and_answered_is_shown_as_text(registered):
    attack = "<script>alert(1)</script>]]>'\"&amp;"
    send(registered, text=attack)
    html = registered.get("/").text
    assert "<script>alert" not in html
    shown = [unescape(each) for each in re.findall("<bdi>(.*?)</bdi>", html)]
    assert shown.count(attack) == 2
    asked, answered = [pre.text for pre in page(html).select("#wire pre")]
    assert asked == registered.application.extensions["phone"].exchanges[0].attempts[0].request.raw
    assert attack.replace("]]>", "]]]]><![CDATA[>") in asked
    assert "HTTP/1.1 200 OK" in answered


def test_a_response_that_is_not_text_is_shown_too(registered):
    device = registered.application.extensions["phone"]
    odd = Response(299, (("X", "<script>"),), b"<script>alert(1)</script>" + bytes(range(256)))
    device.registration.handler = Handler(URL, lambda *_: odd, ACCOUNT)
    assert send(registered, text="hi").verdict.kind == "fault"
    html = registered.get("/").text
    assert "HTTP/1.1 299" in html
    assert "<script>" not in html
    assert FAULT in html


def test_any_exchange_can_be_chosen_and_the_newest_is_shown_otherwise(registered):
    for text in ("first", "second"):
        send(registered, text=text)
    for number in ("1", "2", "", "x", "99", "-1", "9" * 40):
        wire = page(registered.get("/", query_string={"shown": number})).select_one("#wire").text
        assert ("first" in wire, "second" in wire) == (number == "1", number != "1"), number


# Other sites


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


def test_links_and_forms_stay_below_the_prefix():
    browser = Client(DispatcherMiddleware(Flask("reader"), {PREFIX: create_app(CONFIG)}))
    response = browser.post(f"{PREFIX}/register", data={"place": "here", "mode": "plain"})
    assert response.location == f"{PREFIX}/#registration"
    assert browser.post(f"{PREFIX}/send", data={"text": "hi"}).location == f"{PREFIX}/#sent-1"
    html = browser.get(f"{PREFIX}/").text + browser.get(f"{PREFIX}/nowhere").text
    links = re.findall(r'(?:href|src|action|data-page)="([^"]*)"', html)
    assert len(links) > 12
    outside = [each for each in links if not each.startswith((PREFIX + "/", "#", "data:"))]
    assert outside == []
