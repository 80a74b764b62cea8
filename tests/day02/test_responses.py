"""Responses: what a view returns, and what goes over the network.

Begin with test_text_becomes_the_body. ``first.py`` is tested at the end of the plain tests.
"""

import importlib.metadata
import json
import logging
import re

import pytest
from flask import Flask, jsonify, redirect
from packaging.version import Version

from day02.responses import first
from day02.responses.app import TEAS, WRONG, app
from tests.helpers import raw_response, serving

HTML = "text/html; charset=utf-8"
JSON = "application/json"

# The change log of Flask 3.2 announces 303 as the default of ``redirect``.
BEFORE_3_2 = Version(importlib.metadata.version("flask")) < Version("3.2.dev0")
DEFAULT_CODE = 302 if BEFORE_3_2 else 303


@pytest.fixture
def client():
    return app.test_client()


def test_text_becomes_the_body(client):
    response = client.get("/")
    assert response.status == "200 OK"
    assert response.content_type == HTML
    assert response.text == "Welcome to the tea house.\n"


def test_body_and_status(client):
    response = client.get("/order")
    assert response.status == "202 ACCEPTED"
    assert response.text == "Your tea is on its way.\n"


def test_body_status_and_a_header_that_comes_twice(client):
    response = client.get("/kitchen")
    assert response.status == "403 FORBIDDEN"
    assert response.text == "Staff only.\n"
    assert response.headers.getlist("X-Reason") == ["steam", "knives"]


def test_lists_and_dicts_are_sent_as_json(client):
    response = client.get("/teas")
    assert (response.status_code, response.content_type) == (200, JSON)
    assert response.json == ["green", "black", "oolong"]
    for name, chinese in TEAS.items():
        response = client.get(f"/teas/{name}")
        assert (response.status_code, response.content_type) == (200, JSON)
        assert response.json == {"name": name, "chinese": chinese}


def test_redirect_sends_the_client_elsewhere(client):
    response = client.get("/menu")
    assert response.status_code == DEFAULT_CODE
    assert response.location == "/teas"
    assert client.get("/menu", base_url="http://localhost/run/responses").location == (
        "/run/responses/teas"
    )
    assert client.get("/menu", follow_redirects=True).json == list(TEAS)


def test_the_default_status_code_of_redirect_is_302_before_flask_3_2():
    assert redirect("/teas").status_code == DEFAULT_CODE
    assert redirect("/teas", 303).status_code == 303


@pytest.mark.parametrize(
    ("path", "status", "content_type", "text"),
    [
        ("/", "200 OK", HTML, "Welcome to the tea house.\n"),
        ("/order", "202 ACCEPTED", HTML, "Your tea is on its way.\n"),
        ("/teas", "200 OK", JSON, '["green","black","oolong"]\n'),
    ],
)
def test_the_small_program_returns_three_values(path, status, content_type, text):
    response = first.app.test_client().get(path)
    assert (response.status, response.content_type, response.text) == (status, content_type, text)


# Response objects and streams


def test_a_page_with_404_and_a_header_of_its_own(client):
    response = client.get("/teas/mint")
    assert response.status == "404 NOT FOUND"
    assert response.content_type == HTML
    assert response.headers["x-teas"] == "green, black, oolong"
    assert "We have no mint tea." in response.text
    assert 'href="/teas"' in response.text
    mounted = client.get("/teas/mint", base_url="http://localhost/run/responses")
    assert 'href="/run/responses/teas"' in mounted.text


def test_a_response_object_is_sent_as_it_was_changed(client):
    response = client.get("/teapot")
    assert response.status == "418 I'M A TEAPOT"
    assert response.content_type == JSON
    assert response.json == {"short": True, "stout": True}


def test_chinese_letters_are_sent_as_they_are(client):
    assert client.get("/teas/green").data == '{"chinese":"绿茶","name":"green"}\n'.encode()
    with Flask("small").test_request_context():
        assert rb"\u7eff" in jsonify(chinese="绿茶").data


def test_the_stream_comes_in_pieces_and_without_a_length(client):
    response = client.get("/stream")
    assert response.status_code == 200
    assert response.content_length is None
    assert response.is_streamed
    assert list(response.iter_encoded()) == [b"Cup 1\n", b"Cup 2\n", b"Cup 3\n"]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/teapot", 418), ("/stream", 200), ("/nowhere", 404), ("/wrong/none", 500)],
)
def test_every_response_has_its_own_id(client, path, status):
    responses = [client.get(path) for _ in range(3)]
    assert {response.status_code for response in responses} == {status}
    ids = {response.headers["X-Request-Id"] for response in responses}
    assert len(ids) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)


def test_only_get_is_allowed(client):
    paths = ["/", "/order", "/kitchen", "/teas", "/teapot", "/stream", "/menu", "/cup", "/sold-out"]
    for path in paths:
        response = client.post(path)
        assert response.status_code == 405
        assert set(response.allow) == {"GET", "HEAD", "OPTIONS"}


# What a view may not return


