"""Commands of an app: ``flask greet Ann`` beside ``flask run``.

Begin with test_a_command_prints_and_ends_with_0: a test runner calls a command as the test client
calls a view.
"""

import importlib.metadata
import os
import subprocess
import sys
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from flask.cli import FlaskGroup

from day02.commands import first, plain_group
from day02.commands.app import GOODS, app, format_price
from tests.helpers import ROOT


@pytest.fixture
def client():
    return app.test_client()


@pytest.fixture
def run():
    """Return a function that runs a command and gives (exit code, what it printed)."""

    def invoke(*words):
        result = app.test_cli_runner().invoke(args=words)
        return result.exit_code, result.output

    return invoke


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["greet", "Ann"], "Good morning, Ann.\n"),
        (["greet", "Ann Lee"], "Good morning, Ann Lee.\n"),
        (["greet", "王"], "Good morning, 王.\n"),
        (["greet", "Ann", "--shout"], "GOOD MORNING, ANN!\n"),
        (["greet", "--times", "3", "Ann"], "Good morning, Ann.\n" * 3),
        (["goods", "list"], "cup  7.50 EUR\npot  29.00 EUR\ntea  4.90 EUR\n"),
        (["goods", "price", "cup"], "7.50 EUR\n"),
        (["goods", "price", "tea", "100"], "490.00 EUR\n"),
    ],
)
def test_a_command_prints_and_ends_with_0(run, words, printed):
    assert run(*words) == (0, printed)


def test_the_small_program_has_one_command():
    result = first.app.test_cli_runner().invoke(args=["greet", "Ann"])
    assert (result.exit_code, result.output) == (0, "Good morning, Ann.\n")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["greet"], "Missing argument 'NAME'"),
        (["greet", "Ann", "Bob"], "unexpected extra argument (Bob)"),
        (["greet", "Ann", "--times", "0"], "0 is not in the range 1<=x<=5"),
        (["greet", "Ann", "--times", "6"], "6 is not in the range 1<=x<=5"),
        (["greet", "Ann", "--times", "often"], "'often' is not a valid integer"),
        (["greet", "Ann", "--whisper"], "No such option"),
        (["goods", "price", "coffee"], "'coffee' is not one of 'cup', 'pot', 'tea'"),
        (["goods", "price", "tea", "0"], "0 is not in the range 1<=x<=100"),
        (["goods", "price", "tea", "101"], "101 is not in the range 1<=x<=100"),
        (["goods", "sell"], "No such command 'sell'"),
        (["sing"], "No such command 'sing'"),
    ],
)
def test_a_mistake_is_exit_code_2_and_a_message(run, words, reason):
    code, printed = run(*words)
    assert code == 2
    assert reason in printed.split("Error: ")[1]
    assert "Traceback" not in printed


def test_the_help_comes_from_docstrings_and_options(run):
    code, printed = run("greet", "--help")
    assert code == 0
    assert "Greet NAME in the terminal." in printed
    assert "--times INTEGER RANGE  How often.  [default: 1; 1<=x<=5]" in printed
    assert "--shout                In upper case." in printed
    assert "Show goods and prices." in run("goods", "--help")[1]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/price/tea/3", {"price": "14.70 EUR"}),
        ("/price/cup/1", {"price": "7.50 EUR"}),
        ("/price/cup/100", {"price": "750.00 EUR"}),
        ("/price/coffee/1", 404),
        ("/price/cup/0", 404),
        ("/price/cup/101", 404),
        ("/price/cup/x", 404),
        ("/greet", 404),
        ("/goods", 404),
    ],
)
def test_the_view_shares_the_function_and_commands_have_no_url(client, path, expected):
    response = client.get(path)
    assert expected in (response.status_code, response.json)


def test_command_and_view_read_the_settings_of_the_app(client, run, monkeypatch):
    monkeypatch.setitem(app.config, "CURRENCY", "CNY")
    assert run("goods", "price", "pot") == (0, "29.00 CNY\n")
    assert client.get("/price/pot/1").json == {"price": "29.00 CNY"}


# The shell


def test_the_shell_context_has_our_names():
    context = app.make_shell_context()
    assert (context["GOODS"], context["format_price"]) == (GOODS, format_price)
    assert context["app"] is app


# The real command


@pytest.fixture
def flask(monkeypatch):
    """Return a function that runs the real ``flask`` command, without commands of extensions."""
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: ())
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.delattr(sys, "__interactivehook__", raising=False)
    monkeypatch.delenv("PYTHONSTARTUP", raising=False)

    def invoke(*words, typed=""):
        words = ["--app", "day02.commands.app", *words]
        with patch.dict(os.environ, FLASK_SKIP_DOTENV="1"):
            return CliRunner().invoke(FlaskGroup(), words, input=typed, prog_name="flask")

    return invoke


def test_the_real_command_lists_ours_beside_its_own(flask):
    result = flask("--help")
    assert result.exit_code == 0
    commands = result.stdout.split("Commands:")[1]
    for line in ("greet   Greet NAME in the terminal.", "goods   Show goods and prices."):
        assert line in commands
    assert {"routes", "run", "shell"} <= set(commands.split())


def test_the_real_command_ends_with_2_after_a_mistake(flask):
    result = flask("greet")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Missing argument 'NAME'" in result.stderr


def test_the_shell_knows_the_app_and_our_names(flask):
    typed = "print(app.name, sorted(GOODS), format_price('tea', 3), current_app is None)\n"
    result = flask("shell", typed=f"from flask import current_app\n{typed}")
    assert result.exit_code == 0
    assert "day02.commands.app ['cup', 'pot', 'tea'] 14.70 EUR False" in result.stdout


# Click's own group


def test_in_the_terminal_a_plain_group_finds_the_app():
    """A process of its own: the ``flask`` command of the package, as in a terminal."""
    for name in ["name", "name-in-tests"]:
        words = ["--app", "day02.commands.plain_group", "plain", name]
        done = subprocess.run(
            [sys.executable, "-m", "flask", *words],
            check=False,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (done.returncode, done.stdout) == (0, "day02.commands.plain_group\n"), done.stderr


def test_in_the_test_runner_a_plain_group_needs_with_appcontext():
    runner = plain_group.app.test_cli_runner()
    assert runner.invoke(args=["plain", "name-in-tests"]).output == "day02.commands.plain_group\n"
    failed = runner.invoke(args=["plain", "name"])
    assert isinstance(failed.exception, RuntimeError)
    assert "Working outside of application context" in str(failed.exception)
