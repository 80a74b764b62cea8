"""JSON in the body of a request: read it, check its shape, refuse it in JSON.

Begin with test_a_valid_order_is_accepted.
"""

import io
import json
import logging
import math

import pytest

from day02.json_body import first
from day02.json_body.app import DRINKS, METHODS, app
from day02.json_body.strict_json import loads

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
NOT_UNDERSTOOD = "The browser (or proxy) sent a request that this server could not understand."
WRONG_TYPE = (
    "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."
)


SHAPE = "Send a JSON object, in braces."
DRINK = "Send a 'drink', tea or coffee."
CUPS = "Send 'cups', a whole number from 1 to 20."
TOO_DEEP = "This is nested too deeply."
ORDER = {"drink": "tea", "cups": 2}
READERS = ["/any", "/orders", "/strict"]


@pytest.fixture
def client():
    return app.test_client()


@pytest.mark.parametrize("drink", DRINKS)
@pytest.mark.parametrize("cups", [1, 20])
def test_a_valid_order_is_accepted(client, drink, cups):
    response = client.post("/orders", json={"drink": drink, "cups": cups, "other": [1]})
    assert response.status_code == 201
    assert response.json == {"drink": drink, "cups": cups}


def test_the_small_program_returns_the_json_and_refuses_all_else():
    client = first.app.test_client()
    response = client.post("/orders", json=ORDER)
    assert (response.status_code, response.json) == (201, {"received": ORDER})
    assert client.post("/orders", data=json.dumps(ORDER)).status_code == 415
    assert client.post("/orders", data="{'cups': 2}", content_type=JSON).status_code == 400


def test_a_list_is_sent_as_json(client):
    response = client.get("/drinks")
    assert (response.mimetype, response.json) == (JSON, ["tea", "coffee"])


@pytest.mark.parametrize("path", ["/any", "/strict", "/forced"])
def test_json_need_not_be_a_dict(client, path):
    for value in [
        *[{"a": 1}, {}, [1, "two", None], [], "a", "", "茶", "a\0b", "\ud800"],
        *[7, -2.5, True, False],
    ]:
        response = client.post(path, json=value)
        assert response.status_code == 200
        assert response.json == {"type": type(value).__name__, "value": value}


def error(response):
    """Return the status code and the message of an error, which has to be JSON."""
    assert response.mimetype == JSON
    assert list(response.json) == ["error", "message"]
    assert response.status.upper() == f"{response.status_code} {response.json['error']}".upper()
    return response.status_code, response.json["message"]


def post(client, path, body, content_type=JSON):
    return client.post(path, data=body, content_type=content_type)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({}, DRINK),
        ({"cups": 2}, DRINK),
        ({"Drink": "tea", "cups": 2}, DRINK),
        *[
            (ORDER | {"drink": drink}, DRINK)
            for drink in ["rum", "", "tea\0", "TEA", None, 1, True, [], ["tea"], {"tea": 1}]
        ],
        ({"drink": "tea"}, CUPS),
        *[
            (ORDER | {"cups": cups}, CUPS)
            for cups in [0, -1, 21, 10**30, 2.0, 1.5, "2", "", None, True, False, [2], {"n": 2}]
        ],
        (ORDER | {"cups": math.nan}, CUPS),
        (ORDER | {"cups": math.inf}, CUPS),
    ],
)
def test_an_order_with_a_field_missing_or_of_the_wrong_kind_is_refused(client, order, message):
    assert error(client.post("/orders", json=order)) == (400, message)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/json", "application/jsonx", FORM, "", None]
)
def test_json_under_another_header_is_not_read(client, content_type):
    body = json.dumps(ORDER)
    for path in ["/any", "/orders", "/orders-unsafe"]:
        assert error(post(client, path, body, content_type)) == (415, WRONG_TYPE)
    strict = post(client, "/strict", body, content_type)
    assert error(strict) == (415, "Send it with Content-Type: application/json.")


# The body as it came


@pytest.mark.parametrize("content_type", [FORM, "text/plain", JSON, None])
def test_raw_is_the_body_of_any_type(client, content_type):
    form = {"c": "3"} if content_type == FORM else {}
    for method in METHODS:
        response = client.open("/raw", method=method, data=b"c=3", content_type=content_type)
        assert response.json == {"get_data": "c=3", "form": form}


@pytest.mark.parametrize(
    ("content_type", "data", "form"),
    [
        (FORM, b"", {"c": "3"}),
        ("text/plain", b"c=3", {}),
        (JSON, b"c=3", {}),
        (None, b"c=3", {}),
    ],
)
def test_data_is_what_remains_after_a_form_in_bytes(client, content_type, data, form):
    response = post(client, "/data", b"c=3", content_type)
    assert response.json == {"data": repr(data), "form": form}


