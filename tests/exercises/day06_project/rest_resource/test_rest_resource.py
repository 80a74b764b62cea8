"""Tests of the exercise: the notes of a kitchen."""

import random

import pytest

from course.grading import expect, fail, json_of

BAD = [{}, {"text": ""}, {"text": "x" * 101}, {"text": 5}, {"text": None}]


@pytest.fixture
def text():
    """Give a text that no solution can know in advance."""
    return f"buy {random.randrange(10**6)} eggs"


def added(client, text):
    """Add a note; return the response and the note."""
    reply = expect(client.post("/notes", json={"text": text}), 201)
    note = json_of(reply)
    if not isinstance(note, dict) or note.get("text") != text or type(note.get("id")) is not int:
        fail(reply, f'the JSON {{"id": a number, "text": "{text}"}}')
    return reply, note


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("Return the note and 201.")
def test_a_note_is_added(client, text):
    """POST /notes responds with 201 and the note, which has a number."""
    added(client, text)


@pytest.mark.task(1)
@pytest.mark.needs("test_a_note_is_added")
@pytest.mark.hint(
    "The third value of a response is a dict of headers. Build the path with url_for."
)
def test_the_response_names_the_path_of_the_note(client, text):
    """The response to POST /notes has the path of the new note in Location."""
    reply, note = added(client, text)
    if reply.location != f"/notes/{note['id']}":
        fail(reply, f"the Location /notes/{note['id']}")


@pytest.mark.task(1)
@pytest.mark.needs("test_a_note_is_added")
@pytest.mark.hint("next(numbers) gives each number once.")
def test_two_notes_have_two_numbers(client, text):
    """A second note has another number."""
    _, first = added(client, text)
    reply, second = added(client, text)
    if first["id"] == second["id"]:
        fail(reply, f"another id than {first['id']}, which the first note has")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("Look the number up in the dictionary.")
def test_a_note_is_shown(client, text):
    """GET /notes/... responds with the note."""
    _, note = added(client, text)
    expect(client.get(f"/notes/{note['id']}"), 200, json=note)


@pytest.mark.task(2)
@pytest.mark.needs("test_a_note_is_shown")
@pytest.mark.hint("Ask whether the number is in the dictionary; if not, abort(404).")
def test_a_note_that_is_not_there_is_not_found(client):
    """A number without a note is answered with 404."""
    expect(client.get("/notes/99"), 404)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.needs("test_a_note_is_added")
@pytest.mark.hint("The decorator is @app.delete. Return an empty text and 204.")
def test_a_note_is_deleted(client, text):
    """DELETE /notes/... responds with 204 and no body; then the note is 404."""
    _, note = added(client, text)
    expect(client.delete(f"/notes/{note['id']}"), 204, text="")
    expect(client.get(f"/notes/{note['id']}"), 404)


@pytest.mark.task(3)
@pytest.mark.needs("test_a_note_is_deleted")
@pytest.mark.hint("pop with a default raises nothing if the number is missing.")
def test_a_note_is_deleted_once(client, text):
    """A second DELETE is answered with 404."""
    _, note = added(client, text)
    client.delete(f"/notes/{note['id']}")
    expect(client.delete(f"/notes/{note['id']}"), 404)


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.needs("test_a_note_is_added")
@pytest.mark.hint("Look at the type first, then at the length; abort(422).")
@pytest.mark.parametrize("data", BAD, ids=lambda data: str(data)[:20])
def test_a_wrong_text_is_refused(client, data):
    """A text that is missing, empty, too long or not a text is answered with 422."""
    expect(client.post("/notes", json=data), 422)
