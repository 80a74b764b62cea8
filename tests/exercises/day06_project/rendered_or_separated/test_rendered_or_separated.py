"""Tests of the exercise: a captcha that counts once."""

import random
import secrets
import time
from uuid import uuid4

import pytest

from course.grading import fail

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"  # such as can be written in two ways


@pytest.fixture
def letters():
    """Give the letters of the next pictures: no solution can know them in advance."""
    found = set()
    while len(found) < 6:
        found.add("".join(random.sample(LETTERS, 4)))
    return list(found)


@pytest.fixture
def begin(start, letters):
    """Give a function that starts the app; with keep=True, anew in the same folder."""

    def run(*, keep=False, texts=letters, **config):
        told = ", ".join(f"with {name}={value}" for name, value in config.items())
        return start({"CAPTCHA_TEXTS": texts, **config}, keep=keep, told=told or None)

    return run


@pytest.fixture
def shop(begin):
    """Give a client for the app; its pictures show the letters, one after the other."""
    return begin()


def look(client, captcha_id=None):
    """Have a picture drawn and return its id; fail in plain words if there is none."""
    captcha_id = captcha_id or str(uuid4())
    reply = client.get(f"/captchas/{captcha_id}")
    if reply.status_code != 200:
        fail(reply, "200, because this is the UUID of a picture")
    return captcha_id


def ask(client, captcha_id, captcha_text, text=None):
    """Ask a question, without the cookies of the picture."""
    for cookie in ("session", "captcha"):
        client.delete_cookie(cookie)
    body = {"captcha_id": captcha_id, "captcha_text": captcha_text}
    text = text or f"Is it warm? {secrets.token_hex(3)}"
    return client.post("/questions", json=body | {"text": text})


def expect_taken(reply, why):
    if reply.status_code != 201:
        fail(reply, f"201, because {why}")


def expect_refused(reply, why):
    if reply.status_code != 422:
        fail(reply, f"422, because {why}")


def expect_questions(client, count):
    reply = client.get("/questions")
    found = reply.get_json(silent=True)
    items = found.get("items") if isinstance(found, dict) else None
    if not isinstance(items, list) or len(items) != count:
        which = "those that were taken" if count else "none, for none was taken"
        fail(reply, f"a list of {count} questions: {which}")


@pytest.mark.task(1)
@pytest.mark.hint("Response(draw(...), mimetype='image/png'), and a header on it.")
def test_a_picture_is_drawn(shop):
    """The response is a PNG picture, and has Cache-Control: no-store."""
    reply = shop.get(f"/captchas/{uuid4()}")
    if reply.status_code != 200 or reply.mimetype != "image/png":
        fail(reply, "200 and a picture of the type image/png")
    if not reply.get_data().startswith(b"\x89PNG"):
        fail(reply, "a PNG picture, as draw makes it")
    if not reply.cache_control.no_store:
        found = reply.headers.get("Cache-Control")
        fail(reply, f"the header Cache-Control: no-store; it was {found or 'missing'}")


@pytest.mark.task(1)
@pytest.mark.needs("test_a_picture_is_drawn")
@pytest.mark.hint("There is a converter for UUIDs: <uuid:captcha_id>.")
def test_an_id_is_a_uuid(shop):
    """An id that is not a UUID gets 404."""
    for odd in ("1", "cat", str(uuid4())[:-1], f"{uuid4()}0"):
        reply = shop.get(f"/captchas/{odd}")
        if reply.status_code != 404:
            fail(reply, "404, because this is not a UUID")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("An id for which nothing was drawn finds no row: fetchone() returns None then.")
def test_other_letters_are_refused(shop, letters):
    """A question with other letters, or for an id without a picture, is 422 and not kept."""
    why = f"{letters[0]} was drawn for this id"
    expect_refused(ask(shop, look(shop), letters[1]), why)
    expect_refused(ask(shop, look(shop), letters[1][:-1]), f"{letters[1]} was drawn for this id")
    expect_refused(ask(shop, look(shop), ""), f"{letters[2]} was drawn for this id")
    look(shop)
    expect_refused(ask(shop, str(uuid4()), letters[3]), "nothing was drawn for this id")
    expect_refused(ask(shop, "cat", letters[3]), "this is not an id")
    expect_questions(shop, 0)


