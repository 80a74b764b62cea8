import importlib
import re
import sqlite3
import threading
import types
import warnings
from contextlib import closing
from pathlib import Path

import pytest
from cachelib import FileSystemCache
from flask import Flask, session
from flask_migrate import Migrate
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.track_modifications import models_committed
from sqlalchemy import URL, Integer, create_engine, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from day06_project.single_file import app as lesson
from day06_project.single_file import at_import
from day06_project.single_file.app import MOST, create_app, db

NAMES = ["Green tea, 100 g", "Mug, I <3 tea", "Teapot"]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "shop"


@pytest.fixture
def app(folder):
    return create_app({"DATA_FOLDER": folder})


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def plain(tmp_path):
    """Give an app without anything, whose files are in a temporary folder."""
    return Flask("shop", instance_path=str(tmp_path / "instance"))


def token(client):
    return re.search('name="csrf_token" value="(.+?)"', client.get("/").text)[1]


def put(client, goods_id, given=None):
    return client.post(f"/basket/{goods_id}", data={"csrf_token": given or token(client)})


def basket(client):
    """Return what the page says is in the basket, by name."""
    pattern = r'id="goods-\d+">(.+?)</th>.*?<span>(\d+)</span>'
    found = re.findall(pattern, client.get("/").text, re.DOTALL)
    return {name: int(number) for name, number in found}


def session_files(folder):
    """Return the files of sessions; the cache keeps another one, with their number."""
    count = FileSystemCache(str(folder / "sessions"))._get_filename("__wz_cache_count")
    return [each for each in (folder / "sessions").iterdir() if each != Path(count)]


# All the tools


@pytest.mark.point("D6-03")
def test_one_file_has_all_the_tools(app, client, folder):
    assert client.get("/ping").text == "pong\n"
    assert app.extensions["sqlalchemy"] is db
    assert {"migrate", "csrf"} <= set(app.extensions)
    assert type(app.session_interface).__name__ == "CacheLibSessionInterface"
    assert [goods["name"] for goods in client.get("/goods").json] == NAMES
    assert put(client, 3).status_code == 303
    assert basket(client)["Teapot"] == 1
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            ("0001",)
        ]


def test_the_page_and_json_show_the_same_goods(client):
    response = client.get("/goods")
    assert response.mimetype == "application/json"
    assert response.json == [
        {"id": 1, "name": "Green tea, 100 g", "price": 690},
        {"id": 2, "name": "Mug, I <3 tea", "price": 1250},
        {"id": 3, "name": "Teapot", "price": 2750},
    ]
    page = client.get("/").text
    assert re.findall(r'<th scope="row" id="goods-(\d)">(.+?)</th>', page) == [
        ("1", "Green tea, 100 g"),
        ("2", "Mug, I &lt;3 tea"),
        ("3", "Teapot"),
    ]
    assert re.findall(r"<td>([\d.]+)</td>", page) == ["6.90", "12.50", "27.50"]


def test_ping_and_json_start_no_session_and_ping_needs_no_database(app, folder):
    client = app.test_client()
    assert "Set-Cookie" not in client.get("/ping").headers
    assert not (folder / "shop.db").exists()
    assert "Set-Cookie" not in client.get("/goods").headers
    assert session_files(folder) == []
    client.get("/")
    assert len(session_files(folder)) == 1


def test_the_basket_lies_on_the_server_and_the_cookie_holds_an_id(app, folder):
    client = app.test_client()
    put(client, 1)
    put(client, 1)
    put(client, 2)
    assert basket(client) == {"Green tea, 100 g": 2, "Mug, I &lt;3 tea": 1, "Teapot": 0}
    value = client.get_cookie("session").value
    assert re.fullmatch(r"[\w-]{43}", value)
    assert len(session_files(folder)) == 1
    assert basket(app.test_client())["Green tea, 100 g"] == 0
    # A restart: another app, the same folder.
    after = create_app({"DATA_FOLDER": folder}).test_client()
    after.set_cookie("session", value)
    assert basket(after)["Green tea, 100 g"] == 2


def test_the_basket_is_emptied_and_has_an_end(client):
    given = token(client)
    for _ in range(MOST + 1):
        put(client, 3, given)
    assert basket(client)["Teapot"] == MOST
    response = client.post("/basket/empty", data={"csrf_token": given})
    assert (response.status_code, response.location) == (303, "/")
    assert client.post("/basket/empty", data={"csrf_token": given}).status_code == 303
    assert set(basket(client).values()) == {0}


