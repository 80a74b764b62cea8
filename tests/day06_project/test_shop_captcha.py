import io
import sqlite3
import uuid
from contextlib import closing

import pytest
from PIL import Image

from day06_project.shop.libs import captcha


@pytest.fixture
def store(app):
    return app.extensions["store"]


def registration(captcha_id, text="TEST", name="ada"):
    return {
        "name": name,
        "password": "correct horse",
        "captcha_id": captcha_id,
        "captcha_text": text,
    }


def test_it_is_a_picture_that_nobody_keeps(stranger):
    response = stranger.get(f"/captchas/{uuid.uuid4()}")
    assert response.mimetype == "image/png"
    assert response.headers["Cache-Control"] == "no-store"
    image = Image.open(io.BytesIO(response.data))
    assert (image.format, image.size) == ("PNG", (160, 60))
    assert len(image.convert("L").getcolors()) > 1


def test_the_letters_are_random_and_told_apart():
    texts = {captcha.new_text() for _ in range(200)}
    assert len(texts) > 190
    assert {len(text) for text in texts} == {4}
    letters = set("".join(texts))
    assert letters <= set(captcha.LETTERS)
    assert not letters & set("0O1IQ")


def test_outside_of_tests_the_letters_are_not_fixed(build, store):
    client = build(CAPTCHA_FIXED_TEXT=None).test_client()
    texts = set()
    for _ in range(5):
        captcha_id = uuid.uuid4()
        client.get(f"/api/v1.0/captchas/{captcha_id}")
        texts.add(store.take(f"captcha:{captcha_id}"))
    assert len(texts) == 5


@pytest.mark.parametrize("text", ["TEST", "test", "tEsT"])
def test_the_case_of_letters_does_not_matter(stranger, text):
    captcha_id = str(uuid.uuid4())
    stranger.get(f"/captchas/{captcha_id}")
    assert stranger.send("POST", "/users", registration(captcha_id, text)).status_code == 201


def test_it_is_used_up_by_a_right_answer_and_by_a_wrong_one(stranger, problem):
    captcha_id = str(uuid.uuid4())
    for first, status in ("TEST", 201), ("NOPE", 422):
        stranger.get(f"/captchas/{captcha_id}")
        body = registration(captcha_id, first, name=f"ada-{status}")
        assert stranger.send("POST", "/users", body).status_code == status
        response = stranger.send("POST", "/users", registration(captcha_id, name="bob"))
        assert problem(response, 422)["errors"][0]["field"] == "captcha_text"


def test_one_that_was_never_drawn_fits_nothing(stranger, problem):
    problem(stranger.send("POST", "/users", registration(str(uuid.uuid4()))), 422)


def test_a_mistake_elsewhere_in_the_form_does_not_use_it_up(stranger):
    captcha_id = str(uuid.uuid4())
    stranger.get(f"/captchas/{captcha_id}")
    body = registration(captcha_id)
    assert stranger.send("POST", "/users", body | {"password": "short"}).status_code == 422
    assert stranger.send("POST", "/users", body).status_code == 201


def test_an_id_may_be_written_in_capitals(stranger):
    captcha_id = str(uuid.uuid4())
    stranger.get(f"/captchas/{captcha_id}")
    assert stranger.send("POST", "/users", registration(captcha_id.upper())).status_code == 201


def test_it_lives_three_minutes(stranger, later, problem):
    for seconds, status in (179, 201), (181, 422):
        captcha_id = str(uuid.uuid4())
        stranger.get(f"/captchas/{captcha_id}")
        later(seconds)
        body = registration(captcha_id, name=f"ada-{status}")
        assert stranger.send("POST", "/users", body).status_code == status


def test_of_eight_uses_at_once_one_counts(app, build, shopper, parallel):
    captcha_id = str(uuid.uuid4())
    workers = [app, build()]
    people = [shopper(workers[number % 2]) for number in range(8)]
    people[0].get(f"/captchas/{captcha_id}")

    def use(number):
        body = registration(captcha_id, name=f"name-{number}")
        return people[number].send("POST", "/users", body).status_code

    assert sorted(parallel(use, range(8))) == [201] + [422] * 7


@pytest.mark.point("D7-20")
def test_a_uuid_is_long_and_random_but_its_first_kind_tells_the_machine():
    found = {str(uuid.uuid4()) for _ in range(10_000)}
    assert len(found) == 10_000
    assert {len(text) for text in found} == {36}
    assert {uuid.UUID(text).version for text in found} == {4}
    assert uuid.uuid1().node == uuid.uuid1().node == uuid.getnode()


@pytest.mark.point("D7-21")
def test_only_a_uuid_is_an_address(stranger, problem):
    for text in "1", "x" * 36, f"{uuid.uuid4()}x", uuid.uuid4().hex:
        problem(stranger.get(f"/captchas/{text}"), 404)


# The store


def test_what_is_put_is_taken_once(store):
    store.put("a", "one", 60)
    store.put("a", "two", 60)
    assert [store.take("a"), store.take("a"), store.take("b")] == ["two", None, None]


def test_of_many_who_take_one_gets_it(store, parallel):
    for _ in range(3):
        store.put("a", "one", 60)
        taken = parallel(lambda _: store.take("a"), range(8))
        assert sorted(taken, key=str) == [None] * 7 + ["one"]


def test_of_many_who_count_each_gets_another_number(store, parallel):
    store.take("n")
    assert sorted(parallel(lambda _: store.count("n", 60), range(8))) == list(range(1, 9))
    assert store.count("n", 60, by=-1) == 7
    store.take("n")


def test_things_expire_and_a_count_is_not_prolonged(store, later):
    store.put("a", "one", 100)
    store.put("b", "two", 1000)
    assert store.count("n", 100) == 1
    later(60)
    assert store.count("n", 100) == 2
    later(60)
    assert [store.take("a"), store.take("b")] == [None, "two"]
    assert store.count("n", 100) == 1
    store.take("n")


def test_what_has_expired_is_cleared_out_of_the_file(app, store):
    if app.config["REDIS_URL"]:
        return  # Redis does so by itself
    store.put("old", "text", 0)
    store.put("new", "text", 60)
    with closing(sqlite3.connect(store.path)) as connection:
        keys = connection.execute("SELECT key FROM entries").fetchall()
    assert ("old",) not in keys
    assert ("new",) in keys
    store.take("new")
