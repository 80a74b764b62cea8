import re
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from io import BytesIO

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import FlaskForm
from sqlalchemy import Column, Integer, String, create_engine, delete, func, select, text
from sqlalchemy.exc import IntegrityError, LegacyAPIWarning, PendingRollbackError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from day03.database import editing
from day03.database.app import PER_PAGE, create_app
from day03.database.models import Author, Book, Tag, book_tag, db
from day03.database.samples import BOOKS

pytestmark = pytest.mark.point("D3-57")

NAMES = sorted(BOOKS)
ATTACK = "xxx' UNION SELECT name FROM author --"
HUGE = 2**63


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "library"


@pytest.fixture
def build(folder):
    """Give a function that builds the app; what it opened is closed at the end."""
    apps = []

    def built(**config):
        apps.append(create_app({"DATA_FOLDER": folder, **config}))
        return apps[-1]

    yield built
    for app in apps:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture(scope="module")
def application():
    """Build one application, for that takes longest, and keep a copy of its new library."""
    app = create_app({"SQLALCHEMY_DATABASE_URI": "sqlite:///:memory:"})
    app.test_client().get("/")
    with app.app_context():
        engine = db.engine
        library = engine.raw_connection().driver_connection
    new = sqlite3.connect(":memory:")
    library.backup(new)
    yield app, lambda: new.backup(library)
    new.close()
    engine.dispose()


@pytest.fixture
def app(application):
    """Give the application with its library as good as new."""
    app, restore = application
    restore()
    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def post(client):
    """Give a function that sends a form as the pages do, with the token."""
    token = re.search('name="csrf_token" [^>]*value="([^"]+)"', client.get("/authors/new").text)[1]

    def send(path, **fields):
        return client.post(path, data={"csrf_token": token, **fields})

    send.token = token
    return send


@pytest.fixture
def rows(app):
    """Give a function that runs a query outside of any request and returns all it finds."""

    def found(query):
        with app.app_context():
            return db.session.scalars(query).all()

    return found


@pytest.fixture
def id_of(rows):
    """Give a function that returns the id of a row by its name or title."""

    def found(model, name):
        column = model.title if model is Book else model.name
        [key] = rows(select(model.id).where(column == name))
        return key

    return found


def kept(folder, sql="SELECT name FROM author ORDER BY name"):
    """Run SQL on the file itself and return the first column of what it gives."""
    connection = sqlite3.connect(folder / "library.db")
    try:
        with connection:
            return [row[0] for row in connection.execute(sql)]
    finally:
        connection.close()


def content(app):
    """Return all that the database holds."""
    with app.app_context():
        tables = db.metadata.sorted_tables
        return {table.name: sorted(db.session.execute(select(table)).all()) for table in tables}


def queries(response):
    assert response.status_code == 200
    return int(re.search(r"Queries for this page: (\d+)", response.text)[1])


def shown(tag, response):
    """Return the texts of all elements of a kind."""
    texts = re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", response.text, re.DOTALL)
    return [" ".join(unescape(re.sub("<[^>]+>", "", each)).split()) for each in texts]


def main_of(response):
    """Return what a page shows, less the links that differ between the two ways to it."""
    lists = re.sub(r"<nav.*?</nav>|<p>.*?</p>", "", response.text, flags=re.DOTALL)
    return re.search("<main>(.*)</main>", lists, re.DOTALL)[1]


# Pages and their queries


def test_the_pages_show_each_author_once_by_name(client):
    first, second, third = (client.get(f"/?page={number}") for number in (1, 2, 3))
    assert shown("h2", first) + shown("h2", second) + shown("h2", third) == NAMES
    assert [len(shown("h2", each)) for each in (first, second, third)] == [PER_PAGE, PER_PAGE, 1]
    assert client.get("/").text == first.text
    assert "Page 2 of 3" in second.text


def test_an_author_stands_with_books_and_tags(client):
    assert shown("li", client.get("/"))[:3] == [
        "The Time Machine (science fiction)",
        "The War of the Worlds (science fiction)",
        "Emma (comedy, love)",
    ]


@pytest.mark.parametrize("path", ["/", "/slow"])
def test_the_pages_link_each_other(client, path):
    def links(number):
        text = client.get(f"{path}?page={number}").text
        return re.findall('rel="(prev|next)" href="([^"]+)"', text)

    assert links(1) == [("next", f"{path}?page=2")]
    assert links(2) == [("prev", f"{path}?page=1"), ("next", f"{path}?page=3")]
    assert links(3) == [("prev", f"{path}?page=2")]


