"""Tests of the exercise: the settings of a shop that writes text messages."""

import random
import secrets
import string
from hashlib import sha256

import pytest

from course.grading import expect, fail, json_of
from course.grading.sandbox.faults import AppFaultError

NAMES = ("SHOP_ENV", "SMS_KEY", "SMS_SENDER", "SMS_LIMIT")


@pytest.fixture
def launch(start):
    """Give a function that starts the app with environment variables."""

    def run(**variables):
        # The day's package is imported before the exercise, so it can set the variables.
        lines = ["import os"]
        lines += [f"os.environ.pop({name!r}, None)" for name in NAMES]
        lines += [f"os.environ[{name!r}] = {value!r}" for name, value in variables.items()]
        files = {"day05_wechat/__init__.py": "\n".join(lines) + "\n"}
        return start(files=files, told=told(variables))

    return run


def told(variables):
    shown = [f"{name}={value!r}" for name, value in variables.items()]
    return f"with {' and '.join(shown)}" if shown else "without any of the variables"


def key(size=24):
    return secrets.token_hex(size)[:size]


def word():
    return "".join(random.choices(string.ascii_letters, k=random.randrange(3, 12)))


def refusal(launch, **variables):
    """Return the text of the exception that ends the start."""
    how = told(variables)
    try:
        launch(**variables)
    except AppFaultError as error:
        if error.kind != "import":
            raise
        if "SettingError" not in str(error):
            pytest.fail(f"The start {how} raised {error}\nExpected:  a SettingError", False)
        return str(error)
    pytest.fail(f"The app started {how}.\nExpected:  a SettingError", False)


def expect_named(text, wrong, variables):
    """Fail unless the text names the settings that are wrong, and no other."""
    for name in NAMES[1:]:
        if (name in text) != (name in wrong):
            how = "named in it" if name in wrong else "not named in it: it is right"
            pytest.fail(
                f"The start {told(variables)} raised {text}\nExpected:  {name} {how}", False
            )


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("os.environ has texts only: int() makes a number of one.")
def test_the_settings_come_from_the_environment(launch):
    """GET /settings shows the sender and the limit of the environment, and that the key is set."""
    sender, limit = word(), random.randrange(1, 1000)
    client = launch(SMS_KEY=key(), SMS_SENDER=sender, SMS_LIMIT=str(limit))
    shown = {"SMS_KEY": "set", "SMS_SENDER": sender, "SMS_LIMIT": limit}
    expect(client.get("/settings"), 200, json=shown)


@pytest.mark.task(1)
@pytest.mark.hint("os.environ.get takes a default.")
def test_sender_and_limit_have_defaults(launch):
    """Without SMS_SENDER and SMS_LIMIT, the sender is TeaShop and the limit 100."""
    shown = {"SMS_KEY": "set", "SMS_SENDER": "TeaShop", "SMS_LIMIT": 100}
    expect(launch(SMS_KEY=key()).get("/settings"), 200, json=shown)


@pytest.mark.task(2)
@pytest.mark.hint("Read SMS_KEY in create_app, and keep it in app.config.")
def test_the_key_comes_from_the_environment(launch):
    """In development and in production, the key is the value of SMS_KEY."""
    for variables in ({}, {"SHOP_ENV": "production"}):
        secret = key()
        reply = expect(launch(SMS_KEY=secret, **variables).get("/key"), 200)
        if json_of(reply).get("sha256") != sha256(secret.encode()).hexdigest():
            fail(reply, f"the SHA-256 of the key {secret}")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint(
    "secrets.token_hex(16) makes 32 characters; `or` takes an empty text for missing."
)
def test_development_makes_a_key_up(launch):
    """In development, a missing or empty key is made up, another one at each start."""
    before = ""
    for variables in ({}, {"SMS_KEY": ""}):
        reply = expect(launch(**variables).get("/key"), 200)
        found = json_of(reply)
        if not 20 <= found.get("characters", 0) <= 40:
            fail(reply, "a key of 20 to 40 characters")
        if found["sha256"] == before:
            fail(reply, "another key than at the start before")
        before = found["sha256"]


@pytest.mark.task(2)
@pytest.mark.needs("test_the_key_comes_from_the_environment")
@pytest.mark.points(2)
@pytest.mark.hint("Look at os.environ.get('SHOP_ENV') before you make a key up.")
def test_production_does_not_start_without_a_key(launch):
    """In production, a missing or empty key is a SettingError that names SMS_KEY."""
    for more in ({}, {"SMS_KEY": ""}):
        variables = {"SHOP_ENV": "production"} | more
        expect_named(refusal(launch, **variables), ["SMS_KEY"], variables)


@pytest.mark.task(3)
@pytest.mark.needs("test_the_settings_come_from_the_environment")
@pytest.mark.hint("re.fullmatch compares the whole text; re.match only its beginning.")
@pytest.mark.parametrize("name", ["SMS_KEY", "SMS_SENDER", "SMS_LIMIT"])
def test_a_wrong_value_is_refused(launch, name):
    """A value that has not the right form is a SettingError that names its setting."""
    wrong = {
        "SMS_KEY": [key(19), key(41), f'"{key()}"', f"{key()}\n", f"{key()}茶"],
        "SMS_SENDER": ["ab", word() + "x" * 9, "Tea Shop", "Tea4you", "茶茶茶"],
        "SMS_LIMIT": ["0", "1000", "ten", "1.5", "-5"],
    }
    for value in wrong[name]:
        variables = {"SMS_KEY": key()} | {name: value}
        expect_named(refusal(launch, **variables), [name], variables)


@pytest.mark.task(3)
@pytest.mark.needs("test_a_wrong_value_is_refused")
@pytest.mark.hint("20 to 40 means that 20 and 40 are right, too.")
def test_values_at_the_edges_are_accepted(launch):
    """The shortest and the longest key and sender, the lowest and the highest limit are right."""
    for size, sender, limit in ((20, "abc", 1), (40, "TeaShopABCD", 999)):
        client = launch(SMS_KEY=key(size), SMS_SENDER=sender, SMS_LIMIT=str(limit))
        shown = {"SMS_KEY": "set", "SMS_SENDER": sender, "SMS_LIMIT": limit}
        expect(client.get("/settings"), 200, json=shown)


@pytest.mark.task(3)
@pytest.mark.needs("test_a_wrong_value_is_refused")
@pytest.mark.hint("Collect what is wrong in a list, and raise once, at the end.")
def test_all_that_is_wrong_is_named_at_once(launch):
    """If several settings are wrong or missing, one SettingError names them all."""
    for variables, wrong in (
        ({"SMS_KEY": key(9), "SMS_SENDER": "x", "SMS_LIMIT": "0"}, NAMES[1:]),
        ({"SHOP_ENV": "production", "SMS_LIMIT": "ten"}, ("SMS_KEY", "SMS_LIMIT")),
    ):
        expect_named(refusal(launch, **variables), wrong, variables)


@pytest.mark.task(3)
@pytest.mark.needs("test_a_wrong_value_is_refused")
@pytest.mark.hint("Say which form the key must have, not which value it has.")
def test_the_message_does_not_show_the_key(launch):
    """The text of the exception does not have the value of SMS_KEY in it."""
    secret = f"{key()}-{key(6)}"
    text = refusal(launch, SMS_KEY=secret)
    if secret in text or secret[:24] in text:
        pytest.fail(f"The start raised {text}\nExpected:  a text without the key in it", False)
