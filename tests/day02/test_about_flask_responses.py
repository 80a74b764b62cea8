"""Facts about Flask and its extensions that the notes state: responses, errors and cookies.

The lessons themselves are tested in the other files.
"""

import json
from itertools import count

import pytest
from flask import Flask, Response, abort, jsonify, make_response, redirect, request
from werkzeug.exceptions import (
    BadRequestKeyError,
    HTTPException,
    InternalServerError,
    NotFound,
    default_exceptions,
)

from day02.errors.app import get_cups
from tests.day02.helpers import browser_jar, set_cookies

# What a view may return


HTML = "text/html; charset=utf-8"
JSON = "application/json"


def returning(value):
    """Return the client of an app whose only view returns the value."""
    small = Flask("small")
    small.testing = True
    small.add_url_rule("/", "view", lambda: value)
    return small.test_client()


def wsgi_app(environ, start_response):
    start_response("202 Taken", [("Content-Type", "text/plain")])
    return [b"tea"]


@pytest.mark.parametrize(
    ("value", "status", "content_type", "body"),
    [
        ("茶", 200, HTML, "茶".encode()),
        ("", 200, HTML, b""),
        (b"\xff\x00", 200, HTML, b"\xff\x00"),
        (bytearray(b"tea"), 200, HTML, b"tea"),
        ({"tea": 1}, 200, JSON, b'{"tea":1}\n'),
        ({}, 200, JSON, b"{}\n"),
        ([1, "tea"], 200, JSON, b'[1,"tea"]\n'),
        (iter(["te", "a"]), 200, HTML, b"tea"),
        ((part for part in [b"te", b"a"]), 200, HTML, b"tea"),
        (("tea", 202), 202, HTML, b"tea"),
        (({"tea": 1}, 202), 202, JSON, b'{"tea":1}\n'),
        (Response("tea", 418, mimetype="text/plain"), 418, "text/plain; charset=utf-8", b"tea"),
        ((Response("tea", 418), 202), 202, HTML, b"tea"),
        (wsgi_app, 202, "text/plain", b"tea"),
        (NotFound("no tea").get_response(), 404, HTML, NotFound("no tea").get_body().encode()),
        (NotFound("no tea"), 404, HTML, NotFound("no tea").get_body().encode()),
    ],
)
def test_what_a_view_may_return(value, status, content_type, body):
    response = returning(value).get("/")
    assert response.status_code == status
    assert response.content_type == content_type
    assert response.data == body


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "either returned None or ended without a return statement"),
        ((None, 204), "either returned None"),
        (42, "it was a int"),
        (True, "it was a bool"),
        (1.5, "it was a float"),
        ({1, 2}, "it was a set"),
        (range(3), "it was a range"),
        (object(), "it was a object"),
        ((), "not return a valid response tuple"),
        (("tea",), "not return a valid response tuple"),
    ],
)
def test_what_a_view_may_not_return(value, words):
    with pytest.raises(TypeError, match=words):
        returning(value).get("/")


@pytest.mark.parametrize(
    ("value", "status", "reasons"),
    [
        (("tea", 403), 403, []),
        (("tea", {"X-Reason": "steam"}), 200, ["steam"]),
        (("tea", [("X-Reason", "steam")]), 200, ["steam"]),
        (("tea", 403, {"X-Reason": "steam"}), 403, ["steam"]),
        (("tea", 403, [("X-Reason", "steam")]), 403, ["steam"]),
        (("tea", 403, [("X-Reason", "steam"), ("X-Reason", "knives")]), 403, ["steam", "knives"]),
        (("tea", 403, {"X-Reason": ["steam", "knives"]}), 403, ["steam", "knives"]),
        (("tea", "403 Go away"), 403, []),
        (("tea", None, {"X-Reason": "steam"}), 200, ["steam"]),
    ],
)
def test_tuples_that_work(value, status, reasons):
    response = returning(value).get("/")
    assert (response.status_code, response.text) == (status, "tea")
    assert response.headers.getlist("x-reason") == reasons


@pytest.mark.parametrize(
    "value",
    [
        (403, "tea"),
        ("tea", {"X-Reason": "steam"}, 403),
        ("tea", 403, {"X-Reason": "steam"}, "more"),
        (("tea", 403), 404),
    ],
)
def test_tuples_that_do_not(value):
    with pytest.raises(TypeError):
        returning(value).get("/")


