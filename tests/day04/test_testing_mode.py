import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests
from flask import Flask, abort, g, request, session, url_for
from flask_mail import Mail
from werkzeug.serving import make_server

from day04.testing_mode import app as lesson
from day04.testing_mode.app import create_app, greeting
from day04.testing_mode.guest_book import MOST
from day04.testing_mode.too_early import create_app_unsafe

ROOT = Path(lesson.__file__).parents[2]
FOLDER = ROOT / "day04" / "testing_mode"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in os.environ:
        if name.startswith("FLASK_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def instance(monkeypatch, tmp_path):
    """Put ``instance/`` elsewhere: some of these tests write where they should not."""
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


# -- what becomes of an exception --------------------------------------------------------------


@pytest.mark.point("D4-32")
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


@pytest.mark.point("D4-33")
@pytest.mark.parametrize(("testing", "debug", "propagate", "comes_out"), CASES)
def test_when_an_exception_comes_out(build, caplog, testing, debug, propagate, comes_out):
    config = {"TESTING": testing, "DEBUG": debug, "PROPAGATE_EXCEPTIONS": propagate}
    client = build(**config).test_client()
    if comes_out:
        with pytest.raises(ZeroDivisionError):
            client.get("/boom")
        assert caplog.records == []
    else:
        response = client.get("/boom")
        assert response.status_code == 500
        assert "It is not your fault" in response.text
        assert "ZeroDivisionError" not in response.text
        [record] = caplog.records
        assert record.getMessage() == "Exception on /boom [GET]"
        assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.point("D4-33")
def test_without_an_error_page_of_ones_own_the_500_is_the_stock_page():
    app = Flask("plain")
    app.add_url_rule("/boom", view_func=lambda: 1 / 0)
    response = app.test_client().get("/boom")
    assert response.status_code == 500
    assert "<h1>Internal Server Error</h1>" in response.text


@pytest.mark.point("D4-33")
def test_the_flag_may_also_be_turned_between_two_requests(build):
    app = build()
    assert app.test_client().get("/boom").status_code == 500
    app.testing = True
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/boom")


@pytest.mark.point("D4-33")
def test_what_is_handled_never_comes_out(client):
    assert client.get("/nowhere").status_code == 404
    for number in range(MOST):
        assert client.post("/guests", data={"name": f"Guest {number}"}).status_code == 303
    response = client.post("/guests", data={"name": "Ann"})
    assert (response.status_code, response.json) == (
        409,
        {"error": "The book is full: it has 100 names."},
    )


@pytest.mark.point("D4-33")
@pytest.mark.parametrize("kind", [Exception, 500])
def test_a_handler_for_every_exception_keeps_them_from_the_test(kind):
    app = Flask("greedy")
    app.testing = True
    app.add_url_rule("/boom", view_func=lambda: 1 / 0)
    app.register_error_handler(kind, lambda error: ("sorry", 500))
    if kind is Exception:
        assert app.test_client().get("/boom").text == "sorry"
    else:
        with pytest.raises(ZeroDivisionError):
            app.test_client().get("/boom")


@pytest.mark.point("D4-33")
def test_an_abort_with_500_is_an_answer_and_not_an_exception(build):
    app = build(TESTING=True)
    app.add_url_rule("/abort", view_func=lambda: abort(500))
    response = app.test_client().get("/abort")
    assert response.status_code == 500
    assert "It is not your fault" in response.text


@pytest.mark.point("D4-33")
@pytest.mark.parametrize(
    ("testing", "words"),
    [(False, "It is not your fault"), (True, "<h1>Internal Server Error</h1>")],
)
def test_on_a_real_server_testing_costs_the_error_page(build, testing, words):
    app = build(TESTING=testing)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        response = requests.get(f"http://127.0.0.1:{server.port}/boom", timeout=5)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert response.status_code == 500
    assert words in response.text
    assert "ZeroDivisionError" not in response.text


# -- settings, early enough --------------------------------------------------------------------


@pytest.mark.point("D4-32")
@pytest.mark.parametrize(
    ("value", "read"),
    [("true", True), ("1", 1), ("false", False), ("0", 0), ("False", "False"), ("no", "no")],
)
def test_the_environment_is_read_as_json_so_a_capital_false_is_a_text(
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


def test_the_caller_has_the_last_word(build, monkeypatch):
    monkeypatch.setenv("FLASK_TESTING", "true")
    monkeypatch.setenv("FLASK_GREETING", "Hi")
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the environment")
    assert build().secret_key == "from the environment"
    app = build(TESTING=False, GREETING="Good day")
    assert app.testing is False
    assert app.test_client().get("/").json["greeting"] == "Good day stranger"
    monkeypatch.delenv("FLASK_SECRET_KEY")
    assert build().secret_key != build().secret_key


def test_names_lie_in_the_given_folder_and_in_instance_without_one(build, tmp_path, instance):
    build().test_client().post("/guests", data={"name": "Ann"})
    assert (tmp_path / "data/guests.txt").read_text("utf-8") == "Ann\n"
    assert not instance.exists()
    create_app().test_client().post("/guests", data={"name": "Bob"})
    assert (instance / "day04_testing_mode/guests.txt").read_text("utf-8") == "Bob\n"


def test_nothing_is_written_before_it_is_needed(instance):
    client = create_app().test_client()
    assert client.get("/").json == {"greeting": "Hello stranger", "guests": []}
    assert not instance.exists()


def test_a_late_setting_is_heeded_where_it_is_read_late_and_nowhere_else(build, tmp_path):
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


@pytest.mark.point("D4-32")
@pytest.mark.parametrize("early", [True, False])
def test_a_mail_extension_must_know_early_that_this_is_a_test(early):
    app = Flask("post")
    app.testing = early
    state = Mail(app).state
    app.testing = True
    assert state.suppress is early


# -- contexts and sessions ---------------------------------------------------------------------


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


def test_a_session_transaction_needs_a_key_and_cookies(build):
    keyless = Flask("keyless").test_client()
    with pytest.raises(RuntimeError), keyless.session_transaction():
        pass
    without = build().test_client(use_cookies=False)
    with pytest.raises(TypeError, match="Cookies are disabled"), without.session_transaction():
        pass


def test_within_with_the_last_context_stays_open(client):
    with client:
        client.post("/guests", data={"name": "Ann"})
        assert (session["name"], request.path, g.visitor) == ("Ann", "/guests", "stranger")
        client.get("/")
        assert (request.path, g.visitor) == ("/", "Ann")
    with pytest.raises(RuntimeError, match="outside of request context"):
        request.path  # noqa: B018


# -- bad input, and the example ----------------------------------------------------------------


@pytest.mark.parametrize("name", [None, "", "  ", "x" * 31, "Ann\nBob", "\0", "a\u2028b"])
def test_a_name_is_short_and_can_be_seen(client, name):
    response = client.post("/guests", data={} if name is None else {"name": name})
    assert response.status_code == 400
    assert "1 to 30 characters" in response.text
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
    assert 'href="/run/testing/"' in client.get("/boom", base_url=mount).text
    assert client.post("/guests", data={"name": "Ann"}, base_url=mount).location == "/run/testing/"


def run_example(folder, *options):
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "day04/testing_mode/example_pytest.py"],
        cwd=folder,
        env=os.environ | {"PYTHONUTF8": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_example_runs_as_the_notes_say():
    done = run_example(ROOT)
    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout


# What somebody may get wrong in app.py, and the tests of the example that fail for it.
WRONG = [
    ("12 / 0", "12 / 1", {"an_exception_reaches_the_test", "a_visitor_gets_the_error_page"}),
    ('"sorry.html"), 500', '"sorry.html")', {"a_visitor_gets_the_error_page"}),
    (
        "app.config.from_mapping(config or {})",
        'app.config.from_mapping({**(config or {}), "TESTING": False})',
        {"an_exception_reaches_the_test"},
    ),
    (
        "book = GuestBook(app)",
        'app.config["DATA_FOLDER"] = app.root_path; book = GuestBook(app)',
        {"the_names_lie_where_the_test_said"},
    ),
    (
        'g.visitor = session.get("name", "stranger")',
        'g.visitor = "stranger"',
        {"a_visitor_who_was_here_before", "a_signature_is_remembered"},
    ),
    ('session["name"] = name', "pass", {"a_signature_is_remembered"}),
    (
        "{current_app.config['GREETING']} {g.visitor}",
        "Hi {g.visitor}",
        {
            "a_function_that_needs_a_request",
            "a_visitor_who_was_here_before",
            "a_signature_is_remembered",
        },
    ),
]


@pytest.mark.parametrize(("right", "wrong", "failing"), WRONG, ids=range(len(WRONG)))
def test_the_example_notices_a_wrong_app(tmp_path, right, wrong, failing):
    copy = tmp_path / "day04" / "testing_mode"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy.parent / "__init__.py").touch()
    text = (copy / "app.py").read_text("utf-8")
    assert text.count(right) == 1
    (copy / "app.py").write_text(text.replace(right, wrong), "utf-8")
    options = ["-c", os.devnull, "--rootdir", str(tmp_path), "--import-mode=importlib", "-q"]
    done = run_example(tmp_path, *options)
    assert set(re.findall(r"^FAILED .*::test_(\w+)", done.stdout, re.MULTILINE)) == failing


@pytest.mark.point("D4-33")
def test_the_notes_tell_when_an_exception_comes_out():
    notes = (FOLDER / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (on|off) \| (on|off) \| `(\w+)` \| (.+) \|$", notes, re.MULTILINE)
    told = [
        (testing == "on", debug == "on", {"None": None, "True": True, "False": False}[propagate],
         what.startswith("the exception"))
        for testing, debug, propagate, what in rows
    ]  # fmt: skip
    assert told == CASES
