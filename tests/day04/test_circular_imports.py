"""Circular imports: two files that cannot be imported, and three solutions.

Begin with test_one_file_has_no_such_problem. The lesson starts a process for each variant; most
tests import the variants here instead, as if this process were new.
"""

import importlib
import os
import re
import subprocess
import sys

import pytest
from flask.cli import NoAppException, ScriptInfo
from flask_mail import Mail
from flask_migrate import Migrate
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from day04.circular_imports import app as lesson
from day04.circular_imports import first
from day04.circular_imports.app import ROOT, VARIANTS
from day04.circular_imports.factory.app import create_app
from day04.circular_imports.factory.extensions import db
from tests.helpers import page

app = lesson.app
SOLUTIONS = [name for name in VARIANTS if name != "stuck"]
QUERY = r'{"query":"SELECT book.id, book.title \nFROM book"}'
LESSON = "day04.circular_imports"
STUCK = f"cannot import name 'db' from partially initialized module '{LESSON}.stuck.app'"


@pytest.fixture
def client():
    return app.test_client()


@pytest.fixture
def new_process():
    """Forget the modules of the variants, as if this process had never imported them."""

    def forget():
        names = [name for name in sys.modules if re.match(rf"{LESSON}\.\w+\.", name)]
        return {name: sys.modules.pop(name) for name in names}

    imported = forget()
    yield
    forget()
    sys.modules.update(imported)


def app_of(name):
    """Build the app of a variant with the code of the lesson."""
    variables = {}
    exec(VARIANTS[name][1], variables)  # noqa: S102 (that is what the lesson does with it)
    return variables["app"]


def output(client, name):
    """Return what the process of a variant printed."""
    response = client.get(f"/{name}/output")
    assert (response.status_code, response.mimetype) == (200, "text/plain")
    return response.text


def test_one_file_has_no_such_problem():
    assert first.app.test_client().get("/").text.strip() == QUERY


def test_the_front_page_links_every_variant(client):
    html = page(client.get("/"))
    assert [link["href"] for link in html.select("dt a")] == [f"/{name}" for name in VARIANTS]
    sentences = [sentence for sentence, _ in VARIANTS.values()]
    assert [each.text for each in html.select("dd")] == sentences


def test_a_page_shows_what_the_process_printed(client, monkeypatch):
    monkeypatch.setattr(lesson, "run", lambda code: "It printed this.")
    html = page(client.get("/stuck"))
    assert html.h1.text == "stuck"
    assert html.select_one("pre.output").text == "It printed this."


@pytest.mark.usefixtures("new_process")
def test_the_stuck_pair_ends_with_an_import_error():
    with pytest.raises(ImportError, match="partially initialized module") as caught:
        app_of("stuck")
    assert str(caught.value).startswith(STUCK)
    assert "most likely due to a circular import" in str(caught.value)


@pytest.mark.usefixtures("new_process")
@pytest.mark.parametrize("name", SOLUTIONS)
def test_each_solution_starts_and_serves_a_request(name):
    assert app_of(name).test_client().get("/").text.strip() == QUERY


def test_a_variant_that_does_not_exist_is_404(client):
    assert client.get("/nothing").status_code == 404


# The solutions


@pytest.mark.usefixtures("new_process")
@pytest.mark.parametrize("name", SOLUTIONS)
def test_a_solution_does_not_depend_on_which_file_is_imported_first(name):
    importlib.import_module(f"{LESSON}.{name}.models")
    assert app_of(name).test_client().get("/").text.strip() == QUERY


@pytest.mark.usefixtures("new_process")
def test_the_flask_command_reports_the_import_error():
    with pytest.raises(NoAppException, match=f"While importing '{LESSON}.stuck.app', an Impo") as e:
        ScriptInfo(f"{LESSON}.stuck.app").load_app()
    assert STUCK in str(e.value)


@pytest.mark.usefixtures("new_process")
def test_a_late_import_leaves_the_table_unknown_until_the_first_request():
    late = app_of("late_import")
    tables = sys.modules[f"{LESSON}.late_import.app"].db.metadata.tables
    assert list(tables) == []
    late.test_client().get("/")
    assert list(tables) == ["book"]
    app_of("extensions_module")
    assert list(sys.modules[f"{LESSON}.extensions_module.app"].db.metadata.tables) == ["book"]


