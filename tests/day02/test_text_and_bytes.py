"""Text and bytes: where one becomes the other, and which charset says how.

Begin with test_bytes_shows_characters_numbers_and_bytes.
"""

import re

import pytest
from flask import Flask, request

from day02.text_and_bytes import first
from day02.text_and_bytes.app import CHARSETS, GREETING, app
from tests.day02.helpers import request_with
from tests.helpers import ROOT, raw_response, serving, status_and_message

TEA_GBK = ROOT / "day02/text_and_bytes/tea.gbk"
FORM = "application/x-www-form-urlencoded"
NOT_UTF8 = b"\xb2\xe8"  # 茶 in GBK


@pytest.fixture
def client():
    return app.test_client()


@pytest.mark.parametrize(
    ("text", "points", "found"),
    [
        ("", [], ["", "", "", ""]),
        ("tea", ["U+0074", "U+0065", "U+0061"], ["74 65 61"] * 4),
        ("é", ["U+00E9"], [None, "e9", "a8 a6", "c3 a9"]),
        ("茶", ["U+8336"], [None, None, "b2 e8", "e8 8c b6"]),
        ("🍵", ["U+1F375"], [None, None, None, "f0 9f 8d b5"]),
        ("e\u0301", ["U+0065", "U+0301"], [None, None, None, "65 cc 81"]),
        ("\0\n", ["U+0000", "U+000A"], ["00 0a"] * 4),
    ],
)
def test_bytes_shows_characters_numbers_and_bytes(client, text, points, found):
    by_query = client.get("/bytes", query_string={"text": text})
    by_form = client.post("/bytes", data={"text": text})
    by_multipart = client.post("/bytes", data={"text": text}, content_type="multipart/form-data")
    for response in [by_query, by_form, by_multipart]:
        assert response.json == {
            "text": text,
            "characters": len(points),
            "code_points": points,
            "bytes": dict(zip(CHARSETS, found, strict=True)),
        }


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain; charset=gbk", TEA_GBK.read_bytes(), "绿茶, 红茶"),
        ("text/plain; charset=GBK", NOT_UTF8, "茶"),
        ('text/plain; charset="gbk"', NOT_UTF8, "茶"),
        ("text/plain; charset=utf-8", "茶".encode(), "茶"),
        ("text/plain", "茶".encode(), "茶"),
        ("text/plain; charset=", "茶".encode(), "茶"),
        ("text/plain; charset=iso-8859-1", b"caf\xe9", "café"),
        ("text/plain; charset=ascii", b"tea", "tea"),
        ("text/plain; charset=gbk", b"", ""),
        ("text/plain", b"\0\r\n", "\0\r\n"),
    ],
)
def test_read_decodes_with_the_charset_of_the_sender(client, content_type, body, text):
    response = client.post("/read", data=body, content_type=content_type).json
    assert response == {"bytes": len(body), "characters": len(text), "text": text}


@pytest.mark.parametrize(
    ("path", "announced", "really"),
    [("/right", "utf-8", "utf-8"), ("/gbk", "gbk", "gbk"), ("/wrong", "gbk", "utf-8")],
)
def test_a_header_announces_a_charset_but_does_not_encode(client, path, announced, really):
    response = client.get(path)
    assert response.content_type == f"text/plain; charset={announced}"
    assert response.data == GREETING.encode(really)
    assert response.content_length == len(GREETING.encode(really))
    shown = response.data.decode(announced)
    assert (shown == GREETING) == (announced == really)


@pytest.mark.parametrize(
    ("charset", "text", "wrong"),
    [
        ("iso-8859-1", "café", "cafÃ©"),
        ("iso-8859-1", "茶", "è\x8c¶"),
        ("iso-8859-1", "tea", "tea"),
        ("gbk", "你好", "浣犲ソ"),
        ("gbk", "café", "caf茅"),
        ("gbk", "", ""),
    ],
)
def test_mojibake_is_undone_in_two_steps(client, charset, text, wrong):
    response = client.get(f"/mojibake/{charset}", query_string={"text": text}).json
    assert response == {"sent": text.encode().hex(" "), "read_as": wrong, "repaired": text}


def test_a_response_has_bytes_and_text(client):
    response = client.get("/right")
    assert type(response.data) is bytes
    assert response.text == GREETING


def test_the_small_program_shows_the_bytes_in_utf_8():
    client = first.app.test_client()
    for text in ["茶", "tea", "é", ""]:
        response = client.get("/bytes", query_string={"text": text})
        assert response.json == {"text": text, "utf-8": text.encode().hex(" ")}
    assert client.get("/bytes?text=%E8%8C%B6").data.startswith('{"text":"茶"'.encode())


# Edges


def test_json_is_sent_as_utf_8_and_in_the_order_of_the_view(client):
    body = client.get("/bytes?text=%E8%8C%B6").data
    assert body.startswith('{"text":"茶","characters":1,'.encode())


def test_the_wrong_label_makes_mojibake_of_the_greeting(client):
    assert client.get("/wrong").data.decode("gbk") == "浣犲ソ, caf茅!"


@pytest.mark.parametrize("charset", ["iso-8859-1", "gbk"])
def test_every_mojibake_can_be_undone(client, charset):
    repaired = 0
    for number in [
        *range(0x20, 0x3000, 7),
        *range(0x4E00, 0x9FFF, 97),
        *range(0x1F300, 0x1F400, 9),
    ]:
        text = chr(number)
        try:
            wrong = text.encode().decode(charset)
        except UnicodeDecodeError:
            continue
        assert wrong.encode(charset).decode() == text
        repaired += 1
    assert repaired > 100


