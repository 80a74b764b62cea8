"""Tests of the exercise: a log of all requests."""

import secrets

import pytest

from course.grading import expect, fail, json_of
from course.grading.sandbox.faults import AppFaultError


def read(client):
    """Return the reply of /log and its entries; fail in plain words if that is not a log."""
    reply = expect(client.get("/log"), 200)
    entries = json_of(reply)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        fail(reply, "a list of JSON objects, one for each request")
    return reply, entries


def expect_log(client, *wanted):
    """Expect exactly these lines, each a method, a path and a status; return their objects."""
    reply, entries = read(client)
    found = [tuple(entry.get(name) for name in ("method", "path", "status")) for entry in entries]
    if found != list(wanted):
        lines = [f"\n             {' '.join(map(repr, line))}" for line in wanted]
        fail(reply, f"method, path and status of the requests before:{''.join(lines)}")
    return reply, entries


@pytest.mark.task(1)
@pytest.mark.points(3)
@pytest.mark.hint("response.status_code is the number, response.status a text.", when='status":"')
@pytest.mark.hint("A function below @app.after_request gets the response, and has to return it.")
def test_each_request_has_a_line(client):
    """The log has method, path and status of each request, in their order."""
    name = secrets.token_hex(4)
    expect(client.get("/bread"), 200)
    expect(client.post("/bread"), 201)
    expect(client.get(f"/{name}"), 404)
    expect(client.delete("/bread"), 405)
    expect_log(
        client,
        ("GET", "/bread", 200),
        ("POST", "/bread", 201),
        ("GET", f"/{name}", 404),
        ("DELETE", "/bread", 405),
    )


@pytest.mark.task(1)
@pytest.mark.needs("test_each_request_has_a_line")
@pytest.mark.hint("An after hook returns the response that it was given.")
def test_the_answers_stay_as_they_were(client):
    """The hooks change nothing of what the views answer."""
    expect(client.get("/bread?name=Ann"), 200, json={"bread": 0, "for": "Ann"})
    expect(client.post("/bread"), 201, json={"bread": 1})
    expect(client.get("/dough"), 200, text="The dough has risen.")


@pytest.mark.task(1)
@pytest.mark.hint("A variable ends with the program; write() appends to the file.")
def test_the_log_outlives_a_restart(start):
    """Lines from before a restart are still in the log."""
    client = start()
    expect(client.get("/bread"), 200)
    expect_log(client, ("GET", "/bread", 200))
    client = start(keep=True)
    expect(client.post("/bread"), 201)
    expect_log(client, ("GET", "/bread", 200), ("GET", "/log", 200), ("POST", "/bread", 201))


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("request.path ends before the question mark; full_path and url do not.")
def test_what_follows_the_question_mark_is_not_written(client):
    """Nothing of a query string is in the log."""
    secret = secrets.token_hex(6)
    expect(client.get(f"/bread?name={secret}&token={secret}"), 200)
    reply, _ = expect_log(client, ("GET", "/bread", 200))
    expect(reply, lacks=secret)


@pytest.mark.task(2)
@pytest.mark.hint("json.dumps writes a line break as \\n, two characters: let write() do it.")
def test_a_line_break_makes_no_second_line(client):
    """An address with a line break in it has one line."""
    path = f'/tea\n{{"method": "GET", "path": "/{secrets.token_hex(4)}", "status": 200}}'
    encoded = path.replace("\n", "%0a").replace('"', "%22").replace(" ", "%20")
    expect(client.get(encoded), 404)
    expect_log(client, ("GET", path, 404))


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint(
    "time.perf_counter() counts seconds; keep it in g, and take the difference later."
)
def test_the_time_is_in_milliseconds(client):
    """`ms` is a number: more than 50 for /dough, which takes so long, and less for /bread."""
    paths = ("/dough", "/bread", "/bread", "/bread")
    for path in paths:
        expect(client.get(path), 200)
    reply, entries = expect_log(client, *(("GET", path, 200) for path in paths))
    slow, *quick = (entry.get("ms") for entry in entries)
    if not all(type(ms) in (int, float) for ms in (slow, *quick)):
        fail(reply, "numbers named ms")
    if not 49 <= slow < 49_000 or not 0 <= min(quick) < slow:
        fail(reply, "an ms of 50 or more for /dough, and of less for /bread")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("A before hook that returns something answers in place of the view.")
def test_a_closed_shop_answers_503(start):
    """While CLOSED is true, all requests get 503 and Retry-After."""
    client = start({"CLOSED": True})
    for reply in (client.get("/bread"), client.post("/bread"), client.get("/oven")):
        expect(reply, 503, headers={"Retry-After": "3600"})
    expect(client.get(f"/{secrets.token_hex(4)}"), 503)


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("A hook that responds skips the hooks after it: the stopwatch comes first.")
@pytest.mark.hint("The hook must let /log in: look at request.path first.", when="Sent: GET /log")
def test_the_log_has_what_a_closed_shop_answered(start):
    """While the shop is closed, /log is answered and has the requests."""
    client = start({"CLOSED": True})
    expect(client.post("/bread"), 503)
    expect(client.get("/cake"), 503)
    expect_log(client, ("POST", "/bread", 503), ("GET", "/cake", 503))


@pytest.mark.task(4)
@pytest.mark.needs("test_a_closed_shop_answers_503")
@pytest.mark.hint("Only None lets the request in: a hook must not answer with an empty text.")
def test_an_open_shop_lets_everybody_in(start):
    """While CLOSED is false, the views answer."""
    client = start({"CLOSED": False})
    expect(client.post("/bread"), 201, json={"bread": 1})
    expect(client.get("/bread?name=Bob"), 200, json={"bread": 1, "for": "Bob"})


@pytest.mark.task(5)
@pytest.mark.hint("In production the after hooks get the 500, like any other response.")
def test_a_failing_view_has_a_line(client):
    """A view that raises an exception is in the log, once, with the status 500."""
    expect(client.get("/oven"), 500)
    expect(client.get("/bread"), 200)
    expect_log(client, ("GET", "/oven", 500), ("GET", "/bread", 200))


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint("Without a response no after hook runs. Teardown hooks run in any case.")
def test_an_exception_that_is_passed_on_has_a_line(start):
    """With PROPAGATE_EXCEPTIONS, as with --debug, the line is there too."""
    client = start({"PROPAGATE_EXCEPTIONS": True})
    expect(client.get("/bread"), 200)
    try:
        client.get("/oven")
    except AppFaultError as error:
        if error.kind != "raised" or "The oven is cold" not in str(error):
            raise
    else:
        pytest.fail("GET /oven with PROPAGATE_EXCEPTIONS raised no exception.", pytrace=False)
    expect_log(client, ("GET", "/bread", 200), ("GET", "/oven", 500))
