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
from course.progress import Progress
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
        assert day.title in result.output
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


@pytest.mark.second_half
def test_serve_without_a_port_takes_the_next_free_one_and_says_so(start):
    taken = []
    for port in range(cli.READER_PORT, cli.READER_PORT + 2):
        holder = socket.socket()
        # As the tool does, or a port that was just in use would not be free for the test alone.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(("127.0.0.1", port))
            holder.listen()
        except OSError:  # another program's: just as good
            pass
        taken.append(holder)
    try:
        _, said = start("--no-browser")
    finally:
        for holder in taken:
            holder.close()
    assert f"Port {cli.READER_PORT} is taken" in said
    port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", said)[1])
    assert port >= cli.READER_PORT + 2
    assert cli.LESSON_PORT not in range(cli.READER_PORT, cli.READER_PORT + cli.PORTS_TRIED)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/day01/converters/") as page:
        assert ">Converters</h1>" in page.read().decode()


def test_run_without_a_port_takes_the_next_free_one_and_says_so(runner, monkeypatch):
    called = []
    monkeypatch.setattr("flask.cli.cli.main", lambda words, prog_name: called.append(words))
    monkeypatch.delenv("COURSE_RUN_PORT", raising=False)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        monkeypatch.setattr(cli, "LESSON_PORT", taken)
        result = runner.invoke(cli.main, ["run", "converters"])
    port = int(called[0][-1])
    assert taken < port <= taken + cli.PORTS_TRIED
    assert f"Port {taken} is taken by another program, so this is {port}" in result.output
    # Flask's reloader starts the command once more, while the first still holds the port.
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    runner.invoke(cli.main, ["run", "converters"])
    assert called[1][-1] == str(port)


@pytest.mark.second_half
def test_the_commands_of_the_notes_work_while_the_course_is_open(start):
    _, said = start("--no-browser")
    reader = int(re.search(r"http://127\.0\.0\.1:(\d+)/", said)[1])
    with socket.socket() as lesson:
        # The port of the notes is not the reader's; here another program may have it.
        assert reader != cli.LESSON_PORT
        if lesson.connect_ex(("127.0.0.1", cli.LESSON_PORT)) != 0:
            _, said = start("run", "day01/converters", until="Running on")
            assert f"http://127.0.0.1:{cli.LESSON_PORT}" in said


@pytest.mark.parametrize("encoding", ["gbk", "ascii", "utf-8"])
def test_output_never_dies_of_an_encoding(encoding):
    result = subprocess.run(
        [sys.executable, "-m", "course", "list"],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert b"day03/database" in result.stdout
    assert result.stderr == b""


def test_a_message_with_strange_letters_is_printed_in_any_encoding():
    program = "import sys; from course import cli; cli.main(['check', '\u20ac\u4f60'])"
    result = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert result.returncode == 2
    assert b"There is no lesson" in result.stderr
    assert b"Traceback" not in result.stderr


def test_list_shows_code_of_a_summary_without_backticks(runner):
    marked = [lesson for lesson in catalogue.lessons() if "`" in lesson.summary]
    assert marked
    assert "`" not in runner.invoke(cli.main, ["list"]).output


def test_list_shows_which_exercises_are_solved(runner, monkeypatch):
    one, two = "day01/custom_converter", "day02/errors"
    monkeypatch.setattr(Progress, "is_solved", lambda self, name: name == one)
    monkeypatch.setattr(Progress, "was_solved", lambda self, name: name in {one, two})
    shown = " ".join(runner.invoke(cli.main, ["list"]).output.split())
    assert shown.count("(exercise, solved)") == 1
    assert shown.count("(exercise, solved before its last change)") == 1


def test_an_option_of_the_reader_before_another_command_is_refused(runner):
    result = runner.invoke(cli.main, ["--port", "5055", "list"])
    assert result.exit_code == 2
    assert "after the command: course list" in result.output


def test_serve_on_a_taken_port_says_what_to_do(start):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        process, said = start("serve", "--no-browser", "--port", str(port))
        assert process.wait(timeout=120) == 1
    assert said.startswith(f"Error: Port {port} is not free.")


@pytest.mark.second_half
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


@pytest.mark.second_half
def test_the_worker_ends_with_the_reader(start):
    port = free_port()
    process, said = start("--no-browser", "--port", str(port))
    token = re.search(r"token=(\S+)", said)[1]
    cookie = {"Cookie": f"course_reader_{port}={token}"}
    with urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{port}/day01/hello/", headers=cookie)
    ) as page:
        lessons = int(re.search(r"http://127\.0\.0\.1:(\d+)/run/", page.read().decode())[1])
    mounted = urllib.request.Request(
        f"http://127.0.0.1:{lessons}/run/day01/hello/app/", headers=cookie
    )
    with urllib.request.urlopen(mounted) as page:
        assert page.read() == b"Hello, World!"
    process.kill()
    process.wait(timeout=120)
    # The lessons' process notices that no one holds the other end of its input.
    while True:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", lessons)) != 0:
                break


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
