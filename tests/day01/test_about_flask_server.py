"""Facts about Flask's packages, its command and its development server that the notes state.

The lessons themselves are tested in the other files.
"""

import contextlib
import errno
import importlib.metadata
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
import venv
from http.client import HTTPException
from urllib.request import urlopen

import pytest
from flask import Flask
from packaging.specifiers import SpecifierSet
from werkzeug._reloader import run_with_reloader
from werkzeug.serving import make_server, run_simple

from tests.day01.helpers import run_flask

# Python and the packages


def test_metadata_of_a_package_name_the_python_that_it_needs():
    wanted = SpecifierSet(importlib.metadata.metadata("flask")["Requires-Python"])
    assert "3.11" in wanted
    assert "2.7" not in wanted


def test_flask_brings_the_packages_that_it_is_built_on():
    assert importlib.metadata.version("flask").startswith("3.")
    requirements = importlib.metadata.requires("flask")
    needed = [
        line for line in requirements if "extra ==" not in line and "python_version" not in line
    ]
    names = {re.match(r"[\w.-]+", line)[0].lower() for line in needed}
    assert names == {"werkzeug", "jinja2", "click", "markupsafe", "itsdangerous", "blinker"}


def test_a_virtual_environment_is_another_python_without_flask(tmp_path):
    venv.create(tmp_path, with_pip=False)
    python = tmp_path / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    look = "import sys; from importlib.util import find_spec; "
    look += "print(sys.prefix, sys.prefix != sys.base_prefix, find_spec('flask'))"
    command = [python, "-E", "-c", look]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed.split() == [str(tmp_path), "True", "None"]


# Debug mode


def helpers(server):
    """Return whether a server was started with the reloader, and with the debugger."""
    return server["use_reloader"], server["use_debugger"]


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
def test_flask_debug_means_yes_for_an_app_unless_it_is_one_of_four_words(monkeypatch, value, debug):
    """This holds without the ``flask`` command; see test_debug_and_run.py for the command."""
    if value is not None:
        monkeypatch.setenv("FLASK_DEBUG", value)
    assert Flask("shop").debug is debug


def test_flask_env_has_no_effect(monkeypatch, started):
    monkeypatch.setenv("FLASK_ENV", "development")
    shop = Flask("shop")
    assert shop.debug is False
    run_flask(lambda: shop, "run")
    assert helpers(started[0]) == (False, False)


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
    assert helpers(started[0]) == (debug, debug)
    assert f" * Debug mode: {'on' if debug else 'off'}\n" in capsys.readouterr().out


def test_the_two_statements_do_not_fit_on_one_line():
    with pytest.raises(SyntaxError):
        compile("app.debug = True app.run(debug=True)", "shop.py", "exec")


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
def test_flask_run_reads_its_option_and_the_environment_and_not_the_app(
    monkeypatch, started, words, environ, attribute, debug
):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    shop = Flask("shop")
    if attribute is not None:
        shop.debug = attribute
    result = run_flask(lambda: shop, *words)
    assert helpers(started[0]) == (debug, debug)
    assert shop.debug is debug
    assert f" * Debug mode: {'on' if debug else 'off'}\n" in result.output


def test_flask_run_continues_after_a_file_that_does_not_compile(monkeypatch, started):
    def broken():
        compile("def index(:", "shop.py", "exec")

    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")  # as in the process that the reloader starts
    run_flask(broken, "run", "--debug")
    with pytest.raises(SyntaxError):
        started[0]["app"]({}, None)


# The server


def test_flask_run_skips_a_call_of_run_without_the_condition(monkeypatch, started, capsys):
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
    Flask("shop").run()
    assert started == []
    assert "Ignoring a call to 'app.run()'" in capsys.readouterr().out


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
    run_flask(lambda: shop, "run", *words)
    assert [(server["host"], server["port"]) for server in started] == [expected, expected]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has 127.0.0.2 without asking")
def test_the_default_host_listens_on_one_address_and_0_0_0_0_on_all(monkeypatch):
    def reached(host):
        server = make_server(host, 0, Flask("shop"))
        try:
            with socket.socket() as other:
                return other.connect_ex(("127.0.0.2", server.port)) == 0
        finally:
            server.server_close()

    assert not reached("127.0.0.1")
    assert reached("0.0.0.0")  # noqa: S104


def test_address_of_another_machine_is_refused_at_the_start(capsys):
    with pytest.raises(SystemExit):
        run_simple("203.0.113.1", 0, Flask("shop"))
    assert capsys.readouterr().err.strip() == os.strerror(errno.EADDRNOTAVAIL)


def test_port_that_is_taken_is_named_at_the_start(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit):
            run_simple("127.0.0.1", port, Flask("shop"))
    assert f"Port {port} is in use by another program." in capsys.readouterr().err


def test_server_starts_with_a_warning_not_to_use_it_in_production(caplog):
    with caplog.at_level("INFO", logger="werkzeug"):
        server = make_server("127.0.0.1", 0, Flask("shop"))
        server.log_startup()
        server.server_close()
    assert "This is a development server. Do not use it in a production deployment." in caplog.text


# The reloader


def test_a_saved_change_ends_the_process_with_the_code_of_a_restart(tmp_path, monkeypatch, caplog):
    page = tmp_path / "page.html"
    page.write_text("version 1")
    later = page.stat().st_mtime + 10
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")  # as in the process that the reloader starts
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    caplog.set_level(logging.INFO, "werkzeug")

    def save():  # called as the server would be, once the reloader watches
        os.utime(page, (later, later))

    with pytest.raises(SystemExit) as ended:
        run_with_reloader(
            save, [str(page)], exclude_patterns=["*.py"], interval=0, reloader_type="stat"
        )
    assert ended.value.code == 3
    assert caplog.messages == [f" * Detected change in {str(page)!r}, reloading"]


def test_the_reloader_starts_a_process_again_after_a_change_and_ends_after_an_error(monkeypatch):
    exit_codes = iter([3, 3, 1])
    started = []

    def call(words, env, **_):
        started.append(env["WERKZEUG_RUN_MAIN"])
        return next(exit_codes)

    monkeypatch.setattr(subprocess, "call", call)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        run_with_reloader(lambda: None)
    assert ended.value.code == 1
    assert started == ["true"] * 3


VERSION = """
from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return "{text}"


app.run(port=0, debug=True, reloader_interval=0.1)
"""


@pytest.mark.second_half
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups to end every process")
def test_saved_change_is_served_and_a_broken_one_ends_app_run(tmp_path):
    program, log = tmp_path / "shop.py", tmp_path / "log.txt"
    deadline = time.monotonic() + 120

    def wait_for(condition):
        while not (found := condition()):
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.01)
        return found

    def served():
        try:
            with urlopen(url, timeout=60) as response:
                return response.read().decode()
        except (OSError, HTTPException):  # the process ended before its response, or within it
            return ""

    program.write_text(VERSION.format(text="version 1"), "utf-8")
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, program], stdout=output, stderr=output, start_new_session=True
        )
    try:
        running = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")
        url = wait_for(lambda: running.search(log.read_text("utf-8")))[1]
        wait_for(lambda: served() == "version 1")
        program.write_text(VERSION.format(text="version 2"), "utf-8")
        wait_for(lambda: served() == "version 2")
        printed = log.read_text("utf-8")
        # Which file changed is left open: the reloader watches the course, too.
        for line in ("Debug mode: on", "Debugger PIN: ", "Detected change in "):
            assert line in printed

        program.write_text("def index(:", "utf-8")
        assert server.wait(timeout=120) == 1
        assert "SyntaxError" in log.read_text("utf-8")
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has ended
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
