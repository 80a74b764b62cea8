"""The handler: it proves to WeChat that the URL is yours, and replies to messages and events.

Begin with test_the_echo_comes_back. ``signed`` writes the URL that WeChat calls, and ``post`` sends
a message to it. What the handler does when a message comes again is in test_handler_retries.py.
"""

import io
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wechatpy import parse_message
from wechatpy.replies import deserialize_reply

from day05_wechat.handler.app import create_app
from day05_wechat.handler.bot import on as bot
from day05_wechat.handler.dispatcher import Dispatcher
from day05_wechat.handler.service import read
from day05_wechat.messages.app import MAX_BYTES, MessageError, build, parse
from day05_wechat.settings.app import SettingError
from day05_wechat.signature.app import sign
from day05_wechat.simulator.judge import judge
from day05_wechat.simulator.wire import Response
from tests.day05_wechat.helpers import (
    ACCOUNT,
    HEADER,
    TOKEN,
    USER,
    broken_body,
    event_message,
    few,
    first_program,
    post,
    signed,
    text_message,
)
from tests.helpers import ROOT, page

app = create_app({"WECHAT_TOKEN": TOKEN})


@pytest.fixture
def client():
    return app.test_client()


@pytest.fixture
def fresh():
    """An app that has seen nothing yet."""
    return create_app({"WECHAT_TOKEN": TOKEN})


def test_the_echo_comes_back(client):
    response = client.get(signed(echostr="3190671826494276104"))
    assert response.status_code == 200
    assert response.text == "3190671826494276104"


def test_a_text_is_repeated_to_its_sender(client):
    xml = build(text_message("hello"))
    response = client.post(signed(), data=xml, content_type="text/xml")
    assert response.status_code == 200
    reply = parse(response.data)
    assert (reply["ToUserName"], reply["FromUserName"]) == (USER, ACCOUNT)
    assert (reply["MsgType"], reply["Content"]) == ("text", "hello")


def test_a_new_follower_is_greeted(client):
    response = client.post(signed(), data=build(event_message("subscribe")))
    assert parse(response.data)["Content"] == "Hello, new friend!"


def test_a_request_without_the_right_signature_is_forbidden(client):
    url = "/wechat?signature=wrong&timestamp=1700000000&nonce=999999"
    assert client.post(url, data=build(text_message())).status_code == 403


def test_the_page_shows_messages_and_replies(fresh):
    post(fresh, text_message("hello"))
    received, answered = page(fresh.test_client().get("/")).select("article section")
    assert "hello" in received.text
    assert "hello" in answered.text


# The small program, and what silence is


@pytest.fixture
def first(monkeypatch):
    return first_program("handler", monkeypatch, WECHAT_TOKEN=TOKEN).app


def test_the_first_program_sends_the_echo_back_and_repeats_texts(first):
    client = first.test_client()
    assert client.get(signed(echostr="3190671826494276104")).text == "3190671826494276104"
    response = post(first, text_message("1 < 2"))
    assert response.content_type == "application/xml; charset=utf-8"
    reply = parse(response.data)
    assert (reply["ToUserName"], reply["FromUserName"]) == (USER, ACCOUNT)
    assert (reply["MsgType"], reply["Content"]) == ("text", "1 < 2")


def test_the_first_program_is_silent_about_everything_else(first):
    for message in (text_message(" "), text_message(MsgType="image"), event_message("subscribe")):
        assert post(first, message).text == "success"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_first_program_refuses_a_wrong_signature(first, method):
    for query in ({"signature": "0" * 40, "timestamp": "1", "nonce": "2"}, {}):
        response = first.test_client().open("/wechat", method=method, query_string=query)
        assert response.status_code == 403


def test_an_empty_body_is_silence_and_an_empty_content_is_not():
    message = text_message("hello")
    reply = {
        "ToUserName": USER,
        "FromUserName": ACCOUNT,
        "CreateTime": "1700000000",
        "MsgType": "text",
        "Content": None,
    }
    for body, kind in ((b"", "silence"), (b"success", "silence"), (build(reply).encode(), "fault")):
        assert judge(Response(200, (), body), message).kind == kind
    notes = (ROOT / "day05_wechat" / "handler" / "README.md").read_text("utf-8")
    assert "An empty body is silence, too. An empty `<Content></Content>` is not" in notes


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"\xff", b"<xml/>", b"<xml><MsgType>text", '<xml a="'.encode("utf-16")],
)
def test_the_first_program_refuses_what_is_not_a_message(first, body):
    assert post(first, body).status_code == 400


