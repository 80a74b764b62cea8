import os
import re
import subprocess
import sys
from html import unescape

import pytest

from day04.circular_imports import app as lesson
from day04.circular_imports.app import ROOT, VARIANTS
from day04.circular_imports.factory.app import create_app
from day04.circular_imports.factory.extensions import db

app = lesson.app
CURES = [name for name in VARIANTS if name != "stuck"]
QUERY = r'{"query":"SELECT book.id, book.title \nFROM book"}'
STUCK = "cannot import name 'db' from partially initialized module 'day04.circular_imports.stuck"
LESSON = "day04.circular_imports"


def python(*arguments, cwd=ROOT):
    """Run Python in a process of its own; one that hung would end the test after 30 seconds."""
    return subprocess.run(
        [sys.executable, *arguments],
        check=False,
        cwd=cwd,
        env=os.environ | {"PYTHON_COLORS": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=30,
    )


def printed(code, cwd=ROOT):
    """Run code that must go well, and return what it printed."""
    process = python("-c", code, cwd=cwd)
    assert process.returncode == 0, process.stderr
    return process.stdout.strip()


def output(client, name):
    response = client.get(f"/{name}/output")
    assert (response.status_code, response.mimetype) == (200, "text/plain")
    return response.text


@pytest.mark.point("D4-15")
def test_the_stuck_pair_ends_with_an_import_error_and_does_not_hang(client):
    text = output(client, "stuck")
    assert text.startswith("Traceback (most recent call last):\n")
    files = re.findall(r'File ".*?(\w+)[/\\](\w+\.py)", line', text)
    assert files == [("stuck", "app.py"), ("stuck", "models.py")]
    last, end = text.splitlines()[-2:]
    assert last.startswith(f"ImportError: {STUCK}.app'")
    assert "most likely due to a circular import" in last
    assert end == "(exit code 1)"
    # The lesson itself goes on, for the pair was never imported here.
    assert not [name for name in sys.modules if name.startswith(f"{LESSON}.stuck")]


@pytest.mark.point("D4-15", "D6-30")
@pytest.mark.parametrize("name", CURES)
def test_each_cure_starts_and_answers_a_request(client, name):
    assert output(client, name).split("\n") == [QUERY, "", "(exit code 0)", ""]


def test_the_variants_are_the_failure_and_three_cures():
    assert list(VARIANTS) == ["stuck", "late_import", "extensions_module", "factory"]
    for name, (_, code) in VARIANTS.items():
        assert code.startswith(f"from {LESSON}.{name}.app import ")


@pytest.mark.point("D4-15", "D6-30")
def test_the_cures_do_not_depend_on_which_file_is_imported_first():
    firsts = ["late_import.models", "extensions_module.models", "factory.models"]
    code = [f"import {LESSON}.{first}" for first in firsts]
    for name in CURES:
        code += [VARIANTS[name][1], "print(app.test_client().get('/').text, end='')"]
    assert printed("\n".join(code)).splitlines() == [QUERY] * 3


@pytest.mark.point("D4-15")
def test_the_flask_command_reports_the_import_error():
    process = python("-m", "flask", "--app", f"{LESSON}.stuck.app", "run", "--port", "0")
    assert process.returncode == 2
    assert f"While importing '{LESSON}.stuck.app', an ImportError was raised" in process.stderr
    assert STUCK in process.stderr


@pytest.mark.point("D6-30")
def test_a_late_import_leaves_the_table_unknown_until_the_first_request():
    code = [
        f"from {LESSON}.late_import.app import app, db as late",
        f"from {LESSON}.extensions_module.app import db",
        "print(list(late.metadata.tables), list(db.metadata.tables))",
        "app.test_client().get('/')",
        "print(list(late.metadata.tables))",
    ]
    assert printed("\n".join(code)).splitlines() == ["[] ['book']", "['book']"]


@pytest.mark.point("D4-15")
def test_a_factory_builds_several_apps_around_one_extension():
    apps = [create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{n}.db"}) for n in "ab"]
    names = []
    for each in apps:
        with each.app_context():
            names.append(os.path.basename(db.engine.url.database))
    assert names == ["a.db", "b.db"]
    assert apps[0].test_client().get("/").text.strip() == QUERY


# The same in two plain files each, ``a.py`` and ``b.py``; ``a`` is imported first.
PAIRS = {
    "names": ("from b import two\none = 1", "from a import one\ntwo = 2"),
    "late": (
        "from b import two\none = 1",
        "two = 2\ndef f():\n    from a import one\n    return one",
    ),
    "module": (
        "import b\none = 1",
        "import a\ntwo = 2\ndef f():\n    return a.one",
    ),
    "module, used at once": ("import b\none = 1", "import a\ntwo = a.one + 1"),
    "bottom": (
        "one = 1\nfrom b import two",
        "from a import one\ntwo = 2\ndef f():\n    return one",
    ),
    "third file": (
        "from b import two\nfrom c import one",
        "from c import one\ntwo = 2\ndef f():\n    return one",
    ),
}


@pytest.fixture
def pair(tmp_path):
    """Give a function that writes two files and returns where they are."""

    def written(name):
        a, b = PAIRS[name]
        for file, text in {"a": a, "b": b, "c": "one = 1"}.items():
            (tmp_path / f"{file}.py").write_text(text, "utf-8")
        return tmp_path

    return written


@pytest.mark.point("D4-15")
@pytest.mark.parametrize(
    ("name", "first", "error"),
    [
        (
            "names",
            "a",
            "ImportError: cannot import name 'one' from partially initialized module 'a'",
        ),
        (
            "names",
            "b",
            "ImportError: cannot import name 'two' from partially initialized module 'b'",
        ),
        (
            "bottom",
            "b",
            "ImportError: cannot import name 'two' from partially initialized module 'b'",
        ),
        (
            "module, used at once",
            "a",
            "AttributeError: partially initialized module 'a' has no attribute 'one'",
        ),
    ],
)
def test_a_name_that_is_wanted_too_early_is_an_error(pair, name, first, error):
    process = python("-c", f"import {first}", cwd=pair(name))
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].startswith(error)


@pytest.mark.point("D4-15", "D6-30")
@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("late", "a"),
        ("late", "b"),
        ("module", "a"),
        ("module", "b"),
        ("bottom", "a"),
        ("third file", "a"),
        ("third file", "b"),
    ],
)
def test_a_name_that_is_wanted_later_is_there(pair, name, first):
    assert printed(f"import {first}; from b import f; print(f())", cwd=pair(name)) == "1"


