"""Session security: who can read, copy and forge the cookie, and what the server can do.

Begin with test_anyone_can_read_the_session_without_the_key. Ids in the path are tested in
test_session_security_by_path.py.
"""

import re
from base64 import urlsafe_b64encode
from datetime import timedelta

import pytest
from itsdangerous import TimestampSigner

from day02.session_security import first
from day02.session_security.app import create_app
from day02.session_security.attack import forge_cookie, guess_key, read_content

KEY = "a key that only the tests know"


@pytest.fixture(scope="module")
def app():
    return create_app({"SECRET_KEY": KEY})


@pytest.fixture
def client(app):
    return app.test_client()


def client_of(cookie=None, **config):
    """Return a client of a new app, with the session cookie that it is given."""
    client = create_app(config).test_client()
    if cookie is not None:
        client.set_cookie("session", cookie)
    return client


def login(client, **form):
    """Log in, and return the session cookie."""
    response = client.post("/login", data={"name": "Ann"} | form)
    assert (response.status_code, response.location) == (303, "/")
    return client.get_cookie("session").value


def who_unsafe(client):
    return client.get("/who-unsafe").json["name"]


def who(client):
    return client.get("/who").json["name"]


def test_anyone_can_read_the_session_without_the_key(client):
    content = read_content(login(client, name="Ånn"))
    assert content.keys() == {"name", "ticket"}
    assert content["name"] == "Ånn"
    page = client.get("/").text
    assert f'"ticket": "{content["ticket"]}"' in page
    assert client.get_cookie("session").value in page


def test_the_small_program_reads_the_cookie():
    client = first.app.test_client()
    assert client.get("/").text == "\n"
    assert client.post("/login").text == "Welcome.\n"
    response = client.get("/")
    assert response.text == '{"name":"Ann"}\n'
    assert response.mimetype == "text/plain"
    for cookie in ["a", "é"]:
        client.set_cookie("session", cookie)
        assert client.get("/").status_code == 400, cookie


def test_the_session_remembers_who_logged_in(client):
    assert (who(client), who_unsafe(client)) == (None, None)
    assert "Hello stranger" in client.get("/").text
    login(client)
    assert (who(client), who_unsafe(client)) == ("Ann", "Ann")
    assert "Hello Ann" in client.get("/").text
    other = client.application.test_client()
    assert (who(other), who_unsafe(other)) == (None, None)


@pytest.mark.parametrize("name", [None, "", "   ", "x" * 21])
def test_a_login_needs_a_short_name(client, name):
    response = client.post("/login", data={} if name is None else {"name": name})
    assert response.status_code == 400
    assert "Set-Cookie" not in response.headers


def test_logging_out_twice_is_no_error(client):
    login(client)
    for _ in range(2):
        response = client.post("/logout")
        assert (response.status_code, response.location) == (303, "/")
        assert (who(client), who_unsafe(client)) == (None, None)
        assert client.get_cookie("session") is None


def test_a_login_starts_from_an_empty_session(client):
    client.set_cookie("session", forge_cookie({"send_to": "the attacker's address"}, KEY))
    before = read_content(login(client))
    after = read_content(login(client, name="Bob"))
    assert before.keys() == after.keys() == {"name", "ticket"}
    assert after["name"] == "Bob"
    assert after["ticket"] != before["ticket"]


def test_each_login_has_a_random_ticket(client):
    tickets = {read_content(login(client))["ticket"] for _ in range(3)}
    assert len(tickets) == 3
    assert all(re.fullmatch("[0-9a-f]{16}", ticket) for ticket in tickets)


# The cookie


def test_the_data_themselves_are_in_the_cookie(client):
    response = client.post("/login", data={"name": "Ann"})
    header = response.headers["Set-Cookie"]
    assert header.startswith("session=eyJ")
    assert header.endswith("; HttpOnly; Path=/; SameSite=Lax")
    # A second app has stored nothing and knows the visitor.
    assert who_unsafe(client_of(client.get_cookie("session").value, SECRET_KEY=KEY)) == "Ann"


def test_long_content_is_compressed_and_as_readable():
    cookie = forge_cookie({"notes": "tea " * 300}, KEY)
    assert cookie.startswith(".")
    assert read_content(cookie) == {"notes": "tea " * 300}


def test_the_cookie_may_have_another_name():
    client = create_app({"SESSION_COOKIE_NAME": "shop"}).test_client()
    client.post("/login", data={"name": "Ann"})
    assert '<code>{"name": "Ann", "ticket": ' in client.get("/").text


# The key


def test_the_key_is_random_at_each_start(client, monkeypatch):
    one, other = create_app(), create_app()
    assert len(one.secret_key) == 64
    assert one.secret_key != other.secret_key
    cookie = login(one.test_client())
    again = other.test_client()
    again.set_cookie("session", cookie)
    assert who_unsafe(again) is None
    monkeypatch.setenv("FLASK_SECRET_KEY", "")
    assert len(create_app().secret_key) == 64


def test_the_environment_sets_the_key_and_the_argument_wins(monkeypatch):
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the environment")
    monkeypatch.setenv("FLASK_SECRET_KEY_FALLBACKS", '["the one before"]')
    monkeypatch.setenv("FLASK_SESSION_COOKIE_SECURE", "true")
    app = create_app()
    assert app.secret_key == "from the environment"
    assert app.config["SECRET_KEY_FALLBACKS"] == ["the one before"]
    response = app.test_client().post("/login", data={"name": "Ann"})
    assert "; Secure;" in response.headers["Set-Cookie"]
    assert create_app({"SECRET_KEY": KEY}).secret_key == KEY


