"""The login of query_and_form: who is let in, what is stored, and where the login leads.

Begin with test_after_the_login_the_browser_continues_with_get.
"""

import json
import logging
import re
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from werkzeug.security import check_password_hash, generate_password_hash

from day02.query_and_form import app as lesson
from tests.day02.helpers import not_once, start_again
from tests.helpers import serving, status_and_message

FORM = "application/x-www-form-urlencoded"
PASSWORD = "open sesame"
ANN = {"name": "ann", "password": PASSWORD}
WRONG = (403, "Name or password is wrong.")


def quick_hash(password):
    """Return a hash that takes less time to check than those of users.json."""
    return generate_password_hash(password, "pbkdf2:sha256:1")


@pytest.fixture
def app(monkeypatch):
    """Return the app of the lesson, with hashes that take less time to check."""
    monkeypatch.setitem(lesson.app.config, "HASHES", {"ann": quick_hash(PASSWORD)})
    monkeypatch.setitem(lesson.app.config, "NOBODY", quick_hash("nobody's"))
    return lesson.app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.mark.parametrize("path", ["/login", "/login-open"])
def test_after_the_login_the_browser_continues_with_get(client, path):
    response = client.post(path, data=ANN)
    assert (response.status_code, response.location) == (303, "/")
    assert PASSWORD not in response.text
    end = client.post(f"{path}?next=/search?word=tea", data=ANN, follow_redirects=True)
    assert end.request.method == "GET"
    assert end.json["word"] == "tea"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"password": "sesame"}, WRONG),
        ({"password": ""}, WRONG),
        ({"password": "open sesame "}, WRONG),
        ({"password": "open sesame\0"}, not_once("password")),
        ({"password": "x" * 9_000}, WRONG),
        ({"password": ["sesame", PASSWORD]}, not_once("password")),
        ({"password": [PASSWORD, "sesame"]}, not_once("password")),
        ({"password": []}, not_once("password")),
        ({"name": "bob"}, WRONG),
        ({"name": "bob", "password": "nobody"}, WRONG),
        ({"name": "admin"}, WRONG),
        ({"name": "Ann"}, WRONG),
        ({"name": ""}, WRONG),
        ({"name": "ann\0"}, not_once("name")),
        ({"name": []}, not_once("name")),
        ({"name": ["ann", "bob"]}, not_once("name")),
        ({"name": ["ann", "ann"]}, not_once("name")),
    ],
)
def test_a_wrong_login_is_refused_and_the_password_not_repeated(client, change, expected):
    for path in ["/login", "/login-open"]:
        response = client.post(path, data=ANN | change)
        assert status_and_message(response) == expected
        assert "sesame" not in response.text
        assert "Location" not in response.headers


def test_the_login_reads_nothing_from_the_query_string(client):
    page = client.get("/login", query_string=ANN)
    assert page.status_code == 200
    assert page.text == client.get("/login").text
    assert PASSWORD not in page.text
    assert "ann" not in page.text
    assert status_and_message(client.post("/login", query_string=ANN)) == not_once("name")


def test_the_login_form_is_sent_to_its_own_url_by_post(client):
    for path in ["/login", "/login-open"]:
        page = client.get(path).text
        assert re.findall("<form.*>", page) == ['<form method="post">']
        assert 'name="password" type="password"' in page
        assert "<label for=" in page


def test_the_link_to_the_login_has_the_next_url(client):
    page = client.get("/").text
    link = re.search(r'href="(/login\?next=[^"]*)"', page)[1]
    assert client.post(link, data=ANN).location == "/search?word=tea"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_login_needs_post(client, method):
    assert client.open("/login", method=method, data=ANN).status_code == 405


# Edges


@pytest.mark.parametrize("path", ["/login", "/login-open"])
def test_head_gets_the_headers_of_get_from_separate_views(client, path):
    get, head = client.get(path), client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers == get.headers
    assert get.content_length == len(get.data) > 0


def test_head_ends_in_the_error_of_the_view_that_branches(client):
    get = client.get("/login-unsafe", query_string=ANN)
    head = client.head("/login-unsafe", query_string=ANN)
    assert (head.status_code, head.data, head.content_length) == (200, b"", len("error"))
    assert get.content_length == len("Hello ann, your password is open sesame.")


def test_a_json_login_is_refused(client):
    assert status_and_message(client.post("/login", json=ANN)) == not_once("name")


def test_a_password_in_bytes_that_are_not_utf_8_is_refused(client):
    raw = client.post("/login", data=b"name=ann&password=\xff", content_type=FORM)
    assert status_and_message(raw) == not_once("name")
    quoted = client.post("/login", data=b"name=ann&password=%ff", content_type=FORM)
    assert status_and_message(quoted) == WRONG


def test_a_login_that_is_too_long_is_refused(client):
    assert client.post("/login", data=ANN | {"password": "x" * 10_001}).status_code == 413


def test_the_first_page_is_found_under_a_mount(client):
    response = client.post("/login", base_url="http://localhost/run/lesson", data=ANN)
    assert response.location == "/run/lesson/"


# Attacks on the password


def test_the_unsafe_login_shows_the_password(client):
    by_get = client.get("/login-unsafe", query_string=ANN)
    assert by_get.text == "Hello ann, your password is open sesame."
    assert client.post("/login-unsafe", data=ANN).text == by_get.text
    assert "<b>" not in client.post("/login-unsafe", data=ANN | {"name": "<b>"}).text
    assert "<b>" not in client.post("/login-unsafe", data=ANN | {"password": "<b>"}).text


