"""Errors of the shop, request bodies that are wrong, and the headers of every response.

Begin with test_each_error_of_the_api_is_a_problem.
"""

import json

import pytest
from flask import request


@pytest.fixture
def send(visitor):
    """Give a function that posts a body as it is to a path that needs no login."""

    def post(body, content_type="application/json", **more):
        return visitor.send("POST", "/session", None, data=body, content_type=content_type, **more)

    return post


def test_each_error_of_the_api_is_a_problem(visitor, problem):
    assert problem(visitor.get("/goods/1"), 404) | {"request_id": "", "detail": ""} == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "",
        "instance": "/api/v1.0/goods/1",
        "request_id": "",
    }


@pytest.mark.parametrize(
    "path", ["", "/", "/nowhere", "/goods/", "/goods/1/x", "/../config.py", "/%0d%0aX:%20y", "/é"]
)
def test_unknown_paths_are_404(visitor, problem, path):
    problem(visitor.get(path), 404)
    problem(visitor.send("DELETE", path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/session", "DELETE, GET, HEAD, OPTIONS, POST"),
        ("GET", "/users", "OPTIONS, POST"),
        ("PATCH", "/cart/1", "DELETE, OPTIONS, PUT"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("BREW", "/goods", "GET, HEAD, OPTIONS, POST"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_405_with_the_allowed_ones(
    visitor, problem, method, path, allowed
):
    response = visitor.send(method, path)
    problem(response, 405)
    assert ", ".join(sorted(response.headers["Allow"].split(", "))) == allowed


def test_errors_of_other_paths_are_pages(visitor):
    for path in "/nowhere", "/nowhere.html", "/api", "/static/nowhere.js":
        response = visitor.client.get(path)
        assert response.status_code == 404
        assert response.mimetype == "text/html"


def test_an_unexpected_exception_is_500_and_only_the_log_says_why(
    app, visitor, problem, monkeypatch, caplog
):
    def fail():
        raise ZeroDivisionError("secret of the house")

    monkeypatch.setitem(app.view_functions, "api_v1.cart.index", fail)
    monkeypatch.setitem(app.view_functions, "pages.page", fail)
    found = problem(visitor.get("/cart"), 500)
    assert "secret" not in json.dumps(found)
    assert "secret of the house" in caplog.text
    page = visitor.client.get("/")
    assert (page.status_code, page.mimetype) == (500, "text/html")
    assert "secret" not in page.text


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"{'name': 1}",
        b"\xff\xfe",
        b'{"name": "\xff"}',
        '{"name": "ada"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"name": 1}',
        b'{"name": "\\ud83c"}',
        b'{"\\udf75": 1}',
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": -Infinity}',
        b'{"name": ' + b"1" * 5000 + b"}",
        b"[" * 50_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[]",
        b'"text"',
        b"7",
        b"null",
        b"true",
    ],
    ids=repr,
)
def test_a_body_that_is_not_a_json_object_is_400(send, problem, body):
    assert "code" not in problem(send(body), 400)


def test_numbers_too_large_for_a_float_are_wrong_like_any_other(send, problem):
    found = problem(send(b'{"name": 1e999, "password": -1e999}'), 422)
    assert [error["field"] for error in found["errors"]] == ["name", "password"]


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/merge-patch+json",
        "nonsense",
    ],
)
def test_another_type_than_json_is_415(send, problem, content_type):
    problem(send(b'{"name": "ada", "password": "correct horse"}', content_type), 415)


def test_the_type_may_name_its_character_set(send, problem):
    body = b'{"name": "ada", "password": "correct horse"}'
    problem(send(body, "application/json; charset=utf-8"), 401)


def test_a_body_of_64_kibibytes_is_too_large(send, problem):
    body = b'{"name": "ada", "password": "correct horse"}'
    problem(send(body.ljust(64 * 1024 - 1)), 401)
    problem(send(body.ljust(64 * 1024)), 413)
    problem(send(body.ljust(64 * 1024 + 1)), 413)
    problem(send(b"x" * 1_000_000, "application/x-www-form-urlencoded"), 413)


