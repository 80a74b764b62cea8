"""Lessons as the worker runs them: mounted, edited, broken."""

import os
import sys

import pytest
from werkzeug.test import Client

from tests.course.reading import LOCAL, get, rewrite, send


def test_a_mounted_lesson_answers_under_its_path(reader):
    assert get(reader, "/run/day91/hello/app/").text == "hello"
    assert get(reader, "/run/day91/hello/app/where").location == "/run/day91/hello/app/"
    for path in ("/run/day91/hello", "/run/day91/hello/app"):
        assert get(reader, path).location == f"{LOCAL}/run/day91/hello/app/"
    for path in ("/run/", "/run/day91", "/run/day91/nowhere/app/", "/run/day91/hello/no/"):
        assert get(reader, path).status_code == 404
    for path in ("/run/nowhere/x/app/", "/run/day91/%00/app/", "/run/day91/hello/%00/"):
        assert get(reader, path).status_code == 404


def test_other_apps_of_a_lesson_run_beside_it(reader, course):
    folder = course / "day91/hello"
    for name in ("first", "exercise"):
        (folder / f"{name}.py").write_text(
            f"from flask import Flask\n\napp = Flask(__name__)\n"
            f"app.add_url_rule('/', view_func=lambda: '{name}')\n"
        )
    assert get(reader, "/run/day91/hello/first/").text == "first"
    assert get(reader, "/run/day91/hello/exercise/").text == "exercise"
    assert send(reader, "GET / HTTP/1.1", module="exercise").json["answer"].endswith("exercise")


def test_an_edit_of_the_exercise_does_not_restart_the_lesson(reader, course):
    source, exercise = course / "day91/hello/app.py", course / "day91/hello/exercise.py"
    source.write_text(COUNTING.format(more="", word=""))
    exercise.write_text(COUNTING.format(more="", word=" of the exercise"))
    assert get(reader, "/run/day91/hello/app/").text == "1"
    assert get(reader, "/run/day91/hello/exercise/").text == "1 of the exercise"
    rewrite(exercise, "of the", "of my")
    assert get(reader, "/run/day91/hello/exercise/").text == "1 of my exercise"
    assert get(reader, "/run/day91/hello/app/").text == "2"


def test_a_lesson_does_not_see_the_readers_cookie(reader, course):
    rewrite(course / "day91/hello/app.py", 'return "hello"', "return dict(request.cookies)")
    for cookie, seen in [
        ("course_reader_5050=x", {}),
        ("a=1; course_reader_5050=x; b=2", {"a": "1", "b": "2"}),
        (
            "course_reader_5050=x; course_reader_5070=y; mine=course_reader_1",
            {"mine": "course_reader_1"},
        ),
    ]:
        client = Client(reader.application.extensions["worker"].worker, use_cookies=False)
        page = client.get("/run/day91/hello/app/", base_url=LOCAL, headers={"Cookie": cookie})
        assert page.json == seen


def test_the_frame_can_be_asked_where_it_is(reader):
    where = "/api/where?lesson=day91/hello&module=app"
    assert get(reader, where).json == {"path": "", "status": ""}
    frame = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-site"}
    get(reader, "/run/day91/hello/app/where?a=%E4%BD%A0", headers=frame)
    assert get(reader, where).json == {"path": "/where?a=%E4%BD%A0", "status": "302 FOUND"}
    get(reader, "/run/day91/hello/app/")
    assert get(reader, where).json["path"] == "/where?a=%E4%BD%A0"
    assert get(reader, "/api/where?lesson=day91/nowhere").status_code == 404


def test_a_lesson_that_forbids_frames_is_shown_in_the_readers(reader, course):
    with (course / "day91/hello/app.py").open("a") as file:
        file.write(STRICT)
    alone = get(reader, "/run/day91/hello/app/").headers
    assert alone["X-Frame-Options"] == "DENY"
    assert alone["Content-Security-Policy"] == "default-src 'self'; frame-ancestors 'none'"
    framed = get(reader, "/run/day91/hello/app/", headers={"Sec-Fetch-Dest": "iframe"}).headers
    assert "X-Frame-Options" not in framed
    assert framed["Content-Security-Policy"] == (
        "default-src 'self'; frame-ancestors http://127.0.0.1:* http://localhost:*"
    )
    assert "frame-ancestors 'none'" in send(reader, "GET / HTTP/1.1").json["answer"]


