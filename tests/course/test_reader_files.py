"""Files that are changed in the page, progress, and the exercise box."""

import json
import shutil
import subprocess

import pytest

from course.catalogue import ROOT
from course.reader import create_reader
from course.reader.api import _request_of
from tests.course.reading import LOCAL, get, post, rewrite

FILE = {"lesson": "day91/hello", "file": "templates/page.html"}


def read(client, **changes):
    return get(client, "/api/file", query_string=FILE | changes)


def save(client, text, version, **changes):
    return post(client, "file", FILE | {"text": text, "version": version} | changes)


def test_a_file_is_read_saved_and_shown_by_the_lesson(reader, course):
    found = read(reader).json
    assert (found["text"], found["changed"]) == ("<p>one</p>\n", False)
    saved = save(reader, "<p>two 你好</p>\n", found["version"])
    assert saved.status_code == 200
    path = course / "day91/hello/templates/page.html"
    assert path.read_text("utf-8") == "<p>two 你好</p>\n"
    assert get(reader, "/run/day91/hello/app/page").text == "<p>two 你好</p>"
    again = read(reader).json
    assert (again["version"], again["changed"]) == (saved.json["version"], True)
    assert [each.name for each in path.parent.iterdir()] == ["page.html"]


def test_a_file_that_another_program_saved_is_not_overwritten(reader, course):
    version = read(reader).json["version"]
    rewrite(course / "day91/hello/templates/page.html", "one", "mine")
    refused = save(reader, "<p>two</p>\n", version)
    assert refused.status_code == 409
    assert refused.json["text"] == "<p>mine</p>\n"
    assert "another program" in refused.json["error"]
    assert (course / "day91/hello/templates/page.html").read_text() == "<p>mine</p>\n"
    assert save(reader, "<p>two</p>\n", refused.json["version"]).status_code == 200


def test_line_ends_and_rights_of_a_file_stay(reader, course):
    path = course / "day91/hello/templates/page.html"
    path.write_bytes(b"a\r\nb\r\n")
    path.chmod(0o640)
    found = read(reader).json
    assert found["text"] == "a\nb\n"
    save(reader, "a\nc\n", found["version"])
    assert path.read_bytes() == b"a\r\nc\r\n"
    assert path.stat().st_mode & 0o777 == 0o640


def test_undo_without_git_brings_back_what_was_there_at_first(reader, course):
    for text in ("<p>two</p>\n", "<p>three</p>\n"):
        save(reader, text, read(reader).json["version"])
    undone = post(reader, "undo", FILE).json
    assert undone["text"] == "<p>one</p>\n"
    assert read(reader).json == undone | {"changed": False}
    assert post(reader, "undo", FILE | {"file": "app.py"}).status_code == 404


@pytest.mark.skipif(not shutil.which("git"), reason="the machine has no git")
def test_undo_brings_back_the_version_of_the_repository(reader, course, monkeypatch):
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    named = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], [*named, "commit", "-q", "-m", "One"]):
        subprocess.run(["git", *words], cwd=course, check=True)
    # Before the page was opened, an editor has changed the file.
    rewrite(course / "day91/hello/templates/page.html", "one", "mine")
    found = read(reader).json
    assert (found["text"], found["changed"]) == ("<p>mine</p>\n", True)
    save(reader, "<p>two</p>\n", found["version"])
    assert post(reader, "undo", FILE).json["text"] == "<p>one</p>\n"
    assert not (course / "instance" / "originals").exists()


@pytest.mark.parametrize(
    "name",
    ["static/dot.png", "README.md", "../other/app.py", "/etc/passwd", "nothing.py", "", "\0"],
)
def test_only_text_files_of_the_lesson_can_be_changed(reader, name):
    assert read(reader, file=name).status_code == 404
    assert save(reader, "x", "y", file=name).status_code == 404
    assert post(reader, "undo", FILE | {"file": name}).status_code == 404
    assert read(reader, lesson="day91/nowhere").status_code == 404


