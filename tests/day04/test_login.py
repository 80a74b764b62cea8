"""The login: a page for people, an API in JSON for programs, and what each refuses.

Begin with test_the_right_password_logs_in: a test client sends a request, and the test looks at the
response and at the session. The lesson's own examples are tested in test_login_examples.py.
"""

import json
from base64 import urlsafe_b64encode
from io import BytesIO

import pytest
from werkzeug.security import check_password_hash

from day04.login import app as lesson
from day04.login.app import INCOMPLETE, REFUSED, create_app
from tests.helpers import csrf_token, page, status_and_message

LOGIN = {"name": "ann", "password": "green tea"}
CONFIG = {"TESTING": True, "WTF_CSRF_ENABLED": False, "PASSWORD_METHOD": "pbkdf2:sha256:1"}


@pytest.fixture(scope="module")
def app():
    """Build one app for all tests: it stores nothing except the client's cookie."""
    return create_app(CONFIG)


@pytest.fixture
def client(app):
    return app.test_client()


def content(client):
    """Return everything in the visitor's session."""
    with client.session_transaction() as session:
        return dict(session)


def test_the_right_password_logs_in(client):
    response = client.post("/api/login", json=LOGIN)
    assert response.status_code == 200
    assert response.json == {"code": "welcome", "message": "Hello ann"}
    assert content(client) == {"name": "ann"}


def test_a_wrong_password_does_not(client):
    response = client.post("/api/login", json={"name": "ann", "password": "black tea"})
    assert response.status_code == 401
    assert response.json == {"code": "refused", "message": REFUSED}
    assert content(client) == {}


def test_the_form_asks_for_a_name_and_hides_the_password(client):
    response = client.get("/login")
    assert response.status_code == 200
    form = page(response).form
    assert form["method"] == "post"
    assert {field["name"] for field in form.select("input[required]")} == {"name", "password"}
    assert form.select_one("[name=password]")["type"] == "password"


def test_a_form_logs_a_person_in_and_redirects_to_the_front_page(client):
    response = client.post("/login", data=LOGIN, follow_redirects=True)
    assert [each.status_code for each in response.history] == [303]
    assert response.request.path == "/"
    assert page(response).h1.text == "Hello ann"


def test_only_a_visitor_who_is_logged_in_sees_the_account(client):
    response = client.get("/account")
    assert (response.status_code, response.location) == (302, "/login?next=account")
    client.get("/login")  # leaves a token in the session, and no name
    assert content(client).keys() == {"csrf_token"}
    assert client.get("/account").status_code == 302
    client.post("/api/login", json=LOGIN)
    assert page(client.get("/account")).h1.text == "The account of ann"


def test_after_a_logout_the_visitor_is_a_stranger(client):
    client.post("/api/login", json=LOGIN)
    client.post("/logout")
    assert content(client) == {}
    assert page(client.get("/")).h1.text == "Hello stranger"


# What is refused


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "ann", "password": "black tea"},
        {"name": "ann", "password": "green tea "},
        {"name": "ann", "password": "é" * 300},
        {"name": "Ann", "password": "green tea"},
        {"name": "bob", "password": "green tea"},
        {"name": "ann' --", "password": "green tea"},
    ],
)
def test_a_refusal_says_the_same_whatever_was_wrong(client, sent):
    response = client.post(
        "/api/login",
        data=json.dumps(sent, ensure_ascii=False).encode() + b" ",
        content_type="application/json",
    )
    assert response.status_code == 401
    assert response.json == {"code": "refused", "message": REFUSED}
    assert content(client) == {}
    response = client.post("/login", data=sent)
    assert response.status_code == 401
    assert page(response).select_one("[role=alert]").text == REFUSED
    assert "name" not in content(client)