def test_servers_share_sessions_only_if_they_share_the_key(client):
    cookie = login(client)
    assert who_unsafe(client_of(cookie, SECRET_KEY=KEY)) == "Ann"
    assert who_unsafe(client_of(cookie, SECRET_KEY="another key")) is None
    # The second server does not know the tickets of the first.
    assert who(client_of(cookie, SECRET_KEY=KEY)) is None


def test_an_old_key_is_valid_for_reading_until_it_is_removed(client):
    cookie = login(client)
    rotated = client_of(cookie, SECRET_KEY="the new key", SECRET_KEY_FALLBACKS=[KEY])
    assert who_unsafe(rotated) == "Ann"
    assert guess_key(rotated.get_cookie("session").value, [KEY, "the new key"]) == KEY
    renewed = login(rotated)
    assert guess_key(renewed, [KEY, "the new key"]) == "the new key"
    assert who_unsafe(client_of(renewed, SECRET_KEY="the new key")) == "Ann"
    assert who_unsafe(client_of(cookie, SECRET_KEY="the new key")) is None


# Attacks


def test_the_page_escapes_name_cookie_and_content(client):
    login(client, name="<b>Ann")
    page = client.get("/").text
    assert "Hello &lt;b&gt;Ann" in page
    assert "<b>" not in page
    client.set_cookie("session", "<script>")
    assert "<script>" not in client.get("/").text


def test_an_invalid_cookie_is_an_empty_session(client):
    for cookie in [
        "",
        ".",
        "...",
        "a",
        "a.b.c",
        ".eyJ9",
        ".eJwDAAAAAAE",
        "eyJhIjox",
        "é",
        "=",
        "W" * 60_000,
        urlsafe_b64encode(b"[" * 40_000).decode(),
    ]:
        assert read_content(cookie) is None, cookie[:20]
        response = client.get("/", headers={"Cookie": f"session={cookie}"})
        assert response.status_code == 200
        assert "Hello stranger" in response.text
        assert "<code>null</code>" in response.text


def test_a_compression_bomb_is_not_unpacked():
    bomb = forge_cookie({"notes": "a" * 1_000_000}, KEY)
    assert len(bomb) < 2_000
    assert read_content(bomb) is None


def test_a_changed_content_is_an_empty_session(client):
    cookie = login(client)
    content, rest = cookie.split(".", 1)
    admin = forge_cookie(read_content(cookie) | {"name": "admin"}, "another key").split(".", 1)[0]
    assert read_content(f"{admin}.{rest}")["name"] == "admin"
    for tampered in [f"{admin}.{rest}", content, f"{content}.", cookie[:-2], f"{cookie}x"]:
        client.set_cookie("session", tampered)
        assert (who(client), who_unsafe(client)) == (None, None)
        assert "Hello stranger" in client.get("/").text
    client.set_cookie("session", cookie)
    assert (who(client), who_unsafe(client)) == ("Ann", "Ann")


WORDS = ["secret", "dev", "qwerty", "asdfgh"]


@pytest.mark.parametrize("key", [WORDS[0], WORDS[-1]])
def test_a_weak_key_is_guessed_and_then_every_session_can_be_forged(key):
    client = client_of(SECRET_KEY=key)
    found = guess_key(login(client), WORDS)
    assert found == key
    client.set_cookie("session", forge_cookie({"name": "admin"}, found))
    assert who_unsafe(client) == "admin"
    # The attacker knows no ticket that is in use.
    assert who(client) is None
    client.set_cookie("session", forge_cookie({"name": "admin", "ticket": "0" * 16}, found))
    assert who(client) is None


def test_a_random_key_is_not_guessed_and_a_forgery_is_refused():
    client = create_app().test_client()
    assert guess_key(login(client), WORDS) is None
    for word in WORDS:
        client.set_cookie("session", forge_cookie({"name": "admin"}, word))
        assert who_unsafe(client) is None


def test_a_copied_cookie_outlives_the_logout_unless_the_server_remembers(client):
    copy = login(client)
    thief = client.application.test_client()
    thief.set_cookie("session", copy)
    assert (who_unsafe(thief), who(thief)) == ("Ann", "Ann")
    client.post("/logout")
    assert (who_unsafe(thief), who(thief)) == ("Ann", None)


def test_a_new_login_ends_the_one_before(client):
    copy = login(client)
    login(client, name="Bob")
    thief = client.application.test_client()
    thief.set_cookie("session", copy)
    assert (who(thief), who(client)) == (None, "Bob")


def test_a_logout_ends_one_login_and_no_other(client):
    phone = client.application.test_client()
    login(phone)
    login(client)
    client.post("/logout")
    assert (who(client), who(phone)) == (None, "Ann")


@pytest.mark.parametrize(("seconds", "name"), [(0, "Ann"), (1, None)])
def test_a_copy_is_valid_for_seven_days(client, monkeypatch, seconds, name):
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: 1_000_000)
    copy = login(client)
    client.post("/logout")
    later = 1_000_000 + int(timedelta(days=7).total_seconds()) + seconds
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: later)
    assert who_unsafe(client_of(copy, SECRET_KEY=KEY)) == name


def test_the_page_links_to_every_view_under_any_mount(client):
    mount = "http://localhost/run/security"
    page = client.get("/", base_url=mount).text
    for path in ["/login", "/visits"]:
        assert f'<form method="post" action="/run/security{path}">' in page
    client.post("/login", data={"name": "Ann"})
    page = client.get("/", base_url=mount).text
    assert '<form method="post" action="/run/security/logout">' in page