@pytest.mark.parametrize("path", ["/", "/slow"])
@pytest.mark.parametrize(
    "number", ["0", "-1", "", "x", "1.5", "01", "+1", "1 ", "٣", "1_0", "1" * 7, "9" * 99, "\0"]
)
def test_what_is_no_page_number_is_400(client, path, number):
    response = client.get(path, query_string={"page": number})
    assert response.status_code == 400
    assert "A page is a number from 1 on." in response.text


def test_a_page_beyond_the_last_is_404(client):
    assert client.get("/?page=3").status_code == 200
    assert client.get("/?page=4").status_code == 404
    assert client.get("/?page=999999").status_code == 404


def test_the_visitor_cannot_choose_the_size_of_a_page(client):
    assert len(shown("h2", client.get("/?per_page=100"))) == PER_PAGE


def test_an_empty_library_has_one_page(client, post, rows):
    for key in rows(select(Author.id)):
        post(f"/authors/{key}/delete")
    page = client.get("/")
    assert page.status_code == 200
    assert "There is nobody here yet." in page.text
    assert "Page 1 of 1" in page.text
    assert client.get("/?page=2").status_code == 404


def test_the_slow_page_asks_once_more_for_each_author_and_each_book(client):
    for number, names in enumerate([NAMES[:3], NAMES[3:6], NAMES[6:]], start=1):
        quick, slow = client.get(f"/?page={number}"), client.get(f"/slow?page={number}")
        assert main_of(quick) == main_of(slow)
        assert queries(quick) == 4
        assert queries(slow) == 2 + len(names) + sum(len(BOOKS[name]) for name in names)


def test_the_first_request_counts_as_any_other(client):
    assert [queries(client.get("/slow")) for _ in range(3)] == [12, 12, 12]


def test_more_books_mean_more_queries_on_the_slow_page_only(client, post, id_of):
    before = queries(client.get("/")), queries(client.get("/slow"))
    for title in ("Sanditon", "The Watsons"):
        post(f"/authors/{id_of(Author, 'Jane Austen')}/books/new", title=title, tag_names="love")
    assert queries(client.get("/")) == before[0]
    assert queries(client.get("/slow")) == before[1] + 2


def test_the_other_pages_are_quick_too(client, id_of):
    assert queries(client.get(f"/authors/{id_of(Author, 'Jane Austen')}")) == 3
    assert queries(client.get(f"/authors/{id_of(Author, 'Mary Shelley')}")) == 3
    assert queries(client.get(f"/tags/{id_of(Tag, 'adventure')}")) == 2
    assert queries(client.get(f"/tags/{id_of(Tag, 'travel')}")) == 2


# Create, read, update, delete


def test_an_author_is_created_read_updated_and_deleted(client, post, id_of):
    created = post("/authors/new", name="Ann")
    where = f"/authors/{id_of(Author, 'Ann')}"
    assert (created.status_code, created.location) == (303, where)
    assert shown("h1", client.get(where)) == ["Ann"]
    assert "There is no book yet." in client.get(where).text

    form = client.get(f"{where}/edit")
    assert form.status_code == 200
    assert 'value="Ann"' in form.text
    changed = post(f"{where}/edit", name="Anna")
    assert (changed.status_code, changed.location) == (303, where)
    assert shown("h1", client.get(where)) == ["Anna"]

    deleted = post(f"{where}/delete")
    assert (deleted.status_code, deleted.location) == (303, "/")
    assert client.get(where).status_code == 404


def test_a_book_is_created_read_updated_and_deleted(client, post, id_of, rows):
    author = f"/authors/{id_of(Author, 'Mary Shelley')}"
    created = post(f"{author}/books/new", title="Valperga", tag_names="history")
    assert (created.status_code, created.location) == (303, author)
    assert shown("td", client.get(author))[2] == "history"
    assert shown("th", client.get(author))[3:] == ["Frankenstein", "Valperga"]

    where = f"/books/{id_of(Book, 'Valperga')}"
    form = client.get(f"{where}/edit")
    assert 'value="Valperga"' in form.text
    assert 'value="history"' in form.text
    changed = post(f"{where}/edit", title="The Last Man", tag_names="science fiction")
    assert (changed.status_code, changed.location) == (303, author)
    assert shown("th", client.get(author))[3:] == ["Frankenstein", "The Last Man"]
    assert shown("td", client.get(author))[2] == "science fiction"

    deleted = post(f"{where}/delete")
    assert (deleted.status_code, deleted.location) == (303, author)
    assert shown("th", client.get(author))[3:] == ["Frankenstein"]
    assert rows(select(Tag.name).where(Tag.name == "history")) == ["history"]


