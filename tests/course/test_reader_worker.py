"""The worker as a process: what a lesson may do to it, and that the other lessons go on."""

import contextlib
import http.client
import re
import shutil
import sys

import pytest

from course import catalogue, curl, transcript
from course.catalogue import ROOT
from course.reader import create_reader
from course.reader.process import WorkerProcess
from course.reader.server import listen
from course.reader.tries import tries
from course.reader.watch import Threads
from tests.course.reading import get, rewrite, send

TOKEN = "token-of-these-tests"

# Real processes, some of which are ended by the clock.
pytestmark = pytest.mark.second_half


@pytest.fixture
def worker(course):
    """Give a worker with a short time limit, in a process of its own."""
    process = WorkerProcess(course, listen([0]), token=TOKEN, limit=3)
    yield process
    process.close()


@pytest.fixture
def client(course, worker):
    return create_reader(course, token=None, worker=worker).test_client()


def ask(worker, path, **headers):
    """Ask the worker for a page, as the browser does; return status and text.

    A connection that a worker took while it ended is reset; a visitor would load the page again.
    """
    for _ in range(10):
        connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=60)
        with contextlib.closing(connection), contextlib.suppress(ConnectionError):
            cookie = {"Cookie": f"course_reader_1={TOKEN}"}
            connection.request("GET", path, headers=cookie | headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
    pytest.fail(f"no response for {path}")


def line_of(path, text):
    lines = path.read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_a_lesson_runs_in_a_process_of_its_own(course, worker, client):
    rewrite(course / "day91/hello/app.py", 'return "hello"', "return str(os.getppid())")
    seen = ask(worker, "/run/day91/hello/app/")
    assert seen[0] == 200
    assert send(client, "GET / HTTP/1.1").json["answer"].endswith(seen[1])


# An expression that lets no other thread run, and one that does.
LOOPS = ["while True:\n        pass", "import re\n    re.match('(a*)*b', 'a' * 60)"]


@pytest.mark.parametrize("loop", LOOPS)
def test_an_endless_loop_is_ended_and_says_where_it_was(course, worker, client, loop):
    source = course / "day91/hello/app.py"
    good = source.read_text("utf-8")
    rewrite(source, 'return "hello"', loop)
    failed = send(client, "GET / HTTP/1.1")
    assert failed.status_code == 503
    first = line_of(source, loop.splitlines()[0])
    places = [f"day91/hello/app.py:{first + n} in index" for n in range(2)]
    assert failed.json["error"] in [
        f"The lesson did not end within 3 seconds; it was at {place}. It was stopped."
        for place in places
    ]
    assert ask(worker, "/run/day91/other/app/") == (200, "first")
    source.write_text(good)
    assert send(client, "GET / HTTP/1.1").json["answer"].endswith("\n\nhello")


def test_a_mounted_page_says_that_it_was_stopped(course, worker):
    rewrite(course / "day91/hello/app.py", 'return "hello"', LOOPS[0])
    status, text = ask(worker, "/run/day91/hello/app/")
    assert status == 503
    assert "did not end within 3 seconds; it was at day91/hello/app.py:" in text


def test_a_loop_while_the_lesson_is_loaded_is_ended(course, worker, client):
    with (course / "day91/hello/app.py").open("a") as file:
        file.write("\nwhile True:\n    pass\n")
    assert "in <module>. It was stopped." in send(client, "GET / HTTP/1.1").json["error"]
    assert ask(worker, "/run/day91/other/app/") == (200, "first")


@pytest.mark.parametrize("loop", LOOPS)
def test_a_thread_that_never_ends_is_ended_and_the_next_request_says_so(
    course, worker, client, loop
):
    source = course / "day91/hello/app.py"
    started = "import threading\n    threading.Timer(1.5, forever).start()\n    return 'hello'"
    rewrite(source, 'return "hello"', started)
    rewrite(source, "@app.get", f"def forever():\n    {loop}\n\n\n@app.get")
    assert send(client, "GET / HTTP/1.1").json["answer"].endswith("\n\nhello")
    with worker._ended:
        assert worker._ended.wait_for(lambda: worker._ends, timeout=60)
    result = send(client, "GET /where HTTP/1.1", follow=False).json
    assert result["status"] == "302 FOUND"
    assert " at day91/hello/app.py:" in result["notice"]
    assert " in forever. It was stopped. What lessons kept in memory" in result["notice"]
    assert "notice" not in send(client, "GET /where HTTP/1.1").json


def test_a_thread_that_waits_may_go_on():
    quiet, pause = Threads(3), 1
    assert not any(quiet.are_too_busy(0.02, pause) for _ in range(1000))
    assert not any(quiet.are_too_busy(used, pause) for used in [1, 1, 0.02] * 100)
    assert [quiet.are_too_busy(1, pause) for _ in range(4)] == [False, False, False, True]


@pytest.mark.parametrize(
    ("code", "error"),
    [("os._exit(3)", "exit code 3"), ("os.kill(os.getpid(), 9)", "exit code -9")],
)
def test_a_lesson_that_ends_its_process_ends_no_other(course, worker, client, code, error):
    if sys.platform == "win32" and "kill" in code:
        pytest.skip("signals are a matter of POSIX")
    source = course / "day91/hello/app.py"
    good = source.read_text("utf-8")
    rewrite(source, 'return "hello"', code)
    failed = send(client, "GET / HTTP/1.1")
    assert (failed.status_code, error in failed.json["error"]) == (503, True)
    assert ask(worker, "/run/day91/other/app/") == (200, "first")
    source.write_text(good)
    assert send(client, "GET / HTTP/1.1").json["status"] == "200 OK"


def test_a_page_that_gets_no_response_is_told_why(course, worker, client):
    rewrite(course / "day91/hello/app.py", 'return "hello"', "os._exit(3)")
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=60)
    with contextlib.closing(connection):
        cookie = {"Cookie": f"course_reader_1={TOKEN}"}
        connection.request("GET", "/run/day91/hello/app/", headers=cookie)
        with pytest.raises(ConnectionError):
            connection.getresponse()
    where = get(client, "/api/where?lesson=day91/hello").json
    assert where["path"] == ""
    assert where["notice"].startswith("The lesson ended its process (exit code 3). ")
    assert "notice" not in get(client, "/api/where?lesson=day91/hello").json


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit the memory")
def test_two_gigabytes_are_refused(course, worker, client):
    rewrite(course / "day91/hello/app.py", 'return "hello"', "return str(len(bytes(2 * 10**9)))")
    result = send(client, "GET / HTTP/1.1").json
    assert "MemoryError" in result["failure"]
    assert ask(worker, "/run/day91/other/app/") == (200, "first")


