import ast
import re
import socket
import subprocess
import sys
import threading
from html import unescape
from pathlib import Path

import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from day02.text_and_bytes.app import CHARSETS, GREETING, app

TEA_GBK = Path(__file__).resolve().parents[2] / "day02" / "text_and_bytes" / "tea.gbk"
FORM = "application/x-www-form-urlencoded"
NOT_UTF8 = b"\xb2\xe8"  # 茶 in GBK


@pytest.fixture(autouse=True)
def no_debug_mode(monkeypatch):
    """Let this machine's FLASK_DEBUG not change what is answered."""
    monkeypatch.delenv("FLASK_DEBUG", raising=False)
    monkeypatch.setitem(app.config, "DEBUG", False)


def said(response):
    """Return status and explanation of a refusal."""
    return response.status_code, unescape(re.search("<p>(.*)</p>", response.text)[1])


def arriving(**options):
    """Give the request that a view would see."""
    return Flask("small").test_request_context(**options)


@pytest.mark.point("D2-18")
def test_the_body_is_bytes_and_fields_are_text():
    with arriving(method="POST", data={"c": "3"}, query_string={"a": "1"}):
        assert type(request.form["c"]) is str
        assert type(request.args["a"]) is str
        assert type(request.path) is str
    with arriving(method="POST", data="茶", content_type="text/plain"):
        assert request.get_data() == b"\xe8\x8c\xb6"
        assert type(request.get_data()) is bytes


def test_an_answer_is_bytes_and_text_at_the_clients_end(client):
    response = client.get("/right")
    assert type(response.data) is bytes
    assert response.text == GREETING


@pytest.mark.point("D2-18", "D2-20")
def test_text_and_bytes_do_not_mix():
    text, raw = "tea", b"tea"
    with pytest.raises(TypeError, match="can only concatenate str"):
        text += raw
    with pytest.raises(TypeError, match="can't concat str to bytes"):
        raw += text
    assert len({"tea", b"tea"}) == 2


@pytest.mark.point("D2-20")
def test_formatting_takes_bytes_and_shows_them_as_a_programmer_sees_them():
    name = "茶".encode()
    written = r"b'\xe8\x8c\xb6'"
    assert "%s" % name == f"{name}" == "{}".format(name) == str(name) == written  # noqa: UP031, UP032
    assert "%s" % name.decode() == "茶"  # noqa: UP031


@pytest.mark.point("D2-20")
@pytest.mark.parametrize(
    "statement", ["'%s' % b'x'", "f'{name}'", "str(name)", "'x' == name", "name in ['x']"]
)
@pytest.mark.parametrize(("option", "code"), [("-b", 0), ("-bb", 1)])
def test_python_b_tells_where_bytes_are_taken_for_text(statement, option, code):
    program = [sys.executable, "-E", "-S", option, "-c", f"name = b'x'\n{statement}"]
    done = subprocess.run(program, capture_output=True, check=False, text=True, timeout=30)
    assert done.returncode == code
    assert "BytesWarning" in done.stderr


@pytest.mark.point("D2-19")
def test_decoding_as_ascii_happens_only_where_it_is_asked_for():
    assert "参数a=%s" % "值" == "参数a=值"  # noqa: UP031 - the sample of older material
    with pytest.raises(UnicodeDecodeError, match="'ascii' codec can't decode byte 0xe5"):
        "值".encode().decode("ascii")


@pytest.mark.point("D2-21")
def test_the_prefix_u_means_nothing():
    assert ast.literal_eval('u"值"') == "值"
    assert type(ast.literal_eval('u"值"')) is str
    assert type(ast.literal_eval('"值"')) is str


@pytest.mark.point("D2-22")
def test_ascii_has_128_characters_and_the_other_charsets_begin_with_them():
    first = bytes(range(128))
    texts = {first.decode(charset) for charset in CHARSETS}
    assert len(texts) == 1
    with pytest.raises(UnicodeDecodeError):
        b"\x80".decode("ascii")
    with pytest.raises(UnicodeEncodeError):
        "é".encode("ascii")


@pytest.mark.point("D2-22")
def test_two_bytes_beyond_ascii_are_one_character_of_gbk():
    with pytest.raises(UnicodeDecodeError):
        b"\xd3\xde".decode("ascii")
    assert b"\xd3\xde".decode("gbk") == "愚"


