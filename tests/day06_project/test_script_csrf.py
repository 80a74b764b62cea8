"""Requests of a script: the CSRF token in a header, and a captcha that counts once.

Begin with test_a_question_needs_the_token_in_a_header.
"""

import io
import random
import time
import uuid

import pytest
from flask import Flask
from PIL import Image

from day06_project.script_csrf import app as lesson
from day06_project.script_csrf import first
from day06_project.script_csrf.app import create_app


class Asker:
    """A client that does what the script of the page does."""

    def __init__(self, app):
        self.app = app
        self.client = app.test_client()

    def get_token(self):
        """Open the page, and return the token of its cookie."""
        self.client.get("/").close()
        return self.client.get_cookie("csrf_token").value

    def draw(self, captcha_id=None):
        """Ask for a picture; return its id and its letters."""
        captcha_id = captcha_id or uuid.uuid4()
        assert self.client.get(f"/captchas/{captcha_id}").status_code == 200
        return str(captcha_id), self.app.extensions["captchas"].letters[captcha_id][0]

    def ask(self, captcha_id, letters, text="Is it warm?"):
        """Send a question with the token."""
        return self.client.post(
            "/questions",
            json={"text": text, "captcha_id": captcha_id, "captcha_text": letters},
            headers={"X-CSRFToken": self.get_token()},
        )


@pytest.fixture
def app():
    return create_app()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def asker(app):
    return Asker(app)


def test_a_question_needs_the_token_in_a_header(asker):
    token = asker.get_token()
    captcha_id, letters = asker.draw()
    body = {"text": "Is it warm?", "captcha_id": captcha_id, "captcha_text": letters}
    refused = asker.client.post("/questions", json=body | {"csrf_token": token})
    assert refused.status_code == 400
    assert refused.json == {"error": "The CSRF token is missing.", "code": "csrf"}
    response = asker.client.post("/questions", json=body, headers={"X-CSRFToken": token})
    assert response.status_code == 201
    assert asker.client.get("/questions").json == {"items": ["Is it warm?"]}


def test_the_first_program_needs_it_too():
    client = first.app.test_client()
    assert client.post("/questions", json={"text": "Hi"}).status_code == 400
    client.get("/")
    headers = {"X-CSRFToken": client.get_cookie("csrf_token").value}
    assert client.post("/questions", json={"text": "Hi"}, headers=headers).status_code == 201


def test_the_page_is_the_file_and_not_its_name(client):
    with client.get("/") as response:
        assert response.mimetype == "text/html"
        assert "<h1>Questions</h1>" in response.text
        assert "csrf_token" not in response.text
    app = Flask("old")
    with app.app_context():
        assert app.make_response("index.html").data == b"index.html"


# The token


def test_the_cookie_can_be_read_by_the_script_and_is_not_sent_by_other_sites(client):
    with client.get("/") as response:
        (cookie,) = [
            each for each in response.headers.getlist("Set-Cookie") if "csrf_token" in each
        ]
    assert "SameSite=Lax" in cookie
    assert "HttpOnly" not in cookie
    assert "Secure" not in cookie
    client = create_app({"SESSION_COOKIE_SECURE": True}).test_client()
    with client.get("/", base_url="https://localhost") as response:
        assert all("Secure" in each for each in response.headers.getlist("Set-Cookie"))


def test_the_token_is_compared_with_the_session_and_not_with_the_cookie(app):
    asker, other = Asker(app), Asker(app)
    token, stranger = asker.get_token(), other.get_token()
    for sent in stranger, token[::-1], "", token.split(".")[0]:
        asker.client.set_cookie("csrf_token", sent)  # a pair of equal values
        response = asker.client.post("/questions", json={}, headers={"X-CSRFToken": sent})
        assert response.json["code"] == "csrf"
    asker.client.delete_cookie("csrf_token")
    response = asker.client.post("/questions", json={}, headers={"X-CSRFToken": token})
    assert response.status_code == 422  # it has reached the view
    alone = app.test_client()
    response = alone.post("/questions", json={}, headers={"X-CSRFToken": token})
    assert response.json == {"error": "The CSRF session token is missing.", "code": "csrf"}