def test_a_syntax_error_leaves_the_other_lessons(course, worker, client):
    rewrite(course / "day91/hello/app.py", 'return "hello"', 'return "hello')
    assert "SyntaxError" in send(client, "GET / HTTP/1.1").json["failure"]
    assert ask(worker, "/run/day91/other/app/") == (200, "first")


def test_an_edit_shows_at_the_next_request_to_the_worker(course, worker):
    assert ask(worker, "/run/day91/hello/app/") == (200, "hello")
    rewrite(course / "day91/hello/app.py", '"hello"', '"hullo"')
    assert ask(worker, "/run/day91/hello/app/") == (200, "hullo")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/run/day91/hello/app/", {}, 200),
        ("/run/day91/hello/app/", {"Cookie": ""}, 403),
        ("/run/day91/hello/app/", {"Cookie": "course_reader_5050=wrong"}, 403),
        ("/run/day91/hello/app/", {"Host": "evil.example"}, 400),
        ("/run/day91/hello/app/", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("/run/day91/hello/app/", {"Sec-Fetch-Site": "same-site"}, 200),
        ("/", {}, 404),
        ("/reader/send", {}, 403),
        ("/reader/send", {"X-Course-Secret": "guess"}, 403),
    ],
)
def test_the_worker_lets_in_only_who_has_the_key(worker, path, headers, status):
    assert ask(worker, path, **headers)[0] == status


def test_the_worker_ends_with_the_reader(worker):
    process = worker._process
    worker._closed = True  # or it would be started anew
    process.stdin.close()
    assert process.wait(timeout=60) == 0


def test_the_page_says_where_its_lesson_runs(client, worker):
    page = get(client, "/day91/hello/").text
    assert f"http://127.0.0.1:{worker.port}/run/day91/hello" in page
    policy = get(client, "/").headers["Content-Security-Policy"]
    assert f"frame-src http://127.0.0.1:{worker.port};" in policy
    assert TOKEN not in page


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Give the worker and the pages of a course in which no lesson was ever opened."""
    root = tmp_path_factory.mktemp("fresh")
    for path in ROOT.iterdir():
        if path.name.startswith("day"):
            shutil.copytree(path, root / path.name, ignore=shutil.ignore_patterns("instance"))
    shutil.copy(ROOT / catalogue.NOTES, root)
    process = WorkerProcess(root, listen([0]), token=TOKEN, limit=60)
    yield process, create_reader(root, token=None, worker=process).test_client()
    process.close()


@pytest.mark.parametrize("lesson", [lesson.id for lesson in catalogue.lessons(ROOT)])
def test_every_lesson_opens_with_its_first_page(fresh, lesson):
    worker, client = fresh
    mount = f"/run/{lesson}/app"
    [opened] = {
        found[1]
        for found in re.finditer(
            rf'href="http://127.0.0.1:\d+{mount}(/[^"]*)"', get(client, f"/{lesson}/").text
        )
    }
    status, _ = ask(worker, f"{mount}{opened}")
    home, _ = ask(worker, f"{mount}/")
    assert status in {200, 302, 303}
    assert opened == "/" or home == 404


# Here the notes start the lesson anew, or run commands in between; the reader keeps its state. And
# in development, lessons of day 5 put random secrets into the environment, which the login reads.
STATEFUL = {
    "day02/request_hooks",
    "day04/deployment",
    "day04/migration_trouble",
    "day04/migrations",
    "day05_wechat/oauth",
    "day06_project/rest_resource",
    "day06_project/same_origin",
}


@pytest.mark.parametrize(
    "lesson",
    [each for each in catalogue.lessons(ROOT) if each.id not in STATEFUL],
    ids=lambda lesson: lesson.id,
)
def test_the_requests_of_the_notes_are_answered_as_the_notes_say(fresh, lesson):
    _, client = fresh
    ready, lines = tries(lesson)
    for block in transcript.blocks(lesson.folder / catalogue.NOTES):
        for step in block.steps:
            if step.line not in lines:
                continue
            each = ready[lines[step.line]]
            asked = {"module": each.module, "files": each.files, "follow": each.follow}
            result = send(client, each.text, lesson.id, each.jar, **asked).json
            line = curl.parse(step.words[1:])
            shown = ""
            if line.include or line.head:
                shown = "".join(hop["head"] + "\n" for hop in result["hops"])
            if not line.head and not line.output:
                shown += result["hops"][-1]["body"]
            transcript.compare(step.expected, shown)