@pytest.mark.point("D2-20", "D2-24")
def test_a_name_that_is_defined_nowhere_is_named_when_the_line_runs():
    program = compile("def late():\n    print(value)", "sample", "exec")
    names = {}
    exec(program, names)  # noqa: S102 - only text of this test
    with pytest.raises(NameError, match="name 'value' is not defined"):
        names["late"]()


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
@pytest.mark.parametrize("way", ["query", "form", "multipart"])
def test_bytes_shows_characters_numbers_and_bytes(client, way, text, points, found):
    options = {
        "query": {"query_string": {"text": text}},
        "form": {"method": "POST", "data": {"text": text}},
        "multipart": {
            "method": "POST",
            "data": {"text": text},
            "content_type": "multipart/form-data",
        },
    }
    assert client.open("/bytes", **options[way]).json == {
        "text": text,
        "characters": len(points),
        "code_points": points,
        "bytes": dict(zip(CHARSETS, found, strict=True)),
    }


def test_json_is_sent_as_utf_8_and_in_the_order_of_the_view(client):
    body = client.get("/bytes?text=%E8%8C%B6").data
    assert body.startswith('{"text":"茶","characters":1,'.encode())


@pytest.mark.parametrize("path", ["/bytes", "/mojibake/gbk", "/mojibake/iso-8859-1"])
def test_a_missing_text_is_asked_for(client, path):
    words = "Send a text: ?text=tea, or a form with the field 'text', in UTF-8."
    assert said(client.get(path)) == (400, words)
    assert client.get(path, query_string={"txt": "tea"}).status_code == 400


@pytest.mark.parametrize("body", ["", "txt=tea", b"text=" + NOT_UTF8])
def test_a_form_without_text_is_400(client, body):
    assert client.post("/bytes", data=body, content_type=FORM).status_code == 400


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
def test_mojibake_is_cured_by_taking_both_steps_back(client, charset, text, wrong):
    answer = client.get(f"/mojibake/{charset}", query_string={"text": text}).json
    assert answer == {"sent": text.encode().hex(" "), "read_as": wrong, "cured": text}


@pytest.mark.parametrize("charset", ["iso-8859-1", "gbk"])
def test_what_can_be_read_wrongly_can_be_cured(client, charset):
    cured = 0
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
        cured += 1
    assert cured > 100


def test_bytes_that_the_wrong_charset_cannot_read_are_400(client):
    status, words = said(client.get("/mojibake/gbk", query_string={"text": "茶"}))
    assert status == 400
    assert words.startswith("These bytes cannot be read: 'gbk' codec can't decode byte 0xb6")


@pytest.mark.parametrize("charset", ["utf-8", "ascii", "hex", "big5", "GBK", ""])
def test_mojibake_knows_two_wrong_charsets(client, charset):
    assert client.get(f"/mojibake/{charset}", query_string={"text": "tea"}).status_code == 404


def test_replaced_characters_are_lost():
    both = [each.decode("utf-8", "replace") for each in (NOT_UTF8, b"\xb2\xec")]
    assert both == ["��", "��"]
    assert NOT_UTF8.decode("gbk") != b"\xb2\xec".decode("gbk")


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


def test_the_wrong_label_makes_mojibake_of_the_greeting(client):
    assert client.get("/wrong").data.decode("gbk") == "浣犲ソ, caf茅!"


def test_a_view_that_returns_text_is_sent_as_utf_8():
    small = Flask("small")
    small.get("/")(lambda: "茶")
    response = small.test_client().get("/")
    assert response.content_type == "text/html; charset=utf-8"
    assert response.data == "茶".encode()


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
    answer = client.post("/read", data=body, content_type=content_type).json
    assert answer == {"bytes": len(body), "characters": len(text), "text": text}


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
    status, words = said(client.post("/read", data=body, content_type=content_type))
    assert status == 400
    assert words.startswith(f"These bytes cannot be read: '{charset}' codec can't decode byte")


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
    words = "Send text/plain, with charset ascii, iso-8859-1, gbk, utf-8."
    assert said(response) == (415, words)


@pytest.mark.parametrize(("path", "content_type"), [("/read", "text/plain"), ("/bytes", FORM)])
def test_a_body_beyond_the_limit_is_413(client, path, content_type):
    body = b"text=" + b"a" * 9_996
    assert client.post(path, data=body, content_type=content_type).status_code == 413
    assert client.post(path, data=body[:-1], content_type=content_type).status_code == 200


# What Flask does with bytes that are not UTF-8, place by place.


