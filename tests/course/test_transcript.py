import importlib
import sys
import textwrap

import pytest

from course import transcript
from course.transcript import TranscriptError

LESSON = """
from flask import Flask, redirect, session

app = Flask(__name__)
app.secret_key = "of this test"
seen = []


@app.get("/")
def index():
    seen.append(1)
    return f"hello {len(seen)}"


@app.get("/count")
def count():
    session["n"] = session.get("n", 0) + 1
    return str(session["n"])


@app.get("/old")
def old():
    return redirect("/count", 301)


@app.cli.command("greet")
def greet():
    print("hi there")
"""


SECOND = """
import os
from urllib.request import urlopen

from flask import Flask

app = Flask(__name__)
there = os.environ.get("THERE")


@app.get("/")
def index():
    return urlopen(there).read()


@app.cli.command("ask")
def ask():
    print(urlopen(there).read().decode())
"""


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """Write notes beside a small lesson; return a function that plays them and gives the blocks."""
    lesson = tmp_path / "day90" / "echo"
    lesson.mkdir(parents=True)
    (tmp_path / "day90" / "__init__.py").touch()
    (lesson / "__init__.py").touch()
    (lesson / "app.py").write_text(LESSON)
    (lesson / "second.py").write_text(SECOND)
    monkeypatch.syspath_prepend(tmp_path)
    path = lesson / "README.md"

    def play(text):
        path.write_text(textwrap.dedent(text), "utf-8")
        found = transcript.blocks(path)
        for block in found:
            transcript.play(block, {}, tmp_path)
        return found

    yield play
    for name in [name for name in sys.modules if name.split(".")[0] == "day90"]:
        del sys.modules[name]


def test_true_notes_pass(notes):
    found = notes("""
        # Echo

        ```console
        $ flask --app day90.echo.app run
        $ curl -i http://127.0.0.1:5000/
        HTTP/1.1 200 OK
        Server: a real one
        Date: today
        Content-Type: text/html; charset=utf-8
        ...
        Connection: close

        hello ...
        ```

        ```console
        $ flask --app day90.echo.app greet
        hi there
        ```
        """)
    assert [(block.line, len(block.steps)) for block in found] == [(5, 2), (18, 1)]


@pytest.mark.parametrize(
    "output",
    ["hello 2", "Hello 1", "hello", "hello 1\nand more", "", "...\nx", "h...2"],
)
def test_untrue_notes_fail_with_file_line_and_diff(notes, output):
    commands = "$ flask --app day90.echo.app run\n$ curl http://127.0.0.1:5000/"
    text = f"```console\n{commands}\n{output}\n```\n"
    with pytest.raises(TranscriptError) as caught:
        notes(text)
    assert "README.md:3: $ curl http://127.0.0.1:5000/" in str(caught.value)
    diff = str(caught.value).splitlines()[1:]
    assert diff[:2] == ["--- in the notes", "+++ in truth"]
    assert {" hello 1", "+hello 1"} & set(diff)


@pytest.mark.parametrize(
    ("block", "word"),
    [
        ("no command", "begins with"),
        ("$ rm -r x", "can be played"),
        ("$ WORD=x", "no command"),
        ("$ flask --app day90.echo.app sing run", "No such command"),
        ("$ curl http://127.0.0.1:5000/", "no 'flask --app"),
        ("$ flask --app day90.echo.app run\n$ curl --proxy x http://127.0.0.1/", "--proxy"),
        ("$ curl 'http://127.0.0.1:5000/", "No closing quotation"),
        ("$ flask --app day90.echo.app greet\nbye", "hi there"),
    ],
)
def test_what_cannot_be_played_is_an_error(notes, block, word):
    with pytest.raises(TranscriptError, match=word) as caught:
        notes(f"\n```console\n{block}\n```\n")
    assert "README.md:" in str(caught.value)


def test_cookies_last_for_a_section(notes):
    notes("""
        ```console
        $ flask --app day90.echo.app run
        $ curl -c jar http://127.0.0.1:5000/count
        1
        ```

        ```console
        $ curl -b jar -c jar http://127.0.0.1:5000/count
        2
        $ curl http://127.0.0.1:5000/count
        1
        ```

        ## Another

        ```console
        $ curl -b jar http://127.0.0.1:5000/count
        1
        ```
        """)