def test_the_first_program_refuses_what_it_cannot_repeat(first):
    odd = b"<xml><MsgType>text</MsgType><Content>a<b:c/></Content></xml>"
    assert post(first, odd).status_code == 400


# The URL is proved


@pytest.mark.parametrize("echo", ["3190671826494276104", "<script>alert(1)</script>", "a b+c", "é"])
def test_the_echo_comes_back_exactly_and_not_as_a_page(client, echo):
    response = client.get(signed(echostr=echo))
    assert (response.status_code, response.data) == (200, echo.encode())
    assert response.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("missing", ["signature", "timestamp", "nonce"])
@pytest.mark.parametrize("empty", [False, True])
def test_a_missing_parameter_is_a_bad_request(client, method, missing, empty):
    query = {"signature": sign(TOKEN, "1", "2"), "timestamp": "1", "nonce": "2", "echostr": "3"}
    query |= {missing: ""} if empty else {}
    if not empty:
        del query[missing]
    assert client.open("/wechat", method=method, query_string=query).status_code == 400


def test_without_parameters_it_is_a_bad_request(client):
    assert client.get("/wechat").status_code == 400
    assert client.post("/wechat", data=build(text_message())).status_code == 400


def test_the_echo_must_be_there(client):
    assert client.get(signed()).status_code == 400
    assert client.get(signed(echostr="")).status_code == 400