def press(client, path, label):
    """Press a button of a page as a browser does: send the fields of the form around it."""
    forms = re.findall(r"<form\b.*?</form>", client.get(path).text, re.DOTALL)
    [form] = [form for form in forms if f'aria-label="{label}"' in form]
    fields = re.findall(r'name="([^"]+)" value="([^"]*)"', form)
    return client.post(re.search('action="([^"]+)"', form)[1], data=dict(fields))


def test_the_buttons_of_a_page_delete_what_they_name(client, id_of):
    where = f"/authors/{id_of(Author, 'Jane Austen')}"
    assert press(client, where, "Delete Emma").status_code == 303
    assert shown("th", client.get(where))[3:] == ["Persuasion", "Pride and Prejudice"]
    assert press(client, where, "Delete the author and all these books").status_code == 303
    assert client.get(where).status_code == 404
    assert "Page 1 of 2" in client.get("/").text


def test_the_links_of_a_page_lead_to_its_forms_and_tags(client, id_of):
    where = f"/authors/{id_of(Author, 'Mary Shelley')}"
    main = client.get(where).text.partition("<main>")[2]
    links = re.findall(r'<a href="([^"]+)"', main)
    assert links == [
        f"/tags/{id_of(Tag, 'science fiction')}",
        f"/books/{id_of(Book, 'Frankenstein')}/edit",
        f"{where}/books/new",
        f"{where}/edit",
    ]
    assert [client.get(link).status_code for link in links] == [200] * 4


def test_tags_are_shared_and_written_in_one_way(client, post, id_of, rows):
    path = f"/authors/{id_of(Author, 'Mary Shelley')}/books/new"
    post(path, title="Valperga", tag_names=" History,love , ,LOVE,, history")
    [book] = rows(select(Book.id).where(Book.title == "Valperga"))
    pairs = select(Tag.name).join(book_tag).where(book_tag.c.book_id == book).order_by(Tag.name)
    assert rows(pairs) == ["history", "love"]
    assert len(rows(select(Tag).where(Tag.name == "love"))) == 1


def test_a_tag_lists_its_books_with_their_authors(client, id_of):
    page = client.get(f"/tags/{id_of(Tag, 'fantasy')}")
    assert shown("li", page) == [
        "Alice's Adventures in Wonderland, by Lewis Carroll",
        "Journey to the West, by Wu Cheng'en",
        "Through the Looking-Glass, by Lewis Carroll",
    ]


def test_a_tag_whose_books_are_gone_stays(client, post, id_of):
    tag = id_of(Tag, "comedy")
    post(f"/authors/{id_of(Author, 'Jane Austen')}/delete")
    page = client.get(f"/tags/{tag}")
    assert page.status_code == 200
    assert "No book carries this tag any more." in page.text


def test_a_relation_can_be_read_and_written_from_both_ends(app, client):
    with app.app_context():
        emma = db.session.scalars(select(Book).where(Book.title == "Emma")).one()
        travel = db.session.scalars(select(Tag).where(Tag.name == "travel")).one()
        assert emma in emma.author.books
        travel.books.append(emma)
        assert travel in emma.tags
        db.session.commit()
        emma.author = db.session.scalars(select(Author).where(Author.name == "Jules Verne")).one()
        db.session.commit()
        assert len(emma.author.books) == 3


# What contradicts itself


@pytest.mark.parametrize("name", ["Jane Austen", "  Jane Austen "])
def test_a_second_author_of_one_name_is_409(app, client, post, name):
    before = content(app)
    response = post("/authors/new", name=name)
    assert response.status_code == 409
    assert editing.TAKEN in shown("p", response)
    assert 'value="Jane Austen"' in response.text
    assert content(app) == before
    assert client.get("/").status_code == 200
    assert post("/authors/new", name="Ann").status_code == 303