STRICT = """

@app.after_request
def refuse_frames(response):
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
    return response
"""


def test_mounted_lessons_do_not_see_each_others_cookies(reader):
    assert get(reader, "/run/day91/hello/app/count").text == "1"
    first = get(reader, "/run/day91/other/app/").headers["Set-Cookie"]
    assert "Path=/run/day91/other/app/" in first
    assert get(reader, "/run/day91/hello/app/count").text == "2"
    assert reader.get_cookie("session", path="/") is None


@pytest.mark.parametrize(
    ("path", "confined"),
    [
        ("'/'", "/run/day91/other/app/"),
        ("'/cart'", "/run/day91/other/app/cart"),
        ("url_for('index')", "/run/day91/other/app/"),
        ("'/run/day91/other/appendix'", "/run/day91/other/app/run/day91/other/appendix"),
    ],
)
def test_a_cookie_path_begins_with_the_mount_once(reader, course, path, confined):
    source = course / "day91/other/app.py"
    rewrite(source, "import Flask, session", "import Flask, make_response, url_for")
    rewrite(source, 'session["other"] = True', "answer = make_response(helper.WORD)")
    rewrite(
        source, "return helper.WORD", f"answer.set_cookie('a', 'b', path={path}); return answer"
    )
    assert get(reader, "/run/day91/other/app/").headers["Set-Cookie"] == f"a=b; Path={confined}"


def test_mount_and_send_talk_to_the_same_app(reader, course):
    source = course / "day91/hello/app.py"
    rewrite(source, 'return "hello"', "seen.append(1)\n    return str(len(seen))")
    rewrite(source, "app = Flask(__name__)", "app = Flask(__name__)\nseen = []")
    assert get(reader, "/run/day91/hello/app/").text == "1"
    assert send(reader, "GET / HTTP/1.1").json["answer"].endswith("\n2")


def test_a_failing_mounted_view_shows_its_traceback_as_text(reader):
    response = get(reader, "/run/day91/hello/app/boom")
    assert (response.status_code, response.mimetype) == (500, "text/plain")
    assert "ZeroDivisionError" in response.text


def test_a_lessons_own_page_for_500_is_shown(reader, course):
    with (course / "day91/hello/app.py").open("a") as file:
        file.write("\n\n@app.errorhandler(500)\ndef sorry(error):\n    return 'sorry', 500\n")
    assert get(reader, "/run/day91/hello/app/boom").text == "sorry"


def test_a_view_that_fails_past_all_handlers_harms_nobody(reader, course):
    rewrite(
        course / "day91/hello/app.py",
        "app = Flask(__name__)",
        "app = Flask(__name__)\napp.testing = True",
    )
    response = get(reader, "/run/day91/hello/app/boom")
    assert (response.status_code, response.mimetype) == (500, "text/plain")
    assert "ZeroDivisionError" in send(reader, "GET /boom HTTP/1.1").json["failure"]
    assert send(reader, "GET / HTTP/1.1").json["failure"] == ""


def test_an_edit_shows_at_the_next_request(reader, course):
    source = course / "day91/hello/app.py"
    assert get(reader, "/run/day91/hello/app/").text == "hello"
    rewrite(source, '"hello"', '"hullo"')
    assert get(reader, "/run/day91/hello/app/").text == "hullo"
    assert "hullo" in get(reader, "/day91/hello/").text
    rewrite(source, '"hullo"', '"hallo"')
    assert send(reader, "GET / HTTP/1.1").json["answer"].endswith("\nhallo")


def test_an_edit_of_a_helper_module_shows(reader, course):
    assert get(reader, "/run/day91/other/app/").text == "first"
    rewrite(course / "day91/other/helper.py", "first", "later")
    assert get(reader, "/run/day91/other/app/").text == "later"


def test_an_edit_of_a_template_shows(reader, course):
    assert get(reader, "/run/day91/hello/app/page").text == "<p>one</p>"
    rewrite(course / "day91/hello/templates/page.html", "one", "two")
    assert get(reader, "/run/day91/hello/app/page").text == "<p>two</p>"


