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
        told = [
            f"with {name}={value}" if value is not None else f"without {name}"
            for name, value in variables.items()
            if value is not None or name == "SHOP_ENV"
        ]
        if toml is None:
            told.append("without exercise.toml")
        elif " = " in toml:
            told.append(f"with {' and '.join(toml.splitlines())} in exercise.toml")
        return start(config, files=files, told=", ".join(told))

    return run


def key():
    return f"key-{secrets.token_hex(8)}"


def expect_settings(client, expected):
    expect(client.get("/settings"), 200, json=expected)


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
    expect_settings(launch(SHOP_ENV=None), DEVELOPMENT)
    expect_settings(launch(), DEVELOPMENT)


@pytest.mark.task(1)
@pytest.mark.hint("A dict can lead from the word to the class: ENVIRONMENTS[name].")
def test_production_has_settings_of_its_own(launch):
    """With SHOP_ENV=production the settings are those of Production: 50 teas, no drafts, EUR."""
    client = launch(SHOP_ENV="production", FLASK_SECRET_KEY=key())
    expect_settings(client, PRODUCTION)


@pytest.mark.task(2)
@pytest.mark.needs("test_development_is_the_default")
@pytest.mark.points(2)
@pytest.mark.hint(
    "Raise ValueError with the word in its text. The else branch is not for unknown words."
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
    expect_settings(launch(toml=toml), DEVELOPMENT | changed)
    client = launch(toml=toml, SHOP_ENV="production", FLASK_SECRET_KEY=key())
    expect_settings(client, PRODUCTION | changed)


@pytest.mark.task(3)
@pytest.mark.needs("test_the_file_wins_over_the_class")
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
    expect_settings(client, DEVELOPMENT | {"PAGE_SIZE": size, "CURRENCY": "CNY"})


@pytest.mark.task(4)
@pytest.mark.hint("from_mapping(config or {}), as the last of all sources.")
def test_the_argument_wins_over_all(launch):
    """What is given to create_app wins over the environment and the file."""
    size = random.randrange(60, 1000)
    client = launch({"PAGE_SIZE": size}, toml="PAGE_SIZE = 7\n", FLASK_PAGE_SIZE="8")
    expect_settings(client, DEVELOPMENT | {"PAGE_SIZE": size})


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
        fail(replies[1], "another key than at the start before: a random one")


@pytest.mark.task(5)
@pytest.mark.hint("Read app.config['SECRET_KEY'] once all sources have been read.")
def test_production_uses_the_key_from_outside(launch):
    """In production the key is that of FLASK_SECRET_KEY, or of the argument config."""
    secret = key()
    for config, variable in ((None, secret), ({"SECRET_KEY": secret}, None)):
        client = launch(config, SHOP_ENV="production", FLASK_SECRET_KEY=variable)
        reply = expect(client.get("/key"), 200)
        if json_of(reply) != {"sha256": sha256(secret.encode()).hexdigest()}:
            fail(reply, f"the SHA-256 of the key {secret}")


@pytest.mark.task(5)
@pytest.mark.needs("test_production_uses_the_key_from_outside")
@pytest.mark.points(2)
@pytest.mark.hint(
    "Without a key app.config['SECRET_KEY'] is None. An empty text is not a key either."
)
def test_production_does_not_start_without_a_key(launch):
    """In production, without a key or with an empty one, create_app raises an exception."""
    for how, secret in (("without FLASK_SECRET_KEY", None), ("with an empty FLASK_SECRET_KEY", "")):
        expect_refusal(
            launch, "", f"In production, {how}", SHOP_ENV="production", FLASK_SECRET_KEY=secret
        )
