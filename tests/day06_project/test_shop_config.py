"""Settings of the shop, its application factory, and its commands.

Begin with test_each_environment_has_a_class_that_changes_some_settings.
"""

import importlib
import os
import runpy
import subprocess
import sys
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Config as FlaskConfig
from sqlalchemy import create_engine, delete, select, text

from day06_project import shop
from day06_project.shop import commands, config
from day06_project.shop.extensions import db
from day06_project.shop.libs.sessions import FileSessions
from day06_project.shop.models import Goods, User
from tests.day06_project.helpers import WatchedLock, at_once, close
from tests.day06_project.stacks import ON_SERVERS, closing_apps
from tests.helpers import ROOT

KEY = "k" * 32


@pytest.fixture
def built(tmp_path):
    """Give a function that builds a shop in the folder of the test, with fast passwords."""
    with closing_apps() as built:
        settings = {"DATA_FOLDER": tmp_path, "PASSWORD_METHOD": "pbkdf2:sha256:1"}
        yield lambda *arguments, **more: built(*arguments, **settings | more)


# Classes


def test_each_environment_has_a_class_that_changes_some_settings(built):
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


def test_only_an_instance_of_a_class_has_the_settings_from_the_environment(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "from the environment")
    name = "day06_project.shop.config.DevelopmentConfig"
    for source in name, config.DevelopmentConfig, config.DevelopmentConfig():
        loaded = FlaskConfig("")
        loaded.from_object(source)
        assert loaded["MAX_CONTENT_LENGTH"] == 64 * 1024
        # __init__ reads the variables, so a class by itself does not have them.
        assert ("SECRET_KEY" in loaded) is isinstance(source, config.Config)


def test_production_does_not_start_without_a_key_of_its_own(built, monkeypatch):
    with pytest.raises(config.SettingError, match="SECRET_KEY to 32"):
        built("production")
    monkeypatch.setenv("SECRET_KEY", "k" * 31)
    with pytest.raises(config.SettingError, match="SECRET_KEY to 32"):
        built("production")
    monkeypatch.setenv("SECRET_KEY", KEY)
    assert built("production").secret_key == KEY


def test_in_development_the_key_is_random_also_in_the_place_of_an_empty_one(built, monkeypatch):
    keys = {built("development").secret_key}
    monkeypatch.setenv("SECRET_KEY", "")
    keys |= {built("development").secret_key, built("development").secret_key}
    assert len(keys) == 3
    assert min(map(len, keys)) >= 32
    monkeypatch.setenv("SECRET_KEY", "my own")
    assert built("development").secret_key == "my own"


def test_production_refuses_debug_mode(built, monkeypatch):
    assert not any("DEBUG" in vars(kind) for kind in config.CONFIGS.values())
    with pytest.raises(config.SettingError, match="Debug mode must be off"):
        built("production", SECRET_KEY=KEY, DEBUG=True)
    assert built("development").debug is False
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert built("development").debug is True
    with pytest.raises(config.SettingError, match="Debug mode must be off"):
        built("production", SECRET_KEY=KEY)
    monkeypatch.setenv("FLASK_DEBUG", "0")
    assert built("production", SECRET_KEY=KEY).debug is False


