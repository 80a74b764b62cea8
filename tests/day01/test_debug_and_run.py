import contextlib
import errno
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPException
from unittest.mock import patch
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import FlaskGroup
from werkzeug.debug import DebuggedApplication
from werkzeug.serving import make_server, run_simple
from werkzeug.test import Client

import day01.debug_and_run.app as lesson
from day01.debug_and_run.app import app


@pytest.fixture(autouse=True)
def _plain_environment():
    """Keep the machine's FLASK_ variables out, and keep in those that the flask command sets."""
    with patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith(("FLASK_", "WERKZEUG_"))]:
            del os.environ[name]
        yield


@pytest.fixture
def debug_off(monkeypatch):
    monkeypatch.setitem(app.config, "DEBUG", False)


@pytest.fixture
def debug_on(monkeypatch):
    monkeypatch.setitem(app.config, "DEBUG", True)


@pytest.fixture
def started(monkeypatch):
    """Give the list of servers that were asked for; none is started."""
    calls = []

    def record(host, port, app, **options):
        helpers = options["use_reloader"], options["use_debugger"]
        calls.append({"host": host, "port": port, "app": app, "helpers": helpers})

    monkeypatch.setattr("werkzeug.serving.run_simple", record)
    monkeypatch.setattr("flask.cli.run_simple", record)
    return calls


def flask_command(app, *words):
    """Run ``flask --app ... WORDS`` for an app that stands in the test."""
    group = FlaskGroup(create_app=lambda: app, load_dotenv=False)
    return CliRunner().invoke(group, words, catch_exceptions=False)


@pytest.mark.parametrize("debug", [False, True])
def test_front_page_tells_whether_debug_is_on(client, monkeypatch, debug):
    monkeypatch.setitem(app.config, "DEBUG", debug)
    assert client.get("/").json == {"debug": debug}


@pytest.mark.usefixtures("debug_on")
def test_json_is_laid_out_for_people_in_debug_mode(client):
    assert client.get("/").text == '{\n  "debug": true\n}\n'


def test_address_names_what_was_asked_and_who_asked(client):
    answer = client.get(
        "/address", base_url="http://192.0.2.1:5001", environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert answer.json == {"asked": "192.0.2.1:5001", "by": "192.0.2.7"}


@pytest.mark.point("D1-13")
@pytest.mark.usefixtures("debug_off")
def test_without_debug_a_stranger_sees_a_plain_page_and_the_log_has_the_traceback(client, caplog):
    answer = client.get("/boom")
    assert answer.status_code == 500
    assert "<title>500 Internal Server Error</title>" in answer.text
    for secret in ("Traceback", "ZeroDivisionError", "guests", "app.py"):
        assert secret not in answer.text
    (record,) = caplog.records
    assert record.name == app.logger.name
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.point("D1-13")
@pytest.mark.usefixtures("debug_on")
def test_with_debug_the_exception_reaches_the_test(client):
    with pytest.raises(ZeroDivisionError):
        client.get("/boom")


@pytest.mark.point("D1-13")
@pytest.mark.usefixtures("debug_on")
def test_with_debug_the_page_shows_error_and_source():
    answer = Client(DebuggedApplication(app)).get("/boom")
    assert answer.status_code == 500
    assert "<title>ZeroDivisionError: division by zero" in answer.text
    assert lesson.__file__ in answer.text
    assert "slices of cake" in answer.text


@pytest.mark.point("D1-13")
@pytest.mark.usefixtures("debug_on")
def test_debugger_runs_code_for_whoever_has_the_pin(monkeypatch):
    # Its console takes the place of these two for good.
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "displayhook", sys.displayhook)
    monkeypatch.setenv("WERKZEUG_DEBUG_PIN", "123-456-789")
    client = Client(DebuggedApplication(app, evalex=True))
    page = client.get("/boom", base_url="http://127.0.0.1:5000").text
    command = {
        "__debugger__": "yes",
        "s": re.search(r'SECRET = "(\w+)"', page)[1],
        "frm": re.findall(r'id="frame-(\d+)"', page)[-1],
        "cmd": "guests + 41",
    }

    def ask(**changes):
        query = command | changes
        return client.get("/", query_string=query, base_url="http://127.0.0.1:5000").text

    assert ask() == '{\n  "debug": true\n}\n'  # no PIN, no console: the app answers
    assert '"auth": true' in ask(cmd="pinauth", pin="123-456-789")
    assert '<span class="number">41</span>' in ask()


