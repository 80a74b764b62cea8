"""Sessions of the shop: on the server, new at login and logout, and kept where workers share them.

Begin with test_a_session_says_who_is_logged_in.
"""

import json
import re
import threading
import time
from datetime import timedelta

import msgspec
import pytest
from flask import session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf
from sqlalchemy import delete

from day06_project.shop.extensions import db
from day06_project.shop.libs.sessions import GuardedSessions
from day06_project.shop.models import User
from day06_project.shop.utils.auth import renew_session
from tests.day06_project.helpers import Shopper


def stored(app):
    """Return how many sessions the app keeps."""
    if client := app.config.get("SESSION_REDIS"):
        return len(list(client.scan_iter(app.config["SESSION_KEY_PREFIX"] + "*")))
    with app.extensions["store"]._open() as connection:
        keys = connection.execute("SELECT key FROM entries WHERE key LIKE 'session:%'")
        return len(keys.fetchall())


# Login and logout


def test_a_session_says_who_is_logged_in(visitor):
    assert visitor.get("/session").json == {"user": None}
    visitor.register("ada")
    assert visitor.get("/session").json == {"user": None}
    response = visitor.login("ada")
    assert response.json["user"]["name"] == "ada"
    assert visitor.get("/session").json == response.json


def test_logging_out_ends_the_session_and_may_be_repeated(app, ada):
    before = stored(app)
    assert before
    for _ in range(2):
        response = ada.send("DELETE", "/session")
        assert (response.status_code, response.data) == (204, b"")
    assert ada.get("/session").json == {"user": None}
    assert stored(app) == before  # the old session is gone, a new one is there


def test_login_and_logout_change_the_id_and_the_token(app, ada):
    shopper = Shopper(app)
    tokens, ids = [shopper.token], [shopper.cookie("session")]
    for step in lambda: shopper.login("ada"), lambda: shopper.send("DELETE", "/session"):
        step()
        ids.append(shopper.cookie("session"))
        tokens.append(shopper.token)
    assert len(set(ids)) == len(set(tokens)) == 3
    for old in ids[:2]:
        copy = app.test_client()
        copy.set_cookie("session", old)
        assert copy.get("/api/v1.0/session").json == {"user": None}
        assert copy.get_cookie("session").value != old


def test_an_attacker_who_plants_a_session_id_is_not_logged_in_with_the_victim(app, ada):
    attacker = Shopper(app)
    assert attacker.token  # the session is stored; the victim gets its id
    planted = attacker.cookie("session")
    client = app.test_client()
    client.set_cookie("session", planted)
    victim = Shopper(app, client)
    assert victim.token
    assert victim.cookie("session") == planted
    assert victim.login("ada").json["user"]["name"] == "ada"
    assert victim.cookie("session") != planted
    assert attacker.get("/session").json == {"user": None}
    assert attacker.get("/cart").status_code == 401


def test_clearing_first_keeps_the_old_id(app, ada):
    """Why ``renew_session`` has its order: an empty session is not regenerated."""
    with app.test_request_context(headers={"Cookie": f"session={ada.cookie('session')}"}):
        before = session.sid
        session.clear()
        app.session_interface.regenerate(session)
        assert session.sid == before
    with app.test_request_context(headers={"Cookie": f"session={ada.cookie('session')}"}):
        app.session_interface.regenerate(session)
        assert session.sid != before
    assert ada.get("/session").json == {"user": None}


def test_a_new_session_has_a_new_token_even_if_the_old_one_was_used_before(app):
    with app.test_request_context():
        old = generate_csrf()
        renew_session()
        assert generate_csrf() != old


def test_an_id_that_the_client_made_up_is_replaced(app):
    client = app.test_client()
    client.set_cookie("session", "chosen-by-me")
    client.get("/api/v1.0/session")
    assert client.get_cookie("session").value != "chosen-by-me"


@pytest.mark.parametrize("refresh", [False, True])
def test_a_slow_request_does_not_undo_a_logout(build, app, ada, refresh):
    """With the default of Flask, True, it does: each request writes the whole session back."""
    inside, go_on = threading.Event(), threading.Event()
    worker = build(SESSION_REFRESH_EACH_REQUEST=refresh)

    @worker.get("/slow")
    def slow():
        assert session["user_id"]
        inside.set()
        assert go_on.wait(120)
        return "done"

    shopper = Shopper(worker)
    shopper.login("ada")
    old = shopper.cookie("session")
    other = worker.test_client()
    other.set_cookie("session", old)
    request = threading.Thread(target=other.get, args=("/slow",))
    request.start()
    assert inside.wait(120)
    assert shopper.send("DELETE", "/session").status_code == 204
    go_on.set()
    request.join()
    copy = worker.test_client()
    copy.set_cookie("session", old)
    user = copy.get("/api/v1.0/session").json["user"]
    assert (user is not None) is refresh


