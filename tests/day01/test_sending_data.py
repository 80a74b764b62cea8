"""Eight ways in which a request can carry data, and a client that uses all of them.

Begin with test_the_first_program_returns_a_value_of_the_query_string. The tests of client.py are in
test_sending_data_client.py.
"""

import select
import socket
from io import BytesIO

import pytest
import xmltodict

from day01.sending_data import first
from day01.sending_data.app import METHODS, app
from tests.helpers import raw_response, serving, status_and_message

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
FORM = "application/x-www-form-urlencoded"
XML = "application/xml"


@pytest.fixture
def client():
    return app.test_client()


@pytest.mark.parametrize(
    ("path", "word"),
    [("/search?word=tea", "tea"), ("/search?word=", ""), ("/search?other=1", None)],
)
def test_the_first_program_returns_a_value_of_the_query_string(path, word):
    assert first.app.test_client().get(path).json == {"word": word}


def test_a_value_in_the_path(client):
    assert client.get("/goods/7").json == {"goods_id": 7}
    assert client.get("/goods/tea").status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_query_string_comes_with_any_method(client, method):
    response = client.open("/search?a=1&a=2&b=%20&c", method=method)
    assert response.json == {"method": method, "args": {"a": ["1", "2"], "b": [" "], "c": [""]}}


@pytest.mark.parametrize("name", ["X-Token", "x-token", "X-TOKEN"])
def test_a_header_is_found_in_any_case(client, name):
    assert client.get("/header", headers={name: "open sesame"}).json == {"X-Token": "open sesame"}


@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data"])
def test_a_form_in_both_of_its_types(client, content_type):
    data = {"name": "Ann", "drink": ["tea", "water"]}
    response = client.post("/form", data=data, content_type=content_type)
    assert response.json == {"form": {"name": ["Ann"], "drink": ["tea", "water"]}}


def test_a_json_object_keeps_its_types(client):
    data = {"name": "茶", "cups": 2, "sweet": False, "extras": [None, 1.5, {"milk": True}]}
    assert client.post("/json", json=data).json == {"json": data}


# The other ways


def test_cookies_are_parsed_from_one_header(client):
    bare = app.test_client(use_cookies=False)
    response = bare.get("/cookie", headers={"Cookie": "theme=dark; size=2"})
    assert response.json["header"] == "theme=dark; size=2"
    assert response.json["cookies"] == {"theme": "dark", "size": "2"}
    client.set_cookie("theme", "light")
    assert client.get("/cookie").json["cookies"] == {"theme": "light"}


@pytest.mark.parametrize("content_type", ["application/xml", "text/xml; charset=utf-8"])
def test_xml_becomes_a_dict_of_texts(client, content_type):
    body = "<xml><c>3</c><d unit='g'>茶</d><e/><f>1</f><f>2</f></xml>".encode()
    assert client.post("/xml", data=body, content_type=content_type).json == {
        "xml": {"xml": {"c": "3", "d": {"@unit": "g", "#text": "茶"}, "e": None, "f": ["1", "2"]}}
    }


def test_a_picture_arrives_as_it_was_sent(client):
    data = {"file": (BytesIO(PNG), "a.png"), "to": "Ann"}
    assert client.post("/files", data=data).json == {
        "filename": "a.png",
        "type": "image/png",
        "size": len(PNG),
        "starts_with": r"\x89PNG" + "\r\n\x1a\n" + "".join(map(chr, range(8))),
        "form": {"to": ["Ann"]},
    }


@pytest.mark.parametrize("method", METHODS)
def test_raw_shows_the_whole_request_with_crlf(client, method):
    response = client.open(
        "/raw?a=%20", method=method, headers={"X-Token": "é"}, data=PNG, content_type="image/png"
    )
    assert response.mimetype == "text/plain"
    head, empty_line, body = response.data.partition(b"\r\n\r\n")
    assert empty_line
    assert body == PNG
    start_line, *headers = head.decode("latin-1").split("\r\n")
    assert start_line == f"{method} /raw?a=%20 HTTP/1.1"
    assert {"X-Token: é", "Content-Type: image/png", f"Content-Length: {len(PNG)}"} < set(headers)


