"""Tests of the exercise: settings for two environments."""

import random
import secrets
from hashlib import sha256

import pytest

from course.grading import expect, fail, json_of
from course.grading.sandbox.faults import AppFaultError

DEVELOPMENT = {"CURRENCY": "EUR", "PAGE_SIZE": 5, "SHOW_DRAFTS": True}
PRODUCTION = {"CURRENCY": "EUR", "PAGE_SIZE": 50, "SHOW_DRAFTS": False}


@pytest.fixture
def launch(start):
    """Give a function that starts the app with environment variables and an exercise.toml."""

    def run(config=None, toml="# empty\n", **variables):
        variables = {"SHOP_ENV": "development", "FLASK_SECRET_KEY": None} | variables
        # The day's package is imported before the exercise, so it can set the variables.
        lines = ["import os"]
        for name, value in variables.items():
            lines += [f"os.environ.pop({name!r}, None)"]
            lines += [f"os.environ[{name!r}] = {value!r}"] if value is not None else []
        files = {"day01/__init__.py": "\n".join(lines) + "\n"}
        if toml is not None:
            files["day01/configuration/exercise.toml"] = toml
        return start(config, files=files)

    return run


def key():
    return f"key-{secrets.token_hex(8)}"


def expect_settings(client, expected, how):
    reply = expect(client.get("/settings"), 200)
    if json_of(reply) != expected:
        fail(reply, f"{how}, the JSON {expected!r}")


def expect_refusal(launch, named, how, **variables):
    try:
        launch(**variables)
    except AppFaultError as error:
        if error.kind != "import":
            raise
        if named not in str(error):
            pytest.fail(f"{how}, the app raised {error}\nExpected:  {named} named in it", False)
    else:
        pytest.fail(f"{how}, the app started.\nExpected:  an exception", False)


@pytest.mark.task(1)
@pytest.mark.hint("os.environ.get takes a default; from_object takes a class or an instance.")
def test_development_is_the_default(launch):
    """Without SHOP_ENV the settings are those of Development: 5 teas, drafts, EUR."""
    expect_settings(launch(SHOP_ENV=None), DEVELOPMENT, "without SHOP_ENV")
    expect_settings(launch(), DEVELOPMENT, "with SHOP_ENV=development")


@pytest.mark.task(1)
@pytest.mark.hint("A dict can lead from the word to the class: ENVIRONMENTS[name].")
def test_production_has_settings_of_its_own(launch):
    """With SHOP_ENV=production the settings are those of Production: 50 teas, no drafts, EUR."""
    client = launch(SHOP_ENV="production", FLASK_SECRET_KEY=key())
    expect_settings(client, PRODUCTION, "with SHOP_ENV=production")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint(
    "Raise ValueError with the word in its text; `else` is not for what you know not."
)
def test_an_unknown_environment_does_not_start(launch):
    """With a SHOP_ENV that is neither of the two, create_app raises an exception that names it."""
    word = f"prod{secrets.token_hex(2)}"
    expect_refusal(launch, word, f"With SHOP_ENV={word}", SHOP_ENV=word, FLASK_SECRET_KEY=key())


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("from_file looks beside the app and needs load=tomllib.load, text=False.")
def test_the_file_wins_over_the_class(launch):
    """What exercise.toml sets is in force; the rest stays as the class has it."""
    changed = {"CURRENCY": secrets.token_hex(2).upper(), "PAGE_SIZE": random.randrange(60, 1000)}
    toml = f'CURRENCY = "{changed["CURRENCY"]}"\nPAGE_SIZE = {changed["PAGE_SIZE"]}\n'
    how = f"with {' and '.join(toml.splitlines())} in exercise.toml"
    expect_settings(launch(toml=toml), DEVELOPMENT | changed, how)
    client = launch(toml=toml, SHOP_ENV="production", FLASK_SECRET_KEY=key())
    expect_settings(client, PRODUCTION | changed, f"in production, {how}")


@pytest.mark.task(3)
@pytest.mark.hint("silent=True says that the file may be missing.")
def test_the_file_may_be_missing(launch):
    """Without exercise.toml the app starts."""
    expect(launch(toml=None).get("/settings"), 200)


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("The later source wins. from_prefixed_env makes a number of what looks like one.")
def test_the_environment_wins_over_the_file(launch):
    """FLASK_PAGE_SIZE wins over PAGE_SIZE in exercise.toml, and arrives as a number."""
    size = random.randrange(60, 1000)
    client = launch(toml='PAGE_SIZE = 7\nCURRENCY = "CNY"\n', FLASK_PAGE_SIZE=str(size))
    how = f"with FLASK_PAGE_SIZE={size}, and PAGE_SIZE = 7 and CURRENCY = CNY in exercise.toml"
    expect_settings(client, DEVELOPMENT | {"PAGE_SIZE": size, "CURRENCY": "CNY"}, how)


@pytest.mark.task(4)
@pytest.mark.hint("from_mapping(config or {}), as the last of all sources.")
def test_the_argument_wins_over_all(launch):
    """What is given to create_app wins over the environment and the file."""
    size = random.randrange(60, 1000)
    client = launch({"PAGE_SIZE": size}, toml="PAGE_SIZE = 7\n", FLASK_PAGE_SIZE="8")
    how = f"with create_app({{'PAGE_SIZE': {size}}}), FLASK_PAGE_SIZE=8 and 7 in exercise.toml"
    expect_settings(client, DEVELOPMENT | {"PAGE_SIZE": size}, how)


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint("secrets.token_hex() makes a key; a property is read from an instance only.")
def test_development_makes_a_key_at_each_start(launch):
    """In development every start has another random key."""
    replies = [expect(launch().get("/key"), 200) for _ in range(2)]
    nothing = {"sha256": sha256(b"").hexdigest()}
    if json_of(replies[0]) == nothing:
        fail(replies[0], "a key; this is the sum of an empty text")
    if json_of(replies[0]) == json_of(replies[1]):
        fail(replies[1], "another key than at the start before")


@pytest.mark.task(5)
@pytest.mark.hint("Read app.config['SECRET_KEY'] once all sources have been read.")
def test_production_uses_the_key_from_outside(launch):
    """In production the key is that of FLASK_SECRET_KEY, or of the argument config."""
    secret = key()
    for how, client in (
        ("with FLASK_SECRET_KEY", launch(SHOP_ENV="production", FLASK_SECRET_KEY=secret)),
        ("with create_app({'SECRET_KEY': ...})", None),
    ):
        client = client or launch({"SECRET_KEY": secret}, SHOP_ENV="production")
        reply = expect(client.get("/key"), 200)
        if json_of(reply) != {"sha256": sha256(secret.encode()).hexdigest()}:
            fail(reply, f"in production, {how}, the sum of that key")


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint("Without a key app.config['SECRET_KEY'] is None. An empty text is no key either.")
def test_production_does_not_start_without_a_key(launch):
    """In production, without a key or with an empty one, create_app raises an exception."""
    for how, secret in (("without FLASK_SECRET_KEY", None), ("with an empty FLASK_SECRET_KEY", "")):
        expect_refusal(
            launch, "", f"In production, {how}", SHOP_ENV="production", FLASK_SECRET_KEY=secret
        )
