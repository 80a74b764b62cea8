import re
import threading
from contextlib import closing
from datetime import timedelta

import msgspec
import pytest
import redis
from cachelib import FileSystemCache
from flask import Flask, flash, get_flashed_messages, session
from flask.sessions import SecureCookieSessionInterface
from flask_session import Session
from itsdangerous import BadSignature
from sqlalchemy import delete

from day06_project.shop import create_app
from day06_project.shop.extensions import db
from day06_project.shop.libs.sessions import GuardedSessions
from day06_project.shop.libs.store import connect
from day06_project.shop.models import User


def stored(app):
    """Return how many sessions the app's store holds."""
    if client := app.config.get("SESSION_REDIS"):
        return len(list(client.scan_iter(app.config["SESSION_KEY_PREFIX"] + "*")))
    return len(list(app.config["SESSION_CACHELIB"]._list_dir()))


def note_app(**settings):
    """Build the smallest app that remembers something."""
    app = Flask("notes")
    app.config.from_mapping(settings)

    @app.put("/<text>")
    def put(text):
        session["text"] = text
        return "kept"

    @app.get("/")
    def get():
        return session.get("text", "nothing")

    return app


# Login and logout


def test_a_session_says_who_is_logged_in(stranger):
    assert stranger.get("/session").json == {"user": None}
    stranger.register("ada")
    assert stranger.get("/session").json == {"user": None}
    response = stranger.login("ada")
    assert response.json["user"]["name"] == "ada"
    assert stranger.get("/session").json == response.json


def test_logging_out_ends_it_and_may_be_repeated(app, ada):
    before = stored(app)
    for _ in range(2):
        response = ada.send("DELETE", "/session")
        assert (response.status_code, response.data) == (204, b"")
    assert ada.get("/session").json == {"user": None}
    assert stored(app) == before  # the old one went, a stranger's came


def test_login_and_logout_change_the_id_and_the_token(app, ada, shopper):
    person = shopper(app)
    ids, tokens = [person.cookie("session")], [person.token]
    for step in lambda: person.login("ada"), lambda: person.send("DELETE", "/session"):
        step()
        ids.append(person.cookie("session"))
        tokens.append(person.token)
    assert len(set(ids)) == len(set(tokens)) == 3
    for old in ids[:2]:
        copy = app.test_client()
        copy.set_cookie("session", old)
        assert copy.get("/api/v1.0/session").json == {"user": None}
        assert copy.get_cookie("session").value != old


def test_a_planted_session_does_not_see_who_logs_in(app, ada, shopper):
    attacker = shopper(app)  # has a session that is stored, and gives its id to the victim
    planted = attacker.cookie("session")
    client = app.test_client()
    client.set_cookie("session", planted)
    victim = shopper(app, client)
    assert victim.cookie("session") == planted
    assert victim.login("ada").json["user"]["name"] == "ada"
    assert victim.cookie("session") != planted
    assert attacker.get("/session").json == {"user": None}
    assert attacker.get("/cart").status_code == 401


def test_clearing_first_keeps_the_old_id(app, ada, shopper):
    """Show why ``renew_session`` has its order: an emptied session is not regenerated."""
    with app.test_request_context(headers={"Cookie": f"session={ada.cookie('session')}"}):
        before = session.sid
        session.clear()
        app.session_interface.regenerate(session)
        assert session.sid == before
    with app.test_request_context(headers={"Cookie": f"session={ada.cookie('session')}"}):
        app.session_interface.regenerate(session)
        assert session.sid != before
    assert ada.get("/session").json == {"user": None}


@pytest.mark.point("D6-24")
def test_an_invented_id_is_not_adopted(app):
    client = app.test_client()
    client.set_cookie("session", "chosen-by-me")
    client.get("/api/v1.0/session")
    assert client.get_cookie("session").value != "chosen-by-me"


@pytest.mark.parametrize("refresh", [False, True])
def test_a_slow_request_does_not_bring_back_who_logged_out(build, shopper, app, refresh):
    """With the default of Flask, True, it does: each request writes the whole session back."""
    shopper(app).register("ada")
    inside, go_on = threading.Event(), threading.Event()
    worker = build(SESSION_REFRESH_EACH_REQUEST=refresh)

    @worker.get("/slow")
    def slow():
        assert session["user_id"]
        inside.set()
        assert go_on.wait(10)
        return "done"

    ada = shopper(worker)
    ada.login("ada")
    old = ada.cookie("session")
    other = worker.test_client()
    other.set_cookie("session", old)
    request = threading.Thread(target=other.get, args=("/slow",))
    request.start()
    assert inside.wait(10)
    assert ada.send("DELETE", "/session").status_code == 204
    go_on.set()
    request.join(10)
    copy = worker.test_client()
    copy.set_cookie("session", old)
    user = copy.get("/api/v1.0/session").json["user"]
    assert (user is not None) is refresh


