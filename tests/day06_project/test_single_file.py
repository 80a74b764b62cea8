"""One file with all the tools of a project: database, migrations, sessions, CSRF token, page, JSON.

Begin with test_ping_says_pong. The fixture ``app`` has its tables already; ``new_app`` has nothing.
"""

import importlib
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cachelib import FileSystemCache
from flask import Flask, session
from sqlalchemy import Integer

from day06_project.single_file import app as lesson
from day06_project.single_file import first
from day06_project.single_file.app import create_app, db
from tests.day06_project.helpers import WatchedLock, at_once
from tests.helpers import csrf_token, page

NAMES = ["Green tea, 100 g", "Mug, I <3 tea", "Teapot"]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Give a database file with the tables and the goods; each test gets a copy."""
    folder = tmp_path_factory.mktemp("database")
    assert create_app({"DATA_FOLDER": folder}).test_client().get("/goods").status_code == 200
    return folder / "shop.db"


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory):
    return create_app({"DATA_FOLDER": tmp_path_factory.mktemp("shop") / "data"})


@pytest.fixture
def new_app(shared_app):
    """Give the app without its folder."""
    shutil.rmtree(shared_app.config["DATA_FOLDER"], ignore_errors=True)
    return shared_app


@pytest.fixture
def folder(new_app):
    return new_app.config["DATA_FOLDER"]


@pytest.fixture
def app(new_app, folder, database):
    folder.mkdir()
    shutil.copy(database, folder)
    return new_app


@pytest.fixture
def client(app):
    return app.test_client()


def token(client):
    return csrf_token(client.get("/"))


def put(client, goods_id, given=None):
    return client.post(f"/basket/{goods_id}", data={"csrf_token": given or token(client)})


def basket(client):
    """Return what the page says is in the basket, by name."""
    rows = page(client.get("/")).select("tbody tr")
    return {row.th.text: int(row.span.text) for row in rows}


def session_files(folder):
    """Return the files of sessions; the cache keeps another one, with their number."""
    count = FileSystemCache(str(folder / "sessions"))._get_filename("__wz_cache_count")
    return [each for each in (folder / "sessions").iterdir() if each != Path(count)]


def test_ping_says_pong(client):
    assert client.get("/ping").text == "pong\n"


def test_the_goods_are_json(client):
    response = client.get("/goods")
    assert response.mimetype == "application/json"
    assert response.json == [
        {"id": 1, "name": "Green tea, 100 g", "price": 690},
        {"id": 2, "name": "Mug, I <3 tea", "price": 1250},
        {"id": 3, "name": "Teapot", "price": 2750},
    ]


def test_the_page_shows_the_same_goods(client):
    table = page(client.get("/"))
    assert [cell.text for cell in table.select("tbody th")] == NAMES
    assert [row.td.text for row in table.select("tbody tr")] == ["6.90", "12.50", "27.50"]


def test_goods_are_put_in_the_basket(client):
    response = client.post("/basket/3", data={"csrf_token": csrf_token(client.get("/"))})
    assert (response.status_code, response.location) == (303, "/")
    assert basket(client) == {"Green tea, 100 g": 0, "Mug, I <3 tea": 0, "Teapot": 1}


def test_the_basket_is_emptied(client):
    put(client, 3)
    for _ in range(2):
        response = client.post("/basket/empty", data={"csrf_token": token(client)})
        assert (response.status_code, response.location) == (303, "/")
        assert set(basket(client).values()) == {0}


# All the tools


def test_goods_are_sorted_by_name(app, client):
    with app.app_context():
        db.session.add(lesson.Goods(name="Kettle", price=3900))
        db.session.commit()
    names = [goods["name"] for goods in client.get("/goods").json]
    assert names == ["Green tea, 100 g", "Kettle", "Mug, I <3 tea", "Teapot"]


def test_one_file_has_all_the_tools(new_app, folder):
    client = new_app.test_client()
    assert new_app.extensions["sqlalchemy"] is db
    assert {"migrate", "csrf"} <= set(new_app.extensions)
    assert type(new_app.session_interface).__name__ == "CacheLibSessionInterface"
    assert [goods["name"] for goods in client.get("/goods").json] == NAMES
    assert put(client, 3).status_code == 303
    assert basket(client)["Teapot"] == 1
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            ("0001",)
        ]


def test_a_basket_holds_99_of_one_kind(client, monkeypatch):
    assert lesson.MOST == 99
    monkeypatch.setattr(lesson, "MOST", 2)
    given = token(client)
    for _ in range(3):
        put(client, 3, given)
    assert basket(client)["Teapot"] == 2


def test_ping_and_json_start_no_session_and_ping_needs_no_database(new_app, folder):
    client = new_app.test_client()
    assert "Set-Cookie" not in client.get("/ping").headers
    assert not (folder / "shop.db").exists()
    assert "Set-Cookie" not in client.get("/goods").headers
    assert session_files(folder) == []
    client.get("/")
    assert len(session_files(folder)) == 1


def test_the_basket_is_on_the_server_and_the_cookie_holds_an_id(app, folder):
    client = app.test_client()
    put(client, 1)
    put(client, 1)
    put(client, 2)
    assert basket(client) == {"Green tea, 100 g": 2, "Mug, I <3 tea": 1, "Teapot": 0}
    value = client.get_cookie("session").value
    assert re.fullmatch(r"[\w-]{43}", value)
    assert len(session_files(folder)) == 1
    assert basket(app.test_client())["Green tea, 100 g"] == 0
    # A restart: another app, the same folder.
    after = create_app({"DATA_FOLDER": folder}).test_client()
    after.set_cookie("session", value)
    assert basket(after)["Green tea, 100 g"] == 2


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/basket/4", 404),
        ("/basket/0", 404),
        ("/basket/-1", 404),
        ("/basket/x", 404),
        ("/basket/999999999", 404),
        ("/basket/99999999999999999999", 404),
        ("/nothing", 404),
        ("/goods", 405),
    ],
)
def test_what_does_not_exist_is_refused(client, path, status):
    assert client.post(path, data={"csrf_token": token(client)}).status_code == status


def test_a_session_that_was_not_changed_is_not_written_back(app, folder):
    client = app.test_client()
    client.get("/")
    [file] = session_files(folder)
    stamp = file.stat().st_mtime_ns, file.stat().st_ino
    client.get("/")
    [file] = session_files(folder)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == stamp


def test_ten_thousand_sessions_are_kept(app):
    assert app.config["SESSION_CACHELIB"]._threshold == 10_000
    assert FileSystemCache(str(app.config["DATA_FOLDER"] / "other"))._threshold == 500


# Settings


def test_the_environment_changes_settings_and_the_argument_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASK_DATA_FOLDER", str(tmp_path / "a"))
    monkeypatch.setenv("FLASK_SECRET_KEY", "from outside")
    app = create_app()
    assert app.config["DATA_FOLDER"] == tmp_path / "a"
    assert app.config["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path / 'a' / 'shop.db'}"
    assert app.config["SECRET_KEY"] == "from outside"
    assert create_app({"DATA_FOLDER": tmp_path / "b"}).config["DATA_FOLDER"] == tmp_path / "b"


def test_each_app_has_a_random_key_also_in_the_place_of_an_empty_one(tmp_path, monkeypatch):
    keys = {create_app({"DATA_FOLDER": tmp_path}).config["SECRET_KEY"] for _ in range(2)}
    monkeypatch.setenv("FLASK_SECRET_KEY", "")
    keys |= {create_app({"DATA_FOLDER": tmp_path}).config["SECRET_KEY"]}
    assert len(keys) == 3
    assert min(map(len, keys)) >= 32


def test_a_relative_folder_does_not_move_with_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = create_app({"DATA_FOLDER": "data"})
    monkeypatch.chdir("/")
    assert app.test_client().get("/goods").status_code == 200
    assert (tmp_path / "data" / "shop.db").exists()


def test_one_database_object_serves_each_app(tmp_path):
    apps = [create_app({"DATA_FOLDER": tmp_path / name}) for name in "ab"]
    urls = []
    for app in apps:
        with app.app_context():
            urls.append(db.engine.url.database)
    assert urls == [str(tmp_path / name / "shop.db") for name in "ab"]


# Commands and migrations


def test_flask_has_the_commands_and_flask_script_cannot_be_imported(app):
    assert "db" in app.cli.commands
    assert "run" in importlib.import_module("flask.cli").FlaskGroup().commands
    with pytest.raises(ImportError):
        importlib.import_module("flask_script")
    with pytest.raises(ImportError):
        importlib.import_module("flask._compat")  # the first thing that it imports


def test_the_migration_makes_what_the_models_say_and_goes_back(app, folder):
    run = app.test_cli_runner().invoke
    assert run(args=["db", "upgrade"]).exit_code == 0
    assert run(args=["db", "check"]).exit_code == 0
    assert run(args=["db", "downgrade"]).exit_code == 0
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        assert tables.fetchall() == [("alembic_version",)]
    assert len(app.test_client().get("/goods").json) == 3


def test_the_check_sees_a_model_that_has_no_migration(app):
    run = app.test_cli_runner().invoke
    metadata = lesson.Base.metadata
    extra = lesson.db.Table("more", lesson.db.Column("id", Integer, primary_key=True))
    try:
        assert run(args=["db", "check"]).exit_code == 1
    finally:
        metadata.remove(extra)


def test_a_database_that_was_deleted_is_made_anew(client, folder):
    given = token(client)
    (folder / "shop.db").unlink()
    assert put(client, 3, given).status_code == 303
    assert basket(client)["Teapot"] == 1


def test_a_folder_that_was_deleted_is_made_anew(client, folder):
    put(client, 1)
    shutil.rmtree(folder)
    assert client.get("/goods").status_code == 200
    assert put(client, 1).status_code == 303
    assert basket(client)["Green tea, 100 g"] == 1


def test_two_first_requests_migrate_once(new_app, monkeypatch):
    lock, calls = WatchedLock(), []
    monkeypatch.setattr(lesson, "one_at_a_time", lock)
    monkeypatch.setattr(lesson, "upgrade", lock.hold_up(lesson.upgrade, calls))
    responses = at_once(lambda _: new_app.test_client().get("/goods"), range(2))
    assert [response.status_code for response in responses] == [200, 200]
    assert len(calls) == 1


# Where it hurts


def test_after_the_import_settings_change_nothing():
    assert first.app.test_client().get("/ping").text == "pong\n"
    with first.app.app_context():
        assert first.db.engine.url.render_as_string() == "sqlite://"
    before = dict(first.app.config)
    try:
        first.app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:////tmp/test.db"
        with first.app.app_context():
            assert first.db.engine.url.render_as_string() == "sqlite://"
    finally:
        first.app.config.update(before)


def test_the_first_program_has_one_app_and_the_other_one_a_factory():
    assert isinstance(first.app, Flask)
    assert not hasattr(lesson, "app")
    assert {rule.endpoint for rule in first.app.url_map.iter_rules()} == {"static", "ping"}


def test_a_program_gets_errors_as_pages(client):
    for response in (client.get("/nothing"), client.delete("/goods")):
        assert response.status_code in (404, 405)
        assert response.mimetype == "text/html"


def test_of_two_clicks_at_once_one_is_lost(tmp_path):
    app = create_app({"DATA_FOLDER": tmp_path})
    waiting = []

    @app.before_request
    def let_another_one_pass():
        session.get("basket")
        if waiting:
            waiting.pop()()

    client, other = app.test_client(), app.test_client()
    given = token(client)
    other.set_cookie("session", client.get_cookie("session").value)
    waiting.append(lambda: put(other, 3, given))
    assert put(client, 3, given).status_code == 303
    assert waiting == []
    assert basket(client)["Teapot"] == 1


# Attacks


@pytest.mark.parametrize("path", ["/basket/1", "/basket/empty"])
def test_a_link_changes_no_basket(client, path):
    put(client, 1)
    assert client.get(path).status_code == 405
    assert basket(client)["Green tea, 100 g"] == 1


def test_markup_in_a_name_stays_text(app, client):
    with app.app_context():
        db.session.add(lesson.Goods(name="<img src=x>", price=1))
        db.session.commit()
    shown = page(client.get("/"))
    assert shown.img is None
    assert shown.th.find_next("tbody").th.text == "<img src=x>"


@pytest.mark.parametrize("path", ["/basket/1", "/basket/empty"])
def test_without_the_csrf_token_nothing_is_changed(client, path):
    put(client, 1)
    for data in ({}, {"csrf_token": "guessed"}):
        assert client.post(path, data=data).status_code == 400
    assert basket(client)["Green tea, 100 g"] == 1


def test_a_token_of_another_session_or_another_key_is_refused(app, folder):
    client = app.test_client()
    assert put(client, 3, token(app.test_client())).status_code == 400
    given = token(client)
    for key, status in ("another key", 400), (app.config["SECRET_KEY"], 303):
        restarted = create_app({"DATA_FOLDER": folder, "SECRET_KEY": key}).test_client()
        restarted.set_cookie("session", client.get_cookie("session").value)
        assert put(restarted, 3, given).status_code == status


@pytest.mark.parametrize("value", ["", "x", "../../shop.db", "\N{SNOWMAN}", "a" * 4000])
def test_a_session_id_that_the_client_made_up_is_replaced(client, value):
    client.set_cookie("session", value)
    assert put(client, 1).status_code == 303
    assert client.get_cookie("session").value != value
    assert basket(client)["Green tea, 100 g"] == 1


def test_scripts_and_other_sites_do_not_get_the_session_cookie(client):
    cookie = client.get("/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_anyone_who_can_write_a_session_file_can_run_code(app, folder):
    class Payload:
        def __reduce__(self):
            return Path.touch, (folder / "proof",)

    client = app.test_client()
    client.get("/")
    cache = app.config["SESSION_CACHELIB"]
    cache.set("session:" + client.get_cookie("session").value, Payload())
    client.get("/basket/1")
    assert (folder / "proof").exists()
