"""Accounts of the shop: names, passwords, and the limit for wrong passwords.

Begin with test_an_account_is_opened_and_its_password_is_not_kept.
"""

import logging
import uuid

import pytest
from werkzeug.security import check_password_hash, generate_password_hash

from day06_project.shop.api_v1 import session as session_module
from day06_project.shop.config import Config
from day06_project.shop.extensions import db
from day06_project.shop.models import User
from day06_project.shop.utils import auth
from tests.day06_project.helpers import PASSWORD, Shopper, at_once, forget_failures


def account(name, password=PASSWORD, **more):
    captcha = {"captcha_id": str(uuid.uuid4()), "captcha_text": "TEST"}
    return {"name": name, "password": password, **captcha} | more


def statuses(responses):
    return [response.status_code for response in responses]


def test_an_account_is_opened_and_its_password_is_not_kept(app, visitor):
    response = visitor.register("ada")
    assert (response.status_code, response.json["name"]) == (201, "ada")
    assert set(response.json) == {"id", "name"}
    with app.app_context():
        user = db.session.get(User, response.json["id"])
        assert user.password_hash.startswith(app.config["PASSWORD_METHOD"] + "$")
        assert PASSWORD not in user.password_hash
        assert check_password_hash(user.password_hash, PASSWORD)


def test_a_name_is_given_once(visitor, problem):
    assert visitor.register("ada").status_code == 201
    assert "taken" in problem(visitor.register("ada"), 409)["detail"]
    assert visitor.register("bob").status_code == 201


def test_a_wrong_name_and_a_wrong_password_have_the_same_response(visitor, problem):
    visitor.register("ada")
    wrong = problem(visitor.login("ada", "wrong horse"), 401)
    unknown = problem(visitor.login("nobody", "wrong horse"), 401)
    assert wrong["detail"] == unknown["detail"]


def test_names_and_passwords_may_be_as_long_as_the_limits_say(visitor):
    assert visitor.register("a" * 32, "\u5bc6" * 128).status_code == 201
    assert visitor.login("a" * 32, "\u5bc6" * 128).status_code == 200
    assert visitor.register("a-_", "x" * 8).status_code == 201


WRONG = {
    # "Ada" and "ada" are one name to MariaDB.
    "name": ["ab", "a" * 33, "Ada", "a b c", "ada\n", "\u0430da", None, ["ada"], 123],
    "password": ["7 chars", "x" * 129, "with\0zero", 12345678, None],
    "captcha_id": ["1", "x" * 36, "", None],
    "captcha_text": ["", "x" * 17, None],
    "admin": [True],
    "id": [77],
}


@pytest.mark.parametrize("field", WRONG)
def test_a_field_that_is_wrong_is_named(visitor, problem, field):
    for value in WRONG[field]:
        response = visitor.send("POST", "/users", account("ada") | {field: value})
        errors = problem(response, 422)["errors"]
        assert [error["field"] for error in errors] == [field]
        assert not (field == "password" and value and str(value) in errors[0]["message"])


def test_all_wrong_fields_are_named_at_once(visitor, problem):
    errors = problem(visitor.send("POST", "/users", {}), 422)["errors"]
    assert {error["field"] for error in errors} == {
        "name",
        "password",
        "captcha_id",
        "captcha_text",
    }
    assert {error["message"] for error in errors} == {"is missing"}


def test_of_eight_clients_that_want_a_name_at_once_one_gets_it(app, workers):
    shoppers = [Shopper(workers[number % 2]) for number in range(8)]
    responses = at_once(lambda shopper: shopper.register("ada"), shoppers)
    assert sorted(statuses(responses)) == [201] + [409] * 7
    with app.app_context():
        assert db.session.query(User).count() == 1


# Passwords


def test_the_hash_of_production_fits_its_column():
    assert Config.PASSWORD_METHOD == "scrypt:32768:8:3"
    cheap = "scrypt:1024:8:1"  # the costs change nothing but the text in front
    hashed = generate_password_hash(PASSWORD, cheap).replace(cheap, Config.PASSWORD_METHOD)
    assert len(hashed) == 162 <= User.__table__.c.password_hash.type.length


def test_an_unknown_name_costs_a_hash_as_well(app, visitor, monkeypatch):
    visitor.register("ada")
    seen = []

    def check(hashed, password):
        seen.append(hashed.split("$")[0])
        return check_password_hash(hashed, password)

    monkeypatch.setattr(auth, "check_password_hash", check)
    visitor.login("ada", "wrong horse")
    visitor.login("nobody", "wrong horse")
    assert seen == [app.config["PASSWORD_METHOD"]] * 2


