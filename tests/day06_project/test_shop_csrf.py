import time

import pytest
from flask import Flask, jsonify, make_response, request, session
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf, validate_csrf
from wtforms import ValidationError

from day06_project.shop import create_app

CREDENTIALS = {"name": "ada", "password": "correct horse"}


@pytest.fixture(scope="module")
def small():
    """Give an app of which CSRFProtect is all."""
    app = Flask("small")
    app.config.update(SECRET_KEY="k" * 32, TESTING=True)
    csrf = CSRFProtect(app)
    app.errorhandler(CSRFError)(lambda error: (jsonify(reason=error.description), 400))
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app.add_url_rule("/", view_func=lambda: "changed", endpoint="index", methods=methods)
    app.add_url_rule("/token", view_func=lambda: generate_csrf(), endpoint="token")

    @app.post("/free")
    @csrf.exempt
    def free():
        return "changed"

    return app


def refused(problem, response):
    found = problem(response, 400)
    assert found["code"] == "csrf"
    return found["detail"]


# The shop


@pytest.mark.point("D7-06", "D7-09")
def test_the_cookie_carries_the_token_which_counts_in_the_header_only(app, problem):
    client = app.test_client()
    response = client.get("/")
    cookie = next(c for c in response.headers.getlist("Set-Cookie") if "csrf_token=" in c)
    response.close()
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "HttpOnly" not in cookie  # the script reads it
    path = "/api/v1.0/session"
    alone = client.delete(path)
    assert "missing" in refused(problem, alone)
    token = client.get_cookie("csrf_token").value
    assert client.delete(path, headers={"X-CSRFToken": token}).status_code == 204


@pytest.mark.point("D7-06")
def test_behind_https_the_cookie_is_secure(tmp_path, tools):
    app = create_app("production", SECRET_KEY="k" * 32, DATA_FOLDER=tmp_path)
    response = app.test_client().get("/", base_url="https://shop.example")
    cookies = response.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    assert all("Secure" in cookie for cookie in cookies)
    response.close()
    tools.close(app)


def test_each_method_that_changes_something_wants_the_token(stranger, problem):
    for method, path in [
        ("POST", "/users"),
        ("POST", "/session"),
        ("DELETE", "/session"),
        ("POST", "/goods"),
        ("PUT", "/goods/1"),
        ("PATCH", "/goods/1"),
        ("DELETE", "/goods/1"),
        ("PUT", "/cart/1"),
        ("DELETE", "/cart/1"),
    ]:
        response = stranger.client.open(f"/api/v1.0{path}", method=method, json={})
        refused(problem, response)
        assert "Set-Cookie" not in response.headers


def test_tokens_of_others_and_made_up_ones_are_refused(app, ada, bob, problem):
    secret, rest = ada.token.split(".", 1)
    forged = f"{secret[::-1]}.{rest}"
    for token in bob.token, forged, "x", "", "\x00", ada.token.split(".")[0]:
        refused(problem, ada.send("DELETE", "/session", token=token))
    ada.client.set_cookie("csrf_token", bob.token)  # tossed in by a subdomain
    refused(problem, ada.send("DELETE", "/session", token=bob.token))
    assert ada.get("/session").json["user"]["name"] == "ada"


def test_a_token_of_before_the_login_is_worth_nothing_after_it(app, ada, shopper, problem):
    person = shopper(app)
    old = person.token
    person.login("ada")
    refused(problem, person.send("DELETE", "/session", token=old))


def test_who_is_refused_fetches_a_new_token_and_tries_again(ada, problem):
    refused(problem, ada.send("DELETE", "/session", token="stale"))
    ada.get("/session")
    assert ada.send("DELETE", "/session", token=ada.cookie("csrf_token")).status_code == 204


def test_a_token_lives_as_long_as_its_session(app):
    assert app.config["WTF_CSRF_TIME_LIMIT"] is None


def test_over_https_the_referer_must_be_the_shop(stranger, problem):
    def leave(referer):
        return stranger.send(
            "DELETE", "/session", base_url="https://localhost", headers={"Referer": referer}
        )

    stranger.client.get("/api/v1.0/session", base_url="https://localhost")
    stranger.token = stranger.cookie("csrf_token")
    assert "referrer" in refused(problem, leave(""))
    assert "referrer" in refused(problem, leave("https://elsewhere.example/"))
    assert leave("https://localhost/cart.html").status_code == 204


def test_goods_may_be_read_without(app):
    assert app.test_client().get("/api/v1.0/goods").status_code == 200


# CSRFProtect by itself, and what is said of it


