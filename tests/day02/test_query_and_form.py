"""The query string, headers and forms.

Begin with test_a_query_string_is_read_one_value_or_all. The login is tested in
test_query_and_form_login.py.
"""

import re

import pytest
from flask import Flask, request

from day02.query_and_form import first
from day02.query_and_form.app import DRINKS, EXTRAS, app
from tests.day02.helpers import not_once
from tests.helpers import status_and_message

FORM = "application/x-www-form-urlencoded"
ORDER = {"drink": "tea", "cups": "2"}


@pytest.fixture
def client():
    return app.test_client()


@pytest.mark.parametrize(
    ("query", "word", "number", "sizes"),
    [
        ("word=tea", "tea", 1, []),
        ("word=tea&word=coffee", "tea", 1, []),
        ("word=&page=", "", 1, []),
        ("word", "", 1, []),
        ("word=a+b%20c%2Bd", "a b c+d", 1, []),
        ("word=%E8%8C%B6", "茶", 1, []),
        ("word=<b>", "<b>", 1, []),
        ("word=7&page=2", "7", 2, []),
        ("word=t&page=2&page=3", "t", 2, []),
        ("word=t&page=two", "t", 1, []),
        ("word=t&page=2.5", "t", 1, []),
        ("word=t&page=" + "9" * 5000, "t", 1, []),
        ("word=t&page=-1", "t", -1, []),
        ("word=t&size=1", "t", 1, ["1"]),
        ("word=t&size=1&size=2", "t", 1, ["1", "2"]),
        ("word=t&size=2&size=1&size=2&size=", "t", 1, ["2", "1", "2", ""]),
        ("word=%ff&size=%ED%A0%80", "%FF", 1, ["%ED%A0%80"]),
        ("word=%00", "\0", 1, []),
    ],
)
def test_a_query_string_is_read_one_value_or_all(client, query, word, number, sizes):
    response = client.get(f"/search?{query}")
    assert response.status_code == 200
    assert response.json == {"word": word, "page": number, "sizes": sizes}


@pytest.mark.parametrize("query", ["", "page=2", "Word=tea", "word[]=tea"])
def test_a_missing_word_is_a_bad_request(client, query):
    assert status_and_message(client.get(f"/search?{query}"))[0] == 400


@pytest.mark.parametrize("name", ["X-Name", "x-name", "X-NAME"])
def test_a_header_is_found_in_any_case(client, name):
    assert client.get("/headers", headers={name: "Ann"}).json["name"] == "Ann"


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data"])
def test_a_form_is_read_from_both_methods_and_both_types(client, method, content_type):
    data = {"drink": "tea", "cups": "2", "extra": ["milk", "sugar"], "other": "ignored"}
    response = client.open("/order", method=method, data=data, content_type=content_type)
    assert response.json == {"drink": "tea", "cups": 2, "extras": ["milk", "sugar"]}


@pytest.mark.parametrize(
    "change",
    [
        {"cups": "0"},
        {"cups": "21"},
        {"cups": "-5"},
        {"drink": "rum"},
        {"drink": ""},
        {"drink": "TEA"},
        {"extra": "salt"},
        {"extra": ["milk", "salt"]},
        {"extra": "\0"},
    ],
)
def test_values_that_are_not_on_the_menu_are_refused(client, change):
    response = client.post("/order", data=ORDER | change)
    assert status_and_message(response) == (
        400,
        "Order tea or coffee, 1 to 20 cups, with milk, sugar or lemon.",
    )


@pytest.mark.parametrize(
    ("query", "word", "number"),
    [("", "", 1), ("word=tea&page=2", "tea", 2), ("word=tea&page=two", "tea", 1)],
)
def test_the_small_program_reads_a_word_and_a_number(query, word, number):
    response = first.app.test_client().get(f"/search?{query}")
    assert response.json == {"word": word, "page": number}


# Headers


def test_headers_may_be_missing(client):
    response = client.get("/headers?X-Name=Ann&name=Ann").json
    assert response == {"name": "guest", "content_type": None, "mimetype": ""}
    with Flask("tea").test_request_context(headers={"x-name": "Ann"}):
        assert request.headers.get("X-nAmE") == request.headers["X-NAME"] == "Ann"
        assert request.headers.get("X-Other") is None


