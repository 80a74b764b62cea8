import os
import sys
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import pytest
from cachelib import FileSystemCache
from flask import Config as FlaskConfig
from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import create_engine, delete, select, text

from day06_project import shop
from day06_project.shop import commands, config, create_app
from day06_project.shop.extensions import db
from day06_project.shop.models import Goods, User

KEY = "k" * 32
VARIABLES = {
    *("FLASK_CONFIG", "FLASK_DEBUG", "SECRET_KEY", "DATABASE_URL", "REDIS_URL"),
    *("TEST_DATABASE_URL", "TEST_REDIS_URL", "INSTANCE_PATH", "COOKIE_SECURE"),
    *("TRUSTED_HOSTS", "TRUSTED_PROXIES", "LOG_LEVEL", "LOG_FILE"),
}


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    """Hide what the machine itself says."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def built(tmp_path, tools):
    """Give a function that builds a shop in a folder of the test."""
    apps = []

    def build(*arguments, **settings):
        apps.append(create_app(*arguments, **{"DATA_FOLDER": tmp_path} | settings))
        return apps[-1]

    yield build
    for app in apps:
        tools.close(app)


# Classes


@pytest.mark.point("D6-05", "D6-26")
def test_each_environment_has_a_class_that_changes_some_of_the_common_one(built):
    values = {}
    for name, kind in config.CONFIGS.items():
        assert issubclass(kind, config.Config)
        app = built(name, SECRET_KEY=KEY)
        values[name] = [
            app.testing,
            app.config["PREPARE_DATABASE"],
            app.config["SESSION_COOKIE_SECURE"],
        ]
        assert app.config["MAX_CONTENT_LENGTH"] == 64 * 1024
        assert app.config["SESSION_COOKIE_SAMESITE"] == "Lax"
        assert app.config["PERMANENT_SESSION_LIFETIME"] == timedelta(hours=12)
        assert app.config["CAPTCHA_FIXED_TEXT"] == ("TEST" if name == "testing" else None)
    assert values == {
        "development": [False, True, False],
        "testing": [True, False, False],
        "production": [False, False, True],
    }


@pytest.mark.point("D6-05", "D6-25")
def test_a_class_is_loaded_by_itself_by_its_name_and_as_an_instance(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "from the environment")
    name = "day06_project.shop.config.DevelopmentConfig"
    for source in name, config.DevelopmentConfig, config.DevelopmentConfig():
        loaded = FlaskConfig("")
        loaded.from_object(source)
        assert loaded["MAX_CONTENT_LENGTH"] == 64 * 1024
        # What __init__ reads is only there in an instance.
        assert ("SECRET_KEY" in loaded) is isinstance(source, config.Config)


@pytest.mark.point("D6-06")
def test_production_does_not_start_without_a_key_of_its_own(built, monkeypatch):
    with pytest.raises(ValueError, match="SECRET_KEY to 32"):
        built("production")
    monkeypatch.setenv("SECRET_KEY", "k" * 31)
    with pytest.raises(ValueError, match="SECRET_KEY to 32"):
        built("production")
    monkeypatch.setenv("SECRET_KEY", KEY)
    assert built("production").secret_key == KEY


@pytest.mark.point("D6-06")
def test_whoever_knows_the_key_writes_sessions():
    victim = Flask("victim")
    victim.secret_key = "literal in a class"
    victim.add_url_rule("/", view_func=lambda: session.get("name", "nobody"))
    signer = SecureCookieSessionInterface().get_signing_serializer(victim)
    client = victim.test_client()
    client.set_cookie("session", signer.dumps({"name": "admin"}))
    assert client.get("/").text == "admin"
    victim.secret_key = "another"
    assert client.get("/").text == "nobody"


@pytest.mark.point("D6-06")
def test_debug_is_switched_on_by_the_command_and_never_in_production(built, monkeypatch):
    assert not any("DEBUG" in vars(kind) and kind.DEBUG for kind in config.CONFIGS.values())
    assert built("development").debug is False
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert built("development").debug is True
    assert built("production", SECRET_KEY=KEY).debug is False


def test_the_environment_is_read_when_an_app_is_built(built, monkeypatch):
    monkeypatch.setenv("FLASK_CONFIG", "production")
    monkeypatch.setenv("SECRET_KEY", KEY)
    monkeypatch.setenv("TRUSTED_HOSTS", "a.example,b.example")
    monkeypatch.setenv("TRUSTED_PROXIES", "2")
    monkeypatch.setenv("LOG_LEVEL", "warning")
    found = built().config
    assert found["SESSION_COOKIE_SECURE"] is True
    assert found["TRUSTED_HOSTS"] == ["a.example", "b.example"]
    assert (found["TRUSTED_PROXIES"], found["LOG_LEVEL"]) == (2, "WARNING")
    monkeypatch.setenv("COOKIE_SECURE", "0")
    assert built().config["SESSION_COOKIE_SECURE"] is False
    monkeypatch.setenv("FLASK_CONFIG", "development")
    monkeypatch.setenv("COOKIE_SECURE", "1")
    assert built().config["SESSION_COOKIE_SECURE"] is True


def test_tests_are_deaf_to_the_variables_of_a_developer(built, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://precious")
    monkeypatch.setenv("REDIS_URL", "redis://precious")
    monkeypatch.setenv("SECRET_KEY", "precious")
    monkeypatch.setenv("CAPTCHA_FIXED_TEXT", "EASY")
    app = built("testing")
    assert str(app.config["SQLALCHEMY_DATABASE_URI"]) == "sqlite://"
    assert app.config["SESSION_TYPE"] == "cachelib"
    assert app.secret_key != "precious"
    monkeypatch.setenv("TEST_DATABASE_URL", "sqlite:///other.db")
    assert built("testing").config["SQLALCHEMY_DATABASE_URI"].database == "other.db"


def test_the_text_of_captchas_is_no_business_of_the_environment(built, monkeypatch):
    monkeypatch.setenv("CAPTCHA_FIXED_TEXT", "EASY")
    monkeypatch.setenv("FLASK_CAPTCHA_FIXED_TEXT", "EASY")
    assert built("production", SECRET_KEY=KEY).config["CAPTCHA_FIXED_TEXT"] is None


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgresql://u:p@h/n", "postgresql+psycopg"),
        ("postgres://u:p@h/n", "postgresql+psycopg"),
        ("mysql://u:p@h/n", "mysql+pymysql"),
        ("mariadb://u:p@h/n", "mysql+pymysql"),
        ("postgresql+psycopg://u:p@h/n", "postgresql+psycopg"),
        ("sqlite:///x.db", "sqlite"),
    ],
)
def test_plain_addresses_get_the_driver_that_is_installed(tmp_path, given, driver):
    found = FlaskConfig("", {"SECRET_KEY": KEY, "SHORTEST_KEY": 1, "REDIS_URL": ""})
    found.update(DATA_FOLDER=tmp_path, DATABASE_URL=given)
    config.complete(found)
    assert found["SQLALCHEMY_DATABASE_URI"].drivername == driver
    options = found["SQLALCHEMY_ENGINE_OPTIONS"]
    assert options["pool_pre_ping"] is options["hide_parameters"] is True
    assert ("connect_args" in options) is (driver != "sqlite")


def test_an_unknown_environment_is_told(built):
    with pytest.raises(ValueError, match=r"'staging'.*development, testing, production"):
        built("staging")


# The factory


@pytest.mark.point("D6-27")
def test_the_factory_makes_apps_that_share_nothing(built, tmp_path):
    first = built("testing", DATA_FOLDER=tmp_path / "a", LOGIN_MAX_FAILURES=1)
    second = built("testing", DATA_FOLDER=tmp_path / "b")
    assert first is not second
    assert first.config["LOGIN_MAX_FAILURES"] != second.config["LOGIN_MAX_FAILURES"]
    for app in first, second:
        with app.app_context():
            db.create_all()
    with first.app_context():
        db.session.add(User(name="ada", password_hash="!"))
        db.session.commit()
    with second.app_context():
        assert db.session.scalars(select(User)).all() == []


def test_a_mapping_in_the_place_of_the_name_is_settings(built, tmp_path):
    app = create_app({"DATA_FOLDER": tmp_path / "x", "LOGIN_MAX_FAILURES": 1})
    assert app.config["DATA_FOLDER"] == tmp_path / "x"
    assert app.config["LOGIN_MAX_FAILURES"] == 1
    assert app.config["PREPARE_DATABASE"] is True
    with app.app_context():
        db.engine.dispose()


def test_data_lie_in_a_folder_of_their_own_below_the_instance_path(tmp_path, monkeypatch, tools):
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path))
    app = create_app()
    folder = tmp_path / "day06_project_shop"
    assert app.config["SQLALCHEMY_DATABASE_URI"].database == str(folder / "shop.db")
    client = app.test_client()
    assert client.get("/api/v1.0/session").status_code == 200
    client.get("/api/v1.0/captchas/00000000-0000-4000-8000-000000000000")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"day06_project_shop"}
    assert {path.name for path in folder.iterdir()} >= {"sessions", "shop.db", "store.db"}
    tools.close(app)


def test_nothing_is_in_memory_that_workers_should_share(built, tmp_path):
    app = built("development")
    assert isinstance(app.config["SESSION_CACHELIB"], FileSystemCache)
    assert app.extensions["store"].path == tmp_path / "store.db"


@pytest.mark.point("D6-29")
def test_a_path_is_looked_up_from_the_package_and_not_from_where_one_stands(
    built, tmp_path, monkeypatch
):
    app = built("testing")
    monkeypatch.chdir(tmp_path)
    assert (Path(app.root_path) / "static/html/index.html").exists()
    with pytest.raises(FileNotFoundError), open("static/html/index.html"):
        pass
    assert app.root_path == str(Path(shop.__file__).parent)
    response = app.test_client().get("/index.html")
    assert response.status_code == 200
    response.close()
    assert Path(app.extensions["migrate"].directory, "env.py").exists()


@pytest.mark.point("D6-32")
def test_other_peoples_packages_are_installed_and_not_copied_into_libs():
    folder = Path(shop.__file__).parent
    for name in "flask", "redis", "captcha", "flask_session", "sqlalchemy":
        __import__(name)
        assert folder not in Path(sys.modules[name].__file__).parents
    for name in "Flask", "redis", "captcha", "Flask-Session", "SQLAlchemy":
        assert metadata.version(name)
    assert {path.name for path in (folder / "libs").glob("*.py")} == {
        "__init__.py",
        "captcha.py",
        "sessions.py",
        "store.py",
    }


# Development makes its database


def test_in_development_the_first_request_makes_the_database(built, tmp_path):
    app = built("development")
    assert not (tmp_path / "shop.db").exists()
    found = app.test_client().get("/api/v1.0/goods").json
    assert found["total"] == len(commands.SAMPLES)
    with app.app_context():
        assert set(db.inspect(db.engine).get_table_names()) > {"users", "goods", "cart_items"}
        owner = db.session.scalars(select(User)).one()
    assert " " in owner.name, "a name that nobody can register"


def test_many_may_be_the_first(built, parallel):
    app = built("development")
    statuses = parallel(lambda _: app.test_client().get("/api/v1.0/goods").status_code, range(4))
    assert statuses == [200] * 4
    assert app.test_client().get("/api/v1.0/goods").json["total"] == len(commands.SAMPLES)


def test_whoever_deletes_the_file_begins_anew_and_others_keep_their_data(built, tmp_path):
    app = built("development")
    client = app.test_client()
    client.get("/api/v1.0/health")
    with app.app_context():
        db.session.execute(delete(Goods))
        db.session.commit()
    assert client.get("/api/v1.0/goods").json["total"] == 0
    assert built("development").test_client().get("/api/v1.0/goods").json["total"] == 0
    for path in tmp_path.glob("shop.db*"):
        path.unlink()
    assert client.get("/api/v1.0/goods").json["total"] == len(commands.SAMPLES)


@pytest.mark.parametrize("environment", ["testing", "production"])
def test_elsewhere_it_is_a_step_of_its_own(built, tmp_path, environment):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    app = built(environment, SECRET_KEY=KEY, DATABASE_URL=url)
    assert app.test_client().get("/api/v1.0/goods").status_code == 503
    with app.app_context():
        assert db.inspect(db.engine).get_table_names() == []


# Commands


def test_seed_fills_an_empty_shop_once(app, shopper):
    runner = app.test_cli_runner()
    assert runner.invoke(args=["seed", "--count", "30"]).output == "30 goods added.\n"
    assert runner.invoke(args=["seed"]).output == "0 goods added.\n"
    found = shopper(app).get("/goods?per_page=100").json["items"]
    assert len(found) == 30
    assert len({item["owner_id"] for item in found}) == 1
    with app.app_context():
        db.session.execute(delete(Goods))
        db.session.commit()
    assert runner.invoke(args=["seed"]).output == f"{len(commands.SAMPLES)} goods added.\n"


def test_nobody_logs_in_as_the_owner_of_the_samples(app, stranger):
    app.test_cli_runner().invoke(args=["seed"])
    assert stranger.login(commands.OWNER, "x" * 8).status_code == 422
    assert stranger.register(commands.OWNER).status_code == 422


# Engines


def test_sqlite_checks_foreign_keys_on_each_connection(app):
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            return
        for _ in range(2):
            assert db.session.scalar(text("PRAGMA foreign_keys")) == 1
            assert db.session.scalar(text("PRAGMA journal_mode")) == "wal"
            db.session.remove()
            db.engine.dispose()


def test_a_server_that_dropped_a_connection_is_asked_again(app, stranger):
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        return
    number, kill = {
        "postgresql": ("pg_backend_pid()", "SELECT pg_terminate_backend({})"),
        "mysql": ("connection_id()", "KILL {}"),
    }[engine.dialect.name]
    with engine.connect() as first, engine.connect() as second:
        pids = [each.scalar(text(f"SELECT {number}")) for each in (first, second)]
    other = create_engine(engine.url, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        for pid in pids:
            connection.execute(text(kill.format(pid)))
    other.dispose()
    assert stranger.get("/goods").status_code == 200


def test_the_process_does_not_depend_on_the_working_directory(built, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = built("development", DATA_FOLDER="relative")
    assert app.test_client().get("/api/v1.0/goods").status_code == 200
    assert Path(app.config["SQLALCHEMY_DATABASE_URI"].database).is_absolute()
    monkeypatch.chdir(os.sep)
    assert app.test_client().get("/api/v1.0/session").status_code == 200