def test_an_edit_of_the_same_size_in_the_same_second_shows(reader, course, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)  # the old .pyc is what misleads
    source = course / "day91/other/helper.py"
    assert get(reader, "/run/day91/other/app/").text == "first"
    before = source.stat()
    source.write_text(source.read_text().replace("first", "later"))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert get(reader, "/run/day91/other/app/").text == "later"


def test_a_mended_lesson_starts_though_its_broken_bytecode_has_the_same_age(
    reader, course, monkeypatch
):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    source = course / "day91/other/app.py"
    good = source.read_text("utf-8")
    source.write_text(good.replace("return helper.WORD", "return helper.WORD\n\n\n1 / 0"))
    assert "ZeroDivisionError" in get(reader, "/run/day91/other/app/").text
    before = source.stat()
    source.write_text(good.replace("return helper.WORD", "return helper.WORD\n\n\n1 / 1"))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert get(reader, "/run/day91/other/app/").text == "first"


def test_an_unchanged_lesson_is_not_loaded_again(reader, course):
    source = course / "day91/hello/app.py"
    rewrite(source, 'return "hello"', "seen.append(1)\n    return str(len(seen))")
    rewrite(source, "app = Flask(__name__)", "app = Flask(__name__)\nseen = []")
    bodies = [get(reader, f"/run/day91/{name}/app/").text for name in ("hello", "other", "hello")]
    assert (bodies[0], bodies[2]) == ("1", "2")


COUNTING = """
from flask import Flask{more}

app = Flask(__name__)
seen = []


@app.get("/")
def index():
    seen.append(1)
    return f"{{len(seen)}}{word}"
"""


@pytest.mark.parametrize(
    ("more", "word", "after"),
    [
        ("", "", "2"),
        ("\nfrom day91.other.helper import word", "{word()}", "1later"),
        ("\nfrom day91.other import helper", "{helper.WORD}", "1later"),
        ("\nfrom day91.other import app as another", "{another.helper.WORD}", "1later"),
    ],
)
def test_an_edit_elsewhere_restarts_only_the_lessons_that_use_it(reader, course, more, word, after):
    source, helper = course / "day91/hello/app.py", course / "day91/other/helper.py"
    helper.write_text("WORD = 'first'\n\n\ndef word():\n    return WORD\n")
    source.write_text(COUNTING.format(more=more, word=word))
    assert get(reader, "/run/day91/other/app/").text == "first"
    assert get(reader, "/run/day91/hello/app/").text == after.replace("2", "1").replace(
        "later", "first"
    )
    rewrite(helper, "first", "later")
    assert get(reader, "/run/day91/other/app/").text == "later"
    assert get(reader, "/run/day91/hello/app/").text == after


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("def broken(:", "SyntaxError"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("x = 1", "AttributeError"),
        ("app = 'text'", "TypeError"),
        ("def create_app():\n    raise RuntimeError('<b>no</b>')", "RuntimeError"),
    ],
)
def test_a_broken_lesson_shows_why_and_the_others_go_on(reader, course, code, word):
    source = course / "day91/hello/app.py"
    good = source.read_text("utf-8")
    rewrite(source, good, code)
    for _ in range(2):
        mounted = get(reader, "/run/day91/hello/app/")
        assert (mounted.status_code, mounted.mimetype) == (500, "text/plain")
        assert word in mounted.text
    assert word in send(reader, "GET / HTTP/1.1").json["failure"]
    assert get(reader, "/day91/hello/").status_code == 200
    assert get(reader, "/run/day91/other/app/").text == "first"
    rewrite(source, code, good)
    assert get(reader, "/run/day91/hello/app/").text == "hello"


def test_an_edit_that_breaks_a_running_lesson_shows_and_is_mended(reader, course):
    source = course / "day91/hello/app.py"
    assert get(reader, "/run/day91/hello/app/").text == "hello"
    rewrite(source, '"hello"', '"hello')
    assert "SyntaxError" in get(reader, "/run/day91/hello/app/").text
    rewrite(source, '"hello', '"hello again"')
    assert get(reader, "/run/day91/hello/app/").text == "hello again"


def test_notes_that_cannot_be_read_as_commands_are_still_shown(reader, course):
    rewrite(course / "day91/hello/README.md", "$ curl http", "$ curl --nonsense http")
    page = get(reader, "/day91/hello/")
    assert page.status_code == 200
    assert "--nonsense" in page.text
