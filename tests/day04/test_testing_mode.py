"""The testing mode: where an exception goes, and settings that come early enough.

Begin with test_an_exception_reaches_the_test and test_a_visitor_gets_the_error_page: two apps with
the same mistake.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from flask import Flask, abort, g, request, session, url_for

from day04.testing_mode import app as lesson
from day04.testing_mode import example_pytest, first
from day04.testing_mode.app import create_app, greeting
from day04.testing_mode.guest_book import MAX_NAMES
from day04.testing_mode.too_early import create_app_unsafe
from tests.day04.helpers import run_pytest, run_rounds
from tests.helpers import ROOT, page, serving, status_and_message

FOLDER = Path(lesson.__file__).parent


@pytest.fixture(autouse=True)
def instance(monkeypatch, tmp_path):
    """Use another ``instance/``: some of these tests write into it."""
    folder = tmp_path / "instance"
    monkeypatch.setattr(Flask, "auto_find_instance_path", lambda self: str(folder))
    return folder


@pytest.fixture
def build(tmp_path):
    def built(**config):
        return create_app({"DATA_FOLDER": tmp_path / "data", **config})

    return built


@pytest.fixture
def client(build):
    return build(TESTING=True).test_client()


def test_an_exception_reaches_the_test(client):
    with pytest.raises(ZeroDivisionError):
        client.get("/boom")


def test_a_visitor_gets_the_error_page(build):
    response = build().test_client().get("/boom")
    assert response.status_code == 500
    assert page(response).h1.text == "Something went wrong"
    assert "ZeroDivisionError" not in response.text


def test_a_visitor_signs_the_guest_book_and_is_greeted_by_name(client):
    response = client.post("/guests", data={"name": "Ann"}, follow_redirects=True)
    assert [each.status_code for each in response.history] == [303]
    assert response.json == {"greeting": "Hello Ann", "guests": ["Ann"]}


def test_a_visitor_has_been_here_before(client):
    with client.session_transaction() as session:
        session["name"] = "Ann"
    assert client.get("/").json["greeting"] == "Hello Ann"


def test_a_function_that_needs_a_request_gets_one(build):
    app = build(TESTING=True)
    with app.test_request_context("/"):
        app.preprocess_request()
        assert greeting() == "Hello stranger"


# Where an exception goes


def test_testing_is_off_and_app_testing_is_the_same_flag(build):
    app = build()
    assert (app.testing, app.config["TESTING"]) == (False, False)
    app.config.update(TESTING=True)
    assert app.testing is True
    app.testing = False
    assert app.config["TESTING"] is False
    assert build(TESTING=True).testing is True


# TESTING, DEBUG, PROPAGATE_EXCEPTIONS, and whether the exception comes out. The notes have them.
CASES = [
    (False, False, None, False),
    (True, False, None, True),
    (True, False, False, False),
    (False, False, True, True),
    (False, True, None, True),
]


@pytest.mark.parametrize(("testing", "debug", "propagate", "raised"), CASES)
def test_when_an_exception_is_raised_in_the_test(build, caplog, testing, debug, propagate, raised):
    config = {"TESTING": testing, "DEBUG": debug, "PROPAGATE_EXCEPTIONS": propagate}
    client = build(**config).test_client()
    if raised:
        with pytest.raises(ZeroDivisionError):
            client.get("/boom")
        assert caplog.records == []
    else:
        response = client.get("/boom")
        assert response.status_code == 500
        assert page(response).h1.text == "Something went wrong"
        assert "ZeroDivisionError" not in response.text
        [record] = caplog.records
        assert record.getMessage() == "Exception on /boom [GET]"
        assert record.exc_info[0] is ZeroDivisionError


def test_the_setting_may_be_changed_between_two_requests(build):
    app = build()
    assert app.test_client().get("/boom").status_code == 500
    app.testing = True
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/boom")


def test_a_handled_exception_never_reaches_the_test(client):
    assert client.get("/nowhere").status_code == 404
    book = client.application.extensions["guest_book"].path
    book.parent.mkdir()
    book.write_text("A guest\n" * (MAX_NAMES - 1), "utf-8")
    assert client.post("/guests", data={"name": "Ann"}).status_code == 303
    response = client.post("/guests", data={"name": "Bob"})
    assert response.status_code == 409
    assert response.json == {"error": "The book is full: it has 100 names."}
    assert book.read_text("utf-8").count("\n") == MAX_NAMES


def test_an_abort_with_500_is_a_response_and_not_an_exception(build):
    app = build(TESTING=True)
    app.add_url_rule("/abort", view_func=lambda: abort(500))
    response = app.test_client().get("/abort")
    assert response.status_code == 500
    assert "It is not your fault" in response.text


def test_the_small_program_shows_its_error_page_or_lets_the_exception_through(monkeypatch):
    client = first.app.test_client()
    response = client.get("/boom")
    assert (response.status_code, response.text) == (500, "Something went wrong.\n")
    monkeypatch.setitem(first.app.config, "TESTING", True)
    with pytest.raises(ZeroDivisionError):
        client.get("/boom")


@pytest.mark.parametrize(
    ("testing", "words"),
    [(False, "It is not your fault"), (True, "<h1>Internal Server Error</h1>")],
)
def test_on_a_real_server_testing_costs_the_error_page(build, testing, words):
    app = build(TESTING=testing)
    with serving(app) as server:
        response = requests.get(f"{server.url}/boom", timeout=60)
    assert response.status_code == 500
    assert words in response.text
    assert "ZeroDivisionError" not in response.text


# Settings, early enough


@pytest.mark.parametrize(
    ("value", "read"),
    [("true", True), ("1", 1), ("false", False), ("0", 0), ("False", "False"), ("no", "no")],
)
def test_the_environment_is_read_as_json_so_false_in_upper_case_is_text(
    build, monkeypatch, value, read
):
    monkeypatch.setenv("FLASK_TESTING", value)
    app = build()
    assert app.testing == read
    if read:
        with pytest.raises(ZeroDivisionError):
            app.test_client().get("/boom")
    else:
        assert app.test_client().get("/boom").status_code == 500


def test_the_settings_of_the_caller_win(build, monkeypatch):
    monkeypatch.setenv("FLASK_TESTING", "true")
    monkeypatch.setenv("FLASK_GREETING", "Hi")
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the environment")
    assert build().secret_key == "from the environment"
    app = build(TESTING=False, GREETING="Good day")
    assert app.testing is False
    assert app.test_client().get("/").json["greeting"] == "Good day stranger"
    monkeypatch.setenv("FLASK_SECRET_KEY", "")
    assert len(build().secret_key) == 64  # an empty key would let anyone sign
    monkeypatch.delenv("FLASK_SECRET_KEY")
    assert build().secret_key != build().secret_key


def test_names_are_kept_in_the_given_folder_or_in_instance(build, tmp_path, instance):
    build().test_client().post("/guests", data={"name": "Ann"})
    assert (tmp_path / "data/guests.txt").read_text("utf-8") == "Ann\n"
    assert not instance.exists()
    create_app().test_client().post("/guests", data={"name": "Bob"})
    assert (instance / "day04_testing_mode/guests.txt").read_text("utf-8") == "Bob\n"


def test_nothing_is_written_before_it_is_needed(instance):
    client = create_app().test_client()
    assert client.get("/").json == {"greeting": "Hello stranger", "guests": []}
    assert not instance.exists()


def test_a_late_setting_counts_where_it_is_read_late_and_nowhere_else(build, tmp_path):
    app = build(TESTING=True)
    app.config.update(GREETING="Good day", DATA_FOLDER=tmp_path / "late")
    client = app.test_client()
    client.post("/guests", data={"name": "Ann"})
    assert client.get("/").json == {"greeting": "Good day Ann", "guests": ["Ann"]}
    assert (tmp_path / "data/guests.txt").exists()
    assert not (tmp_path / "late").exists()


def test_an_extension_that_comes_too_early_writes_into_the_real_data(tmp_path, instance):
    config = {"DATA_FOLDER": tmp_path / "data"}
    wrong, right = create_app_unsafe(config), create_app(config)
    assert wrong.config["DATA_FOLDER"] == right.config["DATA_FOLDER"] == tmp_path / "data"
    wrong.extensions["guest_book"].add("a test")
    assert (instance / "day04_testing_mode/guests.txt").read_text("utf-8") == "a test\n"
    assert not (tmp_path / "data").exists()
    right.extensions["guest_book"].add("a test")
    assert (tmp_path / "data/guests.txt").read_text("utf-8") == "a test\n"


# Contexts and sessions


def test_a_request_context_makes_a_request_without_a_view_or_a_hook(build):
    app = build(TESTING=True)
    with app.test_request_context("/guests?page=2", method="POST", data={"name": "Ann"}):
        assert (request.path, request.args["page"], request.form["name"]) == ("/guests", "2", "Ann")
        assert url_for("boom") == "/boom"
        assert url_for("boom", _external=True) == "http://localhost/boom"
        with pytest.raises(AttributeError, match="visitor"):
            greeting()
        app.preprocess_request()
        assert greeting() == "Hello stranger"
    assert app.test_client().get("/").json["guests"] == []
    with pytest.raises(RuntimeError, match="outside of application context"):
        greeting()
    with app.app_context():
        g.visitor = "Ann"
        assert greeting() == "Hello Ann"
        with pytest.raises(RuntimeError, match="SERVER_NAME"):
            url_for("boom")


def test_a_session_in_a_request_context_belongs_to_no_client(build):
    app = build(TESTING=True)
    client = app.test_client()
    with app.test_request_context():
        session["name"] = "Ann"
    assert client.get("/").json["greeting"] == "Hello stranger"


def test_a_session_transaction_writes_before_and_reads_after(client):
    with client.session_transaction() as earlier:
        assert dict(earlier) == {}
        earlier["name"] = "Ann"
    assert client.get("/").json["greeting"] == "Hello Ann"
    client.post("/guests", data={"name": "Bob"})
    with client.session_transaction() as later:
        assert dict(later) == {"name": "Bob"}
    other = client.application.test_client()
    assert other.get("/").json["greeting"] == "Hello stranger"


def test_what_is_changed_after_the_transaction_or_within_a_value_is_lost(client):
    with client.session_transaction() as opened:
        opened["names"] = ["Ann"]
    opened["name"] = "too late"
    with client.session_transaction() as opened:
        opened["names"].append("lost")
    with client.session_transaction() as opened:
        assert dict(opened) == {"names": ["Ann"]}
        opened["names"] = [*opened["names"], "kept"]
    with client.session_transaction() as opened:
        assert opened["names"] == ["Ann", "kept"]


def test_within_with_the_last_context_stays_open(client):
    with client:
        client.post("/guests", data={"name": "Ann"})
        assert (session["name"], request.path, g.visitor) == ("Ann", "/guests", "stranger")
        client.get("/")
        assert (request.path, g.visitor) == ("/", "Ann")
    with pytest.raises(RuntimeError, match="outside of request context"):
        request.path  # noqa: B018


# Names that are refused, and names that are kept


@pytest.mark.parametrize("name", [None, "", "  ", "x" * 31, "Ann\nBob", "\0", "a\u2028b"])
def test_a_name_is_short_and_can_be_seen(client, name):
    response = client.post("/guests", data={} if name is None else {"name": name})
    message = "Send a form with a 'name' of 1 to 30 characters."
    assert status_and_message(response) == (400, message)
    assert client.get("/").json == {"greeting": "Hello stranger", "guests": []}


@pytest.mark.parametrize("name", ["x" * 30, "<b>Ann", "小明", "é"])
def test_names_of_all_kinds_are_kept_in_order(client, name):
    response = client.post("/guests", data={"name": f" {name} "})
    assert (response.status_code, response.location) == (303, "/")
    client.post("/guests", data={"name": "Bob"})
    response = client.get("/")
    assert response.json["guests"] == [name, "Bob"]
    assert response.mimetype == "application/json"


def test_the_lesson_works_under_a_mount(build):
    client = build().test_client()
    mount = "http://localhost/run/testing"
    assert page(client.get("/boom", base_url=mount)).a["href"] == "/run/testing/"
    assert client.post("/guests", data={"name": "Ann"}, base_url=mount).location == "/run/testing/"


# The example: it passes on the app, and fails on a wrong one


def test_the_example_passes_on_the_app():
    outcome, printed = run_pytest(example_pytest.__file__)
    assert outcome.failed == {}, printed
    assert outcome.ran == {"example_pytest.py": 6}


@pytest.mark.second_half
def test_the_example_runs_as_the_notes_say():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "day04/testing_mode/example_pytest.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout


# A wrong app is the app of the lesson, which one of these functions changes from outside, with
# hooks. So it does not matter how the lesson is written.


def the_division_succeeds(app):
    app.before_request(lambda: {"cups for each": 12} if request.path == "/boom" else None)


def the_error_page_is_200(app):
    @app.after_request
    def accept(response):
        response.status_code = 200 if response.status_code == 500 else response.status_code
        return response


def the_setting_has_no_effect(app):
    app.testing = False


def the_names_go_elsewhere(app):
    book = app.extensions["guest_book"]
    book.path = book.path.with_name("elsewhere.txt")


def every_visitor_is_a_stranger(app):
    @app.before_request
    def forget():
        g.visitor = "stranger"


def a_signature_is_forgotten(app):
    @app.after_request
    def forget(response):
        if request.path == "/guests":
            session.clear()
        return response


def the_greeting_has_other_words(app):
    app.config["GREETING"] = "Hi"


WRONG = {
    the_division_succeeds: {
        "test_an_exception_reaches_the_test",
        "test_a_visitor_gets_the_error_page",
    },
    the_error_page_is_200: {"test_a_visitor_gets_the_error_page"},
    the_setting_has_no_effect: {"test_an_exception_reaches_the_test"},
    the_names_go_elsewhere: {"test_the_names_are_in_the_folder_of_the_test"},
    every_visitor_is_a_stranger: {
        "test_a_visitor_who_was_here_before",
        "test_a_signature_is_remembered",
    },
    a_signature_is_forgotten: {"test_a_signature_is_remembered"},
    the_greeting_has_other_words: {
        "test_a_function_that_needs_a_request",
        "test_a_visitor_who_was_here_before",
        "test_a_signature_is_remembered",
    },
}


def factory(change):
    """Return a function that builds an app and changes it."""

    def build(config):
        app = create_app(config)
        change(app)
        return app

    return build


def test_the_example_finds_each_mistake():
    factories = {change: factory(change) for change in WRONG}
    outcomes = run_rounds([example_pytest], factories)
    failed = {change: outcome.failed["example_pytest.py"] for change, outcome in outcomes.items()}
    assert failed == WRONG


def test_the_notes_say_when_an_exception_reaches_the_test():
    notes = (FOLDER / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (on|off) \| (on|off) \| `(\w+)` \| (.+) \|$", notes, re.MULTILINE)
    told = [
        (testing == "on", debug == "on", {"None": None, "True": True, "False": False}[propagate],
         what.startswith("the exception"))
        for testing, debug, propagate, what in rows
    ]  # fmt: skip
    assert told == CASES
