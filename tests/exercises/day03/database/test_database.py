"""Tests of the exercise: a bookshelf."""

import random

import pytest

from course.grading import expect, fail, json_of

NOUNS = ["sea", "lamp", "garden", "winter", "letter", "harbour", "bridge", "orchard", "mirror"]


@pytest.fixture
def titles():
    """Give titles that no solution can know in advance, never in their order."""
    first, *others = sorted(f"The {n} {random.randrange(1000)}" for n in random.sample(NOUNS, 4))
    return [*others, first]


def add(client, title, author="Ann"):
    """Put a book onto the shelf; return its id."""
    reply = expect(client.post("/books", json={"title": title, "author": author}), 201)
    value = json_of(reply)
    if not isinstance(value, dict) or not isinstance(value.get("id"), int):
        fail(reply, 'the book as JSON: {"author": …, "id": a number, "title": …}')
    return value["id"]


def listed(client, words=None):
    """Return the titles on the shelf."""
    reply = expect(client.get("/books", query_string={"q": words} if words else None), 200)
    value = json_of(reply)
    books = value.get("books") if isinstance(value, dict) else None
    if not isinstance(books, list) or not all(isinstance(book, dict) for book in books):
        fail(reply, 'JSON such as {"books": [{"id": 1, "title": …, "author": …}]}')
    return [book.get("title") for book in books]


def expect_listed(client, titles, words=None, *, in_order=False):
    found = listed(client, words)
    if (found if in_order else sorted(map(str, found))) != sorted(titles):
        reply = client.get("/books", query_string={"q": words} if words else None)
        order = ", in this order" if in_order else ""
        fail(reply, f"the titles {sorted(titles)}{order}; there was {found}")


def notes(client, number):
    reply = expect(client.get(f"/books/{number}"), 200)
    value = json_of(reply)
    if not isinstance(value, dict) or not isinstance(value.get("notes"), list):
        fail(reply, 'the book with its "notes", a list of texts')
    return value["notes"]


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("db.session.add(book), db.session.commit(), and a dictionary with 201.")
def test_a_book_is_kept_and_shown(client, titles):
    """A new book gets 201 and shown at its id."""
    for title in titles:
        number = add(client, title, f"{title} junior")
        reply = expect(client.get(f"/books/{number}"), 200)
        value, wanted = json_of(reply), {"id": number, "title": title, "author": f"{title} junior"}
        if not isinstance(value, dict) or not wanted.items() <= value.items():
            fail(reply, f"the JSON {wanted}")


@pytest.mark.task(1)
@pytest.mark.hint("select(Book).order_by(Book.title), and db.session.scalars(…).")
def test_the_books_are_listed_by_title(client, titles):
    """GET /books lists all books, ordered by title."""
    expect_listed(client, [])
    for title in titles:
        add(client, title)
    expect_listed(client, titles, in_order=True)


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("Nothing is kept before the commit, and nothing in a variable.")
def test_books_outlive_the_server(start, titles):
    """After a restart in the same folder the books are still there."""
    client = start()
    for title in titles:
        add(client, title)
    expect_listed(start(keep=True), titles)


@pytest.mark.task(1)
@pytest.mark.hint("db.get_or_404(Book, book_id) in place of db.session.get.")
def test_an_id_that_nobody_has(client, titles):
    """A book that is not there is 404."""
    number = add(client, titles[0])
    expect(client.get(f"/books/{number + 1}"), 404)


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint(
    "The table refuses with an IntegrityError at the commit: roll back, and abort(409)."
)
def test_a_book_is_not_kept_twice(client, titles):
    """The same title by the same author gets 409, and nothing changes."""
    for title in titles[:3]:
        add(client, title)
    reply = client.post("/books", json={"title": titles[1], "author": "Ann"})
    expect(reply, 409)
    expect_listed(client, titles[:3])
    add(client, titles[3])
    expect_listed(client, titles)