@pytest.mark.point("D4-15")
def test_a_started_file_that_is_imported_as_well_is_read_twice(tmp_path):
    shop = [
        "from flask import Flask",
        "app = Flask(__name__)",
        "import pages",
        "if __name__ == '__main__':",
        "    import shop",
        "    print(app is shop.app)",
        "    for each in (app, shop.app):",
        "        print(each.test_client().get('/').status_code)",
    ]
    pages = ["from shop import app", "@app.get('/')", "def index():", "    return 'Hello'"]
    (tmp_path / "shop.py").write_text("\n".join(shop), "utf-8")
    (tmp_path / "pages.py").write_text("\n".join(pages), "utf-8")
    process = python("shop.py", cwd=tmp_path)
    assert process.stdout.split() == ["False", "404", "200"], process.stderr


def test_the_index_links_every_variant(client):
    text = client.get("/").text
    for name, (sentence, _) in VARIANTS.items():
        assert f'<a href="/{name}">{name}</a>' in text
        assert sentence in text


@pytest.mark.parametrize("name", VARIANTS)
def test_a_page_shows_the_command_the_output_and_the_files(client, monkeypatch, name):
    commands = []

    def run(code):
        commands.append(code)
        return 'what <b>happened</b> to "db"'

    monkeypatch.setattr(lesson, "run", run)
    text = client.get(f"/{name}").text
    assert "<b>" not in text
    assert 'what <b>happened</b> to "db"</code></pre>' in unescape(text)
    assert commands == [f"{VARIANTS[name][1]}; print(app.test_client().get('/').text)"]
    assert f'python -c "{commands[0]}"' in unescape(text)
    files = dict(re.findall(r"<h3>(.*?)</h3>\s*<pre[^>]*><code>(.*?)</code>", text, re.DOTALL))
    folder = ROOT / "day04" / "circular_imports" / name
    expected = {path.name: path.read_text("utf-8") for path in folder.iterdir() if path.is_file()}
    del expected["__init__.py"]
    assert {file: unescape(source) for file, source in files.items()} == expected
    assert f'href="/{name}/output"' in text


@pytest.mark.parametrize(
    "path", ["/templates", "/stuck.py", "/app", "/__init__", "/%2e%2e", "/<b>", "/stuck/app.py"]
)
@pytest.mark.parametrize("end", ["", "/output"])
def test_nothing_else_is_run_or_shown(client, monkeypatch, path, end):
    monkeypatch.setattr(lesson, "run", lambda code: pytest.fail(code))
    assert client.get(path + end).status_code == 404


def test_a_process_that_takes_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr(lesson, "TIME_LIMIT", 0.3)
    # It would end by itself one day, so that a limit that fails leaves nothing behind.
    text = lesson.run("import time; print('begun', flush=True); time.sleep(3)")
    assert text == "(stopped after 0.3 seconds)\n"
    monkeypatch.undo()
    assert lesson.run("print('next')") == "next\n(exit code 0)\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise SystemExit(3)", "(exit code 3)\n"),
        ("print('王')", "王\n(exit code 0)\n"),
        ("input()", "EOFError: EOF when reading a line\n(exit code 1)\n"),
        ("import os; print(os.getcwd())", f"{ROOT}\n(exit code 0)\n"),
    ],
)
def test_the_end_of_the_process_is_told(code, expected):
    assert lesson.run(code).endswith(expected)


def test_one_process_runs_at_a_time_and_without_the_keyboard(monkeypatch):
    locked = []

    def run(command, *, stdin, **options):
        assert stdin == subprocess.DEVNULL
        locked.append(lesson.one_at_a_time.locked())
        return subprocess.CompletedProcess(command, 0, "")

    monkeypatch.setattr(lesson.subprocess, "run", run)
    lesson.run("pass")
    assert locked == [True]
    assert not lesson.one_at_a_time.locked()
