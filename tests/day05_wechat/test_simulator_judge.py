"""The simulator as judge: what WeChat makes of a response, a reply, silence or an error bubble.

Begin with test_success_and_nothing_are_silence. ``verdict`` judges a body, ``reply`` returns the
fields of a right reply, and a test changes one of them.
"""

import pytest
import wechatpy
from hypothesis import given
from hypothesis import strategies as st

from day05_wechat.messages.app import build
from day05_wechat.simulator.push import to_xml
from tests.day05_wechat.helpers import few
from tests.day05_wechat.helpers_simulator import (
    GH,
    KINDS,
    RAIN,
    SAM,
    message,
    reply,
    verdict,
)


def without(name):
    """Return a reply that lacks a field."""
    return {key: value for key, value in reply().items() if key != name}


@pytest.mark.parametrize("body", [b"", b"success", b"success\n", b"success\r\n"])
@pytest.mark.parametrize("kind", KINDS)
def test_success_and_nothing_are_silence(body, kind):
    assert verdict(body, message(kind)).kind == "silence"


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


@pytest.mark.parametrize("status", [201, 204, 302, 400, 403, 500])
def test_another_status_code_is_a_fault(status):
    assert verdict(reply(), status=status).kind == "fault"
    assert verdict(b"success", status=status).kind == "fault"


@pytest.mark.parametrize("kind", ["subscribe", "report", "click"])
def test_an_event_has_an_error_bubble_too(kind):
    assert verdict(b"oh", message(kind)).kind == "fault"


@pytest.mark.parametrize("body", [b"oh", reply(message("unsubscribe"))])
def test_a_user_who_has_gone_sees_no_reply(body):
    found = verdict(body, message("unsubscribe"))
    assert (found.kind, found.lines) == ("silence", ())


# Replies


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


def test_music_is_shown_with_its_url():
    music = {"ThumbMediaId": "m", "Title": "t", "Description": "d", "MusicUrl": "u"}
    assert verdict(reply(MsgType="music", Music=music)).lines == ("🎵 m", "t", "d", "u")


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


# Faults


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
def test_any_other_body_is_the_error_bubble(name):
    """The words are WeChat's own: the service of this account has failed, try again later."""
    found = verdict(FAULTS[name])
    assert found.kind == "fault"
    assert found.lines == ("该公众号提供的服务出现故障，请稍后再试",)
    assert found.why


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"ToUserName": "oOther"}, f"ToUserName is 'oOther', and must be '{RAIN.openid}'."),
        ({"ToUserName": None}, f"ToUserName is missing or empty, and must be '{RAIN.openid}'."),
        ({"FromUserName": "x" * 101}, f"FromUserName is '{'x' * 100}', and must be '{GH}'."),
        ({"FromUserName": {"a": "b"}}, f"FromUserName is not a text, and must be '{GH}'."),
        ({"CreateTime": "now"}, "CreateTime is 'now', and must be a whole number of seconds."),
        ({"MsgType": "TEXT"}, "MsgType is 'TEXT', which is not a kind of reply."),
        (
            {"MsgType": "image"},
            "The image reply has a field missing, or in another place.",
        ),
    ],
)
def test_the_developer_is_told_why(fields, why):
    assert verdict(reply(**fields)).why == why


def test_a_body_of_more_than_100000_bytes_is_a_fault():
    frame = len(build(reply(Content="")))
    assert verdict(reply(Content="x" * (100_000 - frame))).kind == "reply"
    found = verdict(reply(Content="x" * (100_001 - frame)))
    assert (found.kind, found.why) == ("fault", "The response has more than 100000 bytes.")


@pytest.mark.parametrize("name", ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"])
def test_a_field_may_be_deep_or_long(name):
    deep = "<a>" * 2_000 + "</a>" * 2_000
    for content in (deep, "x" * 50_000):
        xml = build(without(name)).replace("</xml>", f"<{name}>{content}</{name}></xml>")
        found = verdict(xml)
        expected = "reply" if (name, content[0]) == ("Content", "x") else "fault"
        assert found.kind == expected
        assert len(found.why) < 300


@few
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"<xml>{text}</xml>"))
def test_any_body_gets_a_verdict(body):
    assert verdict(body).kind in {"fault", "silence"}