def test_ascii_has_128_characters_and_the_other_charsets_begin_with_them():
    first = bytes(range(128))
    texts = {first.decode(charset) for charset in CHARSETS}
    assert len(texts) == 1
    with pytest.raises(UnicodeDecodeError):
        b"\x80".decode("ascii")
    with pytest.raises(UnicodeEncodeError):
        "é".encode("ascii")


def test_the_page_leads_to_every_view(client):
    page = client.get("/").text
    links = re.findall('(?:action|formaction|href)="(.*?)"', page)
    assert links == [
        *["/bytes", "/mojibake/iso-8859-1", "/mojibake/gbk"],
        *["/right", "/gbk", "/wrong"],
    ]
    text = re.search('<input id="text" name="text" value="(.*?)">', page)[1]
    for link in links:
        assert client.get(link, query_string={"text": text}).status_code == 200


# What cannot be read


@pytest.mark.parametrize("path", ["/bytes", "/mojibake/gbk", "/mojibake/iso-8859-1"])
def test_a_missing_text_is_400(client, path):
    message = "Send a text: ?text=tea, or a form with the field 'text', in UTF-8."
    assert status_and_message(client.get(path)) == (400, message)
    assert client.get(path, query_string={"txt": "tea"}).status_code == 400


@pytest.mark.parametrize("body", ["", "txt=tea", b"text=" + NOT_UTF8])
def test_a_form_without_text_is_400(client, body):
    assert client.post("/bytes", data=body, content_type=FORM).status_code == 400


def test_bytes_that_the_wrong_charset_cannot_read_are_400(client):
    status, message = status_and_message(client.get("/mojibake/gbk", query_string={"text": "茶"}))
    assert status == 400
    assert message.startswith("These bytes cannot be read: 'gbk' codec can't decode byte 0xb6")


@pytest.mark.parametrize("charset", ["utf-8", "ascii", "hex", "big5", "GBK", ""])
def test_mojibake_takes_two_charsets_only(client, charset):
    assert client.get(f"/mojibake/{charset}", query_string={"text": "tea"}).status_code == 404


@pytest.mark.parametrize(
    ("content_type", "body", "charset"),
    [
        ("text/plain", TEA_GBK.read_bytes(), "utf-8"),
        ("text/plain; charset=utf-8", NOT_UTF8, "utf-8"),
        ("text/plain; charset=utf-8", b"\xed\xa0\x80", "utf-8"),
        ("text/plain; charset=gbk", "茶".encode(), "gbk"),
        ("text/plain; charset=ascii", "é".encode(), "ascii"),
    ],
)
def test_bytes_that_are_not_in_their_charset_are_400(client, content_type, body, charset):
    status, message = status_and_message(client.post("/read", data=body, content_type=content_type))
    assert status == 400
    assert message.startswith(f"These bytes cannot be read: '{charset}' codec can't decode byte")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        FORM,
        "text/html; charset=utf-8",
        "application/octet-stream",
        "text/plain; charset=tea",
        "text/plain; charset=hex",
        "text/plain; charset=idna",
        "text/plain; charset=unicode_escape",
        'text/plain; charset="utf-8\0"',
    ],
)
def test_other_types_and_charsets_are_415(client, content_type):
    response = client.post("/read", data=b"tea", content_type=content_type)
    message = "Send text/plain, with charset ascii, iso-8859-1, gbk, utf-8."
    assert status_and_message(response) == (415, message)


@pytest.mark.parametrize(("path", "content_type"), [("/read", "text/plain"), ("/bytes", FORM)])
def test_a_body_beyond_the_limit_is_413(client, path, content_type):
    body = b"text=" + b"a" * 9_996
    assert client.post(path, data=body, content_type=content_type).status_code == 413
    assert client.post(path, data=body[:-1], content_type=content_type).status_code == 200


# Bytes that are not UTF-8


def test_in_a_query_string_and_a_form_they_stay_percent_encoded(client):
    assert client.get("/bytes?text=%B2%E8").json["text"] == "%B2%E8"
    assert client.get("/bytes?text=%E8%8C%B6%B2%41").json["text"] == "茶%B2A"
    response = client.post("/bytes", data="text=%B2%E8", content_type=FORM)
    assert response.json["text"] == "%B2%E8"


def raw_query(text):
    """Set the query string as PEP 3333 has servers do it: every byte one character."""
    return {"environ_overrides": {"QUERY_STRING": f"text={text.decode('iso-8859-1')}"}}


def test_a_raw_byte_in_the_query_string_raises_unless_it_is_handled(client):
    with request_with(**raw_query(NOT_UTF8)), pytest.raises(UnicodeDecodeError):
        _ = request.args
    small = Flask("small")
    small.get("/bytes")(lambda: request.args["text"])
    assert small.test_client().get("/bytes", **raw_query(NOT_UTF8)).status_code == 500
    status, message = status_and_message(client.get("/bytes", **raw_query(NOT_UTF8)))
    assert status == 400
    assert message.startswith("These bytes cannot be read: 'utf-8' codec can't decode byte 0xb2")
    assert client.get("/bytes", **raw_query("茶".encode())).json["text"] == "茶"


def test_the_development_server_reads_raw_bytes_as_iso_8859_1():
    request = b"GET /bytes?text=" + NOT_UTF8 + b" HTTP/1.1\r\nHost: typed\r\n\r\n"
    with serving(app) as server:
        response = raw_response(server.server_port, request).decode()
    assert '{"text":"²è","characters":2,' in response
