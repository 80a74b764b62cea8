"""The rules that hold the tree together."""

import ast
import re
import sys
from functools import cache

import pytest

from course import catalogue
from course.catalogue import ROOT

DAYS = catalogue.days()
LESSONS = catalogue.lessons()
IDS = [lesson.id for lesson in LESSONS]

# What the course is about; a lesson that needs more says so here.
PACKAGES = {"flask", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "click", "blinker"} | {
    "requests",
    "xmltodict",
    "flask_sqlalchemy",
    "sqlalchemy",
    "flask_wtf",
    "apispec",
    "marshmallow",
    "wtforms",
    "alembic",
    "flask_migrate",
    "aiosmtpd",
    "flask_mail",
    "pytest",
    "waitress",
    "cryptography",
    "cachelib",
    "captcha",
    "flask_session",
    "redis",
}


@cache
def imported(path):
    """Return the full names of the modules that a file imports."""
    return [*_imported(path)]


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


def python_files(lesson):
    return [path for path in lesson.files() if path.suffix == ".py"]


@pytest.mark.parametrize("lesson", LESSONS, ids=IDS)
def test_a_lesson_imports_its_packages_itself_and_earlier_lessons_of_its_day(lesson):
    of_the_day = [each.name for each in LESSONS if each.day == lesson.day]
    allowed = of_the_day[: of_the_day.index(lesson.name) + 1]
    for path in python_files(lesson):
        for name in imported(path):
            top, *rest = name.split(".")
            if top == lesson.day:
                assert rest[0] in allowed, f"{path.name} imports {name}"
            else:
                assert top in PACKAGES | sys.stdlib_module_names, f"{path.name} imports {name}"


@pytest.mark.parametrize("day", DAYS, ids=[day.name for day in DAYS])
def test_lesson_tests_do_without_the_tool(day):
    for path in (ROOT / "tests" / day.name).glob("*.py"):
        assert "course" not in {name.split(".")[0] for name in imported(path)}, path.name


def test_every_folder_of_code_is_a_complete_lesson():
    assert catalogue.missing() == [], "\n".join(catalogue.missing())


@pytest.mark.parametrize("day", DAYS, ids=[day.name for day in DAYS])
def test_a_day_links_exactly_its_lessons_by_their_titles(day):
    text = (ROOT / day.name / catalogue.NOTES).read_text("utf-8")
    links = re.findall(r"^\d+\. \[(.+)\]\((\w+)/README\.md\)$", text, re.MULTILINE)
    assert links == [(lesson.title, lesson.name) for lesson in day.lessons]
    assert text.startswith(f"# {day.title}\n")


def test_the_map_names_every_day_folder():
    folders = {path.parent.name for path in ROOT.glob("day*/__init__.py")}
    assert folders == {day.name for day in DAYS}


@pytest.mark.parametrize("lesson", LESSONS, ids=IDS)
def test_a_lesson_has_notes_and_tests(lesson):
    assert (ROOT / "tests" / lesson.day / f"test_{lesson.name}.py").exists()
    assert lesson.summary


HARD_CODED = re.compile(r"""(?:href|action|src)=["']?/(?!/)|(?:redirect|fetch)\(\s*f?["']/""")


@pytest.mark.parametrize("lesson", LESSONS, ids=IDS)
def test_a_lesson_builds_its_links_with_url_for(lesson):
    for path in lesson.files():
        if path.suffix in catalogue.TEXT_SUFFIXES:
            found = HARD_CODED.search(path.read_text("utf-8"))
            assert not found, f"{path.name}: {found[0]} does not work under a mount"


@pytest.mark.parametrize("lesson", LESSONS, ids=IDS)
def test_a_lesson_that_writes_has_a_folder_of_its_own(lesson):
    for path in python_files(lesson):
        text = path.read_text("utf-8")
        if "instance_path" in text:
            assert f'"{lesson.day}_{lesson.name}"' in text, f"{path.name} shares its folder"


@pytest.mark.parametrize("lesson", LESSONS, ids=IDS)
def test_a_lesson_tells_how_to_run_it(lesson):
    source = next(path for path in python_files(lesson) if path.name in {"app.py", "__init__.py"})
    docstring = ast.get_docstring(ast.parse(source.read_text("utf-8")))
    assert f"flask --app {lesson.import_name} run" in docstring