def test_it_is_off_in_the_shop(app):
    assert app.config["SESSION_REFRESH_EACH_REQUEST"] is False
    assert app.permanent_session_lifetime == timedelta(hours=12)


def test_a_session_of_an_account_that_is_gone_is_a_strangers(app, ada, problem):
    with app.app_context():
        db.session.execute(delete(User).where(User.id == ada.user["id"]))
        db.session.commit()
    assert ada.get("/session").json == {"user": None}
    problem(ada.send("POST", "/goods", {"name": "x", "price": 1}), 401)


# Where sessions lie


def test_the_cookie_holds_nothing_but_a_random_id(app, ada):
    assert isinstance(app.session_interface, GuardedSessions)
    assert not isinstance(app.session_interface.inner, SecureCookieSessionInterface)
    assert re.fullmatch("[A-Za-z0-9_-]{43}", ada.cookie("session"))
    response = ada.login("ada")
    cookie = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith("session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires=" in cookie
    assert "Secure" not in cookie


def test_workers_share_sessions(build, ada, shopper):
    client = build().test_client()
    client.set_cookie("session", ada.cookie("session"))
    assert client.get("/api/v1.0/session").json["user"]["name"] == "ada"


def test_requests_without_a_cookie_leave_no_session_behind(app, stranger):
    before = stored(app)
    for path in (
        "/api/v1.0/goods",
        "/api/v1.0/goods/1",
        "/api/v1.0/cart",
        "/api/v1.0/health",
        "/api/v1.0/nowhere",
        "/static/html/index.html",
        "/nowhere.html",
    ):
        response = app.test_client().get(path)
        assert "Set-Cookie" not in response.headers, path
        response.close()
    assert stored(app) == before


@pytest.mark.point("D6-11")
def test_in_redis_there_is_one_key_for_who_is_logged_in(empty, small_redis, shopper):
    app = empty(REDIS_URL=small_redis.url)
    with app.app_context():
        db.create_all()
    ada = shopper(app).logged_in("ada")
    client = app.config["SESSION_REDIS"]
    (key,) = (key for key in client.keys("*") if b"session:" in key)
    assert key.decode() == f"shop:session:{ada.cookie('session')}"
    data = msgspec.msgpack.decode(client.get(key))
    assert data["user_id"] == ada.user["id"]
    assert set(data) == {"_permanent", "csrf_token", "user_id"}
    assert 0 < client.ttl(key) <= 12 * 60 * 60


@pytest.mark.point("D6-11")
def test_a_kind_of_session_must_be_chosen():
    with pytest.raises(ValueError, match="Unrecognized value for SESSION_TYPE: null"):
        Session(Flask("notes"))


@pytest.mark.point("D6-10", "D6-12")
def test_a_client_connects_late_keeps_databases_apart_and_gives_bytes(small_redis):
    assert redis.StrictRedis is redis.Redis
    small_redis.stop()
    first = redis.Redis.from_url(small_redis.url)  # nobody listens, and nobody asked yet
    small_redis.start()
    second = redis.Redis.from_url(small_redis.url.replace("/0", "/1"))
    text = redis.Redis.from_url(small_redis.url + "&decode_responses=true")
    with closing(first), closing(second), closing(text):
        first.set("key", "value", ex=60)
        assert first.get("key") == b"value"
        assert text.get("key") == "value"
        assert second.get("key") is None
        assert 58 <= first.ttl("key") <= 60
        with pytest.warns(DeprecationWarning, match="setex"):
            first.setex("key", 60, "value")


@pytest.mark.point("D6-12")
def test_session_redis_is_a_client_and_not_an_address(small_redis):
    with closing(redis.StrictRedis.from_url(small_redis.url)) as client:
        app = note_app(SESSION_TYPE="redis", SESSION_REDIS=client)
        Session(app)
        assert app.session_interface.client is client
        client = app.test_client()
        client.put("/hello")
        assert client.get("/").text == "hello"
    app = note_app(SESSION_TYPE="redis", SESSION_REDIS=small_redis.url)
    with pytest.warns(RuntimeWarning, match="No valid Redis instance"):
        Session(app)
    address = app.session_interface.client.connection_pool.connection_kwargs
    assert address["port"] == 6379 != small_redis.port


@pytest.mark.point("D6-14")
@pytest.mark.parametrize("lifetime", [259200, timedelta(days=3)])
def test_a_lifetime_is_in_seconds_or_a_timedelta(small_redis, lifetime):
    with closing(connect(small_redis.url)) as store:
        app = note_app(
            SESSION_TYPE="redis", SESSION_REDIS=store, PERMANENT_SESSION_LIFETIME=lifetime
        )
        Session(app)
        assert app.permanent_session_lifetime == timedelta(days=3)
        response = app.test_client().put("/hello")
        (key,) = store.keys("*")
        assert store.ttl(key) == 259200
        assert "Expires=" in response.headers["Set-Cookie"]


@pytest.mark.point("D6-17", "D6-23")
def test_the_same_view_keeps_its_data_elsewhere(tmp_path):
    app = note_app(SECRET_KEY="k" * 32)
    client = app.test_client()
    before = client.put("/hello").headers["Set-Cookie"]
    assert isinstance(app.session_interface, SecureCookieSessionInterface)
    assert client.get("/").text == "hello"

    app = note_app(SESSION_TYPE="cachelib", SESSION_CACHELIB=FileSystemCache(tmp_path))
    Session(app)
    client = app.test_client()
    after = client.put("/hello").headers["Set-Cookie"]
    assert not isinstance(app.session_interface, SecureCookieSessionInterface)
    assert client.get("/").text == "hello"

    serializer = SecureCookieSessionInterface().get_signing_serializer(
        note_app(SECRET_KEY="k" * 32)
    )
    value = before.split("=")[1].split(";")[0]
    assert serializer.loads(value) == {"text": "hello"}
    with pytest.raises(BadSignature):
        serializer.loads(after.split("=")[1].split(";")[0])


@pytest.mark.point("D6-13")
def test_the_signer_signs_the_id_and_does_not_hide_it(tmp_path):
    cache = FileSystemCache(tmp_path)
    app = note_app(
        SECRET_KEY="k" * 32,
        SESSION_TYPE="cachelib",
        SESSION_CACHELIB=cache,
        SESSION_USE_SIGNER=True,
    )
    with pytest.warns(DeprecationWarning, match="use_signer"):
        Session(app)
    client = app.test_client()
    client.put("/hello")
    signed = client.get_cookie("session").value
    readable, _, signature = signed.rpartition(".")
    assert cache.get(f"session:{readable}")["text"] == "hello"
    assert client.get("/").text == "hello"
    for value in readable, f"{readable}.{signature[::-1]}", f"x{signed}":
        client.set_cookie("session", value)
        assert client.get("/").text == "nothing"


@pytest.mark.point("D6-24")
def test_server_side_sessions_need_no_secret_key(tmp_path):
    app = note_app(SESSION_TYPE="cachelib", SESSION_CACHELIB=FileSystemCache(tmp_path))
    Session(app)
    app.add_url_rule("/flash", view_func=lambda: flash("saved") or "ok", endpoint="flash")
    app.add_url_rule("/flashed", view_func=lambda: get_flashed_messages(), endpoint="flashed")
    assert app.secret_key is None
    client = app.test_client()
    client.put("/hello")
    assert client.get("/").text == "hello"
    client.get("/flash")
    assert client.get("/flashed").json == ["saved"]


def test_old_sessions_are_not_thrown_away_below_ten_thousand(app):
    cache = app.config.get("SESSION_CACHELIB")
    assert cache is None or cache._threshold == 10_000


@pytest.mark.parametrize("path", ["/static/html/index.html", "/static/nowhere.css"])
def test_static_files_do_not_ask_for_the_session(app, ada, path, monkeypatch):
    monkeypatch.setattr(app.session_interface, "inner", None)
    response = ada.client.get(path)
    assert response.status_code in {200, 404}
    response.close()


def test_each_answer_that_depends_on_the_cookie_says_so(stranger):
    assert "Cookie" in stranger.get("/session").headers["Vary"]
    assert "Vary" not in stranger.get("/goods").headers


def test_two_apps_share_nothing(tmp_path, tools):
    apps = [create_app("testing", DATA_FOLDER=tmp_path / name) for name in "ab"]
    first, second = (app.test_client() for app in apps)
    first.get("/api/v1.0/session")
    second.set_cookie("session", first.get_cookie("session").value)
    second.get("/api/v1.0/session")
    assert second.get_cookie("session").value != first.get_cookie("session").value
    for app in apps:
        tools.close(app)