def test_each_block_sees_the_lesson_anew(notes):
    notes("""
        ```console
        $ flask --app day90.echo.app run
        $ curl http://127.0.0.1:5000/
        hello 1
        ```

        ## Another

        ```console
        $ curl http://127.0.0.1:5000/
        hello 1
        $ curl http://127.0.0.1:5000/
        hello 2
        ```
        """)


def test_what_was_imported_before_is_there_again_after_a_block(notes):
    importlib.import_module("day90.echo.app")
    before = sys.modules["day90.echo"], sys.modules["day90.echo.app"]
    notes("""
        ```console
        $ flask --app day90.echo.app run
        $ curl http://127.0.0.1:5000/
        hello 1
        ```
        """)
    day = sys.modules["day90"]
    assert (sys.modules["day90.echo"], sys.modules["day90.echo.app"]) == before
    assert (day.echo, day.echo.app) == before


def test_a_long_command_goes_on_after_a_backslash(notes):
    notes("""
        ```console
        $ flask --app day90.echo.app run
        $ curl \\
        >   http://127.0.0.1:5000/
        hello 1
        ```
        """)


def test_a_second_server_can_be_called(notes):
    notes("""
        ```console
        $ flask --app day90.echo.app run --port 5001
        $ THERE=http://127.0.0.1:5001/ flask --app day90.echo.second run
        $ curl http://127.0.0.1:5000/
        hello 1
        $ export THERE=http://127.0.0.1:5001/
        $ flask --app day90.echo.second ask
        hello 2
        ```
        """)


def test_redirects_show_every_head_with_i(notes):
    notes("""
        ```console
        $ flask --app day90.echo.app run
        $ curl -iL http://127.0.0.1:5000/old
        HTTP/1.1 301 MOVED PERMANENTLY
        ...
        HTTP/1.1 200 OK
        ...
        1
        ```
        """)


def test_a_block_with_a_banner_is_to_be_played_for_real(notes):
    plain, banner = notes("""
        ```console
        $ flask --app day90.echo.app run
        ```

        ```console
        $ flask --app day90.echo.app run
         * Serving Flask app 'day90.echo.app'
        ```
        """)
    assert (plain.is_live, banner.is_live) == (False, True)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("a\n...\nd", "a\nb\nc\nd"),
        ("a\n...\nd", "a\nd"),
        ("a...d", "abcd"),
        ("...", ""),
        ("a  \n\n", "a"),
    ],
)
def test_three_dots_stand_for_any_text(expected, actual):
    transcript.compare(expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [("a...d", "ab\ncd"), ("a\n...\nd", "a\nb"), ("a", "a\nb"), ("a.c", "abc"), ("", "a")],
)
def test_three_dots_stand_for_no_more_than_that(expected, actual):
    with pytest.raises(TranscriptError):
        transcript.compare(expected, actual)


def test_server_headers_are_dropped_from_heads_only():
    transcript.compare("HTTP/1.1 200 OK\nDate: x\n\nb", "HTTP/1.1 200 OK\n\nb")
    with pytest.raises(TranscriptError):
        transcript.compare("HTTP/1.1 200 OK\n\nDate: x", "HTTP/1.1 200 OK\n\n")


def test_only_the_variables_of_the_notes_are_seen(notes, tmp_path, monkeypatch):
    monkeypatch.setenv("FLASK_WORD", "of this machine")
    (tmp_path / "day90" / "echo" / "app.py").write_text(
        "import os\nfrom flask import Flask\napp = Flask(__name__)\n"
        "word = os.environ.get('FLASK_WORD', 'none')\n"
        "app.add_url_rule('/', view_func=lambda: word)\n"
    )
    notes("""
        ```console
        $ FLASK_WORD=yes flask --app day90.echo.app run
        $ curl http://127.0.0.1:5000/
        yes
        $ flask --app day90.echo.app run
        $ curl http://127.0.0.1:5000/
        none
        ```
        """)