def test_a_link_out_of_the_lesson_is_not_a_file_of_it(reader, course, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    (course / "day91/hello/link.txt").symlink_to(tmp_path / "secret.txt")
    assert read(reader, file="link.txt").status_code == 404


def test_a_file_that_is_not_utf_8_is_not_changed(reader, course):
    (course / "day91/hello/templates/page.html").write_bytes(b"\xff")
    assert read(reader).status_code == 404
    assert save(reader, "x", "y").status_code == 404
    assert get(reader, "/day91/hello/?file=templates/page.html").status_code == 200


def test_half_a_character_cannot_be_saved(reader):
    version = read(reader).json["version"]
    assert save(reader, "\ud800", version).status_code == 400
    assert read(reader).json["version"] == version


# Progress


def test_progress_survives_the_reader(reader, course, tmp_path):
    empty = {"lessons": {}, "last": None}
    assert get(reader, "/api/progress").json == empty
    post(reader, "progress", {"lesson": "day91/other", "what": "tried"})
    post(reader, "progress", {"lesson": "day91/hello", "what": "read"})
    another = create_reader(course, token=None).test_client()
    assert get(another, "/api/progress").json == {
        "lessons": {
            "day91/other": {"read": False, "tried": True, "solved": False},
            "day91/hello": {"read": True, "tried": False, "solved": False},
        },
        "last": {"id": "day91/hello", "title": "Hello notes"},
    }
    elsewhere = create_reader(course, token=None, instance=tmp_path / "else").test_client()
    assert get(elsewhere, "/api/progress").json == empty


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"lessons": 1, "last": 2}'])
def test_a_file_of_progress_that_cannot_be_read_counts_as_empty(reader, course, text):
    (course / "instance").mkdir()
    (course / "instance" / "progress.json").write_text(text)
    assert get(reader, "/").status_code == 200
    marked = post(reader, "progress", {"lesson": "day91/hello", "what": "read"})
    assert marked.json["lessons"]["day91/hello"]["read"] is True
    assert json.loads((course / "instance" / "progress.json").read_text())["last"] == "day91/hello"


def test_the_last_lesson_is_the_one_that_was_opened(reader):
    post(reader, "progress", {"lesson": "day91/hello", "what": "read"})
    post(reader, "progress", {"lesson": "day91/other", "what": "opened"})
    found = get(reader, "/api/progress").json
    assert found["last"] == {"id": "day91/other", "title": "Other"}
    assert list(found["lessons"]) == ["day91/hello"]


def test_only_reading_and_trying_can_be_claimed(reader):
    for what in ("solved", "", 1):
        data = {"lesson": "day91/hello", "what": what}
        assert post(reader, "progress", data).status_code == 400
    data = {"lesson": "day91/nowhere", "what": "read"}
    assert post(reader, "progress", data).status_code == 404


def test_reading_a_page_writes_nothing(reader, course):
    get(reader, "/day91/hello/")
    assert not (course / "instance").exists()


# The token of a start


@pytest.fixture
def guarded(course):
    return create_reader(course, token="of this start").test_client()


CALLS = [
    ("get", "/api/progress", None),
    ("get", "/api/file?lesson=day91/hello&file=app.py", None),
    ("get", "/api/where?lesson=day91/hello", None),
    ("post", "/api/send", {"lesson": "day91/hello", "request": "GET / HTTP/1.1"}),
    ("post", "/api/file", FILE | {"text": "x", "version": "y"}),
    ("post", "/api/check", {"lesson": "day91/hello", "hints": False}),
]


@pytest.mark.parametrize(("method", "path", "data"), CALLS)
def test_without_the_address_that_was_printed_nothing_runs(guarded, method, path, data):
    asked = {"base_url": LOCAL} | ({"json": data} if data else {})
    refused = getattr(guarded, method)(path, **asked)
    assert refused.status_code == 403
    assert refused.json["error"].startswith("Open the address that `course` printed")
    for page in ("/", "/day91/hello/", "/search?q=hello"):
        assert get(guarded, page).status_code == 200
    assert get(guarded, "/?token=guess").location == "/"
    assert getattr(guarded, method)(path, **asked).status_code == 403
    opened = get(guarded, "/day91/hello/?token=of+this+start")
    assert opened.location == "/day91/hello/"
    assert opened.headers.getlist("Set-Cookie") == [
        f'course_reader_5050="of this start"; HttpOnly; Path={place}; SameSite=Strict'
        for place in ("/api", "/run")
    ]
    assert getattr(guarded, method)(path, **asked).status_code in {200, 404, 409}


def test_the_token_leads_to_no_other_site(guarded):
    asked = get(guarded, "/?token=x", environ_overrides={"PATH_INFO": "//evil.example/"})
    assert asked.location == "/evil.example/"


def test_a_ticket_opens_the_reader_once(course):
    reader = create_reader(course, token="of this start", ticket="once")
    first, second = reader.test_client(), reader.test_client()
    for client in (first, second):
        get(client, "/?token=once")
    assert get(first, "/api/progress").status_code == 200
    assert get(second, "/api/progress").status_code == 403
    assert get(create_reader(course).test_client(), "/?token=").headers.get("Set-Cookie") is None