def flask_command(*words, **environ):
    """Run the real ``flask`` command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "flask", *words],
        check=False,
        cwd=ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.second_half
def test_the_flask_command_cannot_start_production_in_debug_mode(tmp_path):
    production = {"FLASK_CONFIG": "production", "SECRET_KEY": KEY, "INSTANCE_PATH": str(tmp_path)}
    shop = ["--app", "day06_project.shop"]
    for words, environ in [
        ([*shop, "run", "--port", "0"], {"FLASK_DEBUG": "1"}),
        ([*shop, "run", "--port", "0", "--debug"], {}),
        ([*shop, "--debug", "routes"], {}),
    ]:
        refused = flask_command(*words, **production, **environ)
        assert refused.returncode != 0
        assert "Error: Debug mode must be off in production" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert flask_command(*shop, "routes", **production).returncode == 0


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


def test_a_variable_cannot_fix_the_text_of_captchas(built, monkeypatch):
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
def test_database_urls_without_a_driver_get_the_one_that_is_installed(tmp_path, given, driver):
    found = FlaskConfig("", {"SECRET_KEY": KEY, "SHORTEST_KEY": 1, "REDIS_URL": ""})
    found.update(DATA_FOLDER=tmp_path, DATABASE_URL=given, DATABASE_SECONDS=5)
    config.complete(found)
    assert found["SQLALCHEMY_DATABASE_URI"].drivername == driver
    options = found["SQLALCHEMY_ENGINE_OPTIONS"]
    assert options["pool_pre_ping"] is options["hide_parameters"] is True
    assert ("connect_args" in options) is (driver != "sqlite")


def test_an_unknown_environment_is_an_error(built):
    with pytest.raises(config.SettingError, match=r"'staging'.*development, testing, production"):
        built("staging")


def test_the_testing_environment_ignores_the_variables_of_a_developer(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://precious")
    monkeypatch.setenv("REDIS_URL", "redis://precious")
    monkeypatch.setenv("SECRET_KEY", "precious")
    monkeypatch.setenv("TRUSTED_HOSTS", "precious.example")
    monkeypatch.setenv("TRUSTED_PROXIES", "3")
    monkeypatch.setenv("COOKIE_SECURE", "1")

    def settings():
        found = FlaskConfig("", {"DATA_FOLDER": tmp_path})
        found.from_object(config.CONFIGS["testing"]())
        config.complete(found)
        return found

    assert str(settings()["SQLALCHEMY_DATABASE_URI"]) == "sqlite://"
    assert settings()["SESSION_TYPE"] == "cachelib"
    assert settings()["SECRET_KEY"] == "testing only: known to all"
    assert settings()["TRUSTED_HOSTS"] is None
    assert settings()["TRUSTED_PROXIES"] == 0
    assert settings()["SESSION_COOKIE_SECURE"] is False
    monkeypatch.setenv("TEST_DATABASE_URL", "sqlite:///other.db")
    assert settings()["SQLALCHEMY_DATABASE_URI"].database == "other.db"


# The factory


def test_the_apps_of_the_factory_share_nothing(built, tmp_path):
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


def test_a_mapping_in_the_place_of_the_name_is_settings(tmp_path):
    with closing_apps() as built:
        app = built({"DATA_FOLDER": tmp_path / "x", "LOGIN_MAX_FAILURES": 1})
        assert app.config["DATA_FOLDER"] == tmp_path / "x"
        assert app.config["LOGIN_MAX_FAILURES"] == 1
        assert app.config["PREPARE_DATABASE"] is True


def test_data_are_in_a_folder_of_their_own_below_the_instance_path(tmp_path, monkeypatch):
    """In files, for workers could not share what is in memory."""
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path))
    folder = tmp_path / "day06_project_shop"
    with closing_apps() as built:
        app = built(PASSWORD_METHOD="pbkdf2:sha256:1")
        assert app.config["SQLALCHEMY_DATABASE_URI"].database == str(folder / "shop.db")
        assert isinstance(app.config["SESSION_CACHELIB"], FileSessions)
        assert app.extensions["store"].path == folder / "store.db"
        app.test_client().get("/api/v1.0/session")
        app.extensions["store"].ping()
    assert {path.name for path in tmp_path.iterdir()} == {"day06_project_shop"}
    assert {path.name for path in folder.iterdir()} >= {"shop.db", "store.db"}


def test_a_relative_folder_does_not_move_with_the_working_directory(built, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = built("testing", DATA_FOLDER="relative", DATABASE_URL="")
    monkeypatch.chdir(Path(tmp_path.anchor))
    assert app.test_client().get("/api/v1.0/session").status_code == 200
    assert app.config["SQLALCHEMY_DATABASE_URI"].database == str(tmp_path / "relative" / "shop.db")
    assert app.extensions["store"].path == tmp_path / "relative" / "store.db"
    assert (tmp_path / "relative" / "store.db").exists()


def test_paths_begin_at_the_package_and_not_at_the_working_directory(built, tmp_path, monkeypatch):
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


def test_imports_begin_beside_the_script_or_in_the_current_folder(tmp_path):
    (tmp_path / "helper.py").write_text("")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "__init__.py").write_text("")
    (tmp_path / "inside" / "main.py").write_text(
        "import helper\nfrom flask import Flask\napp = Flask(__name__)\n"
    )

    def run(*words):
        command = [sys.executable, *words]
        return subprocess.run(
            command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=120
        )

    assert "No module named 'helper'" in run("inside/main.py").stderr
    assert run("-m", "inside.main").returncode == 0
    assert run("-m", "flask", "--app", "inside.main", "routes").returncode == 0


def test_packages_of_others_are_installed_and_not_copied_into_libs():
    folder = Path(shop.__file__).parent
    for name in "flask", "redis", "captcha", "flask_session", "sqlalchemy":
        __import__(name)
        assert folder not in Path(sys.modules[name].__file__).parents
    for name in "Flask", "redis", "captcha", "Flask-Session", "SQLAlchemy":
        assert metadata.version(name)
    assert {path.name for path in (folder / "libs").glob("*.py")} == {
        "__init__.py",
        "captcha.py",
        "patience.py",
        "sessions.py",
        "store.py",
    }


# Development makes its database


def test_in_development_the_first_request_makes_the_database(built, tmp_path):
    app = built("development")
    assert not (tmp_path / "shop.db").exists()
    found = app.test_client().get("/api/v1.0/goods?per_page=100").json
    assert {item["name"]: item["price"] for item in found["items"]} == commands.SAMPLES
    assert {item["stock"] for item in found["items"]} == {10}
    with app.app_context():
        assert set(db.inspect(db.engine).get_table_names()) > {"users", "goods", "cart_items"}
        owner = db.session.scalars(select(User)).one()
    assert " " in owner.name, "a name that no one can register"


def test_two_first_requests_make_it_once(built, monkeypatch):
    lock, calls = WatchedLock(), []
    monkeypatch.setattr(commands, "threading", SimpleNamespace(Lock=lambda: lock))
    app = built("development")
    monkeypatch.setattr(commands, "upgrade", lock.hold_up(commands.upgrade, calls))
    responses = at_once(lambda _: app.test_client().get("/api/v1.0/goods"), range(2))
    assert [response.json["total"] for response in responses] == [len(commands.SAMPLES)] * 2
    assert len(calls) == 1


def test_a_file_is_kept_and_one_that_was_deleted_is_made_anew(built, tmp_path):
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
def test_in_other_environments_the_database_is_not_made_by_itself(built, tmp_path, environment):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    app = built(environment, SECRET_KEY=KEY, DATABASE_URL=url)
    assert app.test_client().get("/api/v1.0/goods").status_code == 503
    with app.app_context():
        assert db.inspect(db.engine).get_table_names() == []


# Commands


def test_seed_fills_an_empty_shop_once(app, visitor):
    runner = app.test_cli_runner()
    assert runner.invoke(args=["seed", "--count", "30"]).output == "30 goods added.\n"
    assert runner.invoke(args=["seed"]).output == "0 goods added.\n"
    found = visitor.get("/goods?per_page=100").json["items"]
    assert len(found) == 30
    assert len({item["owner_id"] for item in found}) == 1
    with app.app_context():
        db.session.execute(delete(Goods))
        db.session.commit()
    assert runner.invoke(args=["seed"]).output == f"{len(commands.SAMPLES)} goods added.\n"


def test_the_owner_of_the_samples_cannot_log_in(app, visitor):
    app.test_cli_runner().invoke(args=["seed"])
    assert visitor.login(commands.OWNER, "x" * 8).status_code == 422
    assert visitor.register(commands.OWNER).status_code == 422


# Engines


@pytest.mark.parametrize("stack", ["embedded"], indirect=True)
def test_sqlite_checks_foreign_keys_on_each_connection(app):
    with app.app_context():
        for _ in range(2):
            assert db.session.scalar(text("PRAGMA foreign_keys")) == 1
            assert db.session.scalar(text("PRAGMA journal_mode")) == "wal"
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("stack", ON_SERVERS, indirect=True)
def test_a_connection_that_the_server_closed_is_replaced(app, visitor):
    with app.app_context():
        engine = db.engine
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
    assert visitor.get("/goods").status_code == 200


# gunicorn


def gunicorn_settings():
    return runpy.run_path(str(Path(shop.__file__).parent.parent / "gunicorn.conf.py"))


def test_gunicorn_listens_on_this_machine_only_unless_told_otherwise(monkeypatch):
    assert gunicorn_settings()["bind"] == "127.0.0.1:8000"
    assert (gunicorn_settings()["workers"], gunicorn_settings()["threads"]) == (2, 4)
    monkeypatch.setenv("BIND", "0.0.0.0:80")
    monkeypatch.setenv("WEB_CONCURRENCY", "7")
    monkeypatch.setenv("WEB_THREADS", "3")
    found = gunicorn_settings()
    assert (found["bind"], found["workers"], found["threads"]) == ("0.0.0.0:80", 7, 3)


def test_gunicorn_believes_no_header_and_logs_the_raw_path_with_the_request_id():
    found = gunicorn_settings()
    assert found["secure_scheme_headers"] == {}
    assert found["accesslog"] == "-"
    assert '"%(r)s"' in found["access_log_format"]
    assert "%({x-request-id}o)s" in found["access_log_format"]
    assert found["control_socket_disable"] is True


def test_the_production_server_finds_the_shop_with_the_settings_of_production(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("SECRET_KEY", KEY)
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path))
    app = importlib.import_module("day06_project.wsgi").app
    del sys.modules["day06_project.wsgi"]
    assert app.config["SESSION_COOKIE_SECURE"] is True
    assert app.config["SECRET_KEY"] == KEY
    close(app)