def test_a_chunked_body_that_is_too_large_is_refused_and_not_cut(send, problem):
    body = b'{"name": "ada", "password": "correct horse"}'
    chunked = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    problem(send(body, environ_overrides=chunked), 401)
    problem(send(body.ljust(70_000), environ_overrides=chunked), 413)


def test_a_misspelt_field_is_unknown_and_the_right_one_missing(send, problem):
    errors = problem(send(b'{"nmae": "ada", "password": "correct horse"}'), 422)["errors"]
    assert errors == [
        {"field": "name", "message": "is missing"},
        {"field": "nmae", "message": "is unknown"},
    ]


# Headers


def test_every_response_has_the_security_headers(visitor):
    for path in "/", "/static/html/index.html", "/api/v1.0/goods", "/api/v1.0/nowhere", "/nowhere":
        response = visitor.client.get(path)
        headers = response.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in headers
        assert (headers.get("Cache-Control") == "no-store") is path.startswith("/api/")
        response.close()
    response = visitor.client.get("/api/v1.0/goods", base_url="https://localhost")
    assert "max-age" in response.headers["Strict-Transport-Security"]


def test_a_request_has_one_id_from_the_proxy_or_its_own(visitor):
    own = [visitor.get("/goods").headers["X-Request-ID"] for _ in range(2)]
    assert own[0] != own[1]
    given = {"X-Request-ID": "from-the-proxy-1"}
    assert visitor.get("/goods", headers=given).headers["X-Request-ID"] == "from-the-proxy-1"
    for bad in "short", "x" * 65, "with space", "semi;colon!", "ümlaut-ümlaut":
        found = visitor.get("/goods", headers={"X-Request-ID": bad}).headers["X-Request-ID"]
        assert found != bad
        assert len(found) == 32


def test_other_hosts_are_refused(app, problem, monkeypatch):
    monkeypatch.setitem(app.config, "TRUSTED_HOSTS", ["shop.example"])
    client = app.test_client()
    assert client.get("/api/v1.0/goods", base_url="http://shop.example").status_code == 200
    problem(client.get("/api/v1.0/goods", base_url="http://evil.example"), 400)


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [
        (0, ["http://localhost/", "127.0.0.1"]),
        (1, ["https://shop.example/", "198.51.100.7"]),
    ],
)
def test_a_proxy_is_believed_about_scheme_host_and_address_if_the_settings_say_so(
    build, proxies, seen
):
    app = build(TRUSTED_PROXIES=proxies)
    found = []
    app.before_request(lambda: found.extend([request.host_url, request.remote_addr]))
    forwarded = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "shop.example",
        "X-Forwarded-For": "192.0.2.1, 198.51.100.7",
    }
    response = app.test_client().get("/api/v1.0/goods", headers=forwarded)
    assert ("Strict-Transport-Security" in response.headers) is (proxies == 1)
    assert found == seen


def test_behind_a_proxy_the_token_is_checked_against_the_outer_host(build):
    """Over https the referrer must be the shop, under the name that the browser knows."""
    app = build(TRUSTED_PROXIES=1)
    outside = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example"}
    client = app.test_client()
    client.get("/api/v1.0/session", headers=outside)
    headers = outside | {
        "X-CSRFToken": client.get_cookie("csrf_token").value,
        "Referer": "https://shop.example/cart.html",
    }
    assert client.delete("/api/v1.0/session", headers=headers).status_code == 204


def test_no_response_names_the_database(build_empty, problem):
    client = build_empty().test_client()  # it has no tables
    found = problem(client.get("/api/v1.0/goods"), 503)
    assert "goods" not in found["detail"]
    assert "sql" not in json.dumps(found).lower()