def test_brackets_around_a_tuple_change_nothing():
    small = Flask("small")

    @small.get("/with")
    def with_brackets():
        return ("tea", 403)

    @small.get("/without")
    def without_brackets():
        return "tea", 403

    client = small.test_client()
    assert {client.get(path).status for path in ("/with", "/without")} == {"403 FORBIDDEN"}


def test_a_content_type_among_the_headers_replaces_the_usual_one():
    response = returning(("<b>tea", {"Content-Type": "text/plain"})).get("/")
    assert response.headers.getlist("Content-Type") == ["text/plain"]


@pytest.mark.parametrize(
    ("arguments", "status", "body"),
    [
        ((), 200, b""),
        (("tea",), 200, b"tea"),
        (("tea", 404), 404, b"tea"),
        (("tea", 404, {"X-A": "1"}), 404, b"tea"),
        ((("tea", 404),), 404, b"tea"),
        (({"tea": 1}, 201), 201, b'{"tea":1}\n'),
    ],
)
def test_make_response_takes_what_a_view_may_return(arguments, status, body):
    with Flask("small").test_request_context():
        response = make_response(*arguments)
    assert type(response) is Response
    assert (response.status_code, response.data) == (status, body)
    assert response.headers.get("X-A") == ("1" if len(arguments) == 3 else None)


@pytest.mark.parametrize("value", [None, 404, {1, 2}])
def test_make_response_refuses_what_a_view_may_not_return(value):
    with Flask("small").test_request_context(), pytest.raises(TypeError):
        make_response(value)


def test_a_generator_yields_one_piece_at_a_time():
    asked = []

    def endless():
        for number in count(1):
            asked.append(number)
            yield f"{number}\n"

    with returning(endless()).get("/", buffered=False) as response:
        pieces = response.iter_encoded()
        assert [next(pieces), next(pieces)] == [b"1\n", b"2\n"]
        assert asked[-1] < 4


def test_a_generator_that_fails_has_already_sent_its_status():
    def failing():
        yield "first\n"
        yield "second\n"
        raise ZeroDivisionError

    small = Flask("small")
    small.add_url_rule("/", "view", failing)
    response = small.test_client().get("/")
    assert response.status_code == 200
    pieces = response.iter_encoded()
    assert next(pieces) == b"first\n"
    with pytest.raises(ZeroDivisionError):
        list(pieces)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (301, "301 MOVED PERMANENTLY"),
        (303, "303 SEE OTHER"),
        (308, "308 PERMANENT REDIRECT"),
    ],
)
def test_redirect_takes_another_code(code, status):
    response = redirect("/teas", code)
    assert (response.status, response.location) == (status, "/teas")


# Status and headers


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ("404 oops", "404 oops", 404),
        ("404", "404 NOT FOUND", 404),
        (404, "404 NOT FOUND", 404),
        ("oops 404", "0 oops 404", 0),
        ("oops", "0 oops", 0),
    ],
)
def test_a_status_text_begins_with_the_number(given, status, code):
    response = Response()
    response.status = given
    assert (response.status, response.status_code) == (status, code)


def test_status_code_completes_the_status_and_an_empty_text_is_refused():
    by_code, by_text = Response(), Response()
    by_code.status_code = 404
    by_text.status = "404"
    assert by_code.status == by_text.status == "404 NOT FOUND"
    with pytest.raises(ValueError, match="Empty status argument"):
        by_code.status = ""


def test_headers_are_used_like_a_dict_that_ignores_case():
    headers = Response().headers
    headers["X-Tea"] = "green"
    headers["x-tea"] = "black"
    assert headers.getlist("X-TEA") == ["black"]
    headers.add("X-Tea", "oolong")
    assert headers.getlist("X-Tea") == ["black", "oolong"]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_line_break_is_refused_in_a_value_but_not_in_a_name_or_status(end):
    attack = f"x{end}X-Evil: yes"
    response = Response()
    with pytest.raises(ValueError, match="must not contain newline"):
        response.headers["X-Tea"] = attack
    with pytest.raises(ValueError, match="must not contain newline"):
        response.headers.add("X-Tea", attack)
    response.headers[attack] = "tea"
    assert attack in response.headers
    response.status = f"409 {attack}"
    assert response.status == f"409 {attack}"


# JSON