@pytest.mark.point("D1-14")
@pytest.mark.parametrize(
    ("value", "debug"),
    [
        (None, False),
        ("1", True),
        ("true", True),
        ("off", True),
        ("0", False),
        ("false", False),
        ("No", False),
        ("", False),
    ],
)
def test_flask_debug_switches_debug_on_unless_it_is_one_of_four_words(monkeypatch, value, debug):
    if value is not None:
        monkeypatch.setenv("FLASK_DEBUG", value)
    assert Flask("shop").debug is debug


@pytest.mark.point("D1-14")
def test_flask_env_has_no_effect(monkeypatch, started):
    monkeypatch.setenv("FLASK_ENV", "development")
    shop = Flask("shop")
    assert shop.debug is False
    flask_command(shop, "run")
    assert started[0]["helpers"] == (False, False)


@pytest.mark.point("D1-14", "D1-15", "S2-12")
@pytest.mark.parametrize(
    ("attribute", "argument", "debug"),
    [
        (None, {}, False),
        (True, {}, True),
        (None, {"debug": True}, True),
        (True, {"debug": False}, False),
        (False, {"debug": True}, True),
    ],
)
def test_run_takes_debug_from_its_argument_or_else_from_the_app(
    started, capsys, attribute, argument, debug
):
    shop = Flask("shop")
    if attribute is not None:
        shop.debug = attribute
    shop.run(**argument)
    assert shop.debug is debug
    assert started[0]["helpers"] == (debug, debug)
    assert f" * Debug mode: {'on' if debug else 'off'}\n" in capsys.readouterr().out


@pytest.mark.point("S2-12")
def test_the_two_ways_do_not_fit_on_one_line():
    with pytest.raises(SyntaxError):
        compile("app.debug = True app.run(debug=True)", "shop.py", "exec")


@pytest.mark.point("D1-12", "D1-14", "S2-11")
@pytest.mark.parametrize(
    ("words", "environ", "attribute", "debug"),
    [
        (["run"], {}, None, False),
        (["run", "--debug"], {}, None, True),
        (["--debug", "run"], {}, None, True),
        (["run"], {"FLASK_DEBUG": "1"}, None, True),
        (["run", "--no-debug"], {"FLASK_DEBUG": "1"}, None, False),
        (["run"], {}, True, False),
    ],
)
def test_flask_run_asks_its_option_and_the_environment_and_not_the_app(
    monkeypatch, started, words, environ, attribute, debug
):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    shop = Flask("shop")
    if attribute is not None:
        shop.debug = attribute
    result = flask_command(shop, *words)
    assert started[0]["helpers"] == (debug, debug)
    assert shop.debug is debug
    assert f" * Debug mode: {'on' if debug else 'off'}\n" in result.output


@pytest.mark.point("D1-15", "S2-10")
def test_file_run_by_python_starts_the_server_in_debug_mode_for_this_machine_only(started):
    runpy.run_path(lesson.__file__, run_name="__main__")
    (call,) = started
    assert call["helpers"] == (True, True)
    assert (call["host"], call["port"]) == ("127.0.0.1", 5000)


def test_file_imported_by_flask_starts_nothing_and_leaves_debug_off(started):
    imported = runpy.run_path(lesson.__file__, run_name="day01.debug_and_run.app")
    assert started == []
    assert imported["app"].debug is False


def test_flask_run_skips_a_run_that_stands_outside_the_guard(monkeypatch, started, capsys):
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
    Flask("shop").run()
    assert started == []
    assert "Ignoring a call to 'app.run()'" in capsys.readouterr().out