def test_nothing_remains_of_a_multipart_form_either(client):
    multipart = "multipart/form-data"
    response = client.post("/data", data={"c": "3"}, content_type=multipart)
    assert response.json == {"data": "b''", "form": {"c": "3"}}
    response = client.post("/raw", data={"c": "3"}, content_type=multipart)
    assert response.json["form"] == {"c": "3"}
    assert 'form-data; name="c"' in response.json["get_data"]


@pytest.mark.parametrize("content_type", [FORM, "text/plain"])
def test_a_body_that_is_not_text_is_shown_too(client, content_type):
    response = post(client, "/raw", b"c=\xff\x00", content_type)
    assert response.json == {"get_data": "c=\ufffd\0", "form": {}}
    assert post(client, "/data", b"\xff\x00", "text/plain").json["data"] == r"b'\xff\x00'"


# Any JSON


NOT_JSON = [
    b"",
    b" ",
    b"{'c': 3}",
    b'{"a": 1,}',
    b"[1, 2",
    b"{a: 1}",
    b'"a\x00b"',
    b'"\xff"',
    b"\xff\xfe\xff",
    b"None",
    b"True",
    b"c=3",
    b'{"a": 1} {"b": 2}',
    b"9" * 5000,
]


@pytest.mark.parametrize("path", ["/any", "/strict"])
def test_null_is_json_too(client, path):
    assert post(client, path, b"null").json == {"type": "NoneType", "value": None}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method_can_have_a_body(client, method):
    response = client.open("/any", method=method, json={"a": 1})
    assert response.json == {"type": "dict", "value": {"a": 1}}


def test_a_body_that_is_not_json_is_400(client):
    for body in NOT_JSON:
        for path in ["/any", "/orders", "/orders-unsafe"]:
            assert error(post(client, path, body)) == (400, NOT_UNDERSTOOD), body
        status, message = error(post(client, "/strict", body))
        assert status == 400, body
        assert message.startswith("This is not valid JSON: ")


def test_in_debug_mode_the_message_says_where_parsing_stopped(client, monkeypatch):
    monkeypatch.setitem(app.config, "DEBUG", True)
    status, message = error(post(client, "/any", b"{'c': 3}"))
    assert status == 400
    assert message.startswith("Failed to decode JSON object: Expecting property name")


@pytest.mark.parametrize(
    "content_type",
    [JSON, "Application/JSON", f"{JSON}; charset=utf-8", "application/vnd.api+json"],
)
@pytest.mark.parametrize("path", ["/any", "/strict"])
def test_the_header_may_be_written_in_several_ways(client, path, content_type):
    assert post(client, path, '"é"', content_type).json["value"] == "é"


# Another shape than the view expects


@pytest.mark.parametrize("value", [[], [1], [ORDER], "tea", 2, 2.5, True, None, ["drink", "cups"]])
def test_a_body_that_is_not_a_dict_is_400_and_500_in_the_unsafe_view(client, caplog, value):
    assert error(post(client, "/orders", json.dumps(value))) == (400, SHAPE)
    with caplog.at_level(logging.CRITICAL + 1, app.logger.name):
        status, message = error(post(client, "/orders-unsafe", json.dumps(value)))
    assert status == 500
    assert "error in the application" in message


def test_the_unsafe_view_fails_or_accepts_nonsense(client, caplog):
    with caplog.at_level(logging.CRITICAL + 1, app.logger.name):
        assert error(client.post("/orders-unsafe", json={}))[0] == 500
        assert error(client.post("/orders-unsafe", json={"drink": "tea"}))[0] == 500
    nonsense = {"drink": {"a": 1}, "cups": "many"}
    response = client.post("/orders-unsafe", json=nonsense)
    assert (response.status_code, response.json) == (201, nonsense)
    assert error(client.post("/orders", json=nonsense)) == (400, DRINK)


# Errors as JSON


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nope", 404),
        ("GET", "/orders", 405),
        ("POST", "/drinks", 405),
        ("GET", "/any", 415),
    ],
)
def test_every_error_is_sent_as_json(client, method, path, code):
    assert error(client.open(path, method=method))[0] == code


