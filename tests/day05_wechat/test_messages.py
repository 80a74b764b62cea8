"""XML messages: a message becomes a dict, a dict becomes XML, anything else is refused.

Begin with test_a_program_gets_a_message_as_json. The pages are tested with Flask's test client,
``parse`` and ``build`` by calling them.
"""

import socket
import threading
from xml.parsers.expat import ExpatError

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy import parse_message
from wechatpy.replies import TextReply

from day05_wechat.messages.app import (
    EXAMPLE,
    MAX_BYTES,
    MAX_DEPTH,
    MessageError,
    app,
    build,
    parse,
)
from tests.day05_wechat.helpers import broken_body, few, first_program
from tests.helpers import page


@pytest.fixture
def client():
    return app.test_client()


def test_a_program_gets_a_message_as_json(client):
    response = client.post("/parse", data=EXAMPLE, content_type="text/xml")
    assert response.json["Content"] == "1 < 2 & 你好"
    assert list(response.json)[:3] == ["ToUserName", "FromUserName", "CreateTime"]
    assert "你好" in response.text  # and not \\u4f60\\u597d


def test_a_body_that_is_not_a_message_is_a_bad_request(client):
    response = client.post("/parse", data="hello")
    assert response.status_code == 400
    assert "This is not a message" in response.text


def test_the_page_shows_the_dict_and_the_way_back(client):
    message, xml = (pre.text for pre in page(client.get("/")).select("pre"))
    assert '"Content": "1 < 2 & 你好"' in message
    assert "<Content>1 &lt; 2 &amp; 你好</Content>" in xml


def test_the_first_program_repeats_a_text_as_xml(monkeypatch):
    client = first_program("messages", monkeypatch).app.test_client()
    response = client.post("/repeat", data=EXAMPLE, content_type="text/xml")
    assert response.content_type == "application/xml; charset=utf-8"
    assert parse(response.data) == {"MsgType": "text", "Content": "1 < 2 & 你好"}
    attack = build({"Content": "hi]]></Content><MsgType>news</MsgType>"})
    assert parse(client.post("/repeat", data=attack).data)["MsgType"] == "text"


def test_the_first_program_refuses_what_is_not_a_message(monkeypatch):
    client = first_program("messages", monkeypatch).app.test_client()
    for body in [*REFUSED.values(), nested(9_000).replace(b"<a>", b"<Content>", 1)]:
        response = client.post("/repeat", data=body)
        assert response.status_code == 400, body[:99]
        assert "This is not a message." in response.text
    assert client.post("/repeat", **broken_body()).status_code == 400


def test_a_message_becomes_a_plain_dict_of_texts():
    message = parse(EXAMPLE.encode())
    assert type(message) is dict
    assert list(message)[:2] == ["ToUserName", "FromUserName"]
    assert message["Content"] == "1 < 2 & 你好"
    assert message["CreateTime"] == "1700000000"
    assert message["MsgId"] == "23456789012345678"


def test_build_escapes_and_leaves_the_declaration_out():
    assert build({"a": "<&>", "b": 5}) == "<xml><a>&lt;&amp;&gt;</a><b>5</b></xml>"
    assert build({"a": None, "b": ["x", "y"], "c": {"d": "e"}}) == (
        "<xml><a></a><b>x</b><b>y</b><c><d>e</d></c></xml>"
    )


# What a body becomes


def test_repeated_nested_and_empty_fields():
    assert parse(b"<xml><a>1</a><a>2</a></xml>") == {"a": ["1", "2"]}
    assert parse(b"<xml><a>1</a></xml>") == {"a": "1"}
    assert parse(b'<xml x="1"><a y="2">3</a></xml>') == {"a": "3"}
    assert parse(b"<xml><a> \n </a><b/><c> d </c></xml>") == {"a": None, "b": None, "c": "d"}
    assert parse(b"<xml><Info><List><item><Sum>5</Sum></item></List></Info></xml>") == {
        "Info": {"List": {"item": {"Sum": "5"}}}
    }


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf<xml><a>1</a></xml>",
        b'<?xml version="1.0" encoding="nosuch"?><xml><a>1</a></xml>',
        b"<!-- c --><xml><!-- c --><a>1<!-- c --></a><?p i?></xml>\r\n",
        b"<xml><a><![CDATA[1]]></a></xml>",
    ],
)
def test_harmless_extras_do_not_matter(body):
    assert parse(body) == {"a": "1"}


def test_a_declared_encoding_is_not_believed():
    body = '<?xml version="1.0" encoding="ISO-8859-1"?><xml><a>你</a></xml>'.encode()
    assert parse(body) == {"a": "你"}


def test_a_document_type_may_be_spoken_of():
    text = "<!DOCTYPE xml [<!ENTITY a 'b'>]> &a;"
    assert parse(f"<xml><a><![CDATA[{text}]]></a></xml>".encode()) == {"a": text}


def nested(depth):
    """Return a message whose fields are nested so deep, the outermost element not counted."""
    return b"<xml>" + b"<a>" * (depth - 1) + b"<b>x</b>" + b"</a>" * (depth - 1) + b"</xml>"