@pytest.mark.parametrize(
    "signature",
    ["0" * 40, "f" * 39, "x", "é" * 40, "%00", sign(TOKEN, "1", "3"), sign("", "1", "2")],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_the_response_to_a_wrong_signature_tells_nothing(client, method, signature):
    query = {"signature": signature, "timestamp": "1", "nonce": "2", "echostr": "3"}
    body = build(text_message()) if method == "POST" else None
    response = client.open("/wechat", method=method, query_string=query, data=body)
    assert response.status_code == 403
    assert sign(TOKEN, "1", "2") not in response.text
    assert TOKEN not in response.text


def test_a_forged_message_is_not_read(client):
    wrong = "/wechat?signature=x&timestamp=1&nonce=2"
    assert client.post(wrong, data="not a message").status_code == 403
    assert client.post(wrong, data="x" * 2 * MAX_BYTES).status_code == 403


def test_the_signature_is_of_the_query_not_of_a_form(client):
    form = {"signature": sign(TOKEN, "1", "2"), "timestamp": "1", "nonce": "2"}
    assert client.post("/wechat", data=form).status_code == 400


def test_other_methods_are_not_allowed(client):
    for method in ("PUT", "PATCH", "DELETE"):
        assert client.open(signed(), method=method).status_code == 405
    assert set(client.options("/wechat").allow) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_head_is_answered_as_get_is_without_the_body(client):
    response = client.head(signed(echostr="123"))
    assert (response.status_code, response.text) == (200, "")
    assert response.content_length == 3


# Messages are answered


def test_a_reply_is_addressed_to_the_sender_and_escaped(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1800000000.9)
    response = post(app, text_message("1 < 2 & ]]> 你好 😀"))
    assert response.content_type == "application/xml; charset=utf-8"
    assert parse(response.data) == {
        "ToUserName": USER,
        "FromUserName": ACCOUNT,
        "CreateTime": "1800000000",
        "MsgType": "text",
        "Content": "1 < 2 & ]]> 你好 😀",
    }
    monkeypatch.setattr(time, "time", lambda: 1800000007.1)
    assert parse(post(app, text_message()).data)["CreateTime"] == "1800000007"


@pytest.mark.parametrize("content", ["", " ", "\n\t"])
def test_a_blank_text_is_answered_by_silence(content):
    response = post(app, text_message(content))
    assert (response.status_code, response.text) == (200, "success")
    assert response.content_type == "text/plain; charset=utf-8"


OTHERS = {
    "image": {"PicUrl": "http://example.com/p.jpg", "MediaId": "m"},
    "voice": {"MediaId": "m", "Format": "amr", "Recognition": ""},
    "video": {"MediaId": "m", "ThumbMediaId": "t"},
    "shortvideo": {"MediaId": "m", "ThumbMediaId": "t"},
    "location": {"Location_X": "23.1", "Location_Y": "113.3", "Scale": "15", "Label": "here"},
    "link": {"Title": "t", "Description": "d", "Url": "http://example.com/"},
    "hologram": {},
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_types_are_welcomed_by_name(kind):
    response = post(app, text_message(None, MsgType=kind, **OTHERS[kind]))
    reply = parse(response.data)
    assert reply["MsgType"] == "text"
    assert reply["Content"] == f"Welcome! I cannot read this yet: {kind}."


EVENTS = [
    ("subscribe", {}, "Hello, new friend!"),
    ("subscribe", {"EventKey": ""}, "Hello, new friend!"),
    (
        "subscribe",
        {"EventKey": "qrscene_42", "Ticket": "t"},
        "Thank you for following, you of QR code 42!",
    ),
    # Letters of the prefix begin this scene, too.
    (
        "subscribe",
        {"EventKey": "qrscene_news", "Ticket": "t"},
        "Thank you for following, you of QR code news!",
    ),
    ("SCAN", {"EventKey": "42", "Ticket": "t"}, "Welcome back! You scanned QR code 42."),
    ("CLICK", {"EventKey": "tea"}, "You chose tea."),
    ("click", {"EventKey": "tea"}, "You chose tea."),
    ("unsubscribe", {}, None),
    ("unsubscribe", {"EventKey": ""}, None),
    ("LOCATION", {"Latitude": "23", "Longitude": "113", "Precision": "119"}, None),
    ("VIEW", {"EventKey": "http://example.com/", "MenuId": "1"}, None),
    ("TEMPLATESENDJOBFINISH", {"MsgID": "1", "Status": "success"}, None),
    ("scancode_push", {"EventKey": "6", "ScanCodeInfo": {"ScanType": "qrcode"}}, None),
]


@pytest.mark.parametrize(("name", "fields", "content"), EVENTS)
def test_events_have_replies_of_their_own_or_none(name, fields, content):
    response = post(app, event_message(name, **fields))
    assert response.status_code == 200
    if content is None:
        assert response.text == "success"
    else:
        assert parse(response.data)["Content"] == content


def test_the_event_location_is_not_the_message_location():
    assert post(app, event_message("LOCATION")).text == "success"
    place = text_message(None, MsgType="location", **OTHERS["location"])
    assert "location" in post(app, place).text


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html", ""],
)
def test_the_body_is_read_with_any_content_type(kind):
    response = post(app, text_message("hello"), content_type=kind)
    assert parse(response.data)["Content"] == "hello"


# Bodies that are not messages


BAD = {
    "nothing": b"",
    "not XML": b"hello",
    "another root": b"<html><a/></html>",
    "cut off": build(text_message()).encode()[:-9],
    "an entity": b'<!DOCTYPE xml [<!ENTITY a "b">]>' + build(text_message()).encode(),
    "a container's probe": b"<xml><action>CheckContainerPath</action></xml>",
}
BAD |= {
    name: build(message).encode()
    for name, message in {
        "no type": HEADER,
        "a blank type": text_message(MsgType=" "),
        "two types": text_message(MsgType=["text", "image"]),
        "a nested type": text_message(MsgType={"a": "b"}),
        "no sender": text_message(FromUserName=None),
        "two senders": text_message(FromUserName=["a", "b"]),
        "no receiver": text_message(ToUserName=""),
        "an event without a name": HEADER | {"MsgType": "event"},
        "an event with two names": event_message(["subscribe", "CLICK"]),
    }.items()
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_a_body_that_is_not_a_message_is_a_bad_request(body):
    assert post(app, body).status_code == 400
    with pytest.raises(MessageError):
        read(body)


NEW = {
    "nested": "<Future><A>1</A><A><B>2</B></A></Future>",
    "repeated": "<Future>1</Future><Future>2</Future>",
    "beside others": "text<Future>1<A>2</A>3</Future>",
    "named otherwise": "<a:b>1</a:b><名>2</名>",
    "very deep": "<a>" * 3000 + "</a>" * 3000,
}


@pytest.mark.parametrize("field", NEW.values(), ids=NEW)
@pytest.mark.parametrize("message", [text_message(), event_message("CLICK", EventKey="hello")])
@pytest.mark.parametrize("place", ["<ToUserName>", "</xml>"])
def test_a_field_that_no_one_knows_does_not_refuse_a_message(fresh, field, message, place):
    body = build(message).replace(place, field + place).encode()
    assert "hello" in parse(post(fresh, body).data)["Content"]
    assert fresh.test_client().get("/").status_code == 200


@pytest.mark.parametrize("content", [["a", "b"], {"MsgType": "news", "Content": "forged"}])
def test_a_content_that_is_not_one_text_counts_as_blank(content):
    """As it came, it could pass for the fields of another reply."""
    assert post(app, text_message(content)).text == "success"
    assert "Content" not in read(build(text_message(content)).encode())


def test_fields_in_odd_places_do_no_harm():
    assert parse(post(app, text_message(Event=None)).data)["Content"] == "hello"
    odd = event_message("subscribe", EventKey={"a": {"b": "c"}}, CreateTime=["1", "2"])
    assert post(app, odd).status_code == 200
    assert post(app, event_message("CLICK", EventKey=["a", "b"])).status_code == 200
    assert post(app, text_message(MsgType="TEXT")).status_code == 200


def test_a_body_that_is_too_long_is_refused():
    assert post(app, b"x" * (MAX_BYTES + 1)).status_code == 413
    message = text_message("")
    longest = message | {"Content": "x" * (MAX_BYTES - len(build(message)))}
    assert post(app, longest).status_code == 200


def test_a_streamed_body_that_is_too_long_is_refused(client):
    response = client.post(
        signed(),
        input_stream=io.BytesIO(b"x" * (MAX_BYTES + 1)),
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert response.status_code == 413


@pytest.mark.parametrize("program", ["app", "first"])
def test_a_body_that_the_server_cannot_read_is_a_bad_request(first, program):
    client = (app if program == "app" else first).test_client()
    response = client.post(signed(), **broken_body())
    assert response.status_code == 400
    assert "The body cannot be read." in response.text


def test_a_body_that_the_server_cannot_read_is_not_looked_at_without_a_signature(client):
    assert (
        client.post("/wechat?signature=x&timestamp=1&nonce=2", **broken_body()).status_code == 403
    )


kinds = st.sampled_from(["text", "event", "image", "", "EVENT", "x"])
values = st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]))
values |= st.lists(st.just("a"), min_size=2, max_size=2) | st.just({"a": "b"})

