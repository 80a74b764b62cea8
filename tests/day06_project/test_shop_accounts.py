import logging
import uuid

import pytest
from werkzeug.security import check_password_hash, generate_password_hash

from day06_project.shop.config import Config
from day06_project.shop.extensions import db
from day06_project.shop.models import User
from day06_project.shop.utils import auth

PASSWORD = "correct horse"


def account(name, password=PASSWORD, **more):
    captcha = {"captcha_id": str(uuid.uuid4()), "captcha_text": "TEST"}
    return {"name": name, "password": password, **captcha} | more


def test_an_account_is_opened_and_its_password_is_not_kept(app, stranger):
    response = stranger.register("ada")
    assert (response.status_code, response.json["name"]) == (201, "ada")
    assert set(response.json) == {"id", "name"}
    with app.app_context():
        user = db.session.get(User, response.json["id"])
        assert PASSWORD not in user.password_hash
        assert check_password_hash(user.password_hash, PASSWORD)


def test_the_hash_of_production_fits_its_column():
    hashed = generate_password_hash(PASSWORD, Config.PASSWORD_METHOD)
    assert Config.PASSWORD_METHOD == "scrypt:32768:8:3"
    assert len(hashed) == 162 <= User.__table__.c.password_hash.type.length


def test_a_name_is_given_once(stranger, problem):
    assert stranger.register("ada").status_code == 201
    assert "taken" in problem(stranger.register("ada"), 409)["detail"]
    assert stranger.register("bob").status_code == 201


def test_of_eight_who_want_a_name_at_once_one_gets_it(app, build, shopper, parallel):
    workers = [app, build()]
    people = [shopper(workers[number % 2]) for number in range(8)]
    statuses = parallel(lambda person: person.register("ada").status_code, people)
    assert sorted(statuses) == [201] + [409] * 7
    with app.app_context():
        assert db.session.query(User).count() == 1


WRONG = {
    # "Ada" and "ada" are one name to MariaDB.
    "name": ["ab", "a" * 33, "Ada", "a b c", "ada\n", "\u0430da", None, ["ada"], 123],
    "password": ["7 chars", "x" * 129, "with\0zero", "surrogate \ud800", 12345678, None],
    "captcha_id": ["1", "x" * 36, "", None],
    "captcha_text": ["", "x" * 17, None],
    "admin": [True],
    "id": [77],
}


@pytest.mark.parametrize("field", WRONG)
def test_a_field_that_is_wrong_is_named(stranger, problem, field):
    for value in WRONG[field]:
        response = stranger.send("POST", "/users", account("ada") | {field: value})
        assert [error["field"] for error in problem(response, 422)["errors"]] == [field]


def test_all_that_is_wrong_is_told_at_once(stranger, problem):
    errors = problem(stranger.send("POST", "/users", {}), 422)["errors"]
    assert {error["field"] for error in errors} == {
        "name",
        "password",
        "captcha_id",
        "captcha_text",
    }
    assert {error["message"] for error in errors} == {"is missing"}


def test_names_and_passwords_may_be_as_long_as_it_says(stranger):
    assert stranger.register("a" * 32, "\u5bc6" * 128).status_code == 201
    assert stranger.login("a" * 32, "\u5bc6" * 128).status_code == 200
    assert stranger.register("a-_", "x" * 8).status_code == 201


def test_a_wrong_name_and_a_wrong_password_are_not_told_apart(stranger, problem):
    stranger.register("ada")
    wrong = problem(stranger.login("ada", "wrong horse"), 401)
    unknown = problem(stranger.login("nobody", "wrong horse"), 401)
    assert wrong["detail"] == unknown["detail"]


def test_an_unknown_name_costs_a_hash_as_well(app, stranger, monkeypatch):
    stranger.register("ada")
    seen = []

    def check(hashed, password):
        seen.append(hashed.split("$")[0])
        return check_password_hash(hashed, password)

    monkeypatch.setattr(auth, "check_password_hash", check)
    stranger.login("ada", "wrong horse")
    stranger.login("nobody", "wrong horse")
    assert seen == [app.config["PASSWORD_METHOD"]] * 2


def test_the_hash_of_nobody_fits_no_password(app):
    with app.app_context():
        assert auth.password_fits(None, "") is False


def test_nobody_logs_in_as_an_account_without_a_usable_password(app, stranger):
    with app.app_context():
        db.session.add(User(name="nobody", password_hash="!"))
        db.session.commit()
    assert stranger.login("nobody", "!" * 8).status_code == 401


def test_after_five_wrong_passwords_not_even_the_right_one_is_tried(stranger, problem):
    stranger.register("ada")
    assert [stranger.login("ada", f"wrong {i} horse").status_code for i in range(5)] == [401] * 5
    response = stranger.login("ada")
    problem(response, 429)
    assert response.headers["Retry-After"] == "300"
    assert stranger.login("other").status_code == 401, "another name may still try"
    elsewhere = stranger.send(
        "POST",
        "/session",
        {"name": "ada", "password": PASSWORD},
        environ_overrides={"REMOTE_ADDR": "192.0.2.7"},
    )
    assert elsewhere.status_code == 200, "nobody locks out the owner from elsewhere"


def test_five_minutes_after_the_first_mistake_it_is_forgotten(stranger, later):
    stranger.register("ada")
    assert [stranger.login("ada", "wrong horse").status_code for _ in range(5)] == [401] * 5
    later(299)
    assert stranger.login("ada").status_code == 429
    later(2)
    assert stranger.login("ada").status_code == 200


def test_the_right_password_takes_the_count_back(stranger):
    stranger.register("ada")
    for _ in range(3):
        for _ in range(4):
            assert stranger.login("ada", "wrong horse").status_code == 401
        assert stranger.login("ada").status_code == 200


def test_who_logs_in_often_is_not_taken_for_a_guesser(stranger):
    stranger.register("ada")
    assert {stranger.login("ada").status_code for _ in range(52)} == {200}


def test_an_address_has_fifty_guesses_for_all_names_together(app, stranger, problem, tools):
    statuses = [stranger.login(f"name-{i}").status_code for i in range(51)]
    assert statuses == [401] * 50 + [429]
    stranger.register("ada")
    problem(stranger.login("ada"), 429)
    tools.forget_failures(app)
    assert stranger.login("ada").status_code == 200


def test_many_guesses_at_once_get_no_more_tries(app, build, shopper, parallel):
    shopper(app).register("ada")
    workers = [app, build()]
    people = [shopper(workers[number % 2]) for number in range(16)]
    statuses = parallel(lambda person: person.login("ada", "wrong horse").status_code, people)
    assert sorted(statuses) == [401] * 5 + [429] * 11


def test_no_password_is_logged(stranger, caplog):
    caplog.set_level(logging.DEBUG)
    stranger.register("ada", "a very secret text")
    stranger.login("ada", "a very secret guess")
    stranger.login("ada", "a very secret text")
    assert "account" in caplog.text
    assert "wrong password for ada" in caplog.text
    for secret in "a very secret", "scrypt", "pbkdf2", stranger.cookie("session"):
        assert secret not in caplog.text


def test_401_goes_out_without_a_scheme_to_log_in_by(stranger):
    response = stranger.get("/cart")
    assert response.status_code == 401
    assert "WWW-Authenticate" not in response.headers
