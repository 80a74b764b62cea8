"""Tests of the exercise: errors for people and for programs."""

import random
import secrets
from http import HTTPStatus

import pytest
from markupsafe import escape

from course.grading import expect, fail, json_of

SECRETS = ("10.0.0.7", "tulip", "ledger", "ConnectionError", "Traceback")


def expect_problem(reply, status, detail=None):
    """Expect a problem document, and return its object."""
    expect(reply, status)
    if reply.mimetype != "application/problem+json":
        fail(reply, f"the type application/problem+json; it was {reply.mimetype}")
    problem = json_of(reply)
    if not isinstance(problem, dict):
        fail(reply, "a JSON object")
    wanted = {"status": status, "title": HTTPStatus(status).phrase}
    if detail is not None:
        wanted["detail"] = detail
    for name, value in wanted.items():
        if problem.get(name) != value:
            fail(reply, f"{name} {value!r} in the JSON object")
    if not isinstance(problem.get("detail"), str) or not problem["detail"]:
        fail(reply, "a text named detail in the JSON object")
    return problem


def expect_page(reply, status, text=""):
    """Expect the theatre's own page, with a text on it."""
    expect(reply, status)
    if reply.mimetype != "text/html":
        fail(reply, f"a page, text/html; it was {reply.mimetype}")
    heading = f"<h1>{status} {HTTPStatus(status).phrase}</h1>"
    expect(reply, contains=(heading, "To the programme of the theatre", str(escape(text))))


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint(
    "@app.errorhandler(HTTPException) stands for all; error.code, .name, .description."
)
def test_a_program_gets_json(client):
    """A show that does not exist is a 404 in JSON, and detail says what the view said."""
    name = secrets.token_hex(4)
    reply = client.get(f"/api/shows/{name}")
    expect_problem(reply, 404, f"There is no show named {name}.")


@pytest.mark.task(1)
@pytest.mark.hint("request.path is the address that was asked for, even when no rule matches it.")
def test_an_unknown_address_below_api_is_json(client):
    """An address below /api/ that no rule matches is a 404 in JSON."""
    expect_problem(client.get(f"/api/{secrets.token_hex(4)}"), 404)


@pytest.mark.task(1)
@pytest.mark.hint("Set the status, the type and the text of the response that you start from.")
def test_every_error_is_json(client):
    """Other errors are JSON as well: 405 for another method, 401 for the office."""
    expect_problem(client.delete("/api/shows/hamlet"), 405)
    expect_problem(client.get("/api/office"), 401)


@pytest.mark.task(1)
@pytest.mark.needs("test_a_program_gets_json")
@pytest.mark.hint("An error handler is for errors; what a view returns does not pass it.")
def test_what_works_still_works(client):
    """Responses without an error stay as they are."""
    expect(client.get("/"), 200, contains="On our stage: ")
    for start in ("", "/api"):
        expect(client.get(f"{start}/shows/faust"), 200, json={"show": "faust", "seats": 40})
        reply = client.post(f"{start}/shows/faust/seats?number=2")
        expect(reply, 201, json={"show": "faust", "sold": 2})


@pytest.mark.task(2)
@pytest.mark.needs("test_a_program_gets_json")
@pytest.mark.points(2)
@pytest.mark.hint("error.get_response() has these headers: change its data and its content_type.")
def test_the_headers_stay(client):
    """A 405 still says which methods there are, and a 401 how to log in; in both forms."""
    for start in ("/api", ""):
        reply = expect(client.delete(f"{start}/shows/hamlet"), 405)
        methods = {method.strip() for method in reply.headers.get("Allow", "").split(",")}
        if not {"GET", "HEAD"} <= methods:
            fail(reply, f"a header Allow with GET; it was {reply.headers.get('Allow', 'missing')}")
        expect(
            client.get(f"{start}/office"), 401, headers={"WWW-Authenticate": "Basic realm=office"}
        )


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("render_template('exercise_error.html', error=error), and mind the status.")
def test_people_get_a_page(client):
    """Outside of /api/, the page is exercise_error.html, with the status of the error."""
    name = secrets.token_hex(4)
    expect_page(client.get(f"/shows/{name}"), 404, f"There is no show named {name}.")
    expect_page(client.get(f"/{name}"), 404)
    expect_page(client.get("/office"), 401)
    expect_page(client.delete("/shows/hamlet"), 405)


@pytest.mark.task(3)
@pytest.mark.hint("Where does the address begin? '/api/' may also stand later in it.")
def test_only_what_is_below_api_is_for_programs(client):
    """Addresses that only look like it, /apiary and /shows/api, get the page."""
    expect_page(client.get("/apiary"), 404)
    expect_page(client.get("/shows/api/"), 404)
    expect_page(client.get("/shows/api"), 404)


@pytest.mark.task(3)
@pytest.mark.hint("The template escapes what it prints. A text put together by hand does not.")
def test_the_page_escapes_the_visitors_words(client):
    """What a visitor wrote into the address is shown as text, not as a part of the page."""
    word = f"<i>{secrets.token_hex(4)}"
    reply = client.get(f"/shows/{word}")
    expect(reply, 404, lacks=word)
    expect_page(reply, 404, f"There is no show named {word}.")


@pytest.mark.task(4)
@pytest.mark.points(3)
@pytest.mark.hint("A handler for TooFewSeatsError can call http_error(Conflict(str(error))).")
def test_too_few_seats_are_a_conflict(client):
    """More seats than there are: 409, with the exception's text as its detail."""
    text, number = "There are only 3 seats left.", random.randrange(4, 40)
    expect_problem(client.post(f"/api/shows/hamlet/seats?number={number}"), 409, text)
    expect_page(client.post(f"/shows/hamlet/seats?number={number}"), 409, text)


@pytest.mark.task(4)
@pytest.mark.hint("error.left is the number; it goes into the object beside status and detail.")
def test_a_program_is_told_how_many_are_left(client):
    """For programs the object of the 409 has `left`."""
    for show, left in (("hamlet", 3), ("faust", 40)):
        reply = client.post(f"/api/shows/{show}/seats?number={left + 1}")
        if expect_problem(reply, 409).get("left") != left:
            fail(reply, f"left {left} in the JSON object")


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint(
    "Flask wraps an exception that is not caught in a 500, and gives your handler that."
)
def test_a_failure_is_a_500_in_the_same_forms(client):
    """A view that fails gets 500: in JSON below /api/, with the page elsewhere."""
    expect_problem(client.get("/api/sales"), 500)
    expect_page(client.get("/sales"), 500)


@pytest.mark.task(5)
@pytest.mark.needs("test_a_failure_is_a_500_in_the_same_forms")
@pytest.mark.points(2)
@pytest.mark.hint(
    "error.description is made for visitors; error.original_exception is for the log."
)
def test_a_failure_says_nothing_of_the_inside(client):
    """Neither the JSON nor the page of the 500 shows what the exception says."""
    for path in ("/api/sales", "/sales"):
        reply = expect(client.get(path), 500)
        expect(reply, lacks=SECRETS)
