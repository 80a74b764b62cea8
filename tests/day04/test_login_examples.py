"""The lesson's own test files: they pass on its login, and fail on wrong logins.

Begin with test_all_examples_pass_on_the_lesson. A wrong login is the app of the lesson, which a
function changes from outside with hooks. So it does not matter how the lesson is written.
"""

import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from flask import g, redirect, request, session
from requests.adapters import HTTPAdapter

from day04.login import example_http, example_pytest, example_unittest, first
from day04.login.app import create_app
from tests.day04.helpers import end_of_threads, run_pytest, run_rounds
from tests.helpers import ROOT, page

EXAMPLES = [example_unittest, example_pytest, example_http]
UNITTEST, PYTEST, HTTP = FILES = [Path(module.__file__).name for module in EXAMPLES]
API = "/api/login"


@pytest.fixture(autouse=True, scope="module")
def patient():
    """Let requests wait longer than the five seconds of the example: the machine may be busy."""
    send = HTTPAdapter.send
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            HTTPAdapter,
            "send",
            lambda self, request, **options: send(self, request, **options | {"timeout": 60}),
        )
        yield


def test_all_examples_pass_on_the_lesson():
    outcome, printed = run_pytest(*[module.__file__ for module in EXAMPLES])
    assert outcome.failed == {}, printed
    assert outcome.ran == {HTTP: 3, PYTEST: 26, UNITTEST: 9}


def test_the_small_program_passes_its_own_tests_and_they_find_a_mistake(monkeypatch):
    outcome, printed = run_pytest(first.__file__)
    assert outcome.failed == {}, printed
    assert outcome.ran == {"first.py": 2}
    client = first.app.test_client()
    for form in {}, {"name": "bob", "password": "green tea"}, {"name": "ann"}:
        assert client.post("/login", data=form).status_code == 401
    monkeypatch.setattr(first, "check_password_hash", lambda *arguments: True)
    outcome, _ = run_pytest(first.__file__)
    assert outcome.failed == {"first.py": {"test_a_wrong_password_does_not"}}


@pytest.mark.second_half
@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["-m", "unittest", "day04.login.example_unittest"], "Ran 5 tests in"),
        (["-m", "pytest", *[f"day04/login/{name}" for name in FILES]], "34 passed"),
    ],
    ids=["unittest", "pytest"],
)
def test_the_examples_run_as_the_notes_say(command, said):
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout + done.stderr


# Mistakes in a login, and the files that find them

MISTAKES = {}


def mistake(name, *files):
    """Register a function that makes one mistake in an app, and the files that find it."""

    def register(change):
        MISTAKES[name] = (change, set(files))

    return register


@mistake("any password will do", UNITTEST, PYTEST, HTTP)
def _(app):
    @app.before_request
    def log_in():
        sent = request.get_json(silent=True)
        if isinstance(sent, dict) and sent.get("name") == "ann":
            session["name"] = "ann"
            return {"code": "welcome", "message": "Hello ann"}


@mistake("the session forgets the name", UNITTEST, PYTEST, HTTP)
def _(app):
    @app.after_request
    def forget(response):
        session.pop("name", None)
        return response


@mistake("a refusal is 200", UNITTEST, PYTEST, HTTP)
def _(app):
    @app.after_request
    def accept(response):
        if response.status_code == 401:
            response.status_code = 200
        return response


@mistake("the code has another name", UNITTEST, PYTEST, HTTP)
def _(app):
    @app.after_request
    def rename(response):
        if request.path == API and response.status_code == 200:
            return app.make_response({"status": "welcome", "message": "Hello ann"})
        return response


@mistake("a refusal says which names exist", UNITTEST, PYTEST)
def _(app):
    @app.after_request
    def tell(response):
        if response.status_code == 401 and request.get_json()["name"] != "ann":
            return app.make_response(({"code": "refused", "message": "Who is that?"}, 401))
        return response


@mistake("bodies are not checked", UNITTEST, PYTEST)
def _(app):
    @app.after_request
    def fail(response):
        if request.path == API and response.status_code == 400:
            response.status_code = 500
        return response


@mistake("the password is logged", UNITTEST)
def _(app):
    @app.before_request
    def log():
        app.logger.warning("A login: %s", request.get_json(silent=True))


@mistake("the session is not emptied", PYTEST)
def _(app):
    @app.before_request
    def remember():
        g.before = dict(session)

    @app.after_request
    def restore(response):
        session.update({name: g.before[name] for name in g.before.keys() - session.keys()})
        return response


@mistake("forms are accepted as JSON", PYTEST)
def _(app):
    @app.before_request
    def take():
        if request.path == API and request.form:
            return {"code": "welcome", "message": f"Hello {request.form['name']}"}


@mistake("next redirects anywhere", PYTEST)
def _(app):
    @app.after_request
    def lead(response):
        if request.path == "/login" and response.status_code == 303:
            response.location = request.args.get("next", response.location)
        return response


@mistake("the logout does nothing", PYTEST)
def _(app):
    @app.before_request
    def stay():
        return redirect("/", 303) if request.path == "/logout" else None


@mistake("the account is open to all", PYTEST, HTTP)
def _(app):
    @app.before_request
    def show():
        return "The account of ann" if request.path == "/account" else None


@mistake("a redirect names the wrong host", PYTEST, HTTP)
def _(app):
    @app.after_request
    def name_host(response):
        if request.path == "/login" and response.status_code == 303:
            response.location = f"http://localhost{response.location}"
        return response


@mistake("the form has no token", HTTP)
def _(app):
    @app.after_request
    def lose(response):
        if request.path == "/login" and request.method == "GET":
            html = page(response.get_data(as_text=True))
            html.select_one("[name=csrf_token]").decompose()
            response.data = str(html)
        return response


@mistake("scripts can read the cookie", HTTP)
def _(app):
    app.config["SESSION_COOKIE_HTTPONLY"] = False


def factory(change):
    """Return a function that builds an app and changes it; one app for each configuration."""
    apps = {}

    def build(config):
        key = repr(config)
        if key not in apps:  # the login stores nothing, so one app serves many tests
            apps[key] = create_app(config)
            change(apps[key])
        return apps[key]

    return build


@pytest.mark.second_half
def test_the_files_that_should_find_a_mistake_do():
    factories = {name: factory(change) for name, (change, _) in MISTAKES.items()}
    before = set(threading.enumerate())
    outcomes = run_rounds(EXAMPLES, factories, once=True)
    end_of_threads(before)  # the example stops its server after a failure, too
    noticed = {name: set(outcome.failed) for name, outcome in outcomes.items()}
    assert noticed == {name: files for name, (_, files) in MISTAKES.items()}
    assert all(outcome.ran.keys() == set(FILES) for outcome in outcomes.values())


def test_each_file_fails_for_five_mistakes_at_least():
    for file in FILES:
        assert sum(file in files for _, files in MISTAKES.values()) >= 5


def test_the_notes_say_which_file_finds_which_mistake():
    notes = (ROOT / "day04/login/README.md").read_text("utf-8")
    rows = re.findall(r"^\| (.+?) \| (.*?) \| (.*?) \| (.*?) \|$", notes, re.MULTILINE)
    told = {
        name: {file for file, mark in zip(FILES, marks, strict=True) if mark.strip()}
        for name, *marks in rows
        if name in MISTAKES
    }
    assert told == {name: files for name, (_, files) in MISTAKES.items()}