def test_in_a_path_they_are_replaced():
    small = Flask("small")
    small.get("/<word>")(lambda word: [word])
    client = small.test_client()
    assert client.get("/%E8%8C%B6").json == ["茶"]
    assert client.get("/%B2%E8").json == ["��"]


def test_in_a_query_string_and_a_form_they_stay_percent_encoded(client):
    assert client.get("/bytes?text=%B2%E8").json["text"] == "%B2%E8"
    assert client.get("/bytes?text=%E8%8C%B6%B2%41").json["text"] == "茶%B2A"
    answer = client.post("/bytes", data="text=%B2%E8", content_type=FORM)
    assert answer.json["text"] == "%B2%E8"


@pytest.mark.parametrize("content_type", [f"{FORM}; charset=gbk", FORM])
def test_an_announced_charset_changes_nothing_for_a_form(content_type):
    with arriving(method="POST", data="a=%B2%E8", content_type=content_type):
        assert request.form["a"] == "%B2%E8"


@pytest.mark.parametrize(
    ("charset", "text"), [("gbk", "��"), ("utf-8", "��"), ("iso-8859-1", "²è"), ("ascii", "��")]
)
def test_in_a_multipart_field_they_are_replaced_unless_it_names_a_charset(charset, text):
    head = (
        f"--B\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text/plain; {charset=!s}"
    )
    body = head.encode() + b"\r\n\r\n" + NOT_UTF8 + b"\r\n--B--\r\n"
    with arriving(method="POST", data=body, content_type="multipart/form-data; boundary=B"):
        assert request.form["a"] == text


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=gbk"])
def test_in_json_they_are_400(content_type):
    small = Flask("small")
    small.post("/")(lambda: [request.get_json()])
    client = small.test_client()
    body = b'"' + NOT_UTF8 + b'"'
    assert client.post("/", data=body, content_type=content_type).status_code == 400
    assert client.post("/", data='"茶"'.encode(), content_type=content_type).json == ["茶"]


def test_a_header_is_read_as_iso_8859_1():
    with arriving(headers={"X-Drink": bytes(range(0x20, 0x100)).decode("iso-8859-1")}):
        assert request.headers["X-Drink"].encode("iso-8859-1") == bytes(range(0x20, 0x100))
    with arriving(environ_base={"HTTP_X_DRINK": "茶".encode().decode("iso-8859-1")}):
        assert request.headers["X-Drink"] == "è\x8c¶"


def test_one_raw_byte_empties_the_whole_form():
    with arriving(method="POST", data=b"b=1&a=" + NOT_UTF8, content_type=FORM):
        assert request.form.to_dict() == {}
    with arriving(method="POST", data="b=1&a=茶".encode(), content_type=FORM):
        assert request.form.to_dict() == {"b": "1", "a": "茶"}


def raw_query(text):
    """Set the query string as PEP 3333 has servers do it: every byte one character."""
    return {"environ_overrides": {"QUERY_STRING": f"text={text.decode('iso-8859-1')}"}}


def test_a_raw_byte_in_the_query_string_raises_unless_it_is_handled(client):
    with arriving(**raw_query(NOT_UTF8)), pytest.raises(UnicodeDecodeError):
        _ = request.args
    small = Flask("small")
    small.get("/bytes")(lambda: request.args["text"])
    assert small.test_client().get("/bytes", **raw_query(NOT_UTF8)).status_code == 500
    status, words = said(client.get("/bytes", **raw_query(NOT_UTF8)))
    assert status == 400
    assert words.startswith("These bytes cannot be read: 'utf-8' codec can't decode byte 0xb2")
    assert client.get("/bytes", **raw_query("茶".encode())).json["text"] == "茶"


def test_the_development_server_takes_raw_bytes_for_iso_8859_1():
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with socket.create_connection(server.server_address, timeout=5) as wire:
            wire.sendall(b"GET /bytes?text=" + NOT_UTF8 + b" HTTP/1.1\r\nHost: typed\r\n\r\n")
            answer = wire.makefile("rb").read().decode()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert '{"text":"²è","characters":2,' in answer


def test_a_file_read_with_the_charset_of_another_machine_is_mojibake(tmp_path):
    path = tmp_path / "tea.txt"
    path.write_text("你好", encoding="utf-8")
    with open(path, encoding="gbk") as file:
        assert file.read() == "浣犲ソ"
    with open(path, encoding="utf-8") as file:
        assert file.read() == "你好"


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
