"""The simulator's messages and events: their fields, their XML and their signature.

Begin with test_a_text_message_has_the_fields_of_wechat. ``message`` returns a message or an event
as a dict, ``to_xml`` writes it, and ``push`` is the request that carries it to the handler.
"""

import re
import time
from urllib.parse import parse_qsl, urlsplit

import pytest
import wechatpy
from hypothesis import given
from hypothesis import strategies as st

from day05_wechat.messages.app import parse
from day05_wechat.signature.app import sign
from day05_wechat.simulator.app import create_app
from day05_wechat.simulator.push import UnsendableError, push, stamps, to_xml, verification
from day05_wechat.simulator.samples import EVENTS, MESSAGES
from tests.day05_wechat.helpers import TOKEN, few
from tests.day05_wechat.helpers_simulator import (
    ACCOUNT,
    CONFIG,
    GH,
    KINDS,
    RAIN,
    URL,
    elements,
    message,
    register,
    send,
)


@pytest.fixture(scope="module")
def registered():
    """The client of a simulator that sends to the handler of the lessons."""
    client = create_app(CONFIG).test_client()
    register(client)
    return client


def test_a_text_message_has_the_fields_of_wechat():
    found = elements(to_xml(message("text", "hello")))
    assert (found["ToUserName"], found["FromUserName"]) == (GH, RAIN.openid)
    assert (found["MsgType"], found["Content"]) == ("text", "hello")


def test_an_event_has_a_name_and_no_number():
    found = elements(to_xml(message("subscribe")))
    assert (found["MsgType"], found["Event"]) == ("event", "subscribe")
    assert "MsgId" not in found


def test_there_are_seven_messages_and_six_events():
    assert list(MESSAGES) == list(ORDER)[:7]
    names = [own["Event"] for _, own in EVENTS.values()]
    assert sorted(set(names)) == ["CLICK", "LOCATION", "SCAN", "VIEW", "subscribe", "unsubscribe"]
    assert EVENTS["qrcode"][1]["EventKey"].startswith("qrscene_")
    assert not EVENTS["scan"][1]["EventKey"].startswith("qrscene_")


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


@pytest.mark.parametrize("text", ["x" * 2000, "😀" * 2000, "a\r\nb", " x "])
def test_a_text_that_a_phone_can_send_arrives(registered, text):
    exchange = send(registered, text=text)
    assert exchange.message["Content"] == text.replace("\r\n", "\n")
    arrived = parse(exchange.attempts[0].request.body)["Content"]
    assert arrived == exchange.message["Content"].strip()
    assert exchange.verdict.kind == "reply"


# The fields


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


@pytest.mark.parametrize("kind", KINDS)
def test_the_fields_are_complete_and_in_wechats_order(monkeypatch, kind):
    monkeypatch.setattr(time, "time", lambda: 1700000000.9)
    found = elements(to_xml(message(kind)))
    common = ["ToUserName", "FromUserName", "CreateTime"]
    assert list(found) == common + ORDER[kind].split()
    assert (found["ToUserName"], found["FromUserName"]) == (GH, RAIN.openid)
    assert found["CreateTime"] == "1700000000"
    assert found["MsgType"] == (kind if kind in MESSAGES else "event")


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_in_cdata_and_numbers_are_not(kind):
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


@few
@given(st.text(max_size=50))
def test_any_text_is_refused_or_arrives_whole(text):
    try:
        sent = message(text=text)
    except UnsendableError:
        return
    arrived = parse(to_xml(sent).encode())["Content"]
    # XML takes a single CR for a line end as well, and the lesson strips the outer white space.
    assert arrived == re.sub("\r\n?", "\n", text).strip()


# The signature


def test_the_nonce_sorts_differently_as_a_text_and_as_a_number(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1700000000.9)
    for _ in range(200):
        timestamp, nonce = stamps()
        assert timestamp == "1700000000"
        assert int(nonce) < int(timestamp)
        assert nonce > timestamp


def test_each_request_has_a_nonce_and_an_echostr_of_its_own():
    assert len({stamps()[1] for _ in range(20)}) == 20
    assert len({verification(URL, ACCOUNT)[1] for _ in range(20)}) == 20


def test_a_forged_message_is_signed_with_another_token():
    given = dict(parse_qsl(urlsplit(push(URL, ACCOUNT, message(), forged=True).url).query))
    assert re.fullmatch("[0-9a-f]{40}", given["signature"])
    assert given["signature"] != sign(TOKEN, given["timestamp"], given["nonce"])