def test_a_name_that_another_author_has_is_409(client, post, id_of):
    wells = id_of(Author, "H. G. Wells")
    response = post(f"/authors/{wells}/edit", name="Jane Austen")
    assert response.status_code == 409
    assert editing.TAKEN in response.text
    assert shown("h1", response) == ["Change H. G. Wells"]
    assert shown("h1", client.get(f"/authors/{wells}")) == ["H. G. Wells"]


def test_a_second_book_of_one_title_is_409_unless_another_author_wrote_it(client, post, id_of):
    austen, wells = (id_of(Author, name) for name in ("Jane Austen", "H. G. Wells"))
    assert post(f"/authors/{austen}/books/new", title="Emma").status_code == 409
    assert post(f"/authors/{wells}/books/new", title="Emma").status_code == 303


@pytest.mark.parametrize("how", ["new", "edit"])
def test_a_refused_book_leaves_nothing_behind(app, client, post, id_of, how):
    path = f"/authors/{id_of(Author, 'Jane Austen')}/books/new"
    if how == "edit":
        path = f"/books/{id_of(Book, 'Persuasion')}/edit"
    before = content(app)
    response = post(path, title="Emma", tag_names="never seen before, love")
    assert response.status_code == 409
    assert editing.TAKEN in response.text
    assert content(app) == before


def test_sending_a_form_twice_does_no_harm(app, client, post, id_of):
    austen, emma = id_of(Author, "Jane Austen"), id_of(Book, "Emma")
    for path, fields, again in [
        ("/authors/new", {"name": "Ann"}, 409),
        (f"/authors/{austen}/edit", {"name": "J. Austen"}, 303),
        (f"/authors/{austen}/books/new", {"title": "Sanditon", "tag_names": "sea"}, 409),
        (f"/books/{emma}/edit", {"title": "Emma!", "tag_names": "a, b"}, 303),
        (f"/books/{emma}/delete", {}, 404),
        (f"/authors/{austen}/delete", {}, 404),
    ]:
        assert post(path, **fields).status_code == 303
        after = content(app)
        assert post(path, **fields).status_code == again
        assert content(app) == after


def test_without_a_rollback_the_session_stays_useless(app, client):
    with app.app_context():
        db.session.add(Author(name="Jane Austen"))
        with pytest.raises(IntegrityError, match="UNIQUE constraint failed"):
            db.session.commit()
        with pytest.raises(PendingRollbackError):
            db.session.scalars(select(Author.name))
        db.session.rollback()
        assert len(db.session.scalars(select(Author.name)).all()) == len(NAMES)


def test_changes_are_kept_by_the_commit_and_all_together(app, client, rows):
    with app.app_context():
        db.session.add(Author(name="Ann"))
        db.session.flush()  # sent, but not committed
    assert rows(select(Author).where(Author.name == "Ann")) == []
    with app.app_context():
        db.session.add_all([Author(name="Ann"), Author(name="Jane Austen")])
        assert editing.committed() is False
    assert rows(select(Author).where(Author.name == "Ann")) == []


@pytest.fixture
def meanwhile(app, monkeypatch):
    """Give a function that says what somebody else does while a form is being checked."""

    def happens(sql):
        def checked(form):
            with db.engine.begin() as somebody_else:
                somebody_else.execute(text(sql))
            return original(form)

        monkeypatch.setattr(FlaskForm, "validate_on_submit", checked)

    original = FlaskForm.validate_on_submit
    return happens


@pytest.mark.parametrize(
    ("path", "fields", "sql"),
    [
        ("/authors/new", {"name": "Ann"}, "INSERT INTO author (name) VALUES ('Ann')"),
        ("/authors/1/edit", {"name": "Ann"}, "DELETE FROM author WHERE id = 1"),
        ("/authors/1/books/new", {"title": "Emma"}, "DELETE FROM author WHERE id = 1"),
        ("/books/1/edit", {"title": "Emma 2"}, "DELETE FROM book WHERE id = 1"),
        (
            "/authors/1/books/new",
            {"title": "Emma", "tag_names": "love"},
            "INSERT INTO book (author_id, title) VALUES (1, 'Emma')",
        ),
    ],
)
def test_whoever_comes_second_is_told_so(client, post, meanwhile, path, fields, sql):
    meanwhile(sql)
    response = post(path, **fields)
    assert response.status_code == 409
    assert editing.TAKEN in response.text
    assert client.get("/").status_code == 200