def test_the_log_of_a_server_holds_the_password_of_a_get_but_not_of_a_post(app, caplog):
    sent = "name=ann&password=open+sesame"
    with caplog.at_level(logging.INFO, "werkzeug"), serving(app) as server:
        url = f"{server.url}/login-unsafe"
        for request in [f"{url}?{sent}", Request(url, sent.encode(), {"Content-Type": FORM})]:
            with urlopen(request, timeout=60) as response:
                assert b"your password is open sesame" in response.read()
    get, post = caplog.messages
    assert "GET /login-unsafe?name=ann&password=open+sesame" in get
    assert "POST /login-unsafe" in post
    assert "sesame" not in post


def test_the_hash_is_not_accepted_as_a_password(app, client):
    stored = app.config["HASHES"]["ann"]
    assert status_and_message(client.post("/login", data=ANN | {"password": stored})) == WRONG


def test_the_users_of_the_environment_replace_those_of_the_file(monkeypatch):
    users = json.dumps({"bob": quick_hash("tea")})
    app = start_again(lesson, monkeypatch, FLASK_HASHES=users)
    response = app.test_client().post("/login", data={"name": "bob", "password": "tea"})
    assert response.status_code == 303
    assert app.config["HASHES"].keys() == {"bob"}


def test_an_unknown_name_costs_the_same_check(app, client, monkeypatch):
    checked = []
    monkeypatch.setattr(
        lesson, "check_password_hash", lambda stored, _: checked.append(stored) is not None
    )
    assert client.post("/login", data=ANN).status_code == 403
    assert client.post("/login", data=ANN | {"name": "bob"}).status_code == 403
    assert checked == [app.config["HASHES"]["ann"], app.config["NOBODY"]]


def test_what_is_stored_is_scrypt_and_fits_the_password_of_the_notes():
    text = (Path(lesson.__file__).parent / "users.json").read_text("utf-8")
    users = json.loads(text)
    assert "sesame" not in text
    assert list(users["HASHES"]) == ["ann"]
    for stored in [users["HASHES"]["ann"], users["NOBODY"]]:
        # The same cost: what differs is only the salt, the part between the dollar signs.
        assert re.fullmatch(r"scrypt:32768:8:1\$\w{16}\$[0-9a-f]{128}", stored)
    assert check_password_hash(users["HASHES"]["ann"], PASSWORD)
    assert lesson.app.config["HASHES"] == users["HASHES"]
    assert not check_password_hash(users["NOBODY"], PASSWORD)


# Attacks on the redirect


@pytest.mark.parametrize(
    "target",
    ["/", "/search?word=tea&page=2", "/a/b//c", "/a~b/%E8%8C%B6?x=a+b", "/login?next=/", "/-._~"],
)
def test_the_login_redirects_within_the_site(client, target):
    response = client.post("/login", query_string={"next": target}, data=ANN)
    assert (response.status_code, response.location) == (303, target)


OTHER_SITES = {
    "//evil.example": "//evil.example",
    "//evil.example/search?word=tea": "//evil.example/search?word=tea",
    "https://evil.example": "https://evil.example",
    "/\t/evil.example": "//evil.example",
    "/\n/evil.example": "//evil.example",
    " //evil.example": "//evil.example",
    "\t//evil.example": "//evil.example",
}


def test_an_open_redirect_leads_to_another_site_and_the_checked_one_does_not(client):
    for target, location in OTHER_SITES.items():
        attack = client.post("/login-open", query_string={"next": target}, data=ANN)
        assert (attack.status_code, attack.location) == (303, location)
        assert urlsplit(attack.location).netloc == "evil.example"
        defence = client.post("/login", query_string={"next": target}, data=ANN)
        assert (defence.status_code, defence.location) == (303, "/"), target


INVALID_TARGETS = [
    "/\\evil.example",
    "\\\\evil.example",
    "///evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "evil.example",
    "",
    "/a\r\nX-Evil: 1",
    "/search\n",
    "/a b",
    "/\0",
    "\0",
    "/茶",
    "/<b>",
    "/[",
    "http://[",
    "http://a:99999999/",
    "http://" + "a" * 70 + "é/",
    "//evil.example:80:80",
    "/" + "\t" * 50 + "/",
]


def test_invalid_targets_lead_to_the_first_page(client):
    for target in INVALID_TARGETS:
        defence = client.post("/login", query_string={"next": target}, data=ANN)
        assert (defence.status_code, defence.location) == (303, "/"), target
        attack = client.post("/login-open", query_string={"next": target}, data=ANN)
        assert attack.status_code == 303
        assert "X-Evil" not in attack.headers


def test_the_first_of_two_targets_is_used_and_checked(client):
    response = client.post("/login?next=//evil.example&next=/search", data=ANN)
    assert response.location == "/"


def test_a_target_in_the_form_is_ignored(client):
    assert client.post("/login", data=ANN | {"next": "/search"}).location == "/"


def test_a_wrong_password_is_refused_before_the_redirect(client):
    response = client.post("/login-open?next=//evil.example", data=ANN | {"password": "x"})
    assert status_and_message(response) == WRONG
