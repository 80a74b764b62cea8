"""The library's search: SQL made of text gives away other tables, a bound parameter does not.

Begin with test_both_searches_find_titles.
"""

import pytest
from sqlalchemy import insert

from day03.database.app import create_app
from day03.database.models import Book, db
from day03.database.samples import BOOKS
from tests.day03.helpers import app_in_memory, content, texts
from tests.helpers import page

NAMES = sorted(BOOKS)
TITLES = sorted(title for books in BOOKS.values() for title in books)
ATTACK = "xxx' UNION SELECT name FROM author --"


@pytest.fixture(scope="module")
def library():
    with app_in_memory(create_app, db) as app_and_restore:
        yield app_and_restore


@pytest.fixture
def app(library):
    """Give the app with its samples as new."""
    app, restore = library
    restore()
    return app


@pytest.fixture
def client(app):
    return app.test_client()


def search(client, words, path="/search"):
    """Return the titles that the page shows."""
    response = client.get(path, query_string={"q": words})
    assert response.status_code == 200
    return texts(response, "li")


@pytest.mark.parametrize("path", ["/search", "/search-unsafe"])
def test_both_searches_find_titles(client, path):
    assert search(client, "machine", path) == ["The Time Machine"]


@pytest.mark.parametrize("path", ["/search", "/search-unsafe"])
def test_titles_are_listed_in_order(client, path):
    assert search(client, "journey", path) == [
        "Journey to the Centre of the Earth",
        "Journey to the West",
    ]


@pytest.mark.parametrize("path", ["/search", "/search-unsafe"])
def test_a_search_that_finds_nothing_says_so(client, path):
    assert search(client, "no such book", path) == ["Nothing."]


@pytest.mark.parametrize("path", ["/search", "/search-unsafe"])
def test_without_words_every_title_is_found(client, path):
    assert search(client, "", path) == TITLES
    assert texts(client.get(path), "li") == TITLES


def test_an_apostrophe_breaks_only_the_unsafe_search(client):
    assert search(client, "Alice's") == ["Alice's Adventures in Wonderland"]
    assert client.get("/search-unsafe?q=Alice's").status_code == 400


# Edges


@pytest.mark.parametrize("words", ["%", "_", "/", "\\", "a%e", "E_ma"])
def test_signs_with_a_meaning_in_like_are_taken_as_they_are(app, client, words):
    assert search(client, words) == ["Nothing."]
    with app.app_context():
        db.session.execute(insert(Book).values(author_id=1, title=f"1 {words} 2"))
        db.session.commit()
    assert search(client, words) == [f"1 {words} 2"]


@pytest.mark.parametrize("path", ["/search", "/search-unsafe"])
@pytest.mark.parametrize("words", ["x" * 201, "a\0b", "\n"])
def test_words_that_no_search_box_sends_are_400(client, path, words):
    response = client.get(path, query_string={"q": words})
    assert response.status_code == 400
    assert client.get(path, query_string={"q": "x" * 200}).status_code == 200


@pytest.mark.parametrize("path", ["/search", "/search-unsafe"])
def test_the_page_has_a_button_for_each_search(client, path):
    buttons = page(client.get(path)).select("main button")
    assert [(button.text, button["formaction"]) for button in buttons] == [
        ("Search", "/search"),
        ("Search the unsafe way", "/search-unsafe"),
    ]


# Attacks


@pytest.mark.parametrize("words", ["x onfocus=alert(1) autofocus", '"><b>'])
@pytest.mark.parametrize("path", ["/search", "/search-unsafe"])
def test_the_words_stay_in_the_value_of_their_field(client, path, words):
    found = page(client.get(path, query_string={"q": words}))
    assert found.select_one("#q").attrs == {
        "id": "q",
        "name": "q",
        "type": "search",
        "maxlength": "200",
        "value": words,
    }


def test_string_built_sql_gives_away_another_table(client):
    assert search(client, ATTACK, "/search-unsafe") == NAMES
    tables = "xxx' UNION SELECT name FROM sqlite_master WHERE type = 'table' --"
    assert search(client, tables, "/search-unsafe") == ["author", "book", "book_tag", "tag"]
    assert sorted(search(client, "xxx%' OR 1=1 --", "/search-unsafe")) == TITLES


@pytest.mark.parametrize(
    "words", [ATTACK, "xxx%' OR 1=1 --", "'; DROP TABLE book --", "' OR ''='", ":x", "?", "--"]
)
def test_a_bound_parameter_is_never_read_as_sql(client, words):
    response = client.get("/search", query_string={"q": words})
    assert texts(response, "li") == ["Nothing."]
    sql, values = texts(response, "code")
    assert sql.endswith(
        "WHERE (book.title LIKE '%' || :title_1 || '%' ESCAPE '/') ORDER BY book.title"
    )
    assert values.startswith("{'title_1': ")


@pytest.mark.parametrize(
    "words",
    [
        "'",
        "'; DROP TABLE book_tag --",
        "'; DELETE FROM book --",
        "' UNION SELECT 1, 2 --",
        "' UNION SELECT nothing FROM nowhere --",
        "' UNION SELECT CAST(x'ff' AS TEXT) --",
        "' AND load_extension('x') --",
        ":x",
    ],
)
def test_the_unsafe_search_never_changes_anything(app, client, words):
    before = content(app, db)
    assert client.get("/search-unsafe", query_string={"q": words}).status_code == 400
    assert content(app, db) == before
    assert client.get("/").status_code == 200