# What a form refuses


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "An author has a name."),
        ("  \t ", "An author has a name."),
        ("x" * 81, "Field cannot be longer than 80 characters."),
        ("茶" * 81, "Field cannot be longer than 80 characters."),
        ("a\0b", "This holds a character that cannot be seen."),
        ("\0", "This holds a character that cannot be seen."),
        ("a\nb", "This holds a character that cannot be seen."),
        ("a\x7f", "This holds a character that cannot be seen."),
    ],
)
@pytest.mark.parametrize("path", ["/authors/new", "/authors/1/edit"])
def test_a_bad_name_is_422_with_a_message_at_its_field(app, client, post, path, name, message):
    before = content(app)
    response = post(path, name=name)
    assert response.status_code == 422
    assert f'id="name-error">{message}</span>' in response.text
    assert re.search('<input aria-describedby="name-error" aria-invalid="true"', response.text)
    assert content(app) == before


def test_sqlite_counts_no_further_than_a_nul(app):
    with app.app_context():
        assert db.session.scalar(select(func.length("ab\0cd"))) == 2


@pytest.mark.parametrize("name", ["x", "x" * 80, "茶" * 80, "O'Brien", "<b>&", "😀", "a%00b"])
def test_other_names_are_taken_as_they_are(client, post, rows, name):
    assert post("/authors/new", name=name).status_code == 303
    assert rows(select(Author.name).where(Author.name == name)) == [name]


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"title": ""}, "title", "A book has a title."),
        ({"title": "x" * 121}, "title", "Field cannot be longer than 120 characters."),
        ({"title": "x\0"}, "title", "This holds a character that cannot be seen."),
        ({"tag_names": "x" * 31}, "tag_names", "A tag has at most 30 letters."),
        ({"tag_names": "a, " + "İ" * 16}, "tag_names", "A tag has at most 30 letters."),
        ({"tag_names": "a,\0"}, "tag_names", "This holds a character that cannot be seen."),
        ({"tag_names": "a," * 101}, "tag_names", "Field cannot be longer than 200 characters."),
    ],
)
@pytest.mark.parametrize("path", ["/authors/1/books/new", "/books/1/edit"])
def test_a_bad_book_is_422(app, client, post, path, fields, field, message):
    before = content(app)
    response = post(path, **{"title": "Good", "tag_names": "", **fields})
    assert response.status_code == 422
    assert re.search(f'id="{field}-error">{re.escape(message)}', response.text)
    assert content(app) == before


def test_a_book_as_long_as_may_be(client, post, rows):
    fields = {"title": "x" * 120, "tag_names": "y" * 30}
    assert post("/authors/1/books/new", **fields).status_code == 303
    assert rows(select(Tag.name).where(Tag.name == "y" * 30)) == ["y" * 30]


def test_a_form_that_is_sent_as_something_else_is_422(client, post):
    headers = {"X-CSRFToken": post.token}
    assert client.post("/authors/new", json={"name": 7}, headers=headers).status_code == 422
    assert client.post("/authors/new", json=["name"], headers=headers).status_code == 422
    file = {"csrf_token": post.token, "name": (BytesIO(b"x"), "x.txt")}
    assert client.post("/authors/new", data=file).status_code == 422
    assert client.post("/authors/new", data=b"\xff", headers=headers).status_code == 422


def test_a_body_that_is_too_large_is_413(client, post):
    assert post("/authors/new", name="x" * 100_000).status_code == 413


def test_what_was_typed_is_escaped_on_every_page(client, post, id_of):
    bad = "<script>alert(1)</script>"
    post("/authors/new", name=bad)
    author = id_of(Author, bad)
    post(f"/authors/{author}/books/new", title=bad, tag_names=bad)
    book, tag = id_of(Book, bad), id_of(Tag, bad)
    paths = [f"/?page={number}" for number in (1, 2, 3)]
    paths += [f"/authors/{author}", f"/authors/{author}/edit", f"/authors/{author}/books/new"]
    paths += [f"/books/{book}/edit", f"/tags/{tag}", f"/search?q={bad}", f"/search-unsafe?q={bad}"]
    for path in paths:
        response = client.get(path)
        assert response.status_code == 200
        assert "<script>" not in response.text
    for response in [post("/authors/new", name=bad), client.get(f"/search-unsafe?q='{bad}")]:
        assert response.status_code in {400, 409}
        assert "&lt;script&gt;" in response.text
        assert "<script>" not in response.text


def posting_rules(app):
    return [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods]