@pytest.mark.parametrize("target", ["/raw", "/raw?a=%20", "/%72aw"])
def test_raw_shows_the_target_as_it_was_sent(client, target):
    assert client.get(target).text.startswith(f"GET {target} HTTP/1.1\r\n")


# Data that are missing, or of the wrong type


def test_a_query_string_may_be_missing(client):
    assert client.get("/search").json == {"method": "GET", "args": {}}


def test_a_query_string_and_a_form_are_kept_apart(client):
    assert client.post("/search?a=1", data={"b": "2"}).json["args"] == {"a": ["1"]}
    assert client.post("/form?a=1", data={"b": "2"}).json == {"form": {"b": ["2"]}}


def test_a_missing_header_is_400(client):
    assert status_and_message(client.get("/header")) == (400, "Send a header X-Token.")


@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=x"])
def test_a_form_may_be_empty(client, content_type):
    assert client.post("/form", content_type=content_type).json == {"form": {}}


def test_cookies_may_be_missing(client):
    assert client.get("/cookie").json == {"header": None, "cookies": {}}


@pytest.mark.parametrize(
    ("path", "body", "content_type", "expected"),
    [
        ("/form", "name=Ann", "text/plain", "Send a form."),
        ("/form", "name=Ann", None, "Send a form."),
        ("/form", '{"name": "Ann"}', "application/json", "Send a form."),
        ("/json", '{"name": "Ann"}', FORM, "Did not attempt to load JSON data"),
        ("/json", '{"name": "Ann"}', None, "Did not attempt to load JSON data"),
        ("/xml", "<a/>", "text/plain", "Send XML, with Content-Type: application/xml."),
        ("/xml", "<a/>", FORM, "Send XML, with Content-Type: application/xml."),
        ("/xml", "<a/>", None, "Send XML, with Content-Type: application/xml."),
    ],
)
def test_a_body_of_the_wrong_type_is_415(client, path, body, content_type, expected):
    status, message = status_and_message(client.post(path, data=body, content_type=content_type))
    assert status == 415
    assert message.startswith(expected)


@pytest.mark.parametrize("body", ["", "{", "{'name': 'Ann'}", "{} {}", b"\xff\xfe", "9" * 5000])
def test_broken_json_is_400(client, body):
    response = client.post("/json", data=body, content_type="application/json")
    assert response.status_code == 400


@pytest.mark.parametrize("body", ["[1, 2]", '"tea"', "7", "null", "true", '[["a", 1]]'])
def test_json_that_is_not_an_object_is_400(client, body):
    response = client.post("/json", data=body, content_type="application/json")
    assert status_and_message(response) == (400, "Send a JSON object, in braces.")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"tea",
        b"<a><b></a>",
        b"<a/><b/>",
        b"<a>\xff</a>",
        b"<a>\0</a>",
        b"<a>&tea;</a>",
        b'<?xml version="1.0" encoding="tea"?><a/>',
        b'<?xml version="1.0" encoding="hex"?><a/>',
        '<?xml version="1.0" encoding="gbk"?><a>茶</a>'.encode("gbk"),
    ],
)
def test_broken_xml_is_400(client, body):
    status, message = status_and_message(client.post("/xml", data=body, content_type=XML))
    assert status == 400
    assert message.startswith("This XML cannot be read: ")


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        ({"to": "Ann"}, "multipart/form-data"),
        ({"file": "no file, just text"}, "multipart/form-data"),
        ({"picture": (BytesIO(PNG), "a.png")}, "multipart/form-data"),
        ({"file": "a.png"}, FORM),
        (PNG, "image/png"),
        (b"--x", "multipart/form-data"),
        (b'--x\r\nContent-Disposition: form-data; name="file"', "multipart/form-data; boundary=x"),
        (b"", None),
    ],
)
def test_a_request_without_the_file_is_400(client, data, content_type):
    response = client.post("/files", data=data, content_type=content_type)
    assert status_and_message(response) == (
        400,
        "Send a multipart form with a file in its field 'file'.",
    )


def test_a_file_field_that_was_left_empty_is_400(client):
    """A browser sends it as a part with the empty file name."""
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--x--\r\n'
    response = client.post("/files", data=part, content_type="multipart/form-data; boundary=x")
    assert response.status_code == 400