@pytest.mark.task(2)
@pytest.mark.needs("test_other_letters_are_refused")
@pytest.mark.points(2)
@pytest.mark.hint("Keep the letters as text under str(captcha_id); compare both by casefold().")
def test_the_right_letters_are_taken(shop, letters):
    """A question with the letters of the picture, in upper or lower case, is kept: 201."""
    ids = [look(shop) for _ in range(3)]
    written = [letters[0], letters[1].lower(), letters[2].capitalize()]
    for captcha_id, text, drawn in sorted(zip(ids, written, letters, strict=False)):
        expect_taken(ask(shop, captcha_id, text), f"{drawn} was drawn for this id")
    expect_questions(shop, 3)


@pytest.mark.task(2)
@pytest.mark.hint("JSON has numbers, lists and null, too: isinstance(text, str).")
def test_odd_values_are_refused(shop, letters):
    """An id or letters that are not a text, or are missing, get 422."""
    for odd in (None, 5, ["a"], {"a": 1}):
        expect_refused(ask(shop, look(shop), odd), "these are not letters")
        expect_refused(ask(shop, odd, letters[0]), "this is not an id")
    reply = shop.post("/questions", json={"text": "Is it warm?"})
    expect_refused(reply, "there is neither an id nor letters")
    expect_questions(shop, 0)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("Delete the row when you read it: DELETE ... RETURNING does both in one step.")
def test_the_right_letters_count_once(shop, letters):
    """The second question with the same letters is 422."""
    captcha_id = look(shop)
    expect_taken(ask(shop, captcha_id, letters[0]), f"{letters[0]} was drawn for this id")
    for _ in range(2):
        expect_refused(ask(shop, captcha_id, letters[0]), "the letters were used before")
    expect_questions(shop, 1)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("Take the letters first, compare them afterwards.")
def test_a_wrong_guess_uses_them_up(shop, letters):
    """After wrong letters the right ones get 422: no one can try them all."""
    captcha_id = look(shop)
    expect_refused(ask(shop, captcha_id, "AAAA"), f"{letters[0]} was drawn for this id")
    reply = ask(shop, captcha_id, letters[0])
    expect_refused(reply, "AAAA was guessed for this id before")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("time.time() + app.config['CAPTCHA_SECONDS'] is when they end; keep it as it is.")
def test_letters_end(begin, letters):
    """After CAPTCHA_SECONDS the right letters are 422."""
    client = begin(CAPTCHA_SECONDS=0.2)
    captcha_id = look(client)
    time.sleep(0.3)
    reply = ask(client, captcha_id, letters[0])
    expect_refused(reply, "the picture is 0.3 s old, and CAPTCHA_SECONDS was set to 0.2")


@pytest.mark.task(4)
@pytest.mark.hint("REPLACE INTO writes over a row with the same key, INSERT INTO raises an error.")
def test_a_new_picture_replaces_the_old_one(shop, letters):
    """With a new picture for the same id its letters count, and the old ones do not."""
    one, other = look(shop), look(shop)
    look(shop, one)
    look(shop, other)
    reply = ask(shop, one, letters[2])
    expect_taken(reply, f"{letters[0]} was drawn for this id, and then {letters[2]}")
    reply = ask(shop, other, letters[1])
    expect_refused(reply, f"{letters[1]} was drawn for this id, but then {letters[3]}")


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint("What a program keeps in a variable ends with it; open_store opens a file.")
def test_letters_outlive_a_restart(begin, letters):
    """What was drawn before a restart counts after it, once."""
    client = begin()
    ids = [look(client), look(client)]
    expect_taken(ask(client, ids[1], letters[1]), f"{letters[1]} was drawn for this id")
    client = begin(keep=True, texts=letters[2:])
    reply = ask(client, ids[0], letters[0])
    expect_taken(reply, f"{letters[0]} was drawn for this id before the restart")
    for captcha_id, text in zip(ids, letters, strict=False):
        expect_refused(ask(client, captcha_id, text), "the letters were used before")