def test_every_change_needs_the_token(app, client, post):
    before = content(app)
    rules = posting_rules(app)
    assert len(rules) == 6
    for rule in rules:
        path = re.sub("<[^>]+>", "1", rule.rule)
        for token in ({}, {"csrf_token": ""}, {"csrf_token": post.token + "x"}):
            fields = {"name": "Ann", "title": "Ann", **token}
            response = client.post(path, data=fields)
            assert response.status_code == 400
            assert "CSRF" in response.text
    assert content(app) == before


def test_a_link_cannot_delete(client):
    assert client.get("/authors/1/delete").status_code == 405
    assert client.get("/books/1/delete").status_code == 405
    assert client.get("/authors/1").status_code == 200


@pytest.mark.parametrize("key", ["0", "12345", str(HUGE - 1), str(HUGE), "9" * 100])
def test_an_unknown_id_is_404(app, client, post, key):
    rules = [rule for rule in app.url_map.iter_rules() if "_id>" in rule.rule]
    assert len(rules) == 7
    for rule in rules:
        path = re.sub("<[^>]+>", key, rule.rule)
        if "GET" in rule.methods:
            assert client.get(path).status_code == 404
        if "POST" in rule.methods:
            assert post(path, name="Ann", title="Ann").status_code == 404


@pytest.mark.parametrize("key", ["-1", "x", "1.5", "1'", "%00"])
def test_what_is_no_id_is_404(client, key):
    assert client.get(f"/authors/{key}").status_code == 404
    assert client.get(f"/books/{key}/edit").status_code == 404
    assert client.get(f"/tags/{key}").status_code == 404


# Cascade


def test_with_an_author_go_the_books_and_their_tags(app, client, post, id_of):
    before = content(app)
    austen = id_of(Author, "Jane Austen")
    books = {row[0] for row in before["book"] if row[2] == austen}
    assert len(books) == 3
    post(f"/authors/{austen}/delete")
    after = content(app)
    assert after["author"] == [row for row in before["author"] if row[0] != austen]
    assert after["book"] == [row for row in before["book"] if row[0] not in books]
    assert after["book_tag"] == [row for row in before["book_tag"] if row[0] not in books]
    assert len(after["book_tag"]) < len(before["book_tag"])
    assert after["tag"] == before["tag"]


def test_the_database_itself_deletes_what_hangs_on_a_row(app, client, rows, id_of):
    austen = id_of(Author, "Jane Austen")
    with app.app_context():
        db.session.execute(delete(Author).where(Author.id == austen))  # past all relations
        db.session.commit()
    assert rows(select(Book).where(Book.author_id == austen)) == []
    others = [books for name, books in BOOKS.items() if name != "Jane Austen"]
    pairs = sum(len(tags) for books in others for tags in books.values())
    assert rows(select(func.count()).select_from(book_tag)) == [pairs]


def test_with_a_tag_go_its_pairs_and_no_books(app, id_of):
    before, tag = content(app), id_of(Tag, "adventure")
    with app.app_context():
        db.session.delete(db.session.get(Tag, tag))
        db.session.commit()
    after = content(app)
    assert after["book_tag"] == [row for row in before["book_tag"] if row[1] != tag]
    assert after["book"] == before["book"]


def test_a_book_without_an_author_is_refused(app, client):
    with app.app_context():
        for book in Book(title="Orphan"), Book(title="Orphan", author_id=12345):
            db.session.add(book)
            assert editing.committed() is False


def test_sqlite_checks_foreign_keys_on_the_connections_that_were_told_so(build):
    app = build()
    app.test_client().get("/")
    with app.app_context():
        for _ in range(2):
            assert db.session.scalar(text("PRAGMA foreign_keys")) == 1
            db.session.remove()
            db.engine.dispose()  # the next one is new
    other = create_engine("sqlite://")
    with other.connect() as connection:
        assert connection.scalar(text("PRAGMA foreign_keys")) == 0
    other.dispose()


# Search


def search(client, words, path="/search"):
    response = client.get(path, query_string={"q": words})
    assert response.status_code == 200
    return shown("li", response)


@pytest.mark.parametrize("path", ["/search", "/search-unsafe"])
def test_both_searches_find_titles(client, path):
    assert search(client, "machine", path) == ["The Time Machine"]
    assert search(client, "journey", path) == [
        "Journey to the Centre of the Earth",
        "Journey to the West",
    ]
    assert search(client, "no such book", path) == ["Nothing."]
    every = sorted(title for books in BOOKS.values() for title in books)
    assert search(client, "", path) == every
    assert shown("li", client.get(path)) == every