names = ["ToUserName", "FromUserName", "CreateTime", "Content", "MsgId", "Event", "EventKey"]


shaped = st.fixed_dictionaries({"MsgType": kinds}, optional=dict.fromkeys(names, values)).map(
    lambda fields: build(fields).encode()
)


wrapped = st.binary().map(lambda inner: b"<xml>" + inner + b"</xml>")


@few
@given(st.binary() | wrapped | shaped)
@example(b"\xef\xbb\xbf" + build(text_message()).encode())
def test_no_body_breaks_the_handler(body):
    response = post(app, body)
    assert response.status_code in {200, 400}
    if response.mimetype == "application/xml":
        reply = parse(response.data)
        assert list(reply) == ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"]
        assert reply["MsgType"] == "text"
        assert reply["Content"]


@few
@given(st.dictionaries(st.sampled_from(["signature", "timestamp", "nonce", "echostr"]), st.text()))
def test_no_query_breaks_the_handler(query):
    query = {name: text.encode("utf-8", "replace") for name, text in query.items()}
    for method in ("GET", "POST"):
        response = app.test_client().open("/wechat", method=method, query_string=query)
        assert response.status_code in {400, 403}


# Another implementation agrees


@pytest.mark.parametrize("content", ["hello", "a]]>b", "<b>&amp;</b>", "你好 😀"])
def test_wechatpy_reads_our_reply_to_its_own_message(monkeypatch, content):
    monkeypatch.setattr(time, "time", lambda: 1800000000.0)
    message = text_message(content)
    received = parse_message(build(message))
    reply = deserialize_reply(post(app, message).text)
    assert (reply.type, reply.content) == ("text", received.content)
    assert (reply.source, reply.target) == (received.target, received.source)
    assert reply.time == 1800000000


def test_wechatpy_reads_a_reply_of_another_type():
    on = Dispatcher()
    on("image")(lambda message: {"MsgType": "image", "Image": {"MediaId": message["MediaId"]}})
    app = create_app({"WECHAT_TOKEN": TOKEN}, on)
    reply = deserialize_reply(post(app, text_message(None, MsgType="image", MediaId="m")).text)
    assert (reply.type, reply.image) == ("image", "m")


# The dispatcher