def test_a_refused_login_leaves_the_visitor_as_before(client):
    client.post("/api/login", json=LOGIN)
    client.post("/api/login", json=LOGIN | {"password": "x"})
    assert content(client) == {"name": "ann"}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff", b"null", b"[]", b"0", b'"ann"', b"true", b"{}",
        b'{"name": "ann"}', b'{"password": "x"}', b'{"name": "", "password": "x"}',
        b'{"name": "ann", "password": ""}', b'{"name": "ann", "password": null}',
        b'{"name": ["ann"], "password": "x"}', b'{"name": {}, "password": "x"}',
        b'{"name": "ann", "password": 1}', b'{"name": true, "password": "x"}',
        b'{"name": "\\ud800", "password": "x"}', b'{"name": "ann", "password": "\\udfff"}',
        b'{"name": "ann", "password": "green tea\\u0000"}',
        b"[" * 9_999, b'{"a":' * 1_900, b"1" * 9_000,
    ],
    ids=range(24),
)  # fmt: skip
def test_anything_but_an_object_with_two_texts_is_400(client, body):
    response = client.post("/api/login", data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.json == {"code": "incomplete", "message": INCOMPLETE}
    assert content(client) == {}


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "é"])
def test_json_under_another_name_is_415(client, kind):
    response = client.post("/api/login", data=json.dumps(LOGIN), content_type=kind)
    assert response.status_code == 415
    assert response.json["code"] == "not_json"
    assert content(client) == {}


@pytest.mark.parametrize("path", ["/api/login", "/login"])
def test_too_much_is_413_and_another_method_405(client, path):
    sent = {"name": "ann", "password": "x" * 10_000}
    way = {"json": sent} if path.startswith("/api") else {"data": sent}
    assert client.post(path, **way).status_code == 413
    assert client.put(path).status_code == 405


@pytest.mark.parametrize(
    "form",
    [{}, {"name": "ann"}, {"password": "green tea"}, {"name": "ann", "password": ""},
     {"name": "", "password": "green tea"}],
)  # fmt: skip
def test_a_form_with_a_gap_is_400_and_shown_again(client, form):
    response = client.post("/login", data=form)
    assert response.status_code == 400
    assert page(response).select_one("[role=alert]").text == INCOMPLETE
    assert page(response).select_one("form input[name=password]")


def test_a_file_in_place_of_a_name_is_400(client):
    form = {"name": (BytesIO(b"ann"), "ann"), "password": "green tea"}
    assert client.post("/login", data=form).status_code == 400


# From the login to the page, and out again


def test_the_page_redirects_a_stranger_to_the_login_and_back(client):
    login = client.get("/account", follow_redirects=True)
    assert [each.status_code for each in login.history] == [302]
    assert page(login).form["action"] == "/login?next=account"
    for wrong in {"name": "ann"}, LOGIN | {"password": "x"}:
        form = page(client.post("/login?next=account", data=wrong)).form
        assert form["action"] == "/login?next=account"
    account = client.post("/login?next=account", data=LOGIN, follow_redirects=True)
    assert [each.status_code for each in account.history] == [303]
    assert account.request.path == "/account"
    assert page(account).h1.text == "The account of ann"


def test_a_logout_forgets_the_visitor_and_can_be_repeated(client):
    client.post("/api/login", json=LOGIN)
    for _ in range(2):
        response = client.post("/logout")
        assert (response.status_code, response.location) == (303, "/")
        assert content(client) == {}
    assert client.get("/logout").status_code == 405


# Attacks


@pytest.mark.parametrize(
    "way", [{"path": "/api/login", "json": LOGIN}, {"path": "/login", "data": LOGIN}]
)
def test_a_session_begins_empty(client, way):
    with client.session_transaction() as session:
        session["cart"] = ["planted"]
        session["name"] = "bob"
    client.post(**way)
    assert content(client) == {"name": "ann"}


def test_a_cookie_with_a_forged_signature_is_not_believed(client):
    made_up = urlsafe_b64encode(b'{"name":"ann"}').decode().rstrip("=")
    client.set_cookie("session", f"{made_up}.aaaaaa.bbbbbb")
    assert client.get("/account").status_code == 302