def test_the_longest_message_is_read():
    frame = len(b"<xml><a></a></xml>")
    assert len(parse(b"<xml><a>" + b"x" * (MAX_BYTES - frame) + b"</a></xml>")["a"]) == 65_518


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ("<a>x<b>y</b></a>", {"a": {"b": "y", "#text": "x"}}),
        ("text<a>1</a>", {"a": "1", "#text": "text"}),
        ("<a:b>1</a:b>", {"a:b": "1"}),
        ("<名>1</名>", {"名": "1"}),
        ("<a><b>1</b></a><a/>", {"a": [{"b": "1"}, None]}),
    ],
)
def test_a_field_that_no_one_knows_is_read_as_well_as_it_can_be(client, fields, read):
    body = f"<xml>{fields}</xml>".encode()
    assert parse(body) == read
    assert client.post("/parse", data=body).json == read


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1, 2_000, 9_000])
def test_a_field_that_is_nested_too_deep_is_left_out(client, depth):
    body = nested(depth)
    fields = parse(body)
    for _ in range(MAX_DEPTH - 1):
        assert list(fields) == ["a"]
        fields = fields["a"]
    assert fields == ({"b": "x"} if depth == MAX_DEPTH else {"a": None})
    assert client.post("/parse", data=body).status_code == 200
    inside = b"<xml><c><d>1</d><d>" + body[5:-6] + b"</d></c></xml>"
    assert parse(inside)["c"]["d"][0] == "1"


def test_threads_do_not_disturb_each_other():
    read = {}

    def work(number):
        read[number] = [parse(f"<xml><a>{number}</a></xml>".encode()) for _ in range(50)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == {number: [{"a": str(number)}] * 50 for number in range(4)}


# What a dict becomes


CONTROL = "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]))

# What arrives as it was sent: blanks around a text are dropped, and a line ends with LF.
contents = st.text(st.characters(codec="utf-8", exclude_characters=CONTROL + "\r"))
contents = contents.map(lambda text: text.strip() or "x")
names = st.text("Aa_z.9-", max_size=9).map(lambda text: f"N{text}")

fields = st.recursive(
    contents | st.none(),
    lambda inner: st.dictionaries(names, inner, min_size=1, max_size=3),
    max_leaves=8,
)


messages = st.dictionaries(names, fields, min_size=1, max_size=6)


@few
@given(messages)
def test_what_is_built_is_read_again(message):
    assert parse(build(message).encode()) == message


@pytest.mark.parametrize(
    "text",
    ["]]>", "]]></Content><MsgType><![CDATA[news]]></MsgType>", "😀", "a\nb", "&amp;", "1<2"],
)
def test_no_text_leaves_its_element(text):
    assert parse(build({"Content": text, "MsgType": "text"}).encode()) == {
        "Content": text,
        "MsgType": "text",
    }


def test_a_cdata_template_lets_the_text_out_of_its_element():
    text = "hi]]></Content><MsgType><![CDATA[news"
    unsafe = f"<xml><MsgType>text</MsgType><Content><![CDATA[{text}]]></Content></xml>"
    with pytest.raises(MessageError):
        parse(unsafe.encode())
    closed = unsafe.replace("]]></Content></xml>", "]]></MsgType></xml>")
    assert parse(closed.encode())["MsgType"] == ["text", "news"]


@pytest.mark.parametrize("character", [*CONTROL, *map(chr, (0xD800, 0xDC80, 0xDFFF))])
def test_a_character_that_xml_cannot_hold_is_not_built(character):
    with pytest.raises(MessageError, match="cannot hold"):
        build({"Content": f"a{character}b"})
    with pytest.raises(MessageError):
        build({"Image": {"MediaId": [character]}})


LOOP = {}

LOOP["a"] = LOOP

ENDLESS = []

ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    "message",
    [
        {},
        None,
        [],
        [{"a": "1"}],
        "text",
        {"": "1"},
        {"a b": "1"},
        {"@a": "1"},
        {"#text": "1"},
        {"a><b": "1"},
        {"1a": "1"},
        {"a\n": "1"},
        {None: "1"},
        {"a": b"1"},
        {"a": object()},
        {"a": ("1", "2")},
        {"a": [["1"]]},
        {"a": 10**5000},
        {"a": ENDLESS},
        LOOP,
    ],
)
def test_a_value_that_is_not_a_message_is_not_built(message):
    with pytest.raises(MessageError):
        build(message)


# What is refused, each with the same exception


LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n + 1, b"&l%d;" % n * 10) for n in range(9))
REFUSED = {
    "nothing": b"",
    "blanks": b" \n",
    "text": b"hello",
    "json": b'{"MsgType": "text"}',
    "cut off": EXAMPLE.encode()[:-3],
    "two roots": b"<xml><a>1</a></xml><xml/>",
    "another root": b"<html><a>1</a></html>",
    "a root in capitals": b"<XML><a>1</a></XML>",
    "no fields": b"<xml/>",
    "text for fields": b"<xml>text</xml>",
    "attributes for fields": b'<xml a="1"/>',
    "not UTF-8": b"<xml><a>\xff</a></xml>",
    "half a character": b"<xml><a>\xed\xa0\x80</a></xml>",
    "GB18030": '<?xml version="1.0" encoding="GB18030"?><xml><a>你</a></xml>'.encode("gb18030"),
    "UTF-16": "<xml><a>1</a></xml>".encode("utf-16"),
    "UTF-16 without a mark": "<xml><a>1</a></xml>".encode("utf-16-le"),
    "UTF-16 the other way": "<xml><a>1</a></xml>".encode("utf-16-be"),
    "NUL": b"<xml><a>\0</a></xml>",
    "NUL as a reference": b"<xml><a>&#0;</a></xml>",
    "a control character": b"<xml><a>\x1b</a></xml>",
    "a half as a reference": b"<xml><a>&#xD800;</a></xml>",
    "an unknown entity": b"<xml><a>&nbsp;</a></xml>",
    "an entity": b'<!DOCTYPE xml [<!ENTITY e "x">]><xml><a>&e;</a></xml>',
    "laughs": b'<!DOCTYPE xml [<!ENTITY l0 "ha">' + LAUGHS + b"]><xml><a>&l9;</a></xml>",
    "a file": b'<!DOCTYPE xml [<!ENTITY e SYSTEM "file:///etc/hostname">]><xml><a>&e;</a></xml>',
    "a parameter": b'<!DOCTYPE xml [<!ENTITY % p "x"> %p;]><xml><a>1</a></xml>',
    "too long": b"<xml><a>" + b"x" * MAX_BYTES + b"</a></xml>",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_other_bodies_are_refused_with_one_exception(client, body):
    with pytest.raises(MessageError):
        parse(body)
    assert client.post("/parse", data=body).status_code == 400


@pytest.mark.parametrize("name", ["an entity", "laughs", "a file", "a parameter"])
def test_an_entity_is_refused_before_it_is_expanded(name):
    with pytest.raises(MessageError, match="entities are disabled"):
        parse(REFUSED[name])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("too long", "no more than 65536 bytes"),
        ("NUL", "it holds a NUL"),
        ("no fields", "an <xml> with fields in it"),
        ("another root", "an <xml> with fields in it"),
    ],
)
def test_the_exception_says_why(name, reason):
    with pytest.raises(MessageError, match=reason):
        parse(REFUSED[name])


def test_the_exception_is_a_value_error_with_its_cause():
    with pytest.raises(ValueError, match="no element found") as caught:
        parse(b"")
    assert isinstance(caught.value, MessageError)
    assert isinstance(caught.value.__cause__, ExpatError)


@few
@given(st.binary() | st.binary().map(lambda inner: b"<xml>" + inner + b"</xml>"))
def test_any_bytes_are_a_message_or_refused(body):
    try:
        message = parse(body)
        xml = build(message)
    except MessageError:
        return
    assert parse(xml.encode()) == message


def test_an_external_document_type_is_not_fetched():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = "http://127.0.0.1:{1}/x.dtd".format(*server.getsockname())
        body = f'<!DOCTYPE xml SYSTEM "{address}"><xml><a>1</a></xml>'
        assert parse(body.encode()) == {"a": "1"}
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


# What a client can send to the pages


def test_the_page_says_why_it_refuses(client):
    response = client.post("/", data={"xml": "<script>alert(1)</script>"})
    assert response.status_code == 400
    assert "A message is an &lt;xml&gt; with fields in it." in response.text
    assert "<script>" not in response.text
    assert client.post("/").status_code == 400


def test_the_page_takes_a_message_of_any_allowed_length(client):
    text = "你" * ((MAX_BYTES - 100) // 3)
    response = client.post("/", data={"xml": f"<xml><a>{text}</a></xml>"})
    assert response.status_code == 200
    assert client.post("/", data={"xml": "你" * 100_000}).status_code == 413


def test_the_body_is_read_if_curl_calls_it_a_form(client):
    form = "application/x-www-form-urlencoded"
    response = client.post("/parse", data=EXAMPLE, content_type=form)
    assert response.json["Content"] == "1 < 2 & 你好"


def test_the_refusal_is_escaped(client):
    response = client.post("/", data={"xml": "<xml><a.:b>1</a.:b></xml>"})
    assert response.status_code == 400
    assert "&#39;a.:b&#39;" in response.text


def test_a_body_that_the_server_cannot_read_is_a_bad_request(client):
    response = client.post("/parse", **broken_body())
    assert response.status_code == 400
    assert "The body cannot be read." in response.text


# Another implementation agrees


@pytest.mark.parametrize("text", ["hello", "1 < 2 & 你好 😀", "line\nline"])
def test_wechatpy_and_we_read_each_other(text):
    fields = {"ToUserName": "gh_1", "FromUserName": "oA", "CreateTime": 1700000000}
    ours = parse_message(build(fields | {"MsgType": "text", "Content": text, "MsgId": 7}))
    assert (ours.type, ours.content, ours.id, ours.source) == ("text", text, 7, "oA")
    theirs = TextReply(content=text, source="gh_1", target="oA", time=1700000000).render()
    assert parse(theirs.encode())["Content"] == text