def test_each_start_has_a_token_of_its_own(course):
    tokens = {create_reader(course).config["TOKEN"] for _ in range(2)}
    assert len(tokens) == 2
    assert all(len(token) > 20 for token in tokens)


# The exercise box


@pytest.fixture
def student(tmp_path):
    """Give a reader of a copy of day 1, and the exercise that is worked on."""
    root = tmp_path / "course"
    shutil.copytree(ROOT / "day01", root / "day01")
    day = "1. [Day 1](day01/README.md): the first."
    (root / "README.md").write_text(f"# A course\n\n{day}\n")
    client = create_reader(root, token=None).test_client()
    return client, root / "day01/custom_converter/exercise.py"


CHECK = {"lesson": "day01/custom_converter", "hints": True}
SOLUTION = ROOT / "tests/exercises/day01/custom_converter/solution.py"


def test_an_exercise_is_checked_task_by_task_and_the_solution_shown_when_it_is_solved(student):
    client, exercise = student
    result = post(client, "check", CHECK).json
    assert (result["solved"], result["others"]) == (False, [])
    assert result["summary"] == f"Not solved yet: {result['score']:g} of {result['most']:g} points."
    failures = [failure for task in result["tasks"] for failure in task["failures"]]
    assert {task["state"] for task in result["tasks"]} <= {"todo", "done"}
    assert failures
    assert all(failure["file"] == "exercise.py" for failure in failures)
    assert any(failure["hint"] for failure in failures)
    sent = next(failure["request"] for failure in failures if failure["request"])
    answer = post(
        client, "send", {"lesson": CHECK["lesson"], "module": "exercise", "request": sent}
    ).json
    assert answer["status"]
    words = json.dumps(result)
    assert "--hint" not in words
    assert "--all" not in words
    solution = f"/api/solution?lesson={CHECK['lesson']}"
    assert get(client, solution).status_code == 403
    exercise.write_text(SOLUTION.read_text("utf-8") + "\n# mine\n", "utf-8")
    result = post(client, "check", CHECK).json
    assert (result["solved"], result["summary"][:7]) == (True, "Solved:")
    assert result["next"]["id"].startswith("day01/")
    assert "The second digit may be anything." in result["others"]
    assert {task["state"] for task in result["tasks"]} == {"done"}
    assert get(client, "/api/progress").json["lessons"][CHECK["lesson"]]["solved"] is True
    shown = get(client, solution).json
    assert shown["text"] == SOLUTION.read_text("utf-8")
    assert ["-", "# mine"] in shown["diff"]
    assert {kind for kind, _ in shown["diff"]} == {" ", "-"}


def test_an_exercise_that_does_not_start_is_told_once(student):
    client, exercise = student
    exercise.write_text("def broken(:\n")
    result = post(client, "check", CHECK | {"hints": False}).json
    assert {task["state"] for task in result["tasks"]} == {"unknown"}
    [failure] = [failure for task in result["tasks"] for failure in task["failures"]]
    assert "Python cannot read the file" in failure["message"]
    assert (failure["line"], failure["hint"]) == (1, "")


def test_a_lesson_without_an_exercise_is_a_404(reader):
    refused = post(reader, "check", {"lesson": "day91/hello", "hints": False})
    assert (refused.status_code, "no exercise" in refused.json["error"]) == (404, True)
    assert get(reader, "/api/solution?lesson=day91/hello").status_code == 403


@pytest.mark.parametrize(
    ("line", "request_text"),
    [
        ("GET /a?b=c", "GET /a?b=c HTTP/1.1\nHost: 127.0.0.1:5000\n\n"),
        ("GET /a with the cookie x, y", "GET /a HTTP/1.1\nHost: 127.0.0.1:5000\n\n"),
        (
            'POST /a with {"a": (1)} (application/json)',
            'POST /a HTTP/1.1\nHost: 127.0.0.1:5000\nContent-Type: application/json\n\n{"a": (1)}',
        ),
        (
            "POST /a with the cookie x with a=1 (no content type)",
            "POST /a HTTP/1.1\nHost: 127.0.0.1:5000\n\na=1",
        ),
        ("POST /a with a form: the file x ('a', 3 bytes)", ""),
        ("POST /a with abc… (text/plain)", ""),
        ("GET /two words", ""),
    ],
)
def test_the_failing_request_can_be_sent_again(line, request_text):
    message = f"Sent:      {line}\nCame back: 200 OK\nExpected:  404"
    assert _request_of(message) == request_text