def test_the_variants_are_the_failure_and_three_solutions():
    assert list(VARIANTS) == ["stuck", "late_import", "extensions_module", "factory"]
    for name, (_, code) in VARIANTS.items():
        assert code.startswith(f"from {LESSON}.{name}.app import ")


def test_the_extensions_of_the_course_have_init_app():
    for extension in Mail, Migrate, Session, SQLAlchemy, CSRFProtect:
        assert callable(extension.init_app)


def test_a_factory_builds_several_apps_around_one_extension():
    apps = [create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{n}.db"}) for n in "ab"]
    names = []
    for each in apps:
        with each.app_context():
            names.append(os.path.basename(db.engine.url.database))
    assert names == ["a.db", "b.db"]
    assert apps[0].test_client().get("/").text.strip() == QUERY


# The processes


@pytest.mark.second_half
def test_the_process_of_the_stuck_pair_fails_and_this_one_goes_on(client):
    text = output(client, "stuck")
    assert text.startswith("Traceback (most recent call last):\n")
    files = re.findall(r'File ".*?(\w+)[/\\](\w+\.py)", line', text)
    assert files == [("stuck", "app.py"), ("stuck", "models.py")]
    last, end = text.splitlines()[-2:]
    assert last.startswith(f"ImportError: {STUCK}")
    assert "most likely due to a circular import" in last
    assert end == "(exit code 1)"
    assert not [name for name in sys.modules if name.startswith(f"{LESSON}.stuck.")]


@pytest.mark.second_half
@pytest.mark.parametrize("name", SOLUTIONS)
def test_the_process_of_a_solution_prints_the_response(client, name):
    assert output(client, name).split("\n") == [QUERY, "", "(exit code 0)", ""]


def test_the_output_is_that_of_the_process_as_plain_text(client, monkeypatch):
    commands = []
    monkeypatch.setattr(lesson, "run", lambda code: commands.append(code) or "printed <b>this</b>")
    assert output(client, "factory") == "printed <b>this</b>"
    assert commands == [f"{VARIANTS['factory'][1]}; print(app.test_client().get('/').text)"]


@pytest.mark.parametrize("name", VARIANTS)
def test_a_page_shows_the_command_the_output_and_the_files(client, monkeypatch, name):
    commands = []

    def run(code):
        commands.append(code)
        return 'what <b>happened</b> to "db"'

    monkeypatch.setattr(lesson, "run", run)
    html = page(client.get(f"/{name}"))
    assert not html.b
    assert html.select_one("pre.output").text == 'what <b>happened</b> to "db"'
    assert commands == [f"{VARIANTS[name][1]}; print(app.test_client().get('/').text)"]
    assert html.select_one("h2 + p").text == f'python -c "{commands[0]}"'
    files = {each.text: each.find_next("pre").text for each in html.select("h3")}
    folder = ROOT / "day04" / "circular_imports" / name
    expected = {path.name: path.read_text("utf-8") for path in folder.iterdir() if path.is_file()}
    del expected["__init__.py"]
    assert files == expected
    assert html.select_one(f'a[href="/{name}/output"]')


@pytest.mark.parametrize(
    "path", ["/templates", "/stuck.py", "/app", "/__init__", "/%2e%2e", "/<b>", "/stuck/app.py"]
)
@pytest.mark.parametrize("end", ["", "/output"])
def test_nothing_else_is_run_or_shown(client, monkeypatch, path, end):
    monkeypatch.setattr(lesson, "run", lambda code: pytest.fail(code))
    assert client.get(path + end).status_code == 404


def test_a_process_that_takes_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr(lesson, "TIME_LIMIT", 0.3)
    # It ends by itself, so that a missing limit leaves no process behind.
    text = lesson.run("import time; print('begun', flush=True); time.sleep(3)")
    assert text == "(stopped after 0.3 seconds)\n"
    monkeypatch.undo()
    assert lesson.run("print('next')") == "next\n(exit code 0)\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise SystemExit(3)", "(exit code 3)\n"),
        ("print('王')", "王\n(exit code 0)\n"),
        ("import sys; print(sys.flags.utf8_mode)", "1\n(exit code 0)\n"),
        ("input()", "EOFError: EOF when reading a line\n(exit code 1)\n"),
        ("import os; print(os.getcwd())", f"{ROOT}\n(exit code 0)\n"),
    ],
)
def test_the_output_ends_with_the_exit_code(monkeypatch, tmp_path, code, expected):
    monkeypatch.chdir(tmp_path)
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