@pytest.mark.parametrize(
    ("arguments", "keywords", "body"),
    [
        ((), {"tea": 1, "cup": 2}, b'{"cup":2,"tea":1}\n'),
        (({"tea": 1, "cup": 2},), {}, b'{"cup":2,"tea":1}\n'),
        (([1, 2],), {}, b"[1,2]\n"),
        ((1, 2), {}, b"[1,2]\n"),
        (((1, 2),), {}, b"[1,2]\n"),
        ((None,), {}, b"null\n"),
        (("茶",), {}, b'"\\u8336"\n'),
    ],
)
def test_jsonify_serialises_and_sets_the_type(arguments, keywords, body):
    with Flask("small").test_request_context():
        response = jsonify(*arguments, **keywords)
    assert response.content_type == JSON
    assert response.data == body


def test_jsonify_takes_values_or_keywords():
    with Flask("small").test_request_context(), pytest.raises(TypeError, match="not both"):
        jsonify(1, tea=2)


def test_three_ways_to_send_json_and_one_that_sends_a_page():
    data = {"tea": 1, "cup": [2]}
    with Flask("small").test_request_context():
        by_jsonify = jsonify(data)
        by_text = make_response(json.dumps(data))
    by_dict = returning(data).get("/")
    by_list = returning([data]).get("/")
    assert by_jsonify.content_type == by_dict.content_type == by_list.content_type == JSON
    assert by_jsonify.data == by_dict.data
    assert by_text.content_type == HTML


# Errors


def test_nothing_after_abort_runs():
    small = Flask("small")
    ran = []

    @small.get("/")
    def view():
        ran.append("before")
        abort(403)
        ran.append("after")

    response = small.test_client().get("/")
    assert response.status == "403 FORBIDDEN"
    assert ran == ["before"]


def test_abort_raises_an_exception():
    with pytest.raises(HTTPException) as caught:
        abort(404, "No tea.")
    assert isinstance(caught.value, NotFound)
    assert caught.value.description == "No tea."


def test_abort_knows_31_codes_all_of_them_errors():
    assert len(default_exceptions) == 31
    assert all(400 <= code < 600 for code in default_exceptions)


def test_an_unknown_code_left_alone_is_a_500():
    small = Flask("small")

    @small.get("/<int:code>")
    def view(code):
        abort(code)

    assert small.test_client().get("/666").status_code == 500
    small.testing = True
    with pytest.raises(LookupError, match="666"):
        small.test_client().get("/666")


def test_a_class_with_a_rare_code_goes_through_the_handlers():
    small = Flask("small")

    class PaymentRequired(HTTPException):
        code = 402
        description = "Please pay."

    @small.get("/class")
    def with_class():
        raise PaymentRequired

    @small.get("/response")
    def with_response():
        abort(make_response("Please pay.", 402))

    @small.errorhandler(HTTPException)
    def handler(error):
        return f"handled: {error.description}", error.code

    client = small.test_client()
    assert client.get("/class").text == "handled: Please pay."
    assert client.get("/response").text == "Please pay."
    assert {client.get(path).status_code for path in ("/class", "/response")} == {402}


def test_abort_with_a_response_object_of_any_kind():
    with pytest.raises(HTTPException) as caught:
        abort(Response("x", 499))
    assert caught.value.get_response().status_code == 499
    assert caught.value.code is None


@pytest.mark.parametrize("description", ["<script>alert(1)</script>", "a & b"])
def test_stock_pages_escape_a_description(description):
    page = NotFound(description).get_response().get_data(as_text=True)
    assert description not in page
    assert "<script" not in page


def test_a_handler_that_returns_a_new_dict_loses_the_headers():
    small = Flask("small")

    @small.get("/")
    def view():
        return ""

    @small.errorhandler(HTTPException)
    def handler(error):
        return {"code": error.code}, error.code

    response = small.test_client().post("/")
    assert response.status_code == 405
    assert not response.allow


def with_handler(handler, *keys):
    """Return the response of an app with this handler to an unknown URL."""
    small = Flask("small")
    small.testing = True
    for key in keys:
        small.errorhandler(key)(handler)
    return small.test_client().get("/nowhere")


def test_returning_the_error_gives_the_stock_page_with_its_status():
    response = with_handler(lambda error: error, 404)
    assert response.status == "404 NOT FOUND"
    assert "<h1>Not Found</h1>" in response.text