@pytest.mark.point("D6-18")
def test_it_works_without_forms_by_header_but_not_from_json(small):
    client = small.test_client()
    token = client.get("/token").text
    for name in "X-CSRFToken", "X-CSRF-Token":
        assert client.post("/", headers={name: token}, json={}).status_code == 200
    assert client.post("/", data={"csrf_token": token}).status_code == 200
    assert client.post("/", json={"csrf_token": token}).status_code == 400


@pytest.mark.point("D6-19")
@pytest.mark.parametrize(
    ("cookie", "header", "status"),
    [
        ("the token", None, 400),  # the cookie alone
        (None, "the token", 200),  # no cookie at all
        ("garbage", "the token", 200),
        ("equal", "equal", 400),  # Django would take an unsigned pair
        ("the token", "the token", 200),
    ],
)
def test_the_token_is_compared_with_the_session_and_never_with_a_cookie(
    small, cookie, header, status
):
    client = small.test_client()
    token = client.get("/token").text
    if cookie:
        client.set_cookie("csrf_token", token if cookie == "the token" else cookie)
    value = token if header == "the token" else header
    headers = {"X-CSRFToken": value} if header else {}
    assert client.post("/", headers=headers).status_code == status


@pytest.mark.point("D6-19")
def test_without_a_session_no_token_fits(small):
    token = small.test_client().get("/token").text
    response = small.test_client().post("/", headers={"X-CSRFToken": token})
    assert response.json == {"reason": "The CSRF session token is missing."}


@pytest.mark.point("D6-19")
def test_the_rule_that_cookie_equals_body_takes_a_planted_pair():
    """Show what Django's rule rests on: that nobody else can set a cookie."""
    app = Flask("double")

    @app.post("/")
    def index():
        same = request.cookies.get("csrftoken") == request.headers.get("X-CSRFToken")
        return "changed" if same else ("no", 403)

    client = app.test_client()
    client.set_cookie("csrftoken", "planted")
    assert client.post("/", headers={"X-CSRFToken": "planted"}).status_code == 200
    assert client.post("/", headers={"X-CSRFToken": "other"}).status_code == 403


@pytest.mark.point("D6-20")
def test_four_methods_are_checked_and_three_are_free(small):
    client = small.test_client()
    statuses = {
        method: client.open("/", method=method).status_code
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
    }
    assert statuses == dict.fromkeys(("GET", "HEAD", "OPTIONS"), 200) | dict.fromkeys(
        ("POST", "PUT", "PATCH", "DELETE"), 400
    )


@pytest.mark.point("D6-20")
def test_the_methods_are_a_setting():
    app = Flask("small")
    app.config.update(SECRET_KEY="k" * 32, WTF_CSRF_METHODS=["DELETE"])
    CSRFProtect(app)
    app.add_url_rule("/", view_func=lambda: "changed", methods=["POST", "DELETE"])
    client = app.test_client()
    assert (client.post("/").status_code, client.delete("/").status_code) == (200, 400)


@pytest.mark.point("D6-21")
def test_a_failure_is_400_and_can_be_answered_in_json(small):
    response = small.test_client().post("/")
    assert response.status_code == 400
    assert response.json == {"reason": "The CSRF token is missing."}


@pytest.mark.point("D6-22")
def test_it_hangs_on_a_request_hook_and_views_can_be_exempt(small, app):
    for each in small, app:
        hooks = [hook.__name__ for hook in each.before_request_funcs[None]]
        assert "csrf_protect" in hooks
    assert small.test_client().post("/free").text == "changed"


@pytest.mark.point("D7-07")
def test_a_token_is_signed_and_expires_when_a_limit_is_set(small, monkeypatch):
    with small.test_request_context():
        token = generate_csrf()
        assert session["csrf_token"] not in token  # encoded and signed
        validate_csrf(token)
        with pytest.raises(ValidationError, match="invalid"):
            validate_csrf(token + "x")
        assert small.config["WTF_CSRF_TIME_LIMIT"] == 3600
        now = time.time()
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + 3602)
        with pytest.raises(ValidationError, match="expired"):
            validate_csrf(token)


@pytest.mark.point("D7-07")
def test_a_token_needs_a_secret_key():
    with Flask("small").test_request_context(), pytest.raises(RuntimeError, match="secret key"):
        generate_csrf()


@pytest.mark.point("D7-09")
def test_a_response_that_is_not_stored_has_no_name():
    app = Flask("small")
    app.config.update(SECRET_KEY="k" * 32, TESTING=True)

    @app.get("/old")
    def old():
        make_response("page")
        resp.set_cookie("csrf_token", generate_csrf())  # noqa: F821

    @app.get("/new")
    def new():
        response = make_response("page")
        response.set_cookie("csrf_token", generate_csrf())
        return response

    with pytest.raises(NameError, match="resp"):
        app.test_client().get("/old")
    assert "csrf_token=" in app.test_client().get("/new").headers["Set-Cookie"]
