"""Tests of the exercise: a circular import."""

import random
import string

import pytest

from course.grading import expect


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("exercise.py imports Book at its top, and exercise_models.py does not import it.")
def test_the_table_is_known_at_once(client):
    """GET /tables lists the table book, before anyone has asked for the books."""
    expect(client.get("/tables"), 200, json={"tables": ["book"]})


@pytest.mark.task(1)
@pytest.mark.needs("test_the_table_is_known_at_once")
@pytest.mark.hint("db.init_app(app) connects the extension with the app.")
def test_the_books_are_found(client):
    """GET /books still shows the query for all books."""
    expect(client.get("/books"), 200, contains=("SELECT book.id, book.title", "FROM book"))


@pytest.mark.task(2)
@pytest.mark.hint("app.config.from_mapping(config or {}) comes after the settings of the file.")
def test_a_setting_of_the_caller_is_used(start):
    """An app that is built with another SHOP_NAME says that name."""
    name = "".join(random.choices(string.ascii_letters, k=10))
    client = start({"SHOP_NAME": name})
    expect(client.get("/"), 200, json={"shop": name})


@pytest.mark.task(2)
@pytest.mark.needs("test_a_setting_of_the_caller_is_used")
@pytest.mark.hint("Each of the three views is registered in create_app.")
def test_every_app_has_all_views(start):
    """An app that create_app has built has the views for tables and books, too."""
    client = start({"SHOP_NAME": "another"})
    expect(client.get("/tables"), 200)
    expect(client.get("/books"), 200)
