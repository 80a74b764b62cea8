"""Debug mode and the development server: what they show, and who sees it.

Begin with test_front_page_tells_whether_debug_is_on. What ``flask run`` and ``app.run`` do with
their options is tested in test_about_flask_server.py.
"""

import contextlib
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from werkzeug.debug import DebuggedApplication
from werkzeug.test import Client

import day01.debug_and_run.app as lesson
from day01.debug_and_run.app import app
from tests.day01.helpers import run_flask
from tests.helpers import free_port


@pytest.fixture
def client():
    return app.test_client()


@pytest.fixture
def debug_on(monkeypatch):
    monkeypatch.setitem(app.config, "DEBUG", True)


@pytest.mark.parametrize("debug", [False, True])
def test_front_page_tells_whether_debug_is_on(client, monkeypatch, debug):
    monkeypatch.setitem(app.config, "DEBUG", debug)
    assert client.get("/").json == {"debug": debug}


def test_address_shows_the_requested_host_and_the_client(client):
    response = client.get(
        "/address",
        base_url="http://192.0.2.1:5001",
        environ_base={"REMOTE_ADDR": "192.0.2.7"},
        headers={"X-Forwarded-For": "192.0.2.99"},  # any client can claim another address
    )
    assert response.json == {"asked": "192.0.2.1:5001", "by": "192.0.2.7"}


def test_without_debug_a_visitor_sees_a_plain_page_and_the_log_has_the_traceback(client, caplog):
    response = client.get("/boom")
    assert response.status_code == 500
    assert "<title>500 Internal Server Error</title>" in response.text
    for secret in ("Traceback", "ZeroDivisionError", "guests", "app.py"):
        assert secret not in response.text
    (record,) = caplog.records
    assert record.name == app.logger.name
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.usefixtures("debug_on")
def test_with_debug_the_exception_reaches_the_test(client):
    with pytest.raises(ZeroDivisionError):
        client.get("/boom")


@pytest.mark.usefixtures("debug_on")
def test_json_is_laid_out_for_people_in_debug_mode(client):
    assert client.get("/").text == '{\n  "debug": true\n}\n'


# The variable FLASK_DEBUG


def debug_of(*command, value):
    """Return what a process prints about ``app.debug``, started with this FLASK_DEBUG."""
    ended = subprocess.run(
        [sys.executable, *command],
        check=True,
        env=os.environ | {"FLASK_DEBUG": value},
        input="print('debug is', app.debug)",
        capture_output=True,
        text=True,
    )
    return re.search(r"debug is (True|False)", ended.stdout)[1] == "True"


def test_off_means_no_for_the_flask_command_and_yes_for_python():
    command = ["-m", "flask", "--app", "day01.debug_and_run.app", "shell"]
    code = "from day01.debug_and_run.app import app; exec(input())"
    assert debug_of(*command, value="off") is False
    assert debug_of("-c", code, value="off") is True


@pytest.mark.parametrize("value", ["off", "f", "n", "no", "0", "FALSE", ""])
def test_the_flask_command_takes_these_words_for_no(started, value):
    result = run_flask(lambda: app, "run", FLASK_DEBUG=value)
    assert " * Debug mode: off\n" in result.output
    assert started[0]["use_debugger"] is started[0]["use_reloader"] is False


@pytest.mark.usefixtures("debug_on")  # restores the setting, which the command changes
@pytest.mark.parametrize("value", ["on", "t", "y", "yes", "1", "true"])
def test_the_flask_command_takes_these_words_for_yes(started, value):
    result = run_flask(lambda: app, "run", FLASK_DEBUG=value)
    assert " * Debug mode: on\n" in result.output
    assert started[0]["use_debugger"] is started[0]["use_reloader"] is True


def test_the_flask_command_refuses_other_words(started):
    result = run_flask(lambda: app, "run", FLASK_DEBUG="maybe")
    assert result.exit_code == 2
    assert "'maybe' is not a valid boolean" in result.output
    assert started == []


# The debugger