@pytest.mark.parametrize("kind", sorted(WRONG))
def test_a_wrong_value_is_a_type_error_in_the_log_and_500_for_the_visitor(
    client, caplog, monkeypatch, kind
):
    with caplog.at_level(logging.ERROR):
        response = client.get(f"/wrong/{kind}")
    assert response.status == "500 INTERNAL SERVER ERROR"
    assert "TypeError" not in response.text
    assert "TypeError" in caplog.text
    monkeypatch.setitem(app.config, "TESTING", True)
    with pytest.raises(TypeError):
        client.get(f"/wrong/{kind}")


def test_the_wrong_values_are_those_of_the_notes():
    assert {kind: type(value) for kind, value in WRONG.items()} == {
        "none": type(None),
        "number": int,
        "set": set,
        "status-first": tuple,
        "headers-before-status": tuple,
    }


@pytest.mark.parametrize("kind", ["tea", "None", "NONE", " "])
def test_an_unknown_wrong_value_is_404(client, kind):
    assert client.get(f"/wrong/{kind}").status_code == 404


# Attacks


SCRIPT = "<script>alert(1)</script>"


def test_the_page_escapes_what_the_visitor_wrote(client):
    response = client.get("/teas/<script>alert(1)")
    assert response.status_code == 404
    assert "We have no &lt;script&gt;alert(1) tea." in response.text


def test_json_sent_as_text_is_a_page_and_a_dict_is_not(client):
    unsafe = client.get("/sold-out-unsafe", query_string={"tea": SCRIPT})
    assert unsafe.mimetype == "text/html"
    assert SCRIPT in unsafe.text
    safe = client.get("/sold-out", query_string={"tea": SCRIPT})
    assert safe.mimetype == JSON
    assert safe.json == {"sold_out": SCRIPT}


@pytest.mark.parametrize("path", ["/sold-out-unsafe", "/sold-out"])
@pytest.mark.parametrize("tea", ["", "green", "oolong"])
def test_both_views_send_the_same_for_harmless_text(client, path, tea):
    response = client.get(path, query_string={"tea": tea})
    assert response.status_code == 409
    assert json.loads(response.text) == {"sold_out": tea}
    assert json.loads(client.get(path).text) == {"sold_out": "green"}


@pytest.mark.parametrize("end", ["%0d%0a", "%0a", "%0d"])
def test_a_line_break_in_a_header_is_a_500_unless_it_is_quoted(client, caplog, end):
    with caplog.at_level(logging.ERROR):
        unsafe = client.get(f"/cup-unsafe?name=x{end}X-Evil:%20yes")
    assert unsafe.status_code == 500
    assert "ValueError: Header values must not contain newline characters." in caplog.text
    assert "X-Evil" not in unsafe.headers
    safe = client.get(f"/cup?name=x{end}X-Evil:%20yes")
    assert safe.status_code == 200
    assert safe.headers["X-Cup-For"].lower() == f"x{end}x-evil%3a%20yes"
    assert "X-Evil" not in safe.headers


@pytest.mark.parametrize("path", ["/cup-unsafe", "/cup"])
def test_a_harmless_name_reaches_the_header(client, path):
    assert client.get(f"{path}?name=Ann").headers["X-Cup-For"] == "Ann"
    assert client.get(path).headers["X-Cup-For"] == "guest"
    assert client.get(path).text == "A cup of tea.\n"


# What goes over the network


@pytest.fixture
def get():
    """Return a function that gets a path from a real server: every byte of the response."""
    with serving(app) as server:

        def send(path):
            request = f"GET {path} HTTP/1.1\r\nHost: tea\r\nConnection: close\r\n\r\n"
            return raw_response(server.server_port, request.encode()).decode()

        yield send


def head(response):
    """Return the lines of the head."""
    return response.partition("\r\n\r\n")[0].split("\r\n")


def test_a_line_break_in_the_status_makes_a_header_on_the_wire(get):
    attack = "tea=x%0d%0aSet-Cookie:%20visitor=evil;"
    assert head(get(f"/sold-out-unsafe?{attack}"))[:2] == [
        "HTTP/1.1 409 No x",
        "Set-Cookie: visitor=evil; tea",
    ]
    safe = head(get(f"/sold-out?{attack}"))
    assert safe[0] == "HTTP/1.1 409 CONFLICT"
    assert not any(line.startswith("Set-Cookie") for line in safe)


def test_chinese_text_in_the_head_leaves_the_client_without_a_response(get):
    assert get("/cup-unsafe?name=%E8%8C%B6") == ""
    assert "X-Cup-For: %E8%8C%B6" in head(get("/cup?name=%E8%8C%B6"))
    assert get("/sold-out-unsafe?tea=%E8%8C%B6") == ""
    assert get("/sold-out?tea=%E8%8C%B6").endswith('{"sold_out":"茶"}\n')


def test_the_stream_is_sent_in_chunks(get):
    response = get("/stream")
    assert "Transfer-Encoding: chunked" in head(response)
    body = response.partition("\r\n\r\n")[2]
    assert body == "6\r\nCup 1\n\r\n6\r\nCup 2\n\r\n6\r\nCup 3\n\r\n0\r\n\r\n"