def test_the_shortcuts_for_the_type_of_the_body(client):
    response = client.post("/headers", data="x", content_type="Text/HTML; charset=utf-8").json
    assert response["content_type"] == "Text/HTML; charset=utf-8"
    assert response["mimetype"] == "text/html"


# A form


def test_a_form_may_come_without_extras(client):
    assert client.post("/order", data=ORDER).json == {"drink": "tea", "cups": 2, "extras": []}


@pytest.mark.parametrize("cups", [1, 20])
@pytest.mark.parametrize("drink", DRINKS)
def test_the_edges_of_what_can_be_ordered(client, drink, cups):
    data = {"drink": drink, "cups": cups, "extra": list(EXTRAS)}
    response = client.post("/order", data=data)
    assert response.json == {"drink": drink, "cups": cups, "extras": list(EXTRAS)}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, not_once("drink")),
        ({"cups": "2"}, not_once("drink")),
        ({"drink": ["tea", "tea"], "cups": "2"}, not_once("drink")),
        ({"drink": "tea\0", "cups": "2"}, not_once("drink")),
        ({"drink": "tea"}, not_once("cups", "int")),
        ({"drink": "tea", "cups": ""}, not_once("cups", "int")),
        ({"drink": "tea", "cups": "two"}, not_once("cups", "int")),
        ({"drink": "tea", "cups": "2.0"}, not_once("cups", "int")),
        ({"drink": "tea", "cups": "9" * 5000}, not_once("cups", "int")),
        ({"drink": "tea", "cups": ["2", "20"]}, not_once("cups", "int")),
        ({"drink": "tea", "cups": ["2", "x"]}, not_once("cups", "int")),
    ],
)
def test_a_field_must_come_once_and_be_valid(client, data, expected):
    assert status_and_message(client.post("/order", data=data)) == expected


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_json_body_is_not_a_form(client, method):
    assert status_and_message(client.open("/order", method=method, json=ORDER)) == not_once("drink")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"drink=tea&cups=2", "text/plain"),
        (b"drink=tea&cups=2", None),
        (b"drink=tea&cups=2", "multipart/form-data; boundary=x"),
        (b"drink=tea&cups=2", "multipart/form-data"),
        (b"drink=tea&cups=2&extra=\xff", FORM),
    ],
)
def test_a_body_that_cannot_be_read_as_a_form_has_no_fields(client, body, content_type):
    response = client.post("/order", data=body, content_type=content_type)
    assert status_and_message(response) == not_once("drink")


@pytest.mark.parametrize(("length", "status"), [(10_000, 200), (10_001, 413)])
def test_a_form_may_have_ten_thousand_bytes(client, length, status):
    body = b"drink=tea&cups=2&other=".ljust(length, b"x")
    assert client.post("/order", data=body, content_type=FORM).status_code == status


def test_a_multipart_form_that_is_too_long_is_refused(client):
    data = ORDER | {"extra": "x" * 10_000}
    response = client.post("/order", data=data, content_type="multipart/form-data")
    assert response.status_code == 413


def test_a_missing_key_is_400_in_debug_mode_too(client, monkeypatch):
    monkeypatch.setitem(app.config, "DEBUG", True)
    response = client.get("/search")
    assert response.status_code == 400
    assert "KeyError: &#39;word&#39;" in response.text
    assert client.post("/login-unsafe", data={"name": "ann"}).status_code == 400


# The pages


def test_the_page_asks_with_get_and_orders_with_post(client):
    page = client.get("/").text
    assert re.findall("<form.*>", page) == [
        '<form action="/search">',
        '<form method="post" action="/order">',
    ]
    assert 'href="/login"' in page
    for name in ["word", "size", "drink", "cups", "extra"]:
        assert f' name="{name}"' in page


def test_every_order_that_the_page_can_send_is_accepted(client):
    page = client.get("/").text
    drinks = re.findall("<option>(.*)</option>", page)
    extras = re.findall('name="extra" value="(.*?)"', page)
    assert (drinks, extras) == (["tea", "coffee"], ["milk", "sugar", "lemon"])