@pytest.mark.parametrize(("returned", "status"), [("gone", 200), (("gone", 404), 404)])
def test_the_status_of_an_error_page_is_what_the_handler_says(returned, status):
    response = with_handler(lambda error: returned, 404)
    assert (response.status_code, response.text) == (status, "gone")


def test_a_handler_without_a_parameter_is_a_type_error():
    with pytest.raises(TypeError, match="takes 0 positional arguments but 1 was given"):
        with_handler(lambda: "gone", 404)


def test_without_its_decorator_a_handler_is_not_called():
    response = with_handler(lambda error: ("gone", 404))
    assert "<h1>Not Found</h1>" in response.text


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (666, ValueError),
        (402, ValueError),
        (200, ValueError),
        ("404", TypeError),
        (get_cups, TypeError),
    ],
)
def test_errorhandler_needs_a_known_code_or_a_class(key, error):
    with pytest.raises(error):
        Flask("small").errorhandler(key)(lambda error: "")


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ([404, NotFound], "second"),
        ([NotFound, 404], "second"),
        ([404, HTTPException], "first"),
        ([HTTPException, 404], "second"),
        ([HTTPException, Exception], "first"),
    ],
)
def test_the_most_specific_handler_is_called_and_a_later_one_replaces_it(keys, text):
    small = Flask("small")
    for key, name in zip(keys, ["first", "second"], strict=True):
        small.errorhandler(key)(lambda error, name=name: (name, 404))
    assert small.test_client().get("/nowhere").text == text


def test_an_unforeseen_exception_arrives_wrapped():
    small = Flask("small")
    seen = []

    @small.get("/")
    def view():
        return str(1 / 0)

    @small.errorhandler(HTTPException)
    def handler(error):
        seen.append(error)
        return error

    assert small.test_client().get("/").status_code == 500
    assert isinstance(seen[0], InternalServerError)
    assert isinstance(seen[0].original_exception, ZeroDivisionError)


# Cookies


def test_a_cookie_that_is_set_is_not_in_the_request_that_sets_it():
    shop = Flask("shop")

    @shop.get("/")
    def index():
        response = make_response()
        response.set_cookie("theme", "dark")
        response.set_data(request.cookies.get("theme", "none"))
        return response

    client = shop.test_client()
    assert [client.get("/").text, client.get("/").text] == ["none", "dark"]
    assert not hasattr(Flask.request_class, "set_cookie")


def test_reading_by_index_demands_the_cookie_and_get_does_not():
    shop = Flask("shop")
    shop.add_url_rule("/index", view_func=lambda: request.cookies["username"], endpoint="index")
    shop.add_url_rule("/get", view_func=lambda: [request.cookies.get("username")], endpoint="get")

    client = shop.test_client()
    assert client.get("/index").status_code == 400
    assert client.get("/get").json == [None]
    shop.debug = True
    with pytest.raises(BadRequestKeyError):
        client.get("/index")
    client.set_cookie("username", "Ann")
    assert client.get("/index").text == "Ann"
    assert client.get("/get").json == ["Ann"]


def test_deleting_with_another_domain_is_another_cookie_too():
    response = Response()
    response.delete_cookie("theme", domain="shop.test")
    assert set_cookies(response)["theme"][1]["Domain"] == "shop.test"
    assert not hasattr(Flask.request_class, "delete_cookie")


def test_max_age_is_not_text_and_a_max_age_of_zero_deletes():
    response = Response()
    with pytest.raises(TypeError):
        response.set_cookie("theme", "", max_age="value")
    assert set_cookies(response) == {}
    response.set_cookie("theme", "", max_age=0)
    assert set_cookies(response)["theme"][1]["Max-Age"] == "0"
    assert list(browser_jar(response)) == []


def test_a_cookie_is_a_header_and_leaves_the_body_empty():
    shop = Flask("shop")

    @shop.get("/")
    def index():
        response = make_response()
        response.set_cookie("username", "the username")
        return response

    @shop.get("/no-body")
    def no_body():
        response = make_response("", 204)
        response.set_cookie("username", "Ann")
        return response

    response = shop.test_client().get("/")
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Set-Cookie"] == 'username="the username"; Path=/'
    response = shop.test_client().get("/no-body")
    assert (response.status_code, response.headers["Set-Cookie"]) == (204, "username=Ann; Path=/")
