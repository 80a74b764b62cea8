"""Facts about Flask and its extensions that the notes state.

Database URLs, Flask-SQLAlchemy, Flask-Migrate, Flask-Session and redis-py.
The lessons themselves are tested in the other files.
"""

import sqlite3
import sys
import warnings
from contextlib import closing
from datetime import timedelta

import pytest
import redis
from cachelib import FileSystemCache
from flask import Flask, flash, get_flashed_messages, session
from flask.sessions import SecureCookieSessionInterface
from flask_migrate import Migrate
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.track_modifications import models_committed
from itsdangerous import BadSignature
from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


@pytest.fixture
def plain(tmp_path):
    """Give an app without extensions, whose instance folder is temporary."""
    return Flask("shop", instance_path=str(tmp_path / "instance"))


# Database URLs


def test_the_parts_of_a_database_url():
    url = make_url("mysql+pymysql://ann:secret@db.example:3306/shop")
    assert (url.get_backend_name(), url.get_driver_name()) == ("mysql", "pymysql")
    assert (url.username, url.password) == ("ann", "secret")
    assert (url.host, url.port, url.database) == ("db.example", 3306, "shop")


def test_full_width_colons_separate_nothing():
    url = make_url("mysql+pymysql://ann\uff1asecret@db.example\uff1a3306/shop")
    assert (url.username, url.password) == ("ann\uff1asecret", None)
    assert (url.host, url.port) == ("db.example\uff1a3306", None)


def test_a_mysql_url_without_a_driver_wants_mysqldb(monkeypatch):
    monkeypatch.setitem(sys.modules, "MySQLdb", None)  # as where it is missing
    assert make_url("mysql://ann:secret@db.example/shop").get_driver_name() == "mysqldb"
    with pytest.raises(ModuleNotFoundError, match="MySQLdb"):
        create_engine("mysql://ann:secret@db.example/shop")


@pytest.mark.parametrize("password", ["p@ss", "a/b", "a:b", "50%41", "p\u00e4ss", "a b", "a+b"])
def test_a_password_survives_url_create(password):
    url = URL.create("mysql+pymysql", "ann", password, "db.example", 3306, "shop")
    text = url.render_as_string(hide_password=False)
    assert make_url(text) == url
    assert password not in str(url)


@pytest.mark.parametrize(
    ("written", "password", "host"),
    [("p@ss", "p", "ss@db.example"), ("50%41", "50A", "db.example"), ("a/b", "a/b", "db.example")],
)
def test_a_password_that_is_not_quoted_may_be_cut(written, password, host):
    url = make_url(f"mysql+pymysql://ann:{written}@db.example:3306/shop")
    assert (url.password, url.host) == (password, host)


# Flask-SQLAlchemy and Flask-Migrate


def test_the_setting_for_the_database_ends_in_uri(plain):
    plain.config["SQLALCHEMY_DATABASE_URL"] = "sqlite://"
    with pytest.raises(RuntimeError, match="'SQLALCHEMY_DATABASE_URI' or 'SQLALCHEMY_BINDS' must"):
        SQLAlchemy(plain)
    other = Flask("other")
    other.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    SQLAlchemy(other)