def test_the_most_special_function_answers():
    on = Dispatcher()
    click, view, text = event_message("CLICK"), event_message("VIEW"), text_message()
    on()(lambda message: "default")
    assert on.reply(click)["Content"] == "default"
    on("event")(lambda message: "event")
    assert on.reply(click)["Content"] == "event"
    on("event", "click")(lambda message: "click")
    assert on.reply(click)["Content"] == "click"
    assert on.reply(view)["Content"] == "event"
    assert on.reply(text)["Content"] == "default"
    on("text")(lambda message: "text")
    assert on.reply(text)["Content"] == "text"
    # An event's name does not make a text an event.
    on("text", "click")(lambda message: "wrong")
    assert on.reply(text | {"Event": "click"})["Content"] == "text"


def test_a_decorated_function_can_still_be_called():
    on = Dispatcher()

    @on("text")
    def shout(message):
        return message["Content"].upper()

    assert shout({"Content": "a"}) == "A"
    app = create_app({"WECHAT_TOKEN": TOKEN}, on)
    assert parse(post(app, text_message()).data)["Content"] == "HELLO"
    assert post(app, event_message("subscribe")).text == "success"
    assert ("text",) in bot.functions
    assert bot.functions["text",] is not shout


@pytest.mark.parametrize("nothing", [None, "", " \n", {}])
def test_an_empty_reply_is_silence(nothing):
    on = Dispatcher()
    on()(lambda message: nothing)
    assert post(create_app({"WECHAT_TOKEN": TOKEN}, on), text_message()).text == "success"


def test_a_reply_that_xml_cannot_hold_is_a_server_error():
    on = Dispatcher()
    on()(lambda message: "\x1b[31m")
    assert post(create_app({"WECHAT_TOKEN": TOKEN}, on), text_message()).status_code == 500


# Settings and the page


def test_production_wants_a_token(monkeypatch):
    monkeypatch.setenv("WECHAT_ENV", "production")
    with pytest.raises(SettingError, match="WECHAT_TOKEN is not set"):
        create_app()
    monkeypatch.setenv("WECHAT_TOKEN", "FromTheEnvironment")
    query = {"signature": sign("FromTheEnvironment", "1", "2"), "timestamp": "1", "nonce": "2"}
    response = create_app().test_client().get("/wechat", query_string=query | {"echostr": "3"})
    assert response.text == "3"


def test_development_prints_its_token(capsys):
    token = create_app().config["WECHAT_TOKEN"]
    assert capsys.readouterr().err == f"Made up for this start: WECHAT_TOKEN={token}\n"


def test_the_path_is_a_setting():
    client = create_app({"WECHAT_TOKEN": TOKEN, "WECHAT_PATH": "/a/b"}).test_client()
    assert client.get(signed(echostr="3").replace("/wechat", "/a/b")).text == "3"
    assert client.get(signed(echostr="3")).status_code == 404
    assert "http://localhost/a/b" in client.get("/").text


def test_the_page_escapes_messages_and_replies(fresh):
    client = fresh.test_client()
    assert "There is none to show." in client.get("/").text
    attack = "<script>alert(1)</script>"
    post(fresh, text_message(attack))
    post(fresh, event_message("unsubscribe"))
    shown = page(client.get("/"))
    assert not shown.select("script")
    assert [value.text for value in shown.select("dd")].count(attack) == 2
    assert [title.text.strip() for title in shown.select("h3")] == ["event unsubscribe", "text"]
    assert "success" in shown.select("article")[0].text
    assert TOKEN not in shown.text


def test_the_page_keeps_the_last_ten_only(fresh):
    for number in range(15):
        post(fresh, text_message(f"text {number}"))
    received = page(fresh.test_client().get("/")).select("article section:first-child")
    contents = [section.select("dd")[-2].text for section in received]
    assert contents == [f"text {number}" for number in range(14, 4, -1)]


def test_the_page_shows_no_message_in_production():
    app = create_app({"WECHAT_TOKEN": TOKEN, "WECHAT_ENV": "production"})
    assert post(app, text_message("private")).status_code == 200
    response = app.test_client().get("/")
    assert "private" not in response.text
    assert "There is none to show." in response.text


@pytest.mark.parametrize("lesson", ["handler", "messages"])
def test_the_notes_quote_the_at_sign_which_is_an_operator_in_powershell(lesson):
    text = (ROOT / "day05_wechat" / lesson / "README.md").read_text("utf-8")
    assert '-d "@' in text
    assert "-d @" not in text