@pytest.mark.parametrize("path", ["/form", "/json", "/xml", "/files"])
def test_the_ways_that_need_a_body_are_post_only(client, path):
    response = client.get(path)
    assert response.status_code == 405
    assert set(response.allow) == {"POST", "OPTIONS"}


# Attacks


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/form", FORM),
        ("/json", "application/json"),
        ("/xml", XML),
        ("/files", "multipart/form-data; boundary=x"),
        ("/raw", None),
    ],
)
def test_a_body_beyond_the_limit_is_413(client, path, content_type):
    body = b"a" * 1_000_001
    assert client.post(path, data=body, content_type=content_type).status_code == 413


def test_a_body_may_have_a_million_bytes(client):
    assert client.post("/raw", data=b"a" * 1_000_000).status_code == 200


def bomb(levels):
    """Return XML of a few hundred bytes that expands to ten to the power of ``levels`` letters."""
    entities = ['<!ENTITY e0 "x">']
    entities += [f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(levels)]
    return f"<!DOCTYPE a [{''.join(entities)}]><a>&e{levels};</a>"


def test_entities_expand_where_they_are_allowed():
    for levels in range(5):
        assert len(xmltodict.parse(bomb(levels), disable_entities=False)["a"]) == 10**levels
    assert len(bomb(9)) < 1000


@pytest.mark.parametrize(
    "body",
    [
        bomb(0),
        bomb(9),
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd"> %x;]><a/>',
    ],
)
def test_xml_that_defines_entities_is_400(client, body):
    response = client.post("/xml", data=body, content_type=XML)
    assert status_and_message(response) == (400, "This XML cannot be read: entities are disabled.")


def test_a_dtd_of_another_server_is_not_fetched(client):
    with socket.create_server(("127.0.0.1", 0)) as other_server:
        port = other_server.getsockname()[1]
        body = f'<!DOCTYPE a SYSTEM "http://127.0.0.1:{port}/a.dtd"><a>1</a>'
        assert client.post("/xml", data=body, content_type=XML).json == {"xml": {"a": "1"}}
        assert select.select([other_server], [], [], 0)[0] == []


@pytest.mark.parametrize(
    ("path", "opening", "closing", "content_type"),
    [("/json", '{"a":', "}", "application/json"), ("/xml", "<a>", "</a>", XML)],
)
def test_what_is_nested_too_deeply_is_400(client, path, opening, closing, content_type):
    def send(depth):
        innermost = "1" if path == "/json" else ""
        body = opening * depth + innermost + closing * depth
        return client.post(path, data=body, content_type=content_type)

    accepted = 100
    assert send(accepted).status_code == 200
    # How deep is too deep differs between the versions of Python; the smaller depth is quicker.
    refused = next(depth for depth in (2_000, 50_000) if send(depth).status_code != 200)
    assert status_and_message(send(refused)) == (400, "This is nested too deeply.")
    # Narrowed down to the limit, where reading still succeeds and only writing the response fails.
    while refused - accepted > 1:
        depth = (accepted + refused) // 2
        response = send(depth)
        if response.status_code == 200:
            accepted = depth
        else:
            assert status_and_message(response) == (400, "This is nested too deeply.")
            refused = depth


# A request typed by hand


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_lines_sent_through_a_socket_are_a_request(end):
    lines = ["POST /form HTTP/1.1", "Host: typed", "Content-Length: 8", f"Content-Type: {FORM}"]
    with serving(app) as server:
        request = end.join(lines) + end * 2 + "name=Ann"
        response = raw_response(server.server_port, request.encode())
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b'{"form":{"name":["Ann"]}}\n'


def test_slashes_instead_of_backslashes_do_not_end_a_line():
    typed = b"GET /goods/7 HTTP/1.1/r/nHost: typed/r/n/r/n"
    with serving(app) as server:
        response = raw_response(server.server_port, typed + b"\r\n\r\n")
    assert b"Error code: 400" in response
    # All of it is one line, and the server takes its last word for the version of HTTP.
    assert b"Bad request version ('typed/r/n/r/n')" in response
