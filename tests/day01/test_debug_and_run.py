"""Debug mode and the development server: what they show, and who sees it.

Begin with test_front_page_tells_whether_debug_is_on. What ``flask run`` and ``app.run`` do with
their options is tested in test_about_flask_server.py.
"""

import os
import re
import runpy
import subprocess
import sys

import pytest
from werkzeug.debug import DebuggedApplication
from werkzeug.test import Client

import day01.debug_and_run.app as lesson
from day01.debug_and_run.app import app
from tests.day01.helpers import run_flask


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


@pytest.mark.point("D1-13")
def test_without_debug_a_visitor_sees_a_plain_page_and_the_log_has_the_traceback(client, caplog):
    response = client.get("/boom")
    assert response.status_code == 500
    assert "<title>500 Internal Server Error</title>" in response.text
    for secret in ("Traceback", "ZeroDivisionError", "guests", "app.py"):
        assert secret not in response.text
    (record,) = caplog.records
    assert record.name == app.logger.name
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.point("D1-13")
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


@pytest.mark.point("D1-14")
def test_off_means_no_for_the_flask_command_and_yes_for_python():
    command = ["-m", "flask", "--app", "day01.debug_and_run.app", "shell"]
    code = "from day01.debug_and_run.app import app; exec(input())"
    assert debug_of(*command, value="off") is False
    assert debug_of("-c", code, value="off") is True


@pytest.mark.point("D1-14")
@pytest.mark.parametrize("value", ["off", "f", "n", "no", "0", "FALSE", ""])
def test_the_flask_command_takes_these_words_for_no(started, value):
    result = run_flask(lambda: app, "run", FLASK_DEBUG=value)
    assert " * Debug mode: off\n" in result.output
    assert started[0]["use_debugger"] is started[0]["use_reloader"] is False


@pytest.mark.point("D1-14")
@pytest.mark.usefixtures("debug_on")  # restores the setting, which the command changes
@pytest.mark.parametrize("value", ["on", "t", "y", "yes", "1", "true"])
def test_the_flask_command_takes_these_words_for_yes(started, value):
    result = run_flask(lambda: app, "run", FLASK_DEBUG=value)
    assert " * Debug mode: on\n" in result.output
    assert started[0]["use_debugger"] is started[0]["use_reloader"] is True


@pytest.mark.point("D1-14")
def test_the_flask_command_refuses_other_words(started):
    result = run_flask(lambda: app, "run", FLASK_DEBUG="maybe")
    assert result.exit_code == 2
    assert "'maybe' is not a valid boolean" in result.output
    assert started == []


# The debugger


@pytest.mark.point("D1-13")
@pytest.mark.usefixtures("debug_on")
def test_with_debug_the_page_shows_error_and_source():
    response = Client(DebuggedApplication(app)).get("/boom")
    assert response.status_code == 500
    assert "<title>ZeroDivisionError: division by zero" in response.text
    assert lesson.__file__ in response.text
    assert "slices of cake" in response.text


@pytest.mark.point("D1-13")
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


@pytest.mark.point("D1-15", "S2-10")
def test_file_run_by_python_starts_the_server_in_debug_mode_for_this_machine_only(started):
    runpy.run_path(lesson.__file__, run_name="__main__")
    (server,) = started
    assert (server["use_reloader"], server["use_debugger"]) == (True, True)
    assert (server["host"], server["port"]) == ("127.0.0.1", 5000)


def test_file_imported_by_flask_starts_nothing_and_leaves_debug_off(started):
    imported = runpy.run_path(lesson.__file__, run_name="day01.debug_and_run.app")
    assert started == []
    assert imported["app"].debug is False