def test_string_built_sql_gives_away_another_table(client):
    assert search(client, ATTACK, "/search-unsafe") == NAMES
    tables = "xxx' UNION SELECT name FROM sqlite_master WHERE type = 'table' --"
    assert search(client, tables, "/search-unsafe") == ["author", "book", "book_tag", "tag"]
    every = search(client, "")
    assert sorted(search(client, "xxx%' OR 1=1 --", "/search-unsafe")) == every


@pytest.mark.parametrize(
    "words", [ATTACK, "xxx%' OR 1=1 --", "'; DROP TABLE book --", "' OR ''='", ":x", "?", "--"]
)
def test_a_bound_parameter_is_never_read_as_sql(client, words):
    assert search(client, words) == ["Nothing."]
    sql, values = shown("code", client.get("/search", query_string={"q": words}))
    assert sql == shown("code", client.get("/search?q=machine"))[0]
    assert "LIKE '%' || :title_1 || '%'" in sql
    assert values.startswith("{'title_1': ")


def test_an_apostrophe_is_found_by_the_one_and_breaks_the_other(client):
    assert search(client, "Alice's") == ["Alice's Adventures in Wonderland"]
    assert client.get("/search-unsafe?q=Alice's").status_code == 400


@pytest.mark.parametrize("words", ["%", "_", "/", "\\", "a%e", "E_ma"])
def test_signs_with_a_meaning_in_like_are_taken_as_they_are(client, post, words):
    assert search(client, words) == ["Nothing."]
    post("/authors/1/books/new", title=f"1 {words} 2")
    assert search(client, words) == [f"1 {words} 2"]


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
    before = content(app)
    assert client.get("/search-unsafe", query_string={"q": words}).status_code == 400
    assert content(app) == before
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/search", "/search-unsafe"])
@pytest.mark.parametrize("words", ["x" * 201, "a\0b", "\n"])
def test_words_that_no_search_box_sends_are_400(client, path, words):
    response = client.get(path, query_string={"q": words})
    assert response.status_code == 400
    assert client.get(path, query_string={"q": "x" * 200}).status_code == 200


# Where the data lie


def test_the_database_is_made_at_the_first_request_and_below_its_folder(build, folder, tmp_path):
    app = build()
    assert list(tmp_path.iterdir()) == []
    assert app.test_client().get("/").status_code == 200
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [folder / "library.db"]


def test_the_data_outlive_the_application(build, folder):
    client = build(WTF_CSRF_ENABLED=False).test_client()
    client.post("/authors/new", data={"name": "Aaron"})
    assert shown("h2", build().test_client().get("/"))[0] == "Aaron"
    assert kept(folder) == ["Aaron", *NAMES]


def test_an_emptied_library_is_not_filled_again(build, folder):
    build().test_client().get("/")
    kept(folder, "DELETE FROM author")
    assert shown("h2", build().test_client().get("/")) == []


def test_whoever_deletes_the_file_begins_anew(build, folder):
    client = build(WTF_CSRF_ENABLED=False).test_client()
    client.post("/authors/new", data={"name": "Aaron"})
    (folder / "library.db").unlink()
    assert shown("h2", client.get("/")) == NAMES[:3]
    assert kept(folder) == NAMES


def test_another_folder_is_another_library(build, tmp_path):
    first = build(WTF_CSRF_ENABLED=False).test_client()
    second = build(DATA_FOLDER=tmp_path / "second").test_client()
    first.post("/authors/new", data={"name": "Aaron"})
    assert shown("h2", first.get("/"))[0] == "Aaron"
    assert shown("h2", second.get("/")) == NAMES[:3]


def test_the_caller_may_name_the_database(build, tmp_path):
    app = build(SQLALCHEMY_DATABASE_URI="sqlite:///:memory:")
    assert shown("h2", app.test_client().get("/")) == NAMES[:3]
    assert list(tmp_path.iterdir()) == []
    path = tmp_path / "deep" / "own.db"
    assert build(SQLALCHEMY_DATABASE_URI=f"sqlite:///{path}").test_client().get("/")
    assert path.exists()


