import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from click.testing import CliRunner

from course import catalogue, cli
from course.catalogue import ROOT
from tests.helpers import free_port


@pytest.fixture
def runner():
    return CliRunner()


@pytest.fixture
def start():
    """Start ``course``; return its process, and what it prints up to the line that holds a word."""
    if sys.platform == "win32":
        pytest.skip("ends what it starts by POSIX signals")
    processes = []

    def begin(*words, until="http://"):
        process = subprocess.Popen(
            [sys.executable, "-m", "course", *words],
            cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "FLASK_DEBUG": "0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
            # A test run in the background ignores Ctrl+C, and what it starts would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        processes.append(process)
        said = ""
        while until not in said and (line := process.stdout.readline()):
            said += line
        return process, said

    yield begin
    for process in processes:
        # The whole group: a development server with a reloader is two processes.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_list_shows_every_lesson_with_its_sentence(runner):
    result = runner.invoke(cli.main, ["list"])
    assert result.exit_code == 0
    for day in catalogue.days():
        assert day.title + ("" if day.exists else " (to come)") in result.output
    text = " ".join(result.output.split())
    for lesson in catalogue.lessons():
        assert lesson.id in text
        assert lesson.summary.split()[0] in text


def test_an_unknown_lesson_is_a_usage_error_with_the_nearest_names(runner):
    result = runner.invoke(cli.main, ["run", "day01/convertors"])
    assert result.exit_code == 2
    assert "day01/converters" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("words", [["serve", "--port", "0"], ["serve", "--port", "x"], ["nope"]])
def test_wrong_usage_exits_with_2(runner, words):
    assert runner.invoke(cli.main, words).exit_code == 2


def test_run_uses_flasks_own_server_in_debug_mode(runner, monkeypatch):
    called = []
    monkeypatch.setattr("flask.cli.cli.main", lambda words, prog_name: called.append(words))
    result = runner.invoke(cli.main, ["run", "converters", "--port", "5055"])
    assert result.exit_code == 0
    expected = ["--app", "day01.converters.app", "run", "--debug", "--port", "5055"]
    assert called == [expected]
    assert f"$ flask {' '.join(expected)}" in result.output


def test_serve_without_a_port_takes_the_next_free_one_and_says_so(start):
    taken = []
    for port in range(cli.DEFAULT_PORT, cli.DEFAULT_PORT + 2):
        holder = socket.socket()
        # As the tool does, or a port that was just in use would not be free for the test alone.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(("127.0.0.1", port))
            holder.listen()
        except OSError:  # somebody else's: just as good
            pass
        taken.append(holder)
    try:
        _, said = start("serve", "--no-browser")
    finally:
        for holder in taken:
            holder.close()
    assert f"Port {cli.DEFAULT_PORT} is taken" in said
    port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", said)[1])
    assert port >= cli.DEFAULT_PORT + 2
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/day01/converters/") as page:
        assert "<h1>Converters</h1>" in page.read().decode()


def test_serve_keeps_a_lesson_from_starting_a_server_of_its_own(runner, monkeypatch):
    class Server:
        def serve_forever(self):
            seen.append(os.environ["FLASK_RUN_FROM_CLI"])

    seen = []
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "false")
    monkeypatch.setattr("course.reader.create_server", lambda app, listener: Server())
    result = runner.invoke(cli.main, ["serve", "--no-browser", "--port", str(free_port())])
    assert (result.exit_code, seen) == (0, ["true"])


def test_serve_on_a_taken_port_says_what_to_do(start):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        process, said = start("serve", "--no-browser", "--port", str(port))
        assert process.wait(timeout=120) == 1
    assert said.startswith(f"Error: Port {port} is not free.")


def test_serve_listens_on_this_machine_only_and_ends_with_ctrl_c(start):
    port = free_port()
    process, _ = start("serve", "--no-browser", "--port", str(port))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    connection.close()
    with socket.socket() as elsewhere:  # any other address of the machine
        assert elsewhere.connect_ex(("127.0.0.2", port)) != 0
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) in {0, 1}
    assert "Traceback" not in process.stdout.read()


def test_run_starts_the_lesson(start):
    port = free_port()
    _, said = start("run", "day01/converters", "--port", str(port))
    assert "Serving Flask app 'day01.converters.app'" in said
    assert "Debug mode: on" in said


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "w"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_browser_is_opened_only_where_it_can_show_itself(
    monkeypatch, platform, environ, expected
):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cli._has_screen() is expected