def test_the_hash_for_unknown_names_fits_no_password(app):
    with app.app_context():
        assert auth.password_fits(None, "") is False


def test_an_account_without_a_usable_password_cannot_be_logged_in_to(app, visitor):
    with app.app_context():
        db.session.add(User(name="locked", password_hash="!"))
        db.session.commit()
    assert visitor.login("locked", "!" * 8).status_code == 401


def test_no_password_is_logged(visitor, caplog):
    caplog.set_level(logging.DEBUG)
    visitor.register("ada", "a very secret text")
    visitor.login("ada", "a very secret guess")
    visitor.login("ada", "a very secret text")
    assert "account" in caplog.text
    assert "wrong password for ada" in caplog.text
    for secret in "a very secret", "scrypt", "pbkdf2", visitor.cookie("session"):
        assert secret not in caplog.text


def test_401_names_no_scheme_to_log_in_by(visitor):
    response = visitor.get("/cart")
    assert response.status_code == 401
    assert "WWW-Authenticate" not in response.headers


# Guessing


def test_after_five_wrong_passwords_even_the_right_one_is_refused(visitor, problem):
    visitor.register("ada")
    wrong = [visitor.login("ada", f"wrong {number} horse") for number in range(5)]
    assert statuses(wrong) == [401] * 5
    response = visitor.login("ada")
    problem(response, 429)
    assert 290 <= int(response.headers["Retry-After"]) <= 300
    assert visitor.login("other").status_code == 401, "another name may still try"
    elsewhere = visitor.send(
        "POST",
        "/session",
        {"name": "ada", "password": PASSWORD},
        environ_overrides={"REMOTE_ADDR": "192.0.2.7"},
    )
    assert elsewhere.status_code == 200, "the owner can log in from another address"


def test_a_limit_ends_five_minutes_after_the_first_wrong_password(visitor, later):
    visitor.register("ada")
    assert statuses(visitor.login("ada", "wrong horse") for _ in range(5)) == [401] * 5
    later(200)
    refused = visitor.login("ada")
    assert refused.status_code == 429
    assert 99 <= int(refused.headers["Retry-After"]) <= 101, "the window ends, not five new minutes"
    assert f"Wait {refused.headers['Retry-After']} seconds" in refused.json["detail"]
    later(100)
    assert visitor.login("ada").status_code == 200


def test_the_right_password_resets_the_count_of_the_name(app, ada, monkeypatch):
    monkeypatch.setitem(app.config, "LOGIN_MAX_FAILURES", 2)
    for _ in range(2):
        assert ada.login("ada", "wrong horse").status_code == 401
        assert ada.login("ada").status_code == 200


@pytest.fixture
def two_guesses(monkeypatch):
    """Let an address guess twice instead of fifty times."""
    monkeypatch.setattr(session_module, "FAILURES_PER_ADDRESS", 2)


def test_an_address_has_fifty_guesses():
    assert session_module.FAILURES_PER_ADDRESS == 50


def test_the_guesses_of_an_address_count_for_all_names_together(two_guesses, app, visitor, problem):
    visitor.register("ada")
    assert statuses(visitor.login(f"name-{number}") for number in range(3)) == [401, 401, 429]
    problem(visitor.login("ada"), 429)
    forget_failures(app)
    assert visitor.login("ada").status_code == 200


def test_logging_in_is_not_counted_as_guessing(two_guesses, ada):
    assert statuses(ada.login("ada") for _ in range(4)) == [200] * 4


def test_logging_in_does_not_reset_the_guesses_of_the_address(two_guesses, ada):
    """Or else anyone with an account could guess the passwords of others without end."""
    responses = [ada.login("bob"), ada.login("ada"), ada.login("carol"), ada.login("ada")]
    assert statuses(responses) == [401, 200, 401, 429]
    assert ada.login("dave").status_code == 429


def test_many_guesses_at_once_get_no_more_tries(workers, ada):
    assert ada.token
    shoppers = [ada.elsewhere(workers[number % 2]) for number in range(8)]
    responses = at_once(lambda shopper: shopper.login("ada", "wrong horse"), shoppers)
    assert sorted(statuses(responses)) == [401] * 5 + [429] * 3
