import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest
import xmltodict
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wechatpy import parse_message
from wechatpy.replies import deserialize_reply
from wechatpy.utils import WeChatSigner

from day05_wechat.handler.app import create_app
from day05_wechat.handler.bot import on as bot
from day05_wechat.handler.dispatcher import Dispatcher
from day05_wechat.handler.freshness import Bodies, is_fresh
from day05_wechat.handler.memory import Memory, identity
from day05_wechat.handler.service import Service, read
from day05_wechat.messages.app import MAX_BYTES, MessageError, build, parse
from day05_wechat.settings.app import SettingError
from day05_wechat.signature.app import sign

TOKEN = "Token4Tests"
USER, ACCOUNT = "oUser-1", "gh_0123456789ab"
HEADER = {"ToUserName": ACCOUNT, "FromUserName": USER, "CreateTime": "1700000000"}
few = settings(max_examples=50, deadline=None, database=None)

app = create_app({"WECHAT_TOKEN": TOKEN})


def signed(timestamp="1700000000", nonce="999999", **more):
    """Return the address as WeChat calls it, signed by wechatpy."""
    signer = WeChatSigner()
    signer.add_data(TOKEN, timestamp, nonce)
    query = {"signature": signer.signature, "timestamp": timestamp, "nonce": nonce, **more}
    return f"/wechat?{urlencode(query)}"


def text(content="hello", number=1, **more):
    fields = {"MsgType": "text", "Content": content, "MsgId": str(number)}
    return HEADER | fields | more


def event(name, **more):
    return HEADER | {"MsgType": "event", "Event": name} | more


def post(app, message, url=None, **more):
    body = message if isinstance(message, bytes) else build(message).encode()
    more.setdefault("content_type", "text/xml")
    return app.test_client().post(url or signed(openid=USER), data=body, **more)


@pytest.fixture
def fresh():
    """An app that has seen nothing yet."""
    return create_app({"WECHAT_TOKEN": TOKEN})


# The address is proved


@pytest.mark.point("D5-09", "D5-16", "D5-20")
@pytest.mark.parametrize("echo", ["3190671826494276104", "<script>alert(1)</script>", "a b+c", "é"])
def test_the_echo_comes_back_exactly_and_not_as_a_page(client, echo):
    answer = client.get(signed(echostr=echo))
    assert (answer.status_code, answer.get_data()) == (200, echo.encode())
    assert answer.content_type == "text/plain; charset=utf-8"


@pytest.mark.point("D5-09", "D5-10")
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("missing", ["signature", "timestamp", "nonce"])
@pytest.mark.parametrize("empty", [False, True])
def test_a_missing_parameter_is_a_bad_request(client, method, missing, empty):
    query = {"signature": sign(TOKEN, "1", "2"), "timestamp": "1", "nonce": "2", "echostr": "3"}
    query |= {missing: ""} if empty else {}
    if not empty:
        del query[missing]
    assert client.open("/wechat", method=method, query_string=query).status_code == 400
    assert client.open("/wechat", method=method).status_code == 400


@pytest.mark.point("D5-10")
def test_sorting_with_a_missing_argument_fails():
    with pytest.raises(TypeError, match="'<' not supported"):
        sorted([TOKEN, None, "1"])
    assert sorted(["b", "9", "B", "10"]) == ["10", "9", "B", "b"]


@pytest.mark.point("D5-20")
def test_the_echo_must_be_there(client):
    assert client.get(signed()).status_code == 400
    assert client.get(signed(echostr="")).status_code == 400