@pytest.mark.parametrize(
    "target",
    ["", "nowhere", "logout", "/account", "//evil.example", "https://evil.example/",
     "/\\evil.example", "\taccount", "static", "\0"],
)  # fmt: skip
def test_the_login_redirects_only_to_its_own_pages(client, target):
    response = client.post("/login", query_string={"next": target}, data=LOGIN)
    assert (response.status_code, response.location) == (303, "/")
    form = page(client.get("/login", query_string={"next": target})).form
    assert form["action"] == "/login?next=index"


def test_without_the_token_a_form_changes_nothing_and_json_needs_none():
    client = create_app(CONFIG | {"WTF_CSRF_ENABLED": True}).test_client()
    assert client.post("/api/login", json=LOGIN).status_code == 200
    for path in ("/login", "/logout"):
        response = client.post(path, data=LOGIN)
        assert status_and_message(response) == (400, "The CSRF token is missing.")
    assert content(client) == {"name": "ann"}
    form = {"csrf_token": csrf_token(client.get("/"))}
    assert client.post("/logout", data=form).status_code == 303
    form = LOGIN | {"csrf_token": csrf_token(client.get("/login"))}
    assert client.post("/login", data=form).status_code == 303
    assert content(client)["name"] == "ann"


def test_an_unknown_name_takes_the_same_work(client, monkeypatch):
    hashes = []

    def check(kept, password):
        hashes.append(kept)
        return check_password_hash(kept, password)

    monkeypatch.setattr(lesson, "check_password_hash", check)
    for name in ("ann", "bob"):
        client.post("/api/login", json={"name": name, "password": "x"})
    assert len(hashes) == 2
    assert hashes[0] != hashes[1]
    # Method, salt and hash: with less, the check ends before the work begins.
    assert [kept.split("$")[0] for kept in hashes] == [CONFIG["PASSWORD_METHOD"]] * 2
    assert [len(kept.split("$")[2]) for kept in hashes] == [64, 64]


def test_the_password_is_stored_as_a_scrypt_hash_unless_a_test_says_otherwise(monkeypatch):
    def hash_password(password, method):
        methods[password] = method
        return f"{method}$salt$hash"

    monkeypatch.setattr(lesson, "generate_password_hash", hash_password)
    for config, method in ({}, "scrypt"), (CONFIG, "pbkdf2:sha256:1"):
        methods = {}
        create_app(config)
        assert methods.pop("green tea") == method
        assert list(methods.values()) == [method]  # of a random password, for unknown names


def test_a_refused_login_is_logged_without_what_was_typed(client, caplog):
    client.post("/api/login", json=LOGIN)
    assert caplog.messages == []
    client.post("/api/login", json={"name": "bob\nann", "password": "black tea"})
    assert caplog.messages == ["A login from 127.0.0.1 was refused."]


def test_pages_escape_the_name_and_work_under_a_mount(client):
    with client.session_transaction() as session:
        session["name"] = "<b>Ann"
    mount = "http://localhost/run/login"
    for path in "/", "/account", "/login":
        html = page(client.get(path, base_url=mount))
        assert not html.b
        links = [each["href"] for each in html.select("[href]")]
        links += [each["action"] for each in html.select("form")]
        assert links
        assert all(link.startswith("/run/login/") for link in links)
    assert page(client.get("/account")).h1.text == "The account of <b>Ann"
    assert client.post("/login", data=LOGIN, base_url=mount).location == "/run/login/"


def test_the_cookie_is_protected_and_the_key_is_random_unless_it_is_set(monkeypatch):
    response = create_app(CONFIG).test_client().post("/api/login", json=LOGIN)
    assert response.headers["Set-Cookie"].endswith("; HttpOnly; Path=/; SameSite=Lax")
    assert create_app(CONFIG).secret_key != create_app(CONFIG).secret_key
    monkeypatch.setenv("FLASK_SECRET_KEY", "")
    assert len(create_app(CONFIG).secret_key) == 64  # an empty key would let anyone sign
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the environment")
    assert create_app(CONFIG).secret_key == "from the environment"
    assert create_app({**CONFIG, "SECRET_KEY": "given"}).secret_key == "given"
