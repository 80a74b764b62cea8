"""Custom converters: a pattern, a Python value, and a pattern that the rule brings.

Begin with test_mobile_takes_the_numbers_in_use_and_no_others.
"""

import importlib.util
from datetime import date, datetime

import pytest
from flask import Flask
from werkzeug.routing import BaseConverter, BuildError

from day01.custom_converter import first
from day01.custom_converter.app import DateConverter, MobileConverter, RegexConverter, app
from tests.day01.helpers import app_with, url_of


@pytest.fixture
def client():
    return app.test_client()


@pytest.mark.parametrize("application", [first.app, app], ids=["first", "app"])
@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("13800000000", 200),
        ("19900000000", 200),
        ("12300000000", 404),
        ("23800000000", 404),
        ("1380000000", 404),
        ("138000000000", 404),
        ("1380000000x", 404),
        ("13800000000%0A", 404),
        ("١٣٨٠٠٠٠٠٠٠٠", 404),
        ("138٠٠٠٠٠٠٠٠", 404),
        ("", 404),
    ],
)
def test_mobile_takes_the_numbers_in_use_and_no_others(application, number, status):
    response = application.test_client().get(f"/send_sms/{number}")
    assert response.status_code == status
    assert status == 404 or response.text == f"A message would go to {number}.\n"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/diary/2024/02/29", ("Thursday", "/diary/2024/02/01")),
        ("/diary/0001/01/01", ("Monday", "/diary/0001/01/01")),
        ("/diary/9999/12/31", ("Friday", "/diary/9999/12/01")),
    ],
)
def test_the_view_works_with_the_date(client, path, expected):
    response = client.get(path).json
    assert (response["weekday"], response["month_begins"]) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2023/02/29",
        "2024/13/01",
        "2024/00/10",
        "0000/01/01",
        "2024/2/9",
        "2024-02-29",
        "2024/02",
        "٢٠٢٤/02/29",
        "2024/02/29/x",
        "2024/02/290",
        "",
    ],
)
def test_a_day_that_is_in_no_calendar_is_404(client, text):
    assert client.get(f"/diary/{text}").status_code == 404


def test_the_index_shows_what_each_converter_builds(client):
    assert client.get("/").json == {
        "date": "/diary/2024/02/29",
        "mobile": "/send_sms/13800000000",
        "re": "/seats/C7",
        "unchecked": "/send_sms/no-number",
    }


@pytest.mark.parametrize(
    ("endpoint", "values", "path"),
    [
        ("diary", {"day": date(2024, 2, 29)}, "/diary/2024/02/29"),
        ("diary", {"day": date(987, 6, 5)}, "/diary/0987/06/05"),
        ("diary", {"day": datetime(2024, 2, 29, 23, 59)}, "/diary/2024/02/29"),
        ("send_sms", {"number": "13800000000"}, "/send_sms/13800000000"),
        ("send_sms", {"number": 13800000000}, "/send_sms/13800000000"),
        ("seat", {"place": "C7"}, "/seats/C7"),
    ],
)
def test_what_url_for_builds_is_matched_again(client, endpoint, values, path):
    assert url_of(app, endpoint, **values) == path
    assert client.get(path).status_code == 200


# Matching a path


def test_the_base_class_comes_from_werkzeug_routing():
    assert BaseConverter.__module__.startswith("werkzeug.routing")
    assert importlib.util.find_spec("werzeug") is None
    for converter in (MobileConverter, DateConverter, RegexConverter):
        assert issubclass(converter, BaseConverter)


def test_a_pattern_alone_is_a_whole_converter(client):
    assert not {"__init__", "to_python", "to_url"} & set(MobileConverter.__dict__)
    path = url_of(app, "send_sms", number="13800000000")
    assert path == "/send_sms/13800000000"
    assert client.get(path).status_code == 200


def test_a_path_that_does_not_match_never_reaches_the_view():
    seen = []
    small = app_with("/other", mobile=MobileConverter)
    small.add_url_rule("/<mobile:value>", "note", lambda value: seen.append(value) or "noted")
    assert small.test_client().get("/123").status_code == 404
    assert seen == []
    assert small.test_client().get("/13800000000").status_code == 200
    assert seen == ["13800000000"]


def test_to_python_gives_the_view_a_date():
    assert {"to_python", "to_url"} <= set(DateConverter.__dict__)
    client = app_with("/<date:value>", date=DateConverter).test_client()
    assert client.get("/2024/02/29").text == "date 2024-02-29"