@pytest.mark.point("D1-17", "S2-10")
@pytest.mark.parametrize(
    ("arguments", "words", "expected"),
    [
        ({}, [], ("127.0.0.1", 5000)),
        ({"port": 5001}, ["--port", "5001"], ("127.0.0.1", 5001)),
        ({"host": "192.0.2.1"}, ["--host", "192.0.2.1"], ("192.0.2.1", 5000)),
    ],
)
def test_host_and_port_say_where_the_server_listens(started, arguments, words, expected):
    shop = Flask("shop")
    shop.run(**arguments)
    flask_command(shop, "run", *words)
    assert [(call["host"], call["port"]) for call in started] == [expected, expected]


@pytest.mark.point("D1-17")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has 127.0.0.2 without asking")
def test_default_host_answers_at_one_address_and_0_0_0_0_at_all(monkeypatch):
    def reached(host):
        server = make_server(host, 0, app)
        try:
            with socket.socket() as other:
                return other.connect_ex(("127.0.0.2", server.port)) == 0
        finally:
            server.server_close()

    assert not reached("127.0.0.1")
    assert reached("0.0.0.0")  # noqa: S104


@pytest.mark.point("D1-17")
def test_address_of_another_machine_is_refused_at_the_start(capsys):
    with pytest.raises(SystemExit):
        run_simple("203.0.113.1", 0, app)
    assert capsys.readouterr().err.strip() == os.strerror(errno.EADDRNOTAVAIL)


def test_port_that_is_taken_is_named_at_the_start(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit):
            run_simple("127.0.0.1", port, app)
    assert f"Port {port} is in use by another program." in capsys.readouterr().err


@pytest.mark.point("S2-10")
def test_server_starts_with_a_warning_not_to_use_it_in_production(caplog):
    with caplog.at_level("INFO", logger="werkzeug"):
        server = make_server("127.0.0.1", 0, app)
        server.log_startup()
        server.server_close()
    assert "This is a development server. Do not use it in a production deployment." in caplog.text


def test_flask_run_outlives_a_file_that_does_not_compile(monkeypatch, started, capsys):
    def broken():
        compile("def index(:", "shop.py", "exec")

    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")  # as in the process that the reloader starts
    group = FlaskGroup(create_app=broken, load_dotenv=False)
    CliRunner().invoke(group, ["run", "--debug"], catch_exceptions=False)
    with pytest.raises(SyntaxError):
        started[0]["app"]({}, None)


VERSION = """
from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return "{answer}"


app.run(port=0, debug=True, reloader_interval=0.1)
"""


@pytest.mark.point("D1-12", "D1-15", "S2-10", "S2-11")
@pytest.mark.skipif(
    not hasattr(os, "killpg"), reason="needs process groups to leave nothing behind"
)
def test_saved_change_is_served_and_a_broken_one_ends_app_run(tmp_path):
    program, log = tmp_path / "shop.py", tmp_path / "log.txt"
    deadline = time.monotonic() + 20

    def until(condition):
        while not (found := condition()):
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.01)
        return found

    def answer():
        try:
            with urlopen(address, timeout=5) as response:
                return response.read().decode()
        except (OSError, HTTPException):  # the process ended before or amid its answer
            return ""

    program.write_text(VERSION.format(answer="v1"), "utf-8")
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, program], stdout=output, stderr=output, start_new_session=True
        )
    try:
        running = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")
        address = until(lambda: running.search(log.read_text("utf-8")))[1]
        until(lambda: answer() == "v1")
        program.write_text(VERSION.format(answer="version 2"), "utf-8")
        until(lambda: answer() == "version 2")
        printed = log.read_text("utf-8")
        # Which file changed is left open: the checkout is watched too, and somebody may be at work.
        for line in ("Debug mode: on", "Debugger PIN: ", "Detected change in "):
            assert line in printed

        program.write_text("def index(:", "utf-8")
        assert server.wait(timeout=20) == 1
        assert "SyntaxError" in log.read_text("utf-8")
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has ended, as it should
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