def test_four_methods_are_checked_before_the_view_is_called(app, client):
    @app.route("/any", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def any_method():
        return "called"

    statuses = {
        method: client.open("/any", method=method).status_code
        for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
    }
    assert [method for method, status in statuses.items() if status == 400] == [
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
    ]
    assert "csrf_protect" in [hook.__name__ for hook in app.before_request_funcs[None]]


def test_a_failure_is_400_as_json_and_another_token_helps(asker):
    captcha_id, letters = asker.draw()
    asker.get_token()
    asker.client.delete_cookie("session")  # its secret is gone
    response = asker.client.post("/questions", json={}, headers={"X-CSRFToken": "old"})
    assert (response.status_code, response.json["code"]) == (400, "csrf")
    assert asker.ask(captcha_id, letters).status_code == 201


def test_each_app_has_a_random_key_and_an_empty_one_is_replaced(monkeypatch):
    monkeypatch.setenv("FLASK_SECRET_KEY", "")
    keys = {create_app().secret_key for _ in range(2)}
    assert len(keys) == 2
    assert min(map(len, keys)) >= 32
    monkeypatch.setenv("FLASK_SECRET_KEY", "from outside")
    assert create_app().secret_key == "from outside"


def test_the_token_has_no_end_of_its_own(app):
    assert app.config["WTF_CSRF_TIME_LIMIT"] is None
    assert app.config["SESSION_COOKIE_SAMESITE"] == "Lax"


# The captcha


def test_a_captcha_is_a_picture_that_no_cache_keeps(client):
    response = client.get(f"/captchas/{uuid.uuid4()}")
    assert response.mimetype == "image/png"
    assert response.headers["Cache-Control"] == "no-store"
    assert Image.open(io.BytesIO(response.data)).size == (160, 60)


def test_only_a_uuid_is_the_id_of_a_captcha(client, asker):
    for text in "1", "x" * 36, f"{uuid.uuid4()}x", uuid.uuid4().hex, str(int(time.time())):
        assert client.get(f"/captchas/{text}").status_code == 404
    for value in None, 7, "x", [], {}:
        assert asker.ask(value, "TEST").status_code == 422


def test_two_calls_of_the_clock_within_a_second_give_the_same_number():
    assert int(1_800_000_000.1) == int(1_800_000_000.9)
    assert len(str(int(time.time()))) == 10


def test_letters_count_once_right_or_wrong(asker):
    captcha_id, letters = asker.draw()
    assert asker.ask(captcha_id, letters.lower()).status_code == 201
    assert asker.ask(captcha_id, letters).status_code == 422
    captcha_id, letters = asker.draw()
    for wrong in "....", letters:
        assert asker.ask(captcha_id, wrong).status_code == 422
    assert len(asker.client.get("/questions").json["items"]) == 1


def test_letters_end_after_three_minutes(asker, monkeypatch):
    captcha_id, letters = asker.draw()
    old_id, old_letters = asker.draw()
    asker.draw()  # no one ever types these
    now = time.monotonic()
    monkeypatch.setattr(lesson.time, "monotonic", lambda: now + 170)
    assert asker.ask(captcha_id, letters).status_code == 201
    monkeypatch.setattr(lesson.time, "monotonic", lambda: now + 181)
    assert asker.ask(old_id, old_letters).status_code == 422
    asker.draw()
    asker.draw(uuid.uuid4())
    assert len(asker.app.extensions["captchas"].letters) == 2  # the old ones are deleted


def test_a_new_picture_replaces_the_letters(asker):
    captcha_id, old = asker.draw()
    _, new = asker.draw(uuid.UUID(captcha_id))
    assert old != new
    assert asker.ask(captcha_id, new).status_code == 201


def test_letters_of_another_picture_do_not_fit(asker):
    (first_id, _), (_, letters) = asker.draw(), asker.draw()
    assert asker.ask(first_id, letters).status_code == 422


def test_the_letters_cannot_be_calculated_from_earlier_ones():
    texts = set()
    for _ in range(5):
        random.seed(1)  # ``random`` gives the same numbers for the same seed
        texts.add(lesson.choose_letters())
    assert len(texts) > 1
    assert {len(text) for text in texts} == {4}
    assert set("".join(texts)) <= set(lesson.LETTERS)
    assert not set(lesson.LETTERS) & set("0O1IQ")


# What is wrong


@pytest.mark.parametrize("text", ["", " ", "x" * 1001, None, 7, ["x"]])
def test_a_text_has_one_to_a_thousand_characters(asker, text):
    captcha_id, letters = asker.draw()
    assert asker.ask(captcha_id, letters, text).status_code == 422
    assert asker.ask(captcha_id, letters, "x" * 1000).status_code == 201


@pytest.mark.parametrize("letters", [None, 7, "", ["a"]])
def test_letters_that_are_not_a_text_are_wrong(asker, letters):
    assert asker.ask(asker.draw()[0], letters).status_code == 422


@pytest.mark.parametrize(
    ("data", "status"), [("{", 400), ("[1]", 400), ("[" * 9000, 400), (" " * 10_001, 413)]
)
def test_a_body_that_cannot_be_read_is_refused(asker, data, status):
    headers = {"X-CSRFToken": asker.get_token()}
    response = asker.client.post(
        "/questions", data=data, headers=headers, content_type="application/json"
    )
    assert response.status_code == status
