"""The messages of an exercise's tests: what was sent, what came back, what should have."""

import io

import pytest
from flask import Flask, jsonify, request

from course.grading import expect, fail, json_of

app = Flask(__name__)


@app.route("/echo", methods=["GET", "POST"])
def echo():
    return jsonify(name=request.values.get("name")), 201, {"X-Colour": "red"}


@app.get("/text")
def text():
    return "你好 <b>" + "long " * 200


@pytest.fixture
def client():
    return app.test_client()


def message(check, *args, **options):
    with pytest.raises(pytest.fail.Exception) as caught:
        check(*args, **options)
    return str(caught.value)


def test_a_reply_that_is_as_expected_is_returned(client):
    reply = client.get("/echo?name=ann")
    assert expect(reply, 201, json={"name": "ann"}, headers={"X-Colour": "red"}) is reply
    assert expect(client.get("/text"), 200, contains=("你好", "<b>"), lacks="<i>")
    assert json_of(reply) == {"name": "ann"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"status": 200}, "Expected:  200 OK"),
        ({"text": "hello"}, "Expected:  the text 'hello'"),
        ({"contains": ("name", "bob")}, "Expected:  a body that contains 'bob'"),
        ({"lacks": ("bob", "ann")}, "Expected:  a body without 'ann'"),
        ({"json": {"name": "bob"}}, "Expected:  the JSON {'name': 'bob'}"),
        ({"headers": {"X-Colour": "blue"}}, "`X-Colour: blue`; it was `red`"),
        ({"headers": {"X-Shape": "round"}}, "`X-Shape: round`; it was missing"),
    ],
)
def test_each_expectation_can_fail(client, options, expected):
    said = message(expect, client.get("/echo?name=ann"), **options)
    assert "Sent:      GET /echo?name=ann" in said
    assert 'Came back: 201 CREATED, application/json: {"name":"ann"}' in said
    assert expected in said


def test_what_is_no_json_is_told(client):
    assert "Expected:  a JSON body" in message(json_of, client.get("/text"))


def test_a_long_body_is_cut(client):
    said = message(fail, client.get("/text"), "something shorter")
    assert "你好 <b>long" in said
    assert len(said) < 500
    assert "…" in said


def test_what_was_sent_is_shown_when_the_client_knows_it(client):
    reply = client.post("/echo", json={"name": "王"})
    reply.sent = b'{"name": "ann"}'
    said = message(expect, reply, 200)
    assert 'Sent:      POST /echo with {"name": "ann"} (application/json)' in said


def test_a_form_with_a_file_is_described_not_printed(client):
    data = {"name": "ann", "photo": (io.BytesIO(b"\x89PNG" * 50), "a.png")}
    with app.test_request_context("/echo", method="POST", data=data) as context:
        body = context.request.get_data()
        kind = context.request.content_type
    reply = client.post("/echo", data=body, content_type=kind)
    reply.sent = body
    said = message(expect, reply, 200)
    assert "with a form: name=ann, the file photo ('a.png', 200 bytes)" in said
    assert "boundary" not in said


def failed(client, status=500):
    reply = client.get("/echo")
    reply.status_code = status
    frames = [["day01/x/exercise.py", 7, "f"], ["day01/x/helper.py", 3, "g"]]
    reply.notes = {"raised": {"type": "KeyError", "message": "'name'", "frames": frames}}
    return reply


def test_an_exception_is_named_with_the_students_line(client):
    assert "The app:   KeyError: 'name' (exercise.py:7)" in message(expect, failed(client), 200)


def test_an_exception_behind_the_expected_status_is_no_error(client):
    reply = expect(failed(client), 500)
    assert "KeyError" not in message(expect, reply, text="sorry")


@pytest.mark.parametrize("notes", [{"raised": 5}, {"hook": []}, {"answered": 1, "functions": [3]}])
def test_notes_that_make_no_sense_do_no_harm(client, notes):
    reply = failed(client)
    reply.notes = notes
    assert "Expected:  200 OK" in message(expect, reply, 200)


def test_the_requests_before_are_listed(client):
    reply = client.get("/echo")
    reply.before = lambda: [(f"GET /{n}", "200", n == 5) for n in range(6)]
    assert message(expect, reply, 404).startswith(
        "After:     2 more requests, then\n           GET /2 -> 200\n           GET /3 -> 200\n"
        "           GET /4 -> 200\n           another visitor: GET /5 -> 200\nSent:      GET /echo"
    )