def test_an_error_keeps_its_headers(client):
    response = client.get("/orders")
    assert set(response.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
    assert response.content_length == len(response.data)
    assert response.text.endswith("}\n")


# Attacks: without the header


@pytest.mark.parametrize("content_type", [JSON, "text/plain", FORM, None])
def test_force_reads_json_under_any_header(client, content_type):
    response = post(client, "/forced", json.dumps(ORDER), content_type)
    assert (response.status_code, response.json) == (200, {"type": "dict", "value": ORDER})


def test_silent_returns_none_for_broken_json_as_for_null(client):
    for body in [*NOT_JSON, b"null"]:
        response = post(client, "/forced", body, "text/plain")
        assert error(response) == (400, "Send JSON, and not null."), body


def test_a_page_of_another_site_can_send_text_but_not_the_header(client):
    # A browser sends this for a form with enctype="text/plain" and one field. The field's name is
    # everything before the equals sign.
    body = '{"drink": "tea", "cups": 20, "x": "="}\r\n'
    origin = {"Origin": "http://evil.example"}
    attack = client.post("/forced", data=body, content_type="text/plain", headers=origin)
    assert attack.json["value"] == {"drink": "tea", "cups": 20, "x": "="}
    for path in READERS:
        defence = client.post(path, data=body, content_type="text/plain", headers=origin)
        assert error(defence)[0] == 415
    permission = client.options("/orders", headers=origin)
    assert "Access-Control" not in str(permission.headers)


# Attacks: what other programs read differently


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ('{"cups": 1, "cups": 20}', {"cups": 20}),
        ('[{"a": {"b": 1, "b": 2}}]', [{"a": {"b": 2}}]),
        ('{"a": 1, "\\u0061": 2}', {"a": 2}),
    ],
)
def test_a_repeated_name_keeps_its_last_value_or_is_refused(client, body, value):
    assert post(client, "/any", body).json["value"] == value
    refusal = (400, "This is not valid JSON: a name comes twice.")
    assert error(post(client, "/strict", body)) == refusal


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("1e999", "Infinity"),
        ("-1e999", "-Infinity"),
        ('{"a": [NaN]}', '{"a":[NaN]}'),
    ],
)
def test_numbers_that_json_does_not_have_are_sent_back_or_refused(client, body, number):
    attack = post(client, "/any", body)
    assert attack.text.endswith(f'"value":{number}}}\n')
    refusal = (400, "This is not valid JSON: a number is not finite.")
    assert error(post(client, "/strict", body)) == refusal


def test_strict_parsing_changes_nothing_else():
    text = '{"a": {"a": [1, 2.5, -0.5e3, null, true, "NaN"]}, "b": {"a": {}}}'
    assert loads(text.encode()) == json.loads(text)
    with pytest.raises(ValueError, match="utf-8"):
        loads(b'"\xff"')


# Attacks: too much


@pytest.mark.parametrize("path", ["/raw", "/data", "/any", "/orders", "/orders-unsafe", "/strict"])
def test_a_body_may_have_ten_thousand_bytes_and_no_more(client, path):
    longest = b'"' + b"x" * 9_998 + b'"'
    allowed = post(client, path, longest)
    assert allowed.status_code != 413
    refused = post(client, path, longest + b" ")
    assert error(refused) == (413, "The data value transmitted exceeds the capacity limit.")


@pytest.mark.parametrize("content_type", [FORM, "text/plain"])
def test_a_form_and_a_forced_body_are_limited_too(client, content_type):
    for path in ["/raw", "/data", "/forced"]:
        assert error(post(client, path, b"a=" + b"x" * 10_000, content_type))[0] == 413


def test_a_body_without_a_length_is_limited_too(client):
    response = client.post(
        "/any",
        input_stream=io.BytesIO(b'"' + b"x" * 20_000 + b'"'),
        content_type=JSON,
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert error(response)[0] == 413


@pytest.mark.parametrize("body", [b"[" * 9_000, b"[" * 5_000 + b"]" * 5_000, b'{"a":' * 1_900])
def test_deep_nesting_never_cause_a_500(client, body):
    for path in ["/any", "/forced", "/strict", "/orders"]:
        # How deeply Python can parse depends on its version.
        assert post(client, path, body).status_code in {200, 400}


@pytest.mark.parametrize("path", ["/any", "/forced", "/strict"])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_what_is_nested_too_deeply_is_400(client, monkeypatch, path, opening, closing):
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", None)

    def send(depth):
        return post(client, path, opening * depth + b"1" + closing * depth)

    accepted = 100
    assert send(accepted).status_code == 200
    # How deep is too deep differs between the versions of Python; the smaller depth is quicker.
    refused = next(depth for depth in (2_000, 50_000) if send(depth).status_code != 200)
    assert error(send(refused)) == (400, TOO_DEEP)
    # Narrowed down to the limit, where reading still succeeds and only writing the response fails.
    while refused - accepted > 1:
        depth = (accepted + refused) // 2
        response = send(depth)
        if response.status_code == 200:
            accepted = depth
        else:
            assert error(response) == (400, TOO_DEEP)
            refused = depth
