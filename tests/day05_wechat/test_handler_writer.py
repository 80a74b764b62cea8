"""The handler's own writer: it writes and refuses what ``build`` of the lesson on XML does.

Begin with test_each_kind_of_reply_is_written_as_xmltodict_writes_it.
"""

import pytest
import xmltodict
from hypothesis import example, given
from hypothesis import strategies as st

from day05_wechat.handler.writer import write
from day05_wechat.messages.app import MAX_DEPTH, MessageError, build, parse
from tests.day05_wechat.helpers import few

HEADER = {"ToUserName": "oUser-1", "FromUserName": "gh_1", "CreateTime": 1700000000}
KINDS = {
    "text": {"Content": "1 < 2 & ]]> 你好 😀\r\n\t'\""},
    "image": {"Image": {"MediaId": "m"}},
    "voice": {"Voice": {"MediaId": "m"}},
    "video": {"Video": {"MediaId": "m", "Title": "<b>", "Description": None}},
    "music": {"Music": {"ThumbMediaId": "m", "MusicUrl": "https://music.example/?a=1&b=2"}},
    "news": {"ArticleCount": 2, "Articles": {"item": [{"Title": "a & b"}, {"Title": "c"}]}},
    "transfer_customer_service": {"TransInfo": {"KfAccount": "ann@tea"}},
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_reply_is_written_as_xmltodict_writes_it(kind):
    reply = HEADER | {"MsgType": kind} | KINDS[kind]
    assert write(reply) == xmltodict.unparse({"xml": reply}, full_document=False)


def test_what_is_written_can_be_read():
    reply = {"Content": "]]></Content><MsgType>news</MsgType>"}
    assert parse(write(reply).encode()) == reply


texts = st.text(st.characters(codec="utf-8"))
texts |= st.text(st.sampled_from("<>&'\"]\r\n\t \x00\x1b\ufffe\ud800a你😀"))
names = st.sampled_from(["A", "b1", "_c", "d.e-f"]) | st.text("Ab_1.-#@<: \n", max_size=3)
numbers = st.integers() | st.floats() | st.booleans()
simple = st.none() | texts | numbers | st.binary(max_size=2)
fields = st.recursive(
    simple | st.lists(simple, max_size=3),
    lambda inner: st.dictionaries(names, inner | st.lists(inner, max_size=3), max_size=3),
    max_leaves=12,
)


@few
@given(st.dictionaries(names, fields, max_size=6))
@example({})
@example({"A": [], "B": {}, "C": [None, {}, {"D": []}]})
@example({"A": True, "B": 1e300, "C": float("nan"), "D": 10**4000})
@example({"A": 10**5000})
@example({"A": [["b"]]})
@example({"A": ("b", "c")})
@example({1: "a"})
def test_any_reply_is_written_or_refused_as_build_does(reply):
    assert result(write, reply) == result(build, reply)


def result(function, reply):
    """Return the XML, or the exception's class if the reply is refused."""
    try:
        return function(reply)
    except MessageError:
        return MessageError


def test_the_nesting_has_an_end():
    reply = "x"
    for _ in range(MAX_DEPTH):
        reply = {"A": reply}
    assert write(reply) == build(reply)
    loop = {}
    loop["A"] = loop
    for deep in ({"A": reply}, loop):
        with pytest.raises(MessageError, match="nested 8 deep"):
            write(deep)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"Content": "a\x1bb"}, r"'\\x1b', which XML cannot hold"),
        ({"a><b": "1"}, "cannot be called 'a><b'"),
        ({"A": b"x"}, "A is .*bytes.*, not a text or a number"),
        ({}, "needs a field"),
    ],
)
def test_the_exception_says_why(reply, reason):
    with pytest.raises(MessageError, match=reason):
        write(reply)
