"""What several test files of day 3 need: parts of a page, a form, and databases."""

import contextlib
import sqlite3

from tests.helpers import page

GOOD = {
    "name": "Ann",
    "email": "ann@example.com",
    "password": "correct horse",
    "repeat": "correct horse",
}
"""What the form of the lesson ``forms`` accepts."""


def fields(response):
    """Return the attributes of each input element, by its name."""
    return {field["name"]: field.attrs for field in page(response).select("input")}


def errors(response):
    """Return the message for each wrong field, found as a screen reader finds it."""
    found = page(response)
    return {
        field["name"]: found.find(id=field["aria-describedby"]).text
        for field in found.select("[aria-invalid]")
    }


def texts(response, selector):
    """Return the texts of the elements that a CSS selector finds, with single spaces."""
    return [" ".join(element.text.split()) for element in page(response).select(selector)]


def lines(response):
    """Return the HTML below the heading of a page, by line, without spaces around it."""
    assert response.status_code == 200
    content = response.text.partition("</h1>")[2].partition("</main>")[0]
    return [line.strip() for line in content.splitlines() if line.strip()]


@contextlib.contextmanager
def app_in_memory(create_app, db, **config):
    """Give an app with its database in memory, and a function that restores its samples.

    Building an app takes longer than most tests, so the tests of a file share one.
    """
    app = create_app({"SQLALCHEMY_DATABASE_URI": "sqlite:///:memory:"} | config)
    app.test_client().get("/")
    with app.app_context():
        engine = db.engine
        database = engine.raw_connection().driver_connection
    samples = sqlite3.connect(":memory:")
    database.backup(samples)
    yield app, lambda: samples.backup(database)
    samples.close()
    engine.dispose()


@contextlib.contextmanager
def apps_in_folder(create_app, db, folder):
    """Give a function that builds an app with its file in the folder; close what it opened."""
    apps = []

    def build(**config):
        apps.append(create_app({"DATA_FOLDER": folder, **config}))
        return apps[-1]

    yield build
    for app in apps:
        with app.app_context():
            db.engine.dispose()


def content(app, db):
    """Return all rows of the database, by table."""
    with app.app_context():
        tables = db.metadata.sorted_tables
        return {table.name: sorted(db.session.execute(db.select(table)).all()) for table in tables}