@pytest.mark.point("D5-02", "D5-12", "D5-16", "D5-19")
@pytest.mark.parametrize(
    "signature",
    ["0" * 40, "f" * 39, "x", "é" * 40, "%00", sign(TOKEN, "1", "3"), sign("", "1", "2")],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_wrong_signature_is_forbidden_and_learns_nothing(client, method, signature):
    query = {"signature": signature, "timestamp": "1", "nonce": "2", "echostr": "3"}
    body = build(text()) if method == "POST" else None
    answer = client.open("/wechat", method=method, query_string=query, data=body)
    assert answer.status_code == 403
    assert sign(TOKEN, "1", "2") not in answer.text
    assert TOKEN not in answer.text


def test_a_forged_message_is_not_read(fresh):
    wrong = "/wechat?signature=x&timestamp=1&nonce=2"
    assert post(fresh, b"no message", wrong).status_code == 403
    assert post(fresh, b"x" * 2 * MAX_BYTES, wrong).status_code == 403


def test_the_signature_is_of_the_query_not_of_a_form(client):
    form = {"signature": sign(TOKEN, "1", "2"), "timestamp": "1", "nonce": "2"}
    assert client.post("/wechat", data=form).status_code == 400


@pytest.mark.point("D5-16")
def test_other_methods_are_not_allowed(client):
    for method in ("PUT", "PATCH", "DELETE"):
        assert client.open(signed(), method=method).status_code == 405
    assert set(client.options("/wechat").allow) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_head_is_answered_as_get_is_without_the_body(client):
    answer = client.head(signed(echostr="123"))
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.content_length == 3


# Messages are answered


@pytest.mark.point("D5-24", "D5-27")
def test_a_text_is_echoed_to_its_sender(fresh):
    before = int(time.time())
    answer = post(fresh, text("1 < 2 & ]]> 你好 😀"))
    assert answer.status_code == 200
    assert answer.content_type == "application/xml; charset=utf-8"
    reply = parse(answer.get_data())
    assert before <= int(reply.pop("CreateTime")) <= time.time()
    assert reply == {
        "ToUserName": USER,
        "FromUserName": ACCOUNT,
        "MsgType": "text",
        "Content": "1 < 2 & ]]> 你好 😀",
    }


def test_the_time_is_that_of_the_answer(fresh, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1800000000.9)
    assert parse(post(fresh, text()).get_data())["CreateTime"] == "1800000000"
    monkeypatch.setattr(time, "time", lambda: 1800000007.1)
    assert parse(post(fresh, text(number=2)).get_data())["CreateTime"] == "1800000007"


@pytest.mark.parametrize("content", ["", " ", "\n\t"])
def test_a_blank_text_is_answered_by_silence(fresh, content):
    answer = post(fresh, text(content))
    assert (answer.status_code, answer.text) == (200, "success")
    assert answer.content_type == "text/plain; charset=utf-8"


OTHERS = {
    "image": {"PicUrl": "http://example.com/p.jpg", "MediaId": "m"},
    "voice": {"MediaId": "m", "Format": "amr", "Recognition": ""},
    "video": {"MediaId": "m", "ThumbMediaId": "t"},
    "shortvideo": {"MediaId": "m", "ThumbMediaId": "t"},
    "location": {"Location_X": "23.1", "Location_Y": "113.3", "Scale": "15", "Label": "here"},
    "link": {"Title": "t", "Description": "d", "Url": "http://example.com/"},
    "hologram": {},
}


@pytest.mark.point("D5-25")
@pytest.mark.parametrize("kind", OTHERS)
def test_other_types_are_welcomed_by_name(fresh, kind):
    answer = post(fresh, HEADER | {"MsgType": kind, "MsgId": "1"} | OTHERS[kind])
    reply = parse(answer.get_data())
    assert reply["MsgType"] == "text"
    assert reply["Content"] == f"Welcome! I cannot read this yet: {kind}."


EVENTS = [
    (event("subscribe"), "Hello, new friend!"),
    (event("subscribe", EventKey=""), "Hello, new friend!"),
    (
        event("subscribe", EventKey="qrscene_42", Ticket="t"),
        "Thank you for following, you of QR code 42!",
    ),
    (event("SCAN", EventKey="42", Ticket="t"), "Welcome back! You scanned QR code 42."),
    (event("CLICK", EventKey="tea"), "You chose tea."),
    (event("click", EventKey="tea"), "You chose tea."),
    (event("unsubscribe"), None),
    (event("unsubscribe", EventKey=""), None),
    (event("LOCATION", Latitude="23", Longitude="113", Precision="119"), None),
    (event("VIEW", EventKey="http://example.com/", MenuId="1"), None),
    (event("TEMPLATESENDJOBFINISH", MsgID="1", Status="success"), None),
    (event("scancode_push", EventKey="6", ScanCodeInfo={"ScanType": "qrcode"}), None),
]


@pytest.mark.point("D5-25")
@pytest.mark.parametrize(("message", "content"), EVENTS, ids=lambda value: str(value)[-50:])
def test_events_have_answers_of_their_own_or_none(fresh, message, content):
    answer = post(fresh, message)
    assert answer.status_code == 200
    if content is None:
        assert answer.text == "success"
    else:
        assert parse(answer.get_data())["Content"] == content


def test_the_event_location_is_not_the_message_location(fresh):
    assert post(fresh, event("LOCATION")).text == "success"
    place = HEADER | {"MsgType": "location", "MsgId": "1"} | OTHERS["location"]
    assert "location" in post(fresh, place).text


@pytest.mark.point("D5-21")
def test_the_body_is_read_whatever_its_type_is_called(fresh):
    for number, kind in enumerate(
        ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html", ""]
    ):
        answer = post(fresh, text(number=number), content_type=kind)
        assert parse(answer.get_data())["Content"] == "hello"


@pytest.mark.point("D5-21")
def test_request_data_is_empty_for_a_form(fresh):
    from flask import request

    form = "application/x-www-form-urlencoded"
    with fresh.test_request_context("/", method="POST", data="<xml/>", content_type=form):
        assert request.data == b""
    with fresh.test_request_context("/", method="POST", data="<xml/>", content_type=form):
        assert request.get_data() == b"<xml/>"


BAD = {
    "nothing": b"",
    "no XML": b"hello",
    "another root": b"<html><a/></html>",
    "cut off": build(text()).encode()[:-9],
    "an entity": b'<!DOCTYPE xml [<!ENTITY a "b">]>' + build(text()).encode(),
    "no type": build(HEADER).encode(),
    "a blank type": build(text() | {"MsgType": " "}).encode(),
    "two types": build(text() | {"MsgType": ["text", "image"]}).encode(),
    "a nested type": build(text() | {"MsgType": {"a": "b"}}).encode(),
    "no sender": build(text() | {"FromUserName": None}).encode(),
    "two senders": build(text() | {"FromUserName": ["a", "b"]}).encode(),
    "no receiver": build(text() | {"ToUserName": ""}).encode(),
    "two contents": build(text() | {"Content": ["a", "b"]}).encode(),
    "a reply for content": build(text() | {"Content": {"MsgType": "news"}}).encode(),
    "a nested number": build(text() | {"MsgId": {"a": "b"}}).encode(),
    "an event without a name": build(HEADER | {"MsgType": "event"}).encode(),
    "an event with two names": build(event(["subscribe", "CLICK"])).encode(),
    "a container's probe": b"<xml><action>CheckContainerPath</action></xml>",
}


@pytest.mark.point("D5-22", "D5-23")
@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_is_no_message_is_a_bad_request(fresh, body):
    answer = post(fresh, body)
    assert answer.status_code == 400
    with pytest.raises(MessageError):
        read(body)


@pytest.mark.point("D5-23")
def test_indexing_a_message_without_a_type_fails():
    with pytest.raises(KeyError):
        xmltodict.parse("<xml><Content>a</Content></xml>")["xml"]["MsgType"]


def test_fields_in_odd_places_do_no_harm(fresh):
    assert parse(post(fresh, text(Event=None)).get_data())["Content"] == "hello"
    odd = event("subscribe", EventKey={"a": {"b": "c"}}, CreateTime=["1", "2"])
    assert post(fresh, odd).status_code == 200
    assert post(fresh, event("CLICK", EventKey=["a", "b"])).status_code == 200
    assert post(fresh, {**text(number=9), "MsgType": "TEXT"}).status_code == 200


@pytest.mark.point("D5-21")
def test_a_body_that_is_too_long_is_refused(fresh):
    assert post(fresh, b"x" * (MAX_BYTES + 1)).status_code == 413
    frame = len(build(text("")))
    assert post(fresh, text("x" * (MAX_BYTES - frame))).status_code == 200


def test_a_streamed_body_that_is_too_long_is_refused(fresh):
    import io

    answer = fresh.test_client().post(
        signed(),
        input_stream=io.BytesIO(b"x" * (MAX_BYTES + 1)),
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413


def test_a_refusal_is_escaped(fresh):
    answer = post(fresh, b"<xml><a.:b>1</a.:b></xml>")
    assert "&#39;a.:b&#39;" in answer.text


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
@example(b"\xef\xbb\xbf" + build(text()).encode())
def test_no_body_breaks_the_handler(body):
    assert post(app, body).status_code in {200, 400}


@few
@given(st.dictionaries(st.sampled_from(["signature", "timestamp", "nonce", "echostr"]), st.text()))
def test_no_query_breaks_the_handler(query):
    query = {name: text.encode("utf-8", "replace") for name, text in query.items()}
    for method in ("GET", "POST"):
        answer = app.test_client().open("/wechat", method=method, query_string=query)
        assert answer.status_code in {400, 403}


@few
@given(shaped)
def test_no_body_makes_an_answer_that_is_no_message(body):
    answer = post(app, body)
    if answer.mimetype == "application/xml":
        reply = parse(answer.get_data())
        assert list(reply) == ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"]
        assert reply["MsgType"] == "text"
        assert reply["Content"]


# Another implementation agrees


@pytest.mark.parametrize("content", ["hello", "a]]>b", "<b>&amp;</b>", "你好 😀"])
def test_wechatpy_reads_our_reply_to_its_own_message(fresh, content):
    received = parse_message(build(text(content)))
    reply = deserialize_reply(post(fresh, text(content)).text)
    assert (reply.type, reply.content) == ("text", received.content)
    assert (reply.source, reply.target) == (received.target, received.source)
    assert abs(reply.time - time.time()) < 60


def test_wechatpy_reads_a_reply_of_another_type():
    on = Dispatcher()
    on("image")(lambda message: {"MsgType": "image", "Image": {"MediaId": message["MediaId"]}})
    app = create_app({"WECHAT_TOKEN": TOKEN}, on)
    answer = post(app, HEADER | {"MsgType": "image", "MsgId": "1"} | OTHERS["image"])
    reply = deserialize_reply(answer.text)
    assert (reply.type, reply.image) == ("image", "m")


# The dispatcher


def test_the_most_special_function_answers():
    on = Dispatcher()
    on()(lambda message: "default")
    assert on.answer(event("CLICK"))["Content"] == "default"
    on("event")(lambda message: "event")
    assert on.answer(event("CLICK"))["Content"] == "event"
    on("event", "click")(lambda message: "click")
    assert on.answer(event("CLICK"))["Content"] == "click"
    assert on.answer(event("VIEW"))["Content"] == "event"
    assert on.answer(text())["Content"] == "default"
    on("text")(lambda message: "text")
    assert on.answer(text())["Content"] == "text"
    # An event's name does not make a text an event.
    on("text", "click")(lambda message: "wrong")
    assert on.answer(text(Event="click"))["Content"] == "text"


def test_a_decorated_function_is_still_there_to_be_called():
    on = Dispatcher()

    @on("text")
    def shout(message):
        return message["Content"].upper()

    assert shout({"Content": "a"}) == "A"
    app = create_app({"WECHAT_TOKEN": TOKEN}, on)
    assert parse(post(app, text()).get_data())["Content"] == "HELLO"
    assert post(app, event("subscribe")).text == "success"
    assert ("text",) in bot.functions
    assert bot.functions["text",] is not shout


@pytest.mark.parametrize("nothing", [None, "", " \n", {}])
def test_nothing_to_say_is_silence(nothing):
    on = Dispatcher()
    on()(lambda message: nothing)
    assert post(create_app({"WECHAT_TOKEN": TOKEN}, on), text()).text == "success"


def test_what_the_account_cannot_write_is_our_fault_not_the_senders():
    on = Dispatcher()
    on()(lambda message: "\x1b[31m")
    assert post(create_app({"WECHAT_TOKEN": TOKEN}, on), text()).status_code == 500


# Retries


@pytest.fixture
def counted():
    """An app that counts what it acts on, with the list of it."""
    acted = []
    on = Dispatcher()

    @on()
    def act(message):
        acted.append(message.get("Content") or message.get("Event"))
        return f"number {len(acted)}"

    app = create_app({"WECHAT_TOKEN": TOKEN}, on)
    app.acted = acted
    return app


@pytest.mark.point("D5-24")
def test_a_retry_has_the_same_answer_and_is_not_acted_on(counted):
    first, second, third = (post(counted, text()) for _ in range(3))
    assert first.get_data() == second.get_data() == third.get_data()
    assert first.content_type == second.content_type
    assert counted.acted == ["hello"]
    post(counted, text(number=2))
    assert len(counted.acted) == 2


def test_silence_is_remembered_too():
    calls = []
    on = Dispatcher()
    on()(calls.append)
    app = create_app({"WECHAT_TOKEN": TOKEN}, on)
    assert [post(app, text()).text for _ in range(2)] == ["success", "success"]
    assert len(calls) == 1


def test_two_senders_may_have_the_same_number(counted):
    for sender in ("oUser-1", "oUser-2", "oUser-1"):
        post(counted, text(FromUserName=sender))
    assert len(counted.acted) == 2


def test_events_are_told_apart_by_sender_time_name_and_key(counted):
    messages = [
        event("CLICK", EventKey="tea"),
        event("CLICK", EventKey="coffee"),
        event("VIEW", EventKey="tea"),
        event("CLICK", EventKey="tea", FromUserName="oUser-2"),
        event("CLICK", EventKey="tea", CreateTime="1700000001"),
    ]
    for message in [*messages, *reversed(messages)]:
        post(counted, message)
    assert len(counted.acted) == len(messages)


def test_messages_without_a_number_are_told_apart_by_what_they_say(counted):
    for content in ("a", "b", "a"):
        post(counted, text(content, number=""))
    assert counted.acted == ["a", "b"]


def test_a_field_that_is_no_text_can_be_part_of_the_identity():
    hash(identity(event("CLICK", EventKey={"a": ["b"]})))


def test_a_retry_that_overtakes_waits_for_the_first():
    started, go_on = threading.Event(), threading.Event()
    acted = []
    on = Dispatcher()

    @on()
    def slow(message):
        acted.append(message)
        started.set()
        assert go_on.wait(10)
        return "done"

    app = create_app({"WECHAT_TOKEN": TOKEN}, on)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(post, app, text())
        assert started.wait(10)
        retries = [pool.submit(post, app, text()) for _ in range(2)]
        other = app.test_client().get("/")
        assert other.status_code == 200
        go_on.set()
        answers = [future.result(10) for future in (first, *retries)]
    assert {parse(answer.get_data())["Content"] for answer in answers} == {"done"}
    assert len(acted) == 1


def test_many_threads_with_one_message_act_once():
    acted = []
    memory = Memory()
    barrier = threading.Barrier(8)

    def work():
        barrier.wait(10)
        return memory.once(("a",), lambda: acted.append(1) or len(acted))

    with ThreadPoolExecutor(8) as pool:
        results = [future.result(10) for future in [pool.submit(work) for _ in range(8)]]
    assert results == [1] * 8


def test_other_messages_do_not_wait():
    memory = Memory()
    assert memory.once(("a",), lambda: memory.once(("b",), lambda: "inner")) == "inner"


def test_who_waits_too_long_is_told_nothing():
    memory = Memory(patience=0)
    started, go_on = threading.Event(), threading.Event()

    def slow():
        started.set()
        assert go_on.wait(10)
        return "done"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(memory.once, ("a",), slow)
        assert started.wait(10)
        assert memory.once(("a",), pytest.fail) is None
        go_on.set()
        assert first.result(10) == "done"
    assert memory.once(("a",), pytest.fail) == "done"


def test_an_error_is_not_remembered():
    memory = Memory()
    tries = iter([TimeoutError("slow friend"), "done"])

    def work():
        result = next(tries)
        if isinstance(result, Exception):
            raise result
        return result

    with pytest.raises(TimeoutError, match="slow friend"):
        memory.once(("a",), work)
    assert memory.once(("a",), work) == "done"


def test_who_waited_for_an_error_gets_it_and_does_not_act():
    memory = Memory()
    started, go_on = threading.Event(), threading.Event()

    def fail():
        started.set()
        assert go_on.wait(10)
        raise LookupError("no tea")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(memory.once, ("a",), fail)
        assert started.wait(10)
        answer = memory._answers[("a",)]
        second = pool.submit(memory.once, ("a",), pytest.fail)
        while not (answer._waiters or second.done()):  # until the second waits
            time.sleep(0)
        go_on.set()
        for future in (first, second):
            with pytest.raises(LookupError, match="no tea"):
                future.result(10)


def test_a_failing_function_is_tried_again_by_the_retry():
    tries = []
    on = Dispatcher()

    @on()
    def fail_once(message):
        tries.append(message)
        if len(tries) == 1:
            raise LookupError
        return "done"

    app = create_app({"WECHAT_TOKEN": TOKEN}, on)
    assert post(app, text()).status_code == 500
    assert parse(post(app, text()).get_data())["Content"] == "done"


def test_the_memory_is_bounded_and_forgets_the_oldest():
    memory = Memory(size=2)
    for key in "abc":
        memory.once((key,), lambda key=key: key)
    assert list(memory._answers) == [("b",), ("c",)]
    assert memory.once(("c",), pytest.fail) == "c"
    assert memory.once(("a",), lambda: "again") == "again"


def test_the_page_keeps_the_last_ten_only(counted):
    for number in range(15):
        post(counted, text(f"text {number}", number))
    page = counted.test_client().get("/").text
    assert "text 14" in page
    assert page.index("text 14") < page.index("text 5")
    assert "text 4<" not in page


def test_two_apps_do_not_share_their_memory():
    service, other = Service(bot), Service(bot)
    service.answer(text())
    assert len(service.last) == 1
    assert not other.last


# Recorded requests


@pytest.mark.point("D5-02")
def test_by_default_a_recorded_request_works_for_ever_and_for_any_body(fresh):
    url = signed(timestamp="1", nonce="2")
    assert post(fresh, text("hello"), url).status_code == 200
    assert "forged" in post(fresh, text("forged", number=2), url).text


@pytest.fixture
def strict():
    return create_app({"WECHAT_TOKEN": TOKEN, "WECHAT_FRESH_SECONDS": 300})


def now(shift=0):
    return str(int(time.time()) + shift)


@pytest.mark.point("D5-02")
@pytest.mark.parametrize(
    "timestamp",
    ["1", -310, 310, "9" * 400, "9" * 5000, "x", "-1"],
    ids=["long ago", "too old", "too new", "far away", "absurd", "no number", "negative"],
)
def test_an_old_signature_is_forbidden_where_the_setting_says_so(strict, timestamp):
    if isinstance(timestamp, int):  # from now on: collecting all tests takes its time, too
        timestamp = now(timestamp)
    assert post(strict, text(), signed(timestamp=timestamp)).status_code == 403
    url = signed(timestamp=timestamp, echostr="3")
    assert strict.test_client().get(url).status_code == 403


@pytest.mark.point("D5-02")
def test_a_signature_serves_for_one_body_and_its_retries(strict):
    url = signed(timestamp=now(-20))
    first = post(strict, text("hello"), url)
    assert first.status_code == 200
    assert post(strict, text("hello"), url).get_data() == first.get_data()
    assert post(strict, text("forged", number=2), url).status_code == 403
    assert post(strict, text("fresh", number=2), signed(now(), "8")).status_code == 200
    assert strict.test_client().get(signed(now(20), echostr="3")).text == "3"


def test_signatures_are_remembered_up_to_a_number():
    bodies = Bodies(size=2)
    assert [bodies.fits(signature, b"a") for signature in "abc"] == [True] * 3
    assert not bodies.fits("c", b"b")
    assert bodies.fits("a", b"b")  # forgotten


def test_fresh_is_so_many_seconds_on_either_side(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    assert [is_fresh(text, 10) for text in ("989", "990", "1010", "1011")] == [
        False,
        True,
        True,
        False,
    ]


# Settings and the page


def test_production_wants_a_token(monkeypatch):
    monkeypatch.setenv("WECHAT_ENV", "production")
    with pytest.raises(SettingError, match="WECHAT_TOKEN is not set"):
        create_app()
    monkeypatch.setenv("WECHAT_TOKEN", "FromTheEnvironment")
    app = create_app()
    query = {"signature": sign("FromTheEnvironment", "1", "2"), "timestamp": "1", "nonce": "2"}
    answer = app.test_client().get("/wechat", query_string={**query, "echostr": "3"})
    assert answer.text == "3"


def test_development_prints_its_token(capsys):
    token = create_app().config["WECHAT_TOKEN"]
    assert capsys.readouterr().err == f"Made up for this start: WECHAT_TOKEN={token}\n"


def test_the_path_is_a_setting():
    client = create_app({"WECHAT_TOKEN": TOKEN, "WECHAT_PATH": "/a/b"}).test_client()
    assert client.get(signed(echostr="3").replace("/wechat", "/a/b")).text == "3"
    assert client.get(signed(echostr="3")).status_code == 404
    assert "http://localhost/a/b" in client.get("/").text


def test_the_page_shows_messages_and_answers_escaped(fresh):
    assert "There is none to show." in fresh.test_client().get("/").text
    post(fresh, text("<script>alert(1)</script>"))
    post(fresh, event("unsubscribe"))
    page = fresh.test_client().get("/").text
    assert "<script>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
    assert page.index("unsubscribe") < page.index("alert(1)")
    assert "success" in page
    assert TOKEN not in page


def test_the_page_shows_no_message_in_production():
    app = create_app({"WECHAT_TOKEN": TOKEN, "WECHAT_ENV": "production"})
    assert post(app, text("private")).status_code == 200
    page = app.test_client().get("/").text
    assert "private" not in page
    assert "There is none to show." in page


@pytest.mark.point("D5-13")
def test_a_file_needs_no_word_about_its_encoding():
    code = "greeting = '你好'\n"
    space = {}
    exec(compile(code.encode(), "greeting.py", "exec"), space)  # noqa: S102
    assert space["greeting"] == "你好"


@pytest.mark.parametrize("lesson", ["handler", "messages"])
def test_the_notes_quote_the_at_sign_which_is_an_operator_in_powershell(lesson):
    root = Path(__file__).resolve().parent.parent.parent
    text = (root / "day05_wechat" / lesson / "README.md").read_text("utf-8")
    assert '-d "@' in text
    assert "-d @" not in text