def test_the_shop_does_not_write_sessions_back(app):
    assert app.config["SESSION_REFRESH_EACH_REQUEST"] is False
    assert app.permanent_session_lifetime == timedelta(hours=12)


def test_without_its_account_a_session_is_not_logged_in(app, ada, problem):
    with app.app_context():
        db.session.execute(delete(User).where(User.id == ada.user["id"]))
        db.session.commit()
    assert ada.get("/session").json == {"user": None}
    problem(ada.send("POST", "/goods", {"name": "x", "price": 1}), 401)


# Where sessions are kept


def test_the_cookie_holds_nothing_but_a_random_id(app, ada):
    assert isinstance(app.session_interface, GuardedSessions)
    assert not isinstance(app.session_interface.inner, SecureCookieSessionInterface)
    assert re.fullmatch("[A-Za-z0-9_-]{43}", ada.cookie("session"))
    response = ada.login("ada")
    assert response.status_code == 200
    cookie = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith("session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires=" in cookie
    assert "Secure" not in cookie


def test_workers_share_sessions(workers, ada):
    client = workers[1].test_client()
    client.set_cookie("session", ada.cookie("session"))
    assert client.get("/api/v1.0/session").json["user"]["name"] == "ada"


def test_requests_without_a_cookie_leave_no_session_behind(app, visitor):
    before = stored(app)
    for path in (
        "/api/v1.0/goods",
        "/api/v1.0/goods/1",
        "/api/v1.0/cart",
        "/api/v1.0/health",
        "/api/v1.0/nowhere",
        "/static/html/index.html",
        "/nowhere.html",
        "/",
        "/login.html",
    ):
        response = app.test_client().get(path)
        assert "Set-Cookie" not in response.headers, path
        response.close()
    assert stored(app) == before


def test_in_redis_a_session_is_one_key(build_empty, small_redis):
    app = build_empty(REDIS_URL=small_redis.url)
    with app.app_context():
        db.create_all()
    ada = Shopper(app).logged_in("ada")
    assert ada.get("/session").json["user"] == ada.user
    client = app.config["SESSION_REDIS"]
    (key,) = (key for key in client.keys("*") if b"session:" in key)
    assert key.decode() == f"shop:session:{ada.cookie('session')}"
    data = msgspec.msgpack.decode(client.get(key))
    assert data["user_id"] == ada.user["id"]
    assert set(data) == {"_permanent", "csrf_token", "user_id"}
    assert client.ttl(key) == 12 * 60 * 60


@pytest.mark.parametrize("stack", ["embedded"], indirect=True)
def test_without_redis_a_session_is_json_in_the_file_of_the_store(app, ada):
    """Not a pickle: reading one would run the code of anyone who can write the file."""
    store = app.extensions["store"]
    assert ada.token
    with store._open() as connection:
        query = "SELECT value FROM entries WHERE key = ?"
        ((text,),) = connection.execute(query, (f"session:{ada.cookie('session')}",)).fetchall()
    data = json.loads(text)
    assert data["user_id"] == ada.user["id"]
    assert set(data) == {"_permanent", "csrf_token", "user_id"}


@pytest.mark.parametrize("stack", ["embedded"], indirect=True)
def test_the_oldest_of_twelve_thousand_sessions_is_still_there(app, ada):
    """A cache of files would keep the newest 10,000."""
    end = time.time() + 3600
    rows = [(f"session:{number}", "{}", end) for number in range(12_000)]
    with app.extensions["store"]._open() as connection:
        connection.executemany("INSERT INTO entries VALUES (?, ?, ?)", rows)
    assert Shopper(app).token
    assert ada.get("/session").json["user"] == ada.user
    with app.extensions["store"]._open() as connection:
        connection.execute("DELETE FROM entries")


@pytest.mark.parametrize("path", ["/static/html/index.html", "/static/nowhere.css"])
def test_static_files_do_not_ask_for_the_session(app, ada, path, monkeypatch):
    assert ada.token
    monkeypatch.setattr(app.session_interface, "inner", None)
    response = ada.client.get(path)
    assert response.status_code in {200, 404}
    response.close()


def test_a_response_that_depends_on_the_cookie_varies_by_it(visitor):
    assert "Cookie" in visitor.get("/session").headers["Vary"]
    assert "Vary" not in visitor.get("/goods").headers


def test_an_app_in_another_folder_does_not_know_the_session(app, build_empty):
    first, second = (each.test_client() for each in (app, build_empty()))
    first.get("/api/v1.0/session")
    second.set_cookie("session", first.get_cookie("session").value)
    second.get("/api/v1.0/session")
    assert second.get_cookie("session").value != first.get_cookie("session").value