@pytest.mark.task(2)
@pytest.mark.hint("UniqueConstraint('title', 'author') is about the pair.")
def test_another_author_may_have_the_title(client, titles):
    """The same title by another author, or another title by the same, is another book."""
    add(client, titles[0], "Ann")
    add(client, titles[0], "Bob")
    add(client, titles[1], "Ann")
    expect_listed(client, [titles[0], titles[0], titles[1]])


@pytest.mark.task(3)
@pytest.mark.hint("Book.title.contains(words), in a where.")
def test_words_are_looked_for_in_titles(client):
    """?q= lists the books whose title contains the words, anywhere in them."""
    word = f"{random.choice(NOUNS)}{random.randrange(100)}"
    for title in (f"Under the {word}", f"{word} and I", "Something else", f"A {word}!"):
        add(client, title, word)
    expect_listed(client, [f"A {word}!", f"Under the {word}", f"{word} and I"], word)
    expect_listed(client, [], "nobody wrote this")


@pytest.mark.task(3)
@pytest.mark.hint("contains(words, autoescape=True) takes % and _ as they are.")
def test_wildcards_are_plain_characters(client):
    """% and _ stand for themselves."""
    for title in ("100% sure", "100 ways", "snake_case", "snake case"):
        add(client, title)
    expect_listed(client, ["100% sure"], "0%")
    expect_listed(client, ["snake_case"], "e_c")


@pytest.mark.task(3)
@pytest.mark.hint("Do not put the words into the SQL: a bound parameter travels beside it.")
def test_an_apostrophe_is_a_plain_character(client):
    """Words with an apostrophe are looked for like others, and are not SQL."""
    for title in ("Alice's adventures", "Emma"):
        add(client, title)
    expect_listed(client, ["Alice's adventures"], "Alice's")
    expect_listed(client, [], "xxx' OR 'a'='a")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("A note has a ForeignKey('book.id'); the book a relationship with an order_by.")
def test_notes_belong_to_their_book(start, titles):
    """A note gets 201 and listed with its own book, the oldest first."""
    client = start()
    first, second = add(client, titles[0]), add(client, titles[1])
    expected = {first: [], second: []}
    for n in random.sample(range(100), 6):
        number = random.choice([first, second])
        expect(client.post(f"/books/{number}/notes", json={"text": f"note {n}"}), 201)
        expected[number].append(f"note {n}")
    client = start(keep=True)
    for number, texts in expected.items():
        if notes(client, number) != texts:
            fail(client.get(f"/books/{number}"), f'the "notes" {texts}')


@pytest.mark.task(4)
@pytest.mark.hint("Look for the book first: SQLite does not check a foreign key unless told to.")
def test_no_note_without_a_book(client, titles):
    """A note on a book that is not there is 404, and is not kept for a later one."""
    number = add(client, titles[0])
    expect(client.post(f"/books/{number + 1}/notes", json={"text": "a note"}), 404)
    if found := notes(client, add(client, titles[1])):
        fail(client.get(f"/books/{number + 1}"), f'no "notes"; there was {found}')


@pytest.mark.task(5)
@pytest.mark.hint("db.session.delete(book), commit, and return '', 204.")
def test_a_deleted_book_is_gone(client, titles):
    """DELETE responds with 204; then the book is 404, a second DELETE too, and the others stay."""
    numbers = {title: add(client, title) for title in titles}
    gone = random.choice(titles)
    expect(client.delete(f"/books/{numbers[gone]}"), 204)
    expect(client.get(f"/books/{numbers[gone]}"), 404)
    expect(client.delete(f"/books/{numbers[gone]}"), 404)
    expect_listed(client, [title for title in titles if title != gone])


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint('relationship(…, cascade="all, delete-orphan") takes the notes along.')
def test_the_notes_of_a_deleted_book_are_gone(client, titles):
    """A book with notes can be deleted; a later book that gets its id has none of them."""
    add(client, titles[0])
    number = add(client, titles[1])
    for n in range(2):
        expect(client.post(f"/books/{number}/notes", json={"text": f"note {n}"}), 201)
    expect(client.delete(f"/books/{number}"), 204)
    later = add(client, titles[2])
    if found := notes(client, later):
        fail(client.get(f"/books/{later}"), f'no "notes" for a new book; there was {found}')
