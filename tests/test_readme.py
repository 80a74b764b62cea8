"""What the root README says is so."""

import re
import tomllib

import pytest
from click.testing import CliRunner

from course import catalogue, cli
from course.catalogue import ROOT
from course.transcript import blocks, fences, play

README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = [fence.content.strip() for fence in fences(README) if fence.language == "text"]
WORDS = 25
START, TEST = (
    f"python -m pip install uv && python -m uv run {word}" for word in ("course", "pytest")
)


def test_the_two_commands_are_shown_first():
    assert COMMANDS[:2] == [START, TEST]


def test_ci_calls_the_tests_as_the_readme_does():
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert TEST in [line.strip() for line in lines]
    assert "pinned || exit 1" in lines


def test_there_is_a_script_called_course():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["scripts"]["course"] == "course.cli:main"
    assert project["project"]["requires-python"] == ">=3.11"
    assert "Python 3.11 or newer" in README


def test_the_map_shows_the_six_days_with_the_titles_of_their_own_notes():
    days = catalogue.days()
    assert len(days) == 6
    for number, day in enumerate(days, 1):
        assert day.title.startswith(f"Day {number}: ")
        notes = ROOT / day.name / catalogue.NOTES
        assert catalogue.Lesson(notes.parent, day.name, "").title == day.title


def test_every_file_it_links_is_there():
    links = re.findall(r"\]\((?!https://)([^)#]+)\)", README)
    assert len(links) > 2
    for link in links:
        assert (ROOT / link).exists(), link


def test_every_folder_it_names_is_there():
    for folder in set(re.findall(r"`([a-z0-9_]+/)`", README)):
        assert (ROOT / folder).is_dir(), folder


@pytest.mark.parametrize("words", re.findall(r"uv run course ([a-z]+)", README))
def test_every_subcommand_it_names_exists(words):
    assert CliRunner().invoke(cli.main, [words, "--help"]).exit_code == 0


def test_every_lesson_it_names_exists():
    named = re.findall(r"--app (\S+) run", README)
    assert named
    for name in named:
        assert (ROOT / name.replace(".", "/")).with_suffix(".py").exists(), name
    for name in re.findall(r"course run (\S+)`", README):
        catalogue.find(name)


def test_the_picture_is_small():
    assert 10_000 < (ROOT / "course" / "reader.png").stat().st_size < 150_000


def test_its_lesson_is_one_of_the_course_and_does_what_it_shows():
    [snippet] = [fence.content for fence in fences(README) if fence.language == "python"]
    [block] = blocks(ROOT / "README.md")
    [run] = [step for step in block.steps if step.is_run]
    file = (ROOT / run.app.replace(".", "/")).with_suffix(".py")
    assert snippet in file.read_text("utf-8")
    play(block, {})


def test_the_line_for_debian_starts_the_course_without_the_systems_pip():
    [line] = [line for line in COMMANDS if "apt install" in line]
    assert line.endswith(".start/bin/pip install uv && .start/bin/uv run course")


def test_no_sentence_is_long():
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    prose = re.sub(r"`[^`]+`|\[([^\]]+)\]\([^)]+\)", r"\1", prose)
    for sentence in re.split(r"(?<=[.:!?]) |\n", prose):
        assert len(sentence.split()) <= WORDS, sentence
