"""Captchas of the shop: a picture with letters, which count once.

Begin with test_a_captcha_is_a_picture_that_no_cache_may_keep.
"""

import io
import random
import uuid

import pytest
from PIL import Image

from day06_project.shop.libs import captcha
from tests.day06_project.helpers import Shopper, at_once


def registration(captcha_id, text="TEST", name="ada"):
    return {
        "name": name,
        "password": "correct horse",
        "captcha_id": captcha_id,
        "captcha_text": text,
    }


def test_a_captcha_is_a_picture_that_no_cache_may_keep(visitor):
    response = visitor.get(f"/captchas/{uuid.uuid4()}")
    assert response.mimetype == "image/png"
    assert response.headers["Cache-Control"] == "no-store"
    image = Image.open(io.BytesIO(response.data))
    assert (image.format, image.size) == ("PNG", (160, 60))
    assert len(image.convert("L").getcolors()) > 1


@pytest.mark.parametrize("text", ["TEST", "test", "tEsT"])
def test_the_case_of_letters_does_not_matter(visitor, text):
    captcha_id = str(uuid.uuid4())
    visitor.get(f"/captchas/{captcha_id}")
    assert visitor.send("POST", "/users", registration(captcha_id, text)).status_code == 201


def test_a_captcha_is_used_up_by_right_letters_and_by_wrong_ones(visitor, problem):
    captcha_id = str(uuid.uuid4())
    for first, status in ("TEST", 201), ("NOPE", 422):
        visitor.get(f"/captchas/{captcha_id}")
        body = registration(captcha_id, first, name=f"ada-{status}")
        assert visitor.send("POST", "/users", body).status_code == status
        response = visitor.send("POST", "/users", registration(captcha_id, name="bob"))
        assert problem(response, 422)["errors"][0]["field"] == "captcha_text"


def test_a_captcha_that_was_never_drawn_fits_nothing(visitor, problem):
    problem(visitor.send("POST", "/users", registration(str(uuid.uuid4()))), 422)


def test_the_letters_of_one_captcha_do_not_fit_another(app, visitor, problem, monkeypatch):
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    for captcha_id, text in (first, "AB23"), (second, "CD45"):
        monkeypatch.setitem(app.config, "CAPTCHA_FIXED_TEXT", text)
        visitor.get(f"/captchas/{captcha_id}")
    problem(visitor.send("POST", "/users", registration(first, "CD45")), 422)
    assert visitor.send("POST", "/users", registration(second, "CD45")).status_code == 201


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must have 1 to 16 characters, not 0"),
        ("x" * 16, "does not fit the picture, or it was used before"),
        ("x" * 17, "must have 1 to 16 characters, not 17"),
    ],
)
def test_letters_have_one_to_sixteen_characters(visitor, problem, text, message):
    response = visitor.send("POST", "/users", registration(str(uuid.uuid4()), text))
    assert problem(response, 422)["errors"] == [{"field": "captcha_text", "message": message}]


def test_a_mistake_in_another_field_does_not_use_the_captcha_up(visitor):
    captcha_id = str(uuid.uuid4())
    visitor.get(f"/captchas/{captcha_id}")
    body = registration(captcha_id)
    assert visitor.send("POST", "/users", body | {"password": "short"}).status_code == 422
    assert visitor.send("POST", "/users", body).status_code == 201


def test_an_id_may_be_written_in_upper_case(visitor):
    captcha_id = str(uuid.uuid4())
    visitor.get(f"/captchas/{captcha_id}")
    assert visitor.send("POST", "/users", registration(captcha_id.upper())).status_code == 201


def test_only_a_uuid_is_the_path_of_a_captcha(visitor, problem):
    for text in "1", "x" * 36, f"{uuid.uuid4()}x", uuid.uuid4().hex:
        problem(visitor.get(f"/captchas/{text}"), 404)


def test_letters_count_for_three_minutes(visitor, later):
    assert captcha.SECONDS == 180
    for seconds, status in (120, 201), (180, 422):
        captcha_id = str(uuid.uuid4())
        visitor.get(f"/captchas/{captcha_id}")
        later(seconds)
        body = registration(captcha_id, name=f"ada-{status}")
        assert visitor.send("POST", "/users", body).status_code == status


def test_a_new_picture_for_an_id_replaces_the_letters(app, visitor, monkeypatch):
    captcha_id = str(uuid.uuid4())
    for text in "OLD2", "NEW2":
        monkeypatch.setitem(app.config, "CAPTCHA_FIXED_TEXT", text)
        visitor.get(f"/captchas/{captcha_id}")
    assert visitor.send("POST", "/users", registration(captcha_id, "NEW2")).status_code == 201


def test_of_eight_uses_at_once_one_counts(workers):
    captcha_id = str(uuid.uuid4())
    shoppers = [Shopper(workers[number % 2]) for number in range(8)]
    for shopper in shoppers:
        assert shopper.token
    shoppers[0].get(f"/captchas/{captcha_id}")

    def use(number):
        body = registration(captcha_id, name=f"name-{number}")
        return shoppers[number].send("POST", "/users", body).status_code

    assert sorted(at_once(use, range(8))) == [201] + [422] * 7


def test_an_address_gets_so_many_pictures_and_accounts_in_five_minutes(
    app, visitor, problem, later, monkeypatch
):
    assert app.config["LIMITS"] == {"captchas": 200, "accounts": 50}
    monkeypatch.setitem(app.config, "LIMITS", {"captchas": 2, "accounts": 1})
    picture = f"/captchas/{uuid.uuid4()}"
    other = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}}
    assert visitor.register("ada").status_code == 201
    assert [visitor.get(picture).status_code for _ in range(2)] == [200] * 2
    for refused in visitor.get(picture), visitor.register("bob"):
        problem(refused, 429)
        assert 290 <= int(refused.headers["Retry-After"]) <= 300
    assert visitor.get(picture, **other).status_code == 200
    later(300)
    assert visitor.get(picture).status_code == 200
    assert visitor.register("bob").status_code == 201


# Letters


def test_there_are_four_letters_and_none_of_those_that_look_alike():
    texts = [captcha.new_text() for _ in range(200)]
    assert {len(text) for text in texts} == {4}
    letters = set("".join(texts))
    assert letters <= set(captcha.LETTERS)
    assert not letters & set("0O1IQ")


def test_the_letters_cannot_be_calculated_from_earlier_ones():
    texts = set()
    for _ in range(5):
        random.seed(1)  # ``random`` gives the same numbers for the same seed
        texts.add(captcha.new_text())
    assert len(texts) > 1


def test_the_letters_are_fixed_in_tests_only(app, visitor, monkeypatch):
    store = app.extensions["store"]
    assert app.config["CAPTCHA_FIXED_TEXT"] == "TEST"
    monkeypatch.setitem(app.config, "CAPTCHA_FIXED_TEXT", None)
    monkeypatch.setattr(captcha, "new_text", iter(["AB23", "CD45"]).__next__)
    for text in "AB23", "CD45":
        captcha_id = uuid.uuid4()
        visitor.get(f"/captchas/{captcha_id}")
        assert store.take(f"captcha:{captcha_id}") == text


def test_two_pictures_of_one_text_are_not_equal():
    assert captcha.draw("ABCD") != captcha.draw("ABCD")
