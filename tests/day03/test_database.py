"""A library in a database: pages, forms that change rows, and rules that no change may break.

``post`` sends a form as the pages do, ``texts`` returns texts of a page, and ``rows``
asks the database itself. The search and the file are tested in test_database_search.py and
test_database_file.py. Begin with test_the_first_page_lists_authors_by_name.
"""

import re
from io import BytesIO

import pytest
from flask_wtf import FlaskForm
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import IntegrityError, PendingRollbackError

from day03.database import editing
from day03.database.app import PER_PAGE, create_app
from day03.database.models import Author, Book, Tag, book_tag, db
from day03.database.samples import BOOKS
from tests.day03.helpers import app_in_memory, content, errors, texts
from tests.helpers import csrf_token, page

NAMES = sorted(BOOKS)
HUGE = 2**63


@pytest.fixture(scope="module")
def library():
    with app_in_memory(create_app, db, WTF_CSRF_ENABLED=False) as app_and_restore:
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


@pytest.fixture
def post(client):
    """Give a function that sends a form."""

    def send(path, **fields):
        return client.post(path, data=fields)

    return send


@pytest.fixture
def with_csrf(app, monkeypatch):
    """Switch on the protection that most tests do without."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)


@pytest.fixture
def rows(app):
    """Give a function that returns all rows of a query."""

    def found(query):
        with app.app_context():
            return db.session.scalars(query).all()

    return found


@pytest.fixture
def id_of(rows):
    """Give a function that returns the id of a row by its name or title."""

    def found(model, name):
        column = model.title if model is Book else model.name
        [row_id] = rows(select(model.id).where(column == name))
        return row_id

    return found


def queries(response):
    """Return how many queries a page says it took."""
    assert response.status_code == 200
    return int(re.search(r"Queries for this page: (\d+)", response.text)[1])


def test_the_first_page_lists_authors_by_name(client):
    response = client.get("/")
    assert response.status_code == 200
    assert texts(response, "h2") == ["H. G. Wells", "Jane Austen", "Jules Verne"]


def test_the_page_of_an_author_lists_the_books(client, id_of):
    response = client.get(f"/authors/{id_of(Author, 'Jane Austen')}")
    assert texts(response, "h1") == ["Jane Austen"]
    assert texts(response, "tbody th") == ["Emma", "Persuasion", "Pride and Prejudice"]


def test_a_form_creates_an_author(client, post, rows):
    response = post("/authors/new", name="Ann")
    assert response.status_code == 303
    assert texts(client.get(response.location), "h1") == ["Ann"]
    assert rows(select(Author.name).where(Author.name == "Ann")) == ["Ann"]


def test_an_author_without_a_name_is_refused_with_a_message(post):
    response = post("/authors/new", name="")
    assert response.status_code == 422
    assert texts(response, "#name-error") == ["An author has a name."]


def test_a_second_author_of_one_name_is_a_conflict(post, rows):
    response = post("/authors/new", name="Jane Austen")
    assert response.status_code == 409
    assert rows(select(func.count()).where(Author.name == "Jane Austen")) == [1]


# Pages and their queries


def test_the_pages_together_show_each_author_once_by_name(client):
    first, second, third = (client.get(f"/?page={number}") for number in (1, 2, 3))
    assert texts(first, "h2") + texts(second, "h2") + texts(third, "h2") == NAMES
    assert [len(texts(each, "h2")) for each in (first, second, third)] == [PER_PAGE, PER_PAGE, 1]
    assert client.get("/").text == first.text
    assert "Page 2 of 3" in second.text


def test_each_author_has_books_with_their_tags(client):
    assert texts(client.get("/"), "li")[:3] == [
        "The Time Machine (science fiction)",
        "The War of the Worlds (science fiction)",
        "Emma (comedy, love)",
    ]


@pytest.mark.parametrize("path", ["/", "/slow"])
def test_the_pages_link_each_other(client, path):
    def links(number):
        found = page(client.get(f"{path}?page={number}"))
        return [(*link["rel"], link["href"]) for link in found.select("a[rel]")]

    assert links(1) == [("next", f"{path}?page=2")]
    assert links(2) == [("prev", f"{path}?page=1"), ("next", f"{path}?page=3")]
    assert links(3) == [("prev", f"{path}?page=2")]


@pytest.mark.parametrize("path", ["/", "/authors/1", "/tags/1", "/search", "/authors/new"])
def test_below_a_mount_every_link_begins_with_it(client, path):
    found = page(client.get(path, base_url="http://localhost/below"))
    links = [link["href"] for link in found.select("[href]")]
    links += [each["action"] for each in found.select("form[action]")]
    links += [each["formaction"] for each in found.select("[formaction]")]
    assert len(links) >= 4
    assert all(link.startswith("/below/") for link in links)


@pytest.mark.parametrize(("path", "other"), [("/", "/slow"), ("/slow", "/")])
def test_a_page_links_its_authors_and_the_same_page_the_other_way(client, id_of, path, other):
    found = page(client.get(f"{path}?page=2"))
    names = ["Lewis Carroll", "Mary Shelley", "Robert Louis Stevenson"]
    authors = [f"/authors/{id_of(Author, name)}" for name in names]
    assert [link["href"] for link in found.select("h2 a")] == authors
    assert [link["href"] for link in found.select("main > p a")] == [f"{other}?page=2"]


def test_every_page_links_the_authors_the_form_and_the_search(client):
    links = [link["href"] for link in page(client.get("/authors/1")).select("header a")]
    assert links == ["/", "/authors/new", "/search"]


@pytest.mark.parametrize(
    "number", ["0", "-1", "", "x", "1.5", "01", "+1", "1 ", "1\n", "٣", "1_0", "1" * 7, "\0"]
)
def test_a_page_that_is_not_a_number_from_1_on_is_400(client, number):
    response = client.get("/", query_string={"page": number})
    assert response.status_code == 400
    assert "A page is a number from 1 on." in response.text


def test_a_page_beyond_the_last_is_404(client):
    assert client.get("/?page=3").status_code == 200
    assert client.get("/?page=4").status_code == 404
    assert client.get("/?page=999999").status_code == 404


def test_the_visitor_cannot_choose_the_size_of_a_page(client):
    assert len(texts(client.get("/?per_page=100"), "h2")) == PER_PAGE


def test_an_empty_library_has_one_page(client, post, rows):
    for row_id in rows(select(Author.id)):
        post(f"/authors/{row_id}/delete")
    response = client.get("/")
    assert response.status_code == 200
    assert "There are no authors yet." in response.text
    assert "Page 1 of 1" in response.text
    assert client.get("/?page=2").status_code == 404


def content_of(response):
    """Return the headings and lists of a page, without the links that differ between two pages."""
    return [str(element) for element in page(response).select("main > h2, main > ul")]


def test_the_slow_page_sends_a_query_for_each_author_and_each_book(client):
    for number, names in enumerate([NAMES[:3], NAMES[3:6], NAMES[6:]], start=1):
        quick, slow = client.get(f"/?page={number}"), client.get(f"/slow?page={number}")
        assert content_of(quick) == content_of(slow)
        assert queries(quick) == 4
        assert queries(slow) == 2 + len(names) + sum(len(BOOKS[name]) for name in names)


def test_every_request_counts_from_zero(client):
    assert [queries(client.get("/slow")) for _ in range(3)] == [12, 12, 12]


def test_more_books_mean_more_queries_on_the_slow_page_only(client, post, id_of):
    before = queries(client.get("/")), queries(client.get("/slow"))
    for title in ("Sanditon", "The Watsons"):
        post(f"/authors/{id_of(Author, 'Jane Austen')}/books/new", title=title, tag_names="love")
    assert queries(client.get("/")) == before[0]
    assert queries(client.get("/slow")) == before[1] + 2


def test_the_other_pages_take_few_queries(client, id_of):
    assert queries(client.get(f"/authors/{id_of(Author, 'Jane Austen')}")) == 3
    assert queries(client.get(f"/authors/{id_of(Author, 'Mary Shelley')}")) == 3
    assert queries(client.get(f"/tags/{id_of(Tag, 'adventure')}")) == 2
    assert queries(client.get(f"/tags/{id_of(Tag, 'travel')}")) == 2


# Create, read, update, delete


def test_an_author_is_created_read_updated_and_deleted(client, post, id_of):
    created = post("/authors/new", name="Ann")
    where = f"/authors/{id_of(Author, 'Ann')}"
    assert (created.status_code, created.location) == (303, where)
    assert texts(client.get(where), "h1") == ["Ann"]
    assert "There is no book yet." in client.get(where).text

    form = client.get(f"{where}/edit")
    assert form.status_code == 200
    assert page(form).select_one("#name")["value"] == "Ann"
    changed = post(f"{where}/edit", name="Anna")
    assert (changed.status_code, changed.location) == (303, where)
    assert texts(client.get(where), "h1") == ["Anna"]

    deleted = post(f"{where}/delete")
    assert (deleted.status_code, deleted.location) == (303, "/")
    assert client.get(where).status_code == 404


def test_a_book_is_created_read_updated_and_deleted(client, post, id_of, rows):
    author = f"/authors/{id_of(Author, 'Mary Shelley')}"
    created = post(f"{author}/books/new", title="Valperga", tag_names="history")
    assert (created.status_code, created.location) == (303, author)
    assert texts(client.get(author), "td")[2] == "history"
    assert texts(client.get(author), "tbody th") == ["Frankenstein", "Valperga"]

    where = f"/books/{id_of(Book, 'Valperga')}"
    form = page(client.get(f"{where}/edit"))
    assert form.select_one("#title")["value"] == "Valperga"
    assert form.select_one("#tag_names")["value"] == "history"
    changed = post(f"{where}/edit", title="The Last Man", tag_names="science fiction")
    assert (changed.status_code, changed.location) == (303, author)
    assert texts(client.get(author), "tbody th") == ["Frankenstein", "The Last Man"]
    assert texts(client.get(author), "td")[2] == "science fiction"

    deleted = post(f"{where}/delete")
    assert (deleted.status_code, deleted.location) == (303, author)
    assert texts(client.get(author), "tbody th") == ["Frankenstein"]
    assert rows(select(Tag.name).where(Tag.name == "history")) == ["history"]


def press(client, path, label):
    """Press a button of a page as a browser does: send the fields of the form around it."""
    button = page(client.get(path)).find("button", attrs={"aria-label": label})
    form = button.find_parent("form")
    fields = {field["name"]: field["value"] for field in form.select("input")}
    return client.post(form["action"], data=fields)


@pytest.mark.usefixtures("with_csrf")
def test_the_buttons_of_a_page_delete_what_they_name(client, id_of):
    where = f"/authors/{id_of(Author, 'Jane Austen')}"
    assert press(client, where, "Delete Emma").status_code == 303
    assert texts(client.get(where), "tbody th") == ["Persuasion", "Pride and Prejudice"]
    assert press(client, where, "Delete the author and all these books").status_code == 303
    assert client.get(where).status_code == 404
    assert "Page 1 of 2" in client.get("/").text


def test_the_links_of_a_page_lead_to_its_forms_and_tags(client, id_of):
    where = f"/authors/{id_of(Author, 'Mary Shelley')}"
    links = [link["href"] for link in page(client.get(where)).select("main a")]
    assert links == [
        f"/tags/{id_of(Tag, 'science fiction')}",
        f"/books/{id_of(Book, 'Frankenstein')}/edit",
        f"{where}/books/new",
        f"{where}/edit",
    ]
    assert [client.get(link).status_code for link in links] == [200] * 4


def test_tags_are_shared_and_written_in_one_way(client, post, id_of, rows):
    path = f"/authors/{id_of(Author, 'Mary Shelley')}/books/new"
    post(path, title="Valperga", tag_names=" History,love ，爱 , ,LOVE,, history")
    [book] = rows(select(Book.id).where(Book.title == "Valperga"))
    pairs = select(Tag.name).join(book_tag).where(book_tag.c.book_id == book).order_by(Tag.name)
    assert rows(pairs) == ["history", "love", "爱"]
    assert len(rows(select(Tag).where(Tag.name == "love"))) == 1


def test_a_tag_lists_its_books_with_their_authors(client, id_of):
    response = client.get(f"/tags/{id_of(Tag, 'fantasy')}")
    assert texts(response, "li") == [
        "Alice's Adventures in Wonderland, by Lewis Carroll",
        "Journey to the West, by Wu Cheng'en",
        "Through the Looking-Glass, by Lewis Carroll",
    ]
    authors = [id_of(Author, name) for name in ["Lewis Carroll", "Wu Cheng'en", "Lewis Carroll"]]
    links = [link["href"] for link in page(response).select("li a")]
    assert links == [f"/authors/{author}" for author in authors]


def test_books_and_tags_are_in_order_whenever_they_were_written(client, post, id_of):
    author = f"/authors/{id_of(Author, 'Mary Shelley')}"
    post(f"{author}/books/new", title="A Tour", tag_names="walking, diary")
    response = client.get(author)
    assert texts(response, "tbody th") == ["A Tour", "Frankenstein"]
    assert texts(response, "td:first-of-type") == ["diary walking", "science fiction"]


def test_a_tag_without_books_is_kept(client, post, id_of):
    tag = id_of(Tag, "comedy")
    post(f"/authors/{id_of(Author, 'Jane Austen')}/delete")
    response = client.get(f"/tags/{tag}")
    assert response.status_code == 200
    assert "No book has this tag any more." in response.text


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


# Conflicts


@pytest.mark.parametrize("name", ["Jane Austen", "  Jane Austen "])
def test_a_conflict_shows_the_form_again_and_changes_nothing(app, client, post, name):
    before = content(app, db)
    response = post("/authors/new", name=name)
    assert response.status_code == 409
    assert editing.TAKEN in texts(response, "[role=alert]")
    assert page(response).select_one("#name")["value"] == "Jane Austen"
    assert content(app, db) == before
    assert client.get("/").status_code == 200
    assert post("/authors/new", name="Ann").status_code == 303


def test_a_name_that_another_author_has_is_409(client, post, id_of):
    wells = id_of(Author, "H. G. Wells")
    response = post(f"/authors/{wells}/edit", name="Jane Austen")
    assert response.status_code == 409
    assert editing.TAKEN in response.text
    assert texts(response, "h1") == ["Change H. G. Wells"]
    assert texts(client.get(f"/authors/{wells}"), "h1") == ["H. G. Wells"]


def test_a_second_book_of_one_title_is_409_unless_another_author_wrote_it(client, post, id_of):
    austen, wells = (id_of(Author, name) for name in ("Jane Austen", "H. G. Wells"))
    assert post(f"/authors/{austen}/books/new", title="Emma").status_code == 409
    assert post(f"/authors/{wells}/books/new", title="Emma").status_code == 303


@pytest.mark.parametrize("how", ["new", "edit"])
def test_a_refused_book_leaves_no_tags_behind(app, client, post, id_of, how):
    path = f"/authors/{id_of(Author, 'Jane Austen')}/books/new"
    if how == "edit":
        path = f"/books/{id_of(Book, 'Persuasion')}/edit"
    before = content(app, db)
    response = post(path, title="Emma", tag_names="never seen before, love")
    assert response.status_code == 409
    assert editing.TAKEN in response.text
    assert content(app, db) == before


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
        after = content(app, db)
        assert post(path, **fields).status_code == again
        assert content(app, db) == after


def test_without_a_rollback_the_session_cannot_be_used(app, client):
    with app.app_context():
        db.session.add(Author(name="Jane Austen"))
        with pytest.raises(IntegrityError, match="UNIQUE constraint failed"):
            db.session.commit()
        with pytest.raises(PendingRollbackError):
            db.session.scalars(select(Author.name))
        db.session.rollback()
        assert len(db.session.scalars(select(Author.name)).all()) == len(NAMES)


def test_a_commit_keeps_all_changes_or_none(app, client, rows):
    with app.app_context():
        db.session.add(Author(name="Ann"))
        db.session.flush()  # sent, but not committed
    assert rows(select(Author).where(Author.name == "Ann")) == []
    with app.app_context():
        db.session.add_all([Author(name="Ann"), Author(name="Jane Austen")])
        assert editing.try_commit() is False
    assert rows(select(Author).where(Author.name == "Ann")) == []


@pytest.fixture
def meanwhile(app, monkeypatch):
    """Give a function that says what another request does while a form is being checked."""

    def happens(sql):
        def checked(form):
            with db.engine.begin() as other:
                other.execute(text(sql))
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
def test_of_two_conflicting_requests_the_second_is_409(client, post, meanwhile, path, fields, sql):
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
def test_a_bad_name_is_422_with_a_message_at_its_field(app, post, name, message):
    before = content(app, db)
    response = post("/authors/new", name=name)
    assert response.status_code == 422
    assert errors(response) == {"name": message}
    assert content(app, db) == before


@pytest.mark.parametrize("name", ["x" * 80, "茶" * 80, "O'Brien", "<b>&", "😀", "a%00b"])
def test_other_names_are_kept_as_they_are(client, post, rows, name):
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
        (
            {"tag_names": "," * 100 + "a" + "," * 100},
            "tag_names",
            "Field cannot be longer than 200 characters.",
        ),
    ],
)
def test_a_bad_book_is_422_with_a_message_at_its_field(app, post, fields, field, message):
    before = content(app, db)
    response = post("/authors/1/books/new", **{"title": "Good", "tag_names": "", **fields})
    assert response.status_code == 422
    assert message in errors(response)[field]
    assert content(app, db) == before


@pytest.mark.parametrize("path", ["/authors/1/edit", "/books/1/edit"])
def test_a_bad_value_does_not_replace_a_good_one(app, post, path):
    before = content(app, db)
    response = post(path, name="a\0b", title="a\0b")
    assert response.status_code == 422
    assert list(errors(response).values()) == ["This holds a character that cannot be seen."]
    assert content(app, db) == before


def test_a_book_with_the_longest_title_and_tag_is_accepted(client, post, rows):
    fields = {"title": "x" * 120, "tag_names": "y" * 30}
    assert post("/authors/1/books/new", **fields).status_code == 303
    assert rows(select(Tag.name).where(Tag.name == "y" * 30)) == ["y" * 30]


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"name": 7}},
        {"json": ["name"]},
        {"data": {"name": (BytesIO(b"x"), "x.txt")}},
        {"data": b"\xff"},
    ],
    ids=["JSON", "a JSON list", "a file", "bytes"],
)
def test_a_form_that_is_sent_as_something_else_is_422(client, body):
    assert client.post("/authors/new", **body).status_code == 422


def test_a_body_that_is_too_large_is_413(client, post):
    assert post("/authors/new", name="x" * 100_000).status_code == 413


# Attacks


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


def test_a_title_stays_in_the_attributes_of_its_link_and_button(client, post):
    title = "x onclick=alert(1) '\" y"
    post("/authors/6/books/new", title=title)
    found = page(client.get("/authors/6"))
    link = found.find("a", string="Edit", attrs={"aria-label": f"Edit {title}"})
    assert set(link.attrs) == {"href", "aria-label"}
    button = found.find("button", attrs={"aria-label": f"Delete {title}"})
    assert set(button.attrs) == {"aria-label"}


def posting_rules(app):
    return [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods]


@pytest.mark.usefixtures("with_csrf")
def test_every_change_needs_the_token(app, client):
    right = csrf_token(client.get("/authors/new"))
    before = content(app, db)
    rules = posting_rules(app)
    assert len(rules) == 6
    for rule in rules:
        path = re.sub("<[^>]+>", "1", rule.rule)
        for token in ({}, {"csrf_token": ""}, {"csrf_token": right + "x"}):
            fields = {"name": "Ann", "title": "Ann", **token}
            response = client.post(path, data=fields)
            assert response.status_code == 400
            assert "CSRF" in response.text
    assert content(app, db) == before
    assert client.post("/authors/new", data={"name": "Ann", "csrf_token": right}).status_code == 303


def test_a_link_cannot_delete(client):
    assert client.get("/authors/1/delete").status_code == 405
    assert client.get("/books/1/delete").status_code == 405
    assert client.get("/authors/1").status_code == 200


@pytest.mark.parametrize("row_id", ["0", "12345", str(HUGE)])
def test_an_unknown_id_is_404(app, client, row_id):
    rules = [rule for rule in app.url_map.iter_rules() if "_id>" in rule.rule]
    assert len(rules) == 7
    for rule in rules:
        path = re.sub("<[^>]+>", row_id, rule.rule)
        for method in rule.methods & {"GET", "POST"}:
            fields = {"name": "Ann", "title": "Ann"}
            assert client.open(path, method=method, data=fields).status_code == 404


@pytest.mark.parametrize("row_id", ["-1", "x", "1.5", "1'", "%00"])
def test_a_path_without_a_valid_id_is_404(client, row_id):
    assert client.get(f"/authors/{row_id}").status_code == 404
    assert client.get(f"/books/{row_id}/edit").status_code == 404
    assert client.get(f"/tags/{row_id}").status_code == 404


# What a deletion takes with it


def test_deleting_an_author_deletes_the_books_and_their_pairs(app, client, post, id_of):
    before = content(app, db)
    austen = id_of(Author, "Jane Austen")
    books = {row[0] for row in before["book"] if row[2] == austen}
    assert len(books) == 3
    post(f"/authors/{austen}/delete")
    after = content(app, db)
    assert after["author"] == [row for row in before["author"] if row[0] != austen]
    assert after["book"] == [row for row in before["book"] if row[0] not in books]
    assert after["book_tag"] == [row for row in before["book_tag"] if row[0] not in books]
    assert len(after["book_tag"]) < len(before["book_tag"])
    assert after["tag"] == before["tag"]


def test_the_database_itself_deletes_the_books_of_an_author(app, client, rows, id_of):
    austen = id_of(Author, "Jane Austen")
    with app.app_context():
        db.session.execute(delete(Author).where(Author.id == austen))  # past all relations
        db.session.commit()
    assert rows(select(Book).where(Book.author_id == austen)) == []
    others = [books for name, books in BOOKS.items() if name != "Jane Austen"]
    pairs = sum(len(tags) for books in others for tags in books.values())
    assert rows(select(func.count()).select_from(book_tag)) == [pairs]


def test_a_book_that_is_removed_from_its_author_is_deleted(app, id_of):
    emma, austen = id_of(Book, "Emma"), id_of(Author, "Jane Austen")
    with app.app_context():
        author = db.session.get(Author, austen)
        author.books.remove(db.session.get(Book, emma))
        db.session.commit()
        assert db.session.get(Book, emma) is None
        assert [book.title for book in author.books] == ["Persuasion", "Pride and Prejudice"]


def test_deleting_a_tag_deletes_its_pairs_and_no_books(app, id_of):
    before, tag = content(app, db), id_of(Tag, "adventure")
    with app.app_context():
        db.session.delete(db.session.get(Tag, tag))
        db.session.commit()
    after = content(app, db)
    assert after["book_tag"] == [row for row in before["book_tag"] if row[1] != tag]
    assert after["book"] == before["book"]


def test_a_book_without_an_author_is_refused(app, client):
    with app.app_context():
        for book in Book(title="Orphan"), Book(title="Orphan", author_id=12345):
            db.session.add(book)
            assert editing.try_commit() is False
