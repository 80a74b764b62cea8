"""The library's file: where it is, when it is made, and what an app may find in it.

Begin with test_the_file_is_made_at_the_first_request.
"""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from day03.database import first
from day03.database.app import create_app
from day03.database.models import db
from day03.database.samples import BOOKS
from tests.day03.helpers import apps_in_folder, texts

NAMES = sorted(BOOKS)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "library"


@pytest.fixture
def build(folder):
    """Give a function that builds the app with its file in the folder."""
    with apps_in_folder(create_app, db, folder) as build:
        yield build


def in_file(folder, sql="SELECT name FROM author ORDER BY name"):
    """Run SQL on the file itself and return the first column of its rows."""
    connection = sqlite3.connect(folder / "library.db")
    try:
        with connection:
            return [row[0] for row in connection.execute(sql)]
    finally:
        connection.close()


def test_the_file_is_made_at_the_first_request(build, folder, tmp_path):
    app = build()
    assert list(tmp_path.iterdir()) == []
    assert app.test_client().get("/").status_code == 200
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [folder / "library.db"]


def test_unless_told_otherwise_the_file_is_in_the_instance_folder():
    app = create_app()
    folder = Path(app.instance_path) / "day03_database"
    assert app.config["DATA_FOLDER"] == folder
    with app.app_context():
        assert db.engine.url.database == str(folder / "library.db")


def test_the_data_is_there_after_a_restart(build, folder):
    client = build(WTF_CSRF_ENABLED=False).test_client()
    client.post("/authors/new", data={"name": "Aaron"})
    assert texts(build().test_client().get("/"), "h2")[0] == "Aaron"
    assert in_file(folder) == ["Aaron", *NAMES]


def test_an_emptied_library_is_not_filled_again(build, folder):
    build().test_client().get("/")
    in_file(folder, "DELETE FROM author")
    assert texts(build().test_client().get("/"), "h2") == []


def test_another_folder_is_another_library(build, tmp_path):
    first = build(WTF_CSRF_ENABLED=False).test_client()
    second = build(DATA_FOLDER=tmp_path / "second").test_client()
    first.post("/authors/new", data={"name": "Aaron"})
    assert texts(first.get("/"), "h2")[0] == "Aaron"
    assert texts(second.get("/"), "h2") == NAMES[:3]


def test_the_configuration_may_name_another_database(build, tmp_path):
    app = build(SQLALCHEMY_DATABASE_URI="sqlite:///:memory:")
    assert texts(app.test_client().get("/"), "h2") == NAMES[:3]
    assert list(tmp_path.iterdir()) == []
    path = tmp_path / "deep" / "own.db"
    assert build(SQLALCHEMY_DATABASE_URI=f"sqlite:///{path}").test_client().get("/")
    assert path.exists()


# The first program


@pytest.fixture
def build_first(folder):
    """Give a function that builds the first program with its file in the folder."""
    with apps_in_folder(first.create_app, first.db, folder) as build:
        yield build


def test_the_first_program_stores_authors_and_lists_them_by_name(build_first):
    client = build_first().test_client()
    assert client.get("/authors").json == []
    response = client.post("/authors", data={"name": "Wells"})
    assert (response.status_code, response.json) == (201, {"id": 1, "name": "Wells"})
    client.post("/authors", data={"name": "Austen"})
    assert [author["name"] for author in client.get("/authors").json] == ["Austen", "Wells"]
    assert client.post("/authors").status_code == 400


def test_the_first_program_finds_its_authors_after_a_restart(build_first, folder):
    build_first().test_client().post("/authors", data={"name": "Wells"})
    assert build_first().test_client().get("/authors").json == [{"id": 1, "name": "Wells"}]
    assert [path.name for path in folder.iterdir()] == ["first.db"]


# Files that changed


def test_a_deleted_file_is_made_again_with_the_samples(build, folder):
    client = build(WTF_CSRF_ENABLED=False).test_client()
    client.post("/authors/new", data={"name": "Aaron"})
    (folder / "library.db").unlink()
    assert texts(client.get("/"), "h2") == NAMES[:3]
    assert in_file(folder) == NAMES


def test_missing_tables_are_added_and_rows_kept(build, folder):
    build().test_client().get("/")
    in_file(folder, "DROP TABLE book_tag")
    response = build().test_client().get("/")
    assert texts(response, "h2") == NAMES[:3]
    assert texts(response, "li")[0] == "The Time Machine"


def test_first_requests_at_the_same_time_fill_the_library_once(build, folder):
    app = build()
    start = threading.Barrier(4)

    def visit(_):
        start.wait(60)
        return app.test_client().get("/").status_code

    with ThreadPoolExecutor(4) as visitors:
        assert list(visitors.map(visit, range(4))) == [200] * 4
    assert in_file(folder) == NAMES


# Configuration


def test_every_new_connection_checks_foreign_keys(build):
    app = build()
    app.test_client().get("/")
    with app.app_context():
        for _ in range(2):
            assert db.session.scalar(text("PRAGMA foreign_keys")) == 1
            db.session.remove()
            db.engine.dispose()  # the next one is new


def test_a_database_that_is_named_after_init_app_is_ignored(build, folder):
    app = build()
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///:memory:"
    app.test_client().get("/")
    with app.app_context():
        assert db.engine.url.database == str(folder / "library.db")
    assert (folder / "library.db").exists()


def test_the_key_is_random_unless_the_environment_gives_one(build, monkeypatch):
    keys = {build().secret_key, build().secret_key}
    monkeypatch.setenv("FLASK_SECRET_KEY", "")
    keys.add(build().secret_key)
    assert [len(key) for key in keys] == [64, 64, 64]
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the administrator")
    assert build().secret_key == "from the administrator"
    assert build(SECRET_KEY="from the test").secret_key == "from the test"


def test_the_session_cookie_is_not_sent_from_other_sites(build):
    response = build().test_client().get("/authors/new")
    assert response.headers["Set-Cookie"].endswith("; HttpOnly; Path=/; SameSite=Lax")
