import json

import pytest
from flask import request


@pytest.fixture
def send(stranger):
    """Give a function that posts a body as it is to a path that needs no login."""

    def post(body, content_type="application/json", **more):
        return stranger.send("POST", "/session", None, data=body, content_type=content_type, **more)

    return post


def test_each_error_of_the_api_is_a_problem(stranger, problem):
    assert problem(stranger.get("/goods/1"), 404) | {"request_id": "", "detail": ""} == {
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
def test_unknown_paths_too(stranger, problem, path):
    problem(stranger.get(path), 404)
    problem(stranger.send("DELETE", path), 404)


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
def test_methods_that_a_path_has_not_are_405_and_told(stranger, problem, method, path, allowed):
    response = stranger.send(method, path)
    problem(response, 405)
    assert ", ".join(sorted(response.headers["Allow"].split(", "))) == allowed


def test_other_paths_answer_with_a_page(stranger):
    for path in "/nowhere", "/nowhere.html", "/api", "/static/nowhere.js":
        response = stranger.client.get(path)
        assert response.status_code == 404
        assert response.mimetype == "text/html"


def test_a_failure_nobody_thought_of_is_500_without_a_word_of_why(
    app, stranger, problem, monkeypatch, caplog
):
    def fail():
        raise ZeroDivisionError("secret of the house")

    monkeypatch.setitem(app.view_functions, "api_v1.cart.index", fail)
    monkeypatch.setitem(app.view_functions, "pages.page", fail)
    found = problem(stranger.get("/cart"), 500)
    assert "secret" not in json.dumps(found)
    assert "secret of the house" in caplog.text
    page = stranger.client.get("/")
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
def test_what_is_no_json_object_is_400(send, problem, body):
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


def test_a_body_whose_length_nobody_told_is_not_cut_but_refused(send, problem):
    body = b'{"name": "ada", "password": "correct horse"}'
    chunked = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    problem(send(body, environ_overrides=chunked), 401)
    problem(send(body.ljust(70_000), environ_overrides=chunked), 413)


def test_a_misspelt_field_does_not_pass_for_a_missing_one(send, problem):
    errors = problem(send(b'{"nmae": "ada", "password": "correct horse"}'), 422)["errors"]
    assert errors == [
        {"field": "nmae", "message": "is unknown"},
        {"field": "name", "message": "is missing"},
    ]


# Headers


def test_every_answer_carries_the_headers_of_caution(stranger):
    for path in "/", "/static/html/index.html", "/api/v1.0/goods", "/api/v1.0/nowhere", "/nowhere":
        response = stranger.client.get(path)
        headers = response.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in headers
        assert (headers.get("Cache-Control") == "no-store") is path.startswith("/api/")
        response.close()
    response = stranger.client.get("/api/v1.0/goods", base_url="https://localhost")
    assert "max-age" in response.headers["Strict-Transport-Security"]


def test_a_request_has_one_id_from_the_proxy_or_its_own(stranger):
    own = [stranger.get("/goods").headers["X-Request-ID"] for _ in range(2)]
    assert own[0] != own[1]
    given = {"X-Request-ID": "from-the-proxy-1"}
    assert stranger.get("/goods", headers=given).headers["X-Request-ID"] == "from-the-proxy-1"
    for bad in "short", "x" * 65, "with space", "semi;colon!", "ümlaut-ümlaut":
        found = stranger.get("/goods", headers={"X-Request-ID": bad}).headers["X-Request-ID"]
        assert found != bad
        assert len(found) == 32


def test_hosts_that_are_not_ours_are_refused(build, problem):
    client = build(TRUSTED_HOSTS=["shop.example"]).test_client()
    assert client.get("/api/v1.0/goods", base_url="http://shop.example").status_code == 200
    problem(client.get("/api/v1.0/goods", base_url="http://evil.example"), 400)


def test_a_proxy_is_believed_when_it_is_known(build):
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1, 198.51.100.7"}
    for proxies, https in (0, False), (1, True):
        app = build(TRUSTED_PROXIES=proxies)
        seen = []
        app.before_request(lambda seen=seen: seen.append(request.remote_addr))
        response = app.test_client().get("/api/v1.0/goods", headers=forwarded)
        assert ("Strict-Transport-Security" in response.headers) is https
        assert seen == ["198.51.100.7" if https else "127.0.0.1"]


def test_the_database_is_named_in_no_answer(empty, problem):
    client = empty().test_client()  # it has no tables
    found = problem(client.get("/api/v1.0/goods"), 503)
    assert "goods" not in found["detail"]
    assert "sql" not in json.dumps(found).lower()