def test_a_relative_sqlite_file_is_in_the_instance_folder(plain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///shop.db"
    database = SQLAlchemy(plain)
    with plain.app_context():
        database.session.execute(database.text("SELECT 1"))
        database.engine.dispose()
    assert (tmp_path / "instance" / "shop.db").exists()
    assert not (tmp_path / "shop.db").exists()


def test_settings_come_first_and_an_app_takes_one_database_object(plain):
    with pytest.raises(RuntimeError, match="SQLALCHEMY_DATABASE_URI"):
        SQLAlchemy(Flask("too early"))
    plain.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    SQLAlchemy(plain)
    with pytest.raises(RuntimeError, match="already been registered"):
        SQLAlchemy(plain)
    with pytest.raises(RuntimeError, match="already been registered"):
        SQLAlchemy().init_app(plain)


def test_migrate_alone_is_enough(plain):
    with pytest.raises(ImportError, match="MigrateCommand"):
        from flask_migrate import MigrateCommand  # noqa: F401
    with pytest.raises(ImportError):
        from flask_migrate import MigrateCommond  # noqa: F401
    plain.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    assert "db" not in plain.cli.commands
    Migrate(plain, SQLAlchemy(plain))
    assert {"upgrade", "migrate", "downgrade"} <= set(plain.cli.commands["db"].commands)


def signalled_changes(plain, **config):
    """Insert a row, and return what the signal says about it."""

    class Base(DeclarativeBase):
        pass

    plain.config.from_mapping(SQLALCHEMY_DATABASE_URI="sqlite://", **config)
    database = SQLAlchemy(plain, model_class=Base)

    class Tea(database.Model):
        id: Mapped[int] = mapped_column(primary_key=True)

    sent = []

    def listen(sender, changes):
        sent.extend((type(model).__name__, change) for model, change in changes)

    with models_committed.connected_to(listen, sender=plain), plain.app_context():
        database.create_all()
        database.session.add(Tea())
        database.session.commit()
        database.engine.dispose()
    return sent


def test_changes_are_not_tracked_by_default(plain):
    assert signalled_changes(plain) == []
    assert plain.config["SQLALCHEMY_TRACK_MODIFICATIONS"] is False


def test_tracked_changes_send_a_signal(plain):
    assert signalled_changes(plain, SQLALCHEMY_TRACK_MODIFICATIONS=True) == [("Tea", "insert")]


def test_with_foreign_keys_on_a_rebuilt_table_would_empty_the_carts():
    """This is what ``env.py`` of the migrations guards against."""
    left = {}
    for mode in "ON", "OFF":
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute(f"PRAGMA foreign_keys={mode}")
            connection.executescript("""
                CREATE TABLE goods (id INTEGER PRIMARY KEY, name);
                CREATE TABLE carts (goods_id REFERENCES goods (id) ON DELETE CASCADE);
                INSERT INTO goods VALUES (1, 'Cup');
                INSERT INTO carts VALUES (1);
                CREATE TABLE new_goods (id INTEGER PRIMARY KEY, name, stock);
                INSERT INTO new_goods SELECT id, name, 0 FROM goods;
                DROP TABLE goods;
                ALTER TABLE new_goods RENAME TO goods;
            """)
            left[mode] = connection.execute("SELECT count(*) FROM carts").fetchone()[0]
    assert left == {"ON": 0, "OFF": 1}


# Flask-Session


def note_app(**settings):
    """Build the smallest app that uses a session."""
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


def test_flask_session_needs_a_type():
    with pytest.raises(ValueError, match="Unrecognized value for SESSION_TYPE: null"):
        Session(Flask("notes"))


@pytest.mark.parametrize(
    ("kind", "category", "made"),
    [("filesystem", DeprecationWarning, []), ("cachelib", RuntimeWarning, ["flask_session"])],
)
def test_other_ways_to_keep_sessions_in_files_warn(
    plain, tmp_path, monkeypatch, kind, category, made
):
    monkeypatch.chdir(tmp_path)
    plain.config["SESSION_TYPE"] = kind
    if kind == "filesystem":
        plain.config["SESSION_FILE_DIR"] = str(tmp_path / "instance" / "sessions")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Session(plain)
    assert {each.category for each in caught} == {category}
    assert [path.name for path in tmp_path.iterdir() if path.name != "instance"] == made


def test_the_same_view_works_with_a_cookie_and_with_a_server_side_session(tmp_path):
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


# Redis


def test_a_redis_client_connects_late_and_gives_bytes(small_redis):
    assert redis.StrictRedis is redis.Redis
    small_redis.stop()
    first = redis.Redis.from_url(small_redis.url)  # nothing listens, and nothing was asked yet
    small_redis.start()
    second = redis.Redis.from_url(small_redis.url.replace("/0", "/1"))
    text = redis.Redis.from_url(small_redis.url + "&decode_responses=true")
    with closing(first), closing(second), closing(text):
        first.set("key", "value", ex=60)
        assert first.get("key") == b"value"
        assert text.get("key") == "value"
        assert second.get("key") is None
        assert first.ttl("key") == 60
        with pytest.warns(DeprecationWarning, match="setex"):
            first.setex("key", 60, "value")


def test_session_redis_is_a_client_and_not_a_url(small_redis):
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


@pytest.mark.parametrize("lifetime", [259200, timedelta(days=3)])
def test_a_lifetime_is_in_seconds_or_a_timedelta(small_redis, lifetime):
    with closing(redis.Redis.from_url(small_redis.url)) as store:
        app = note_app(
            SESSION_TYPE="redis", SESSION_REDIS=store, PERMANENT_SESSION_LIFETIME=lifetime
        )
        Session(app)
        assert app.permanent_session_lifetime == timedelta(days=3)
        response = app.test_client().put("/hello")
        (key,) = store.keys("*")
        assert store.ttl(key) == 259200
        assert "Expires=" in response.headers["Set-Cookie"]