@pytest.mark.usefixtures("debug_on")
def test_with_debug_the_page_shows_error_and_source():
    response = Client(DebuggedApplication(app)).get("/boom")
    assert response.status_code == 500
    assert "<title>ZeroDivisionError: division by zero" in response.text
    assert lesson.__file__ in response.text
    assert "slices of cake" in response.text


@pytest.mark.usefixtures("debug_on")
def test_debugger_runs_code_for_anyone_who_has_the_pin(monkeypatch):
    # The debugger's console replaces these two and does not restore them.
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

    assert ask() == '{\n  "debug": true\n}\n'  # no PIN, no console: the view runs
    assert '"auth": true' in ask(cmd="pinauth", pin="123-456-789")
    assert '<span class="number">41</span>' in ask()


# Starting the file


SOURCE = Path(lesson.__file__)


def test_file_run_by_python_starts_the_server_in_debug_mode_for_this_machine_only(started):
    runpy.run_path(lesson.__file__, run_name="__main__")
    (server,) = started
    assert (server["use_reloader"], server["use_debugger"]) == (True, True)
    assert (server["host"], server["port"]) == ("127.0.0.1", 5000)


@pytest.mark.parametrize(
    ("lines", "fits"),
    [
        ("app.run(debug=True)", True),
        ("app.debug = True\n    app.run()", True),
        ("app.debug = True app.run(debug=True)", False),
    ],
)
def test_either_way_is_enough_and_both_do_not_fit_on_one_line(started, tmp_path, lines, fits):
    text = SOURCE.read_text("utf-8")
    assert text.count("    app.run(debug=True)") == 1
    program = tmp_path / "program.py"
    program.write_text(text.replace("app.run(debug=True)", lines), "utf-8")
    if fits:
        runpy.run_path(str(program), run_name="__main__")
        assert [server["use_debugger"] for server in started] == [True]
    else:
        with pytest.raises(SyntaxError):
            runpy.run_path(str(program), run_name="__main__")
        assert started == []


@pytest.mark.usefixtures("debug_on")
@pytest.mark.parametrize(("option", "on"), [("--debug", True), ("--no-debug", False)])
def test_the_option_switches_reloader_and_debugger_on(started, option, on):
    run_flask(lambda: app, "run", option)
    assert (started[0]["use_reloader"], started[0]["use_debugger"]) == (on, on)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ([], ("127.0.0.1", 5000)),
        (["--port", "5001"], ("127.0.0.1", 5001)),
        (["--host", "0.0.0.0"], ("0.0.0.0", 5000)),  # noqa: S104 (nothing is started)
    ],
)
def test_flask_run_listens_on_this_machine_only_unless_a_host_is_given(started, words, place):
    run_flask(lambda: app, "run", *words)
    assert [(server["host"], server["port"]) for server in started] == [place]


def test_file_imported_by_flask_starts_nothing_and_leaves_debug_off(started):
    imported = runpy.run_path(lesson.__file__, run_name="day01.debug_and_run.app")
    assert started == []
    assert imported["app"].debug is False


@pytest.mark.second_half
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups to end every process")
def test_flask_run_serves_a_saved_change_and_waits_after_a_syntax_error(tmp_path):
    text = SOURCE.read_text("utf-8")
    program, log = tmp_path / "app.py", tmp_path / "log.txt"
    program.write_text(text, "utf-8")
    port = free_port()
    deadline = time.monotonic() + 200

    def response(path):
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
                return answer.read().decode()
        except HTTPError as error:
            with error:
                return error.read().decode()
        except (OSError, HTTPException):  # the server starts, or starts again
            return ""

    def wait_for(path, words):
        while words not in response(path):
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.1)

    command = [sys.executable, "-m", "flask", "run", "--debug", "--port", str(port)]
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=tmp_path, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_for("/boom", "ZeroDivisionError")
        program.write_text(text.replace("guests = 0", "guests = 6"), "utf-8")
        wait_for("/boom", "Each guest gets 2.0 slices of cake.")
        program.write_text("def boom(:", "utf-8")
        wait_for("/boom", "SyntaxError")
        program.write_text(text.replace("guests = 0", "guests = 4"), "utf-8")
        wait_for("/boom", "Each guest gets 3.0 slices of cake.")
        assert server.poll() is None
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has ended
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