def test_tables_that_are_missing_are_added_and_rows_stay(build, folder):
    build().test_client().get("/")
    kept(folder, "DROP TABLE book_tag")
    page = build().test_client().get("/")
    assert shown("h2", page) == NAMES[:3]
    assert shown("li", page)[0] == "The Time Machine"


def test_many_may_be_the_first(build, folder):
    app = build()
    start = threading.Barrier(4)

    def visit(_):
        start.wait(10)
        return app.test_client().get("/").status_code

    with ThreadPoolExecutor(4) as visitors:
        assert list(visitors.map(visit, range(4))) == [200] * 4
    assert kept(folder) == NAMES


def test_the_key_is_random_unless_the_environment_gives_one(build, monkeypatch):
    monkeypatch.delenv("FLASK_SECRET_KEY", raising=False)
    assert build().secret_key != build().secret_key
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the administrator")
    assert build().secret_key == "from the administrator"
    assert build(SECRET_KEY="from the test").secret_key == "from the test"


# Then and now


@pytest.fixture
def small(tmp_path):
    """Give an application with an instance folder of its own and the smallest of databases."""

    class Base(DeclarativeBase):
        pass

    app = Flask("small", instance_path=str(tmp_path / "instance"))
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///small.db"
    app.db = SQLAlchemy(app, model_class=Base)
    yield app
    with app.app_context():
        app.db.engine.dispose()


def test_an_address_that_is_set_after_init_app_is_ignored(build, folder):
    app = build()
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///:memory:"
    app.test_client().get("/")
    with app.app_context():
        assert db.engine.url.database == str(folder / "library.db")
    assert (folder / "library.db").exists()


def test_init_app_wants_an_address_and_only_once(app):
    with pytest.raises(RuntimeError, match="SQLALCHEMY_DATABASE_URI"):
        SQLAlchemy(Flask("without"))
    with pytest.raises(RuntimeError, match="already been registered"):
        db.init_app(app)


def test_a_relative_file_lies_in_the_instance_folder(small, tmp_path):
    with small.app_context():
        assert small.db.engine.url.database == str(tmp_path / "instance" / "small.db")


def test_modifications_are_not_tracked_by_default(small):
    assert small.config["SQLALCHEMY_TRACK_MODIFICATIONS"] is False


def test_tables_need_an_application_at_work(small):
    with pytest.raises(RuntimeError, match="outside of application context"):
        small.db.create_all()


def test_create_all_does_not_change_a_table_that_exists(small):
    class Note(small.db.Model):
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]

    with small.app_context():
        small.db.session.execute(text("CREATE TABLE note (id INTEGER PRIMARY KEY)"))
        small.db.create_all()
        assert [row.name for row in small.db.session.execute(text("PRAGMA table_info(note)"))] == [
            "id"
        ]


def test_the_old_way_to_write_a_column_still_works_and_leaves_it_nullable(small):
    class Old(small.db.Model):
        id = small.db.Column(small.db.Integer, primary_key=True)
        name = small.db.Column(small.db.String(3))

    class New(small.db.Model):
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(3))
        nickname: Mapped[str | None]

    assert small.db.Column is Column
    assert small.db.Integer is Integer
    assert Old.__table__.c.name.nullable
    assert not New.__table__.c.name.nullable
    assert New.__table__.c.nickname.nullable
    with small.app_context():
        small.db.create_all()
        small.db.session.add(Old(name="longer than three"))
        small.db.session.commit()
        assert small.db.session.scalar(select(Old.name)) == "longer than three"


def test_query_is_legacy_and_its_get_is_deprecated(app, client):
    with app.app_context():
        one = Author.query.filter_by(name="Jane Austen").first()
        assert one is db.session.scalars(select(Author).where(Author.name == "Jane Austen")).one()
        with pytest.warns(LegacyAPIWarning, match="legacy"):
            assert Author.query.get(one.id) is one
        assert db.session.get(Author, one.id) is one


def test_paginate_reads_the_page_itself_and_calls_all_that_is_bad_404(small):
    class Note(small.db.Model):
        id: Mapped[int] = mapped_column(primary_key=True)

    @small.get("/")
    def index():
        return {"page": small.db.paginate(select(Note), per_page=1).page}

    with small.app_context():
        small.db.create_all()
        small.db.session.add_all([Note(), Note()])
        small.db.session.commit()
    client = small.test_client()
    assert client.get("/?page=2").json == {"page": 2}
    assert [client.get(f"/?page={bad}").status_code for bad in ("0", "x", "3")] == [404] * 3