@pytest.mark.parametrize("path", ["/basket/1", "/basket/empty"])
def test_without_the_token_nothing_is_changed(client, path):
    put(client, 1)
    for data in ({}, {"csrf_token": "guessed"}):
        assert client.post(path, data=data).status_code == 400
    assert basket(client)["Green tea, 100 g"] == 1


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
def test_what_is_not_there_is_refused(client, path, status):
    assert client.post(path, data={"csrf_token": token(client)}).status_code == status


@pytest.mark.parametrize("value", ["", "x", "../../shop.db", "\N{SNOWMAN}", "a" * 4000])
def test_an_invented_session_is_an_empty_one_with_another_id(client, value):
    client.set_cookie("session", value)
    assert put(client, 1).status_code == 303
    assert client.get_cookie("session").value != value
    assert basket(client)["Green tea, 100 g"] == 1


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(client):
    cookie = client.get("/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_folder_that_disappears_means_to_begin_anew(app, client, folder):
    put(client, 1)
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
    assert client.get("/goods").status_code == 200
    assert put(client, 1).status_code == 303
    assert basket(client)["Green tea, 100 g"] == 1


def test_a_database_that_disappears_is_made_anew_by_whatever_comes_first(client, folder):
    given = token(client)
    (folder / "shop.db").unlink()
    assert put(client, 3, given).status_code == 303
    assert basket(client)["Teapot"] == 1


def test_several_first_visitors_find_the_goods(app):
    at_once = threading.Barrier(6)
    answers = []

    def visit():
        at_once.wait(10)
        answers.append(app.test_client().get("/goods").status_code)

    threads = [threading.Thread(target=visit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == [200] * 6


def test_nothing_is_written_back_that_was_not_changed(app, folder):
    client = app.test_client()
    client.get("/")
    [file] = session_files(folder)
    stamp = file.stat().st_mtime_ns, file.stat().st_ino
    client.get("/")
    [file] = session_files(folder)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == stamp


def test_five_hundred_visitors_log_nobody_out(app):
    assert app.config["SESSION_CACHELIB"]._threshold == 10_000
    assert FileSystemCache(str(app.config["DATA_FOLDER"] / "other"))._threshold == 500


def test_the_environment_changes_settings_and_a_test_has_the_last_word(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASK_DATA_FOLDER", str(tmp_path / "a"))
    monkeypatch.setenv("FLASK_SECRET_KEY", "from outside")
    app = create_app()
    assert app.config["DATA_FOLDER"] == tmp_path / "a"
    assert app.config["SECRET_KEY"] == "from outside"
    assert app.test_client().get("/goods").status_code == 200
    assert (tmp_path / "a" / "shop.db").exists()
    assert create_app({"DATA_FOLDER": tmp_path / "b"}).config["DATA_FOLDER"] == tmp_path / "b"


def test_each_app_has_a_key_of_its_own(tmp_path):
    apps = [create_app({"DATA_FOLDER": tmp_path / name}) for name in "ab"]
    assert apps[0].config["SECRET_KEY"] != apps[1].config["SECRET_KEY"]


def test_a_folder_below_the_one_you_stand_in_is_not_looked_for_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = create_app({"DATA_FOLDER": "data"})
    monkeypatch.chdir("/")
    assert app.test_client().get("/goods").status_code == 200
    assert (tmp_path / "data" / "shop.db").exists()


# Commands and migrations


@pytest.mark.point("D6-04")
def test_flask_has_the_commands_and_flask_script_cannot_be_imported(app):
    assert "db" in app.cli.commands
    assert "run" in importlib.import_module("flask.cli").FlaskGroup().commands
    with pytest.raises(ImportError):
        importlib.import_module("flask_script")
    with pytest.raises(ImportError):
        importlib.import_module("flask._compat")  # the first thing that it imports


@pytest.mark.point("D6-16")
def test_migrate_alone_is_enough(plain):
    with pytest.raises(ImportError, match="MigrateCommand"):
        from flask_migrate import MigrateCommand  # noqa: F401
    with pytest.raises(ImportError):
        from flask_migrate import MigrateCommond  # noqa: F401
    plain.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    assert "db" not in plain.cli.commands
    Migrate(plain, SQLAlchemy(plain))
    assert {"upgrade", "migrate", "downgrade"} <= set(plain.cli.commands["db"].commands)


def test_the_migration_makes_what_the_models_say_and_goes_back(app, folder):
    run = app.test_cli_runner().invoke
    assert run(args=["db", "upgrade"]).exit_code == 0
    assert run(args=["db", "check"]).exit_code == 0
    assert [goods["name"] for goods in app.test_client().get("/goods").json] == NAMES
    assert run(args=["db", "downgrade"]).exit_code == 0
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        assert tables.fetchall() == [("alembic_version",)]
    assert len(app.test_client().get("/goods").json) == 3


def test_the_check_sees_a_model_that_has_no_migration(app, monkeypatch):
    run = app.test_cli_runner().invoke
    run(args=["db", "upgrade"])
    metadata = lesson.Base.metadata
    extra = lesson.db.Table("more", lesson.db.Column("id", Integer, primary_key=True))
    try:
        assert run(args=["db", "check"]).exit_code == 1
    finally:
        metadata.remove(extra)


# The address of the database


@pytest.mark.point("D6-07")
def test_the_key_of_the_address_ends_in_uri(plain):
    plain.config["SQLALCHEMY_DATABASE_URL"] = "sqlite://"
    with pytest.raises(RuntimeError, match="'SQLALCHEMY_DATABASE_URI' or 'SQLALCHEMY_BINDS' must"):
        SQLAlchemy(plain)
    other = Flask("other")
    other.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    SQLAlchemy(other)


@pytest.mark.point("D6-08")
def test_the_parts_of_an_address():
    url = make_url("mysql+pymysql://ann:secret@db.example:3306/shop")
    assert (url.get_backend_name(), url.get_driver_name()) == ("mysql", "pymysql")
    assert (url.username, url.password) == ("ann", "secret")
    assert (url.host, url.port, url.database) == ("db.example", 3306, "shop")


@pytest.mark.point("D6-08")
def test_wide_colons_join_what_they_should_part():
    url = make_url("mysql+pymysql://ann\uff1asecret@db.example\uff1a3306/shop")
    assert (url.username, url.password) == ("ann\uff1asecret", None)
    assert (url.host, url.port) == ("db.example\uff1a3306", None)


@pytest.mark.point("D6-08")
def test_an_address_without_a_driver_wants_mysqldb(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "MySQLdb", None)  # as where it is missing
    assert make_url("mysql://ann:secret@db.example/shop").get_driver_name() == "mysqldb"
    with pytest.raises(ModuleNotFoundError, match="MySQLdb"):
        create_engine("mysql://ann:secret@db.example/shop")


@pytest.mark.point("D6-08")
@pytest.mark.parametrize("password", ["p@ss", "a/b", "a:b", "50%41", "p\u00e4ss", "a b", "a+b"])
def test_a_password_survives_url_create(password):
    url = URL.create("mysql+pymysql", "ann", password, "db.example", 3306, "shop")
    text = url.render_as_string(hide_password=False)
    assert make_url(text) == url
    assert password not in str(url)


@pytest.mark.point("D6-08")
@pytest.mark.parametrize(
    ("written", "password", "host"),
    [("p@ss", "p", "ss@db.example"), ("50%41", "50A", "db.example"), ("a/b", "a/b", "db.example")],
)
def test_a_password_written_as_it_is_may_be_torn_apart(written, password, host):
    url = make_url(f"mysql+pymysql://ann:{written}@db.example:3306/shop")
    assert (url.password, url.host) == (password, host)


@pytest.mark.point("D6-08")
def test_a_relative_file_lies_in_the_instance_folder(plain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///shop.db"
    database = SQLAlchemy(plain)
    with plain.app_context():
        database.session.execute(database.text("SELECT 1"))
        database.engine.dispose()
    assert (tmp_path / "instance" / "shop.db").exists()
    assert not (tmp_path / "shop.db").exists()


# Signals, and two database objects


def changes_told(plain, **config):
    """Insert a row, and return what the signal tells about it."""

    class Base(DeclarativeBase):
        pass

    plain.config.from_mapping(SQLALCHEMY_DATABASE_URI="sqlite://", **config)
    database = SQLAlchemy(plain, model_class=Base)

    class Tea(database.Model):
        id: Mapped[int] = mapped_column(primary_key=True)

    told = []

    def listen(sender, changes):
        told.extend((type(model).__name__, change) for model, change in changes)

    with models_committed.connected_to(listen, sender=plain), plain.app_context():
        database.create_all()
        database.session.add(Tea())
        database.session.commit()
        database.engine.dispose()
    return told


@pytest.mark.point("D6-09")
def test_changes_are_not_tracked_unless_asked_for(plain):
    assert changes_told(plain) == []
    assert plain.config["SQLALCHEMY_TRACK_MODIFICATIONS"] is False


@pytest.mark.point("D6-09")
def test_tracked_changes_are_told_by_a_signal(plain):
    assert changes_told(plain, SQLALCHEMY_TRACK_MODIFICATIONS=True) == [("Tea", "insert")]


@pytest.mark.point("D6-15")
def test_settings_come_before_the_database_object_which_takes_no_other_beside_it(plain):
    with pytest.raises(RuntimeError, match="SQLALCHEMY_DATABASE_URI"):
        SQLAlchemy(Flask("too early"))
    plain.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    SQLAlchemy(plain)
    with pytest.raises(RuntimeError, match="already been registered"):
        SQLAlchemy(plain)
    with pytest.raises(RuntimeError, match="already been registered"):
        SQLAlchemy().init_app(plain)


@pytest.mark.point("D6-15")
def test_one_object_serves_each_app_that_it_is_introduced_to(tmp_path):
    apps = [create_app({"DATA_FOLDER": tmp_path / name}) for name in "ab"]
    urls = []
    for app in apps:
        with app.app_context():
            urls.append(db.engine.url.database)
    assert urls == [str(tmp_path / name / "shop.db") for name in "ab"]


# The traps of sessions


def test_sessions_need_a_type(plain):
    with pytest.raises(ValueError, match="Unrecognized value for SESSION_TYPE: null"):
        Session(plain)


@pytest.mark.parametrize(
    ("kind", "category", "made"),
    [("filesystem", DeprecationWarning, []), ("cachelib", RuntimeWarning, ["flask_session"])],
)
def test_other_ways_to_sessions_in_files_warn(plain, tmp_path, monkeypatch, kind, category, made):
    monkeypatch.chdir(tmp_path)
    plain.config["SESSION_TYPE"] = kind
    if kind == "filesystem":
        plain.config["SESSION_FILE_DIR"] = str(tmp_path / "instance" / "sessions")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Session(plain)
    assert {each.category for each in caught} == {category}
    assert [path.name for path in tmp_path.iterdir() if path.name != "instance"] == made


def test_whoever_writes_a_session_file_runs_code(app, folder):
    class Payload:
        def __reduce__(self):
            return Path.touch, (folder / "proof",)

    client = app.test_client()
    client.get("/")
    cache = app.config["SESSION_CACHELIB"]
    cache.set("session:" + client.get_cookie("session").value, Payload())
    client.get("/basket/1")
    assert (folder / "proof").exists()


# Where it hurts


def test_at_import_everything_is_settled():
    assert at_import.app.test_client().get("/ping").text == "pong\n"
    with at_import.app.app_context():
        assert at_import.db.engine.url.render_as_string() == "sqlite://"
    before = dict(at_import.app.config)
    try:
        at_import.app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:////tmp/test.db"
        with at_import.app.app_context():
            assert at_import.db.engine.url.render_as_string() == "sqlite://"
    finally:
        at_import.app.config.update(before)


def test_a_token_is_good_where_the_key_is_the_same(folder):
    def status(first, second):
        one = create_app({"DATA_FOLDER": folder, **first}).test_client()
        two = create_app({"DATA_FOLDER": folder, **second}).test_client()
        given = token(one)
        two.set_cookie("session", one.get_cookie("session").value)
        return put(two, 3, given).status_code

    assert status({}, {}) == 400
    assert status({"SECRET_KEY": "the same"}, {"SECRET_KEY": "the same"}) == 303


def test_a_file_cut_in_two_is_a_circle(tmp_path, monkeypatch):
    (tmp_path / "cut_app.py").write_text(
        "from flask import Flask\n"
        "from flask_sqlalchemy import SQLAlchemy\n"
        "from cut_models import Goods\n"
        "app = Flask(__name__)\n"
        "db = SQLAlchemy()\n"
    )
    (tmp_path / "cut_models.py").write_text(
        "from cut_app import db\nclass Goods(db.Model):\n    id = db.Column(primary_key=True)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"cannot import name 'db' from .*cut_app"):
        importlib.import_module("cut_app")


def test_the_views_cannot_be_imported():
    views = {"ping", "index", "goods_as_json", "put", "empty"}
    assert views & set(vars(lesson)) == set()
    assert isinstance(at_import.ping, types.FunctionType)


def test_a_program_gets_errors_as_pages(client):
    for response in (client.get("/nothing"), client.delete("/goods")):
        assert response.status_code in (404, 405)
        assert response.mimetype == "text/html"


def test_of_two_clicks_at_once_one_is_lost(folder):
    app = create_app({"DATA_FOLDER": folder})
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