def test_a_validation_error_is_404_even_where_another_rule_would_match():
    small = app_with("/<date:value>", date=DateConverter)
    small.add_url_rule("/<path:value>", "rest", lambda value: f"rest {value}")
    client = small.test_client()
    assert client.get("/2024/02/29").text == "date 2024-02-29"
    assert client.get("/2024/tea").text == "rest 2024/tea"
    assert client.get("/2023/02/29").status_code == 404


def test_the_rule_hands_its_arguments_to_the_converter(client):
    assert client.get("/seats/C7").json == {"row": "C", "number": 7}
    small = app_with('/<re("(red|green) tea"):value>', re=RegexConverter)
    assert small.test_client().get("/green%20tea").text == "str green tea"
    assert small.test_client().get("/black%20tea").status_code == 404
    assert url_of(small, "show", value="red tea") == "/red%20tea"


def test_an_init_that_takes_only_the_map_refuses_arguments():
    class Narrow(BaseConverter):
        def __init__(self, url_map):
            super().__init__(url_map)

    assert app_with("/<narrow:value>", narrow=Narrow).test_client().get("/x").text == "str x"
    with pytest.raises(TypeError, match="positional arguments"):
        app_with("/<narrow(3):value>", narrow=Narrow)
    with pytest.raises(TypeError, match="pattern"):
        app_with("/<re:value>", re=RegexConverter)


def test_a_slash_in_the_pattern_is_noticed_in_the_class_body():
    assert MobileConverter.part_isolating is True
    assert DateConverter.part_isolating is False


def test_a_pattern_set_later_must_announce_its_slash_itself():
    class Forgetful(BaseConverter):
        def __init__(self, url_map, pattern):
            super().__init__(url_map)
            self.regex = pattern

    rule = '/<re("[a-z]+/[0-9]+"):value>'
    assert app_with(rule, re=Forgetful).test_client().get("/tea/7").status_code == 404
    assert app_with(rule, re=RegexConverter).test_client().get("/tea/7").text == "str tea/7"


# Building a path


def test_a_built_path_is_not_checked_against_the_pattern(client):
    path = url_of(app, "send_sms", number="no-number")
    assert path == "/send_sms/no-number"
    assert client.get(path).status_code == 404


def test_to_url_is_quoted_by_the_base_class(client):
    assert url_of(app, "send_sms", number="a b?c#d") == "/send_sms/a%20b%3Fc%23d"


@pytest.mark.parametrize("place", ["C0", "G1", "C77", "xC7", "c7", ""])
def test_a_to_url_that_checks_stops_url_for(client, place):
    assert client.get(f"/seats/{place}").status_code == 404
    with pytest.raises(BuildError, match="Could not build url for endpoint 'seat'"):
        url_of(app, "seat", place=place)


# Registering a converter


def test_the_converters_are_a_plain_dict_and_each_app_has_its_own():
    assert type(app.url_map.converters) is dict
    assert app.url_map.converters["mobile"] is MobileConverter
    assert "mobile" not in Flask("another").url_map.converters


def test_registering_needs_square_brackets_and_the_right_name():
    with pytest.raises(SyntaxError, match="cannot assign to function call"):
        compile('app.url_map.converters("mobile") = MobileConverter', "app.py", "exec")
    with pytest.raises(TypeError, match="'dict' object is not callable"):
        app.url_map.converters("mobile")
    with pytest.raises(LookupError, match="the converter 'mobile' does not exist"):
        app_with("/<mobile:value>", moble=MobileConverter)


def test_a_converter_is_registered_before_the_rule_that_names_it():
    late = Flask("late")
    with pytest.raises(LookupError):
        late.add_url_rule("/<mobile:value>", "show", lambda value: value)
    late.url_map.converters["mobile"] = MobileConverter
    late.add_url_rule("/<mobile:value>", "show", lambda value: value)
    assert late.test_client().get("/13800000000").text == "13800000000"


def test_a_request_makes_no_converter(client, monkeypatch):
    def refuse(*_):
        raise AssertionError("a converter is made")

    for converter in (MobileConverter, DateConverter, RegexConverter):
        monkeypatch.setattr(converter, "__init__", refuse)
    for path in ("/send_sms/13800000000", "/diary/2024/02/29", "/seats/C7", "/"):
        assert client.get(path).status_code == 200
    with pytest.raises(AssertionError, match="a converter is made"):
        app_with("/<mobile:value>", mobile=MobileConverter)


def test_no_rule_is_added_after_the_first_request():
    small = app_with("/<mobile:value>", mobile=MobileConverter)
    assert small.test_client().get("/13800000000").status_code == 200
    with pytest.raises(AssertionError, match="can no longer be called"):
        small.add_url_rule("/late/<mobile:value>", "late", lambda value: value)
