"""Converters: which paths a rule takes, and which Python value the view receives.

Begin with test_the_view_receives_a_whole_number.
"""

from uuid import UUID

import pytest

from day01.converters import first
from day01.converters.app import app


@pytest.fixture
def client():
    return app.test_client()


def test_the_view_receives_a_whole_number(client):
    response = client.get("/goods/7")
    assert response.status_code == 200
    assert response.json == {"type": "int", "value": 7}


@pytest.mark.parametrize("text", ["7", "seven", "-1", ""])
def test_the_first_program_sends_the_same_responses(client, text):
    response = first.app.test_client().get(f"/goods/{text}")
    same = client.get(f"/goods/{text}")
    assert (response.status_code, response.data) == (same.status_code, same.data)


def get(client, path):
    """Return what the view received as (type, value), or the status code of a refusal."""
    response = client.get(path)
    if response.status_code != 200:
        return response.status_code
    return response.json["type"], response.json["value"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", ("int", 7)),
        ("007", ("int", 7)),
        ("٧", ("int", 7)),
        ("0", ("int", 0)),
        ("99999999999999999999", ("int", 99999999999999999999)),
        ("-1", 404),
        ("+1", 404),
        ("1_000", 404),
        ("1.5", 404),
        ("x", 404),
        ("", 404),
    ],
)
def test_int_takes_digits_and_nothing_else(client, text, expected):
    assert get(client, f"/goods/{text}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.5", ("float", 1.5)),
        ("0.0", ("float", 0.0)),
        ("1", 404),
        ("1.", 404),
        (".5", 404),
        ("1e3", 404),
        ("-1.5", 404),
        ("nan", 404),
    ],
)
def test_float_needs_a_dot_between_digits(client, text, expected):
    assert get(client, f"/prices/{text}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", ("str", "1")), ("王", ("str", "王")), ("a/b", 404), ("a%2Fb", 404), ("", 404)],
)
def test_default_converter_gives_text_without_slashes(client, text, expected):
    assert get(client, f"/people/{text}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b/c", ("str", "a/b/c")),
        ("a/b.txt", ("str", "a/b.txt")),
        ("a%2Fb", ("str", "a/b")),
        ("a//b", ("str", "a//b")),
        ("", 404),
    ],
)
def test_path_takes_slashes_but_no_empty_text(client, text, expected):
    assert get(client, f"/files/{text}") == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/countries/cn", ("str", "cn")),
        ("/countries/c", 404),
        ("/countries/chn", 404),
        ("/pages/about", ("str", "about")),
        ("/pages/help", ("str", "help")),
        ("/pages/contact", 404),
        ("/pages/abouthelp", 404),
        (
            "/tickets/0ff1ce00-cafe-4bad-babe-123456789abc",
            ("UUID", "0ff1ce00-cafe-4bad-babe-123456789abc"),
        ),
        ("/tickets/0ff1ce00cafe4badbabe123456789abc", 404),
    ],
)
def test_length_any_and_uuid_narrow_what_matches(client, path, expected):
    assert get(client, path) == expected


# Edges


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-2", ("int", -2)),
        ("0", ("int", 0)),
        ("40", ("int", 40)),
        ("41", 404),
        ("--2", 404),
    ],
)
def test_signed_int_takes_a_minus_and_keeps_its_range(client, text, expected):
    assert get(client, f"/floors/{text}") == expected


@pytest.mark.parametrize(("text", "value"), [("21", 21.0), ("-4", -4.0), ("-1.5", -1.5)])
def test_an_int_rule_beside_the_float_rule_covers_all_numbers(client, text, value):
    assert get(client, f"/temperatures/{text}") == ("float", value)


def test_double_slash_before_the_value_is_merged_by_a_redirect(client):
    response = client.get("/files//a")
    assert response.status_code == 308
    assert response.location.endswith("/files/a")


def test_string_is_the_name_of_the_default_converter():
    converters = app.url_map.converters
    assert converters["string"] is converters["default"]


def test_seven_converters_are_built_in():
    built_in = ["any", "default", "float", "int", "path", "string", "uuid"]
    assert sorted(app.url_map.converters) == built_in


@pytest.mark.parametrize(
    ("endpoint", "values", "path"),
    [
        ("goods", {"goods_id": 7}, "/goods/7"),
        ("floors", {"floor": -2}, "/floors/-2"),
        ("files", {"name": "a/b c"}, "/files/a/b%20c"),
        ("people", {"name": "Ann Lee"}, "/people/Ann%20Lee"),
        ("tickets", {"ticket": UUID(int=1)}, f"/tickets/{UUID(int=1)}"),
    ],
)
def test_converters_also_build_the_path(endpoint, values, path):
    with app.test_request_context():
        assert app.url_for(endpoint, **values) == path


def test_any_takes_the_two_words_of_the_rule_and_no_others():
    with (
        app.test_request_context(),
        pytest.raises(ValueError, match=r"'contact' is not one of 'about', 'help'$"),
    ):
        app.url_for("pages", page="contact")


def test_a_built_path_may_be_one_that_the_rule_refuses(client):
    with app.test_request_context():
        path = app.url_for("people", name="a/b")
    assert path == "/people/a/b"
    assert client.get(path).status_code == 404


# Attacks


def test_unescaped_path_value_becomes_markup_and_escaped_one_does_not(client):
    attack = "<script>alert(1)"
    unsafe = client.get(f"/hello-unsafe/{attack}")
    assert unsafe.mimetype == "text/html"
    assert "<script>" in unsafe.text
    safe = client.get(f"/hello/{attack}")
    assert safe.mimetype == "text/html"
    assert "<" not in safe.text
    assert safe.text == "Hello &lt;script&gt;alert(1)"


def test_a_json_response_is_not_read_as_a_page(client):
    assert client.get("/people/<b>").mimetype == "application/json"
