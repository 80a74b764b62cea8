"""What was handed in is taken whole, or what is missing is named."""

import os

import pytest

from course.catalogue import ROOT
from course.grading import submission
from course.grading.submission import FILES_LIMIT, SIZE_LIMIT, TESTS, Submission

NAME = "day01/custom_converter"
WITH_TEMPLATES = "day03/forms"


@pytest.fixture
def handed_in(tmp_path):
    """Give the exercise's folder in a submission laid out like the repository."""
    place = tmp_path / NAME
    place.mkdir(parents=True)
    (place / "exercise.py").write_text("mine", "utf-8")
    return place


def laid_out(tmp_path, exercise=NAME):
    return Submission(tmp_path).lay_out(exercise)


def test_the_students_file_wins_over_the_lessons(handed_in, tmp_path):
    found = laid_out(tmp_path)
    assert found.files[f"{NAME}/exercise.py"] == b"mine"
    assert found.files[f"{NAME}/app.py"] == (ROOT / NAME / "app.py").read_bytes()
    assert (found.own, found.notes) == (("exercise.py",), ())


def test_one_file_alone_answers_under_any_name(tmp_path):
    file = tmp_path / "my_answer.py"
    file.write_text("mine", "utf-8")
    found = laid_out(file)
    assert found.files[f"{NAME}/exercise.py"] == b"mine"
    assert found.own == ("exercise.py",)


def test_a_large_file_beside_the_exercise_is_named_and_costs_nothing(handed_in, tmp_path):
    with (handed_in / "a_video.mp4").open("wb") as file:
        file.truncate(5 * 2**20)
    found = laid_out(tmp_path)
    assert found.files[f"{NAME}/exercise.py"] == b"mine"
    assert found.own == ("exercise.py",)
    assert found.notes == (
        "Left out: a_video.mp4 (5.0 MB). At most 200 files and 4 MB of an exercise are taken.",
    )


def test_many_files_beside_the_exercise_leave_room_for_what_it_needs(tmp_path):
    place = tmp_path / WITH_TEMPLATES
    (place / "env").mkdir(parents=True)
    (place / "exercise.py").write_text("mine", "utf-8")
    for number in range(300):
        (place / "env" / f"{number}.py").touch()
    template = next(
        name for name in submission.lesson_files(WITH_TEMPLATES) if "/templates/" in name
    ).removeprefix(f"{WITH_TEMPLATES}/")
    (place / template).parent.mkdir()
    (place / template).write_text("my page", "utf-8")
    found = laid_out(tmp_path, WITH_TEMPLATES)
    assert found.files[f"{WITH_TEMPLATES}/{template}"] == b"my page"
    assert found.own[0] == "exercise.py"
    assert len(found.own) == FILES_LIMIT
    [note] = found.notes
    assert "and 99 more" in note


def test_an_exercise_that_is_too_large_is_named(handed_in, tmp_path):
    with (handed_in / "exercise.py").open("wb") as file:
        file.truncate(SIZE_LIMIT + 1)
    found = laid_out(tmp_path)
    assert found.own == ()
    assert found.notes[0].startswith("Left out: exercise.py (4.0 MB)")


@pytest.mark.parametrize(
    "exercise", [e for e in submission.exercises() if (TESTS / e / "solution").is_dir()]
)
def test_files_that_only_the_solution_has_come_before_others(exercise, tmp_path):
    place = tmp_path / exercise
    place.mkdir(parents=True)
    for number in range(FILES_LIMIT):
        (place / f"a{number:03}.txt").touch()
    solution = TESTS / exercise / "solution"
    names = {p.relative_to(solution).as_posix() for p in solution.rglob("*") if p.is_file()}
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).touch()
    assert names <= set(laid_out(tmp_path, exercise).own)


def test_folders_that_are_too_many_or_too_deep_are_named(handed_in, tmp_path, monkeypatch):
    deep = handed_in.joinpath(*"abcdefgh")
    deep.mkdir(parents=True)
    (deep / "lost.txt").touch()
    assert "not all were looked at" in laid_out(tmp_path).notes[0]
    monkeypatch.setattr(submission, "ENTRIES_LIMIT", 3)
    assert "more than 3 files" in laid_out(tmp_path).notes[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX files")
def test_links_devices_and_hidden_files_are_not_taken(handed_in, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("not handed in", "utf-8")
    (handed_in / "link.txt").symlink_to(secret)
    (handed_in / "folder").symlink_to(tmp_path)
    (handed_in / "loop").symlink_to(handed_in)
    (handed_in / "app.py").symlink_to(secret)
    os.mkfifo(handed_in / "pipe.txt")
    (handed_in / ".env").write_text("SECRET=1", "utf-8")
    (handed_in / "__pycache__").mkdir()
    (handed_in / "__pycache__" / "app.pyc").touch()
    found = laid_out(tmp_path)
    assert found.own == ("exercise.py",)
    assert b"not handed in" not in found.files.values()


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="links")
def test_an_exercise_behind_a_link_is_not_handed_in(tmp_path):
    other = tmp_path / "other"
    (other / NAME).mkdir(parents=True)
    (other / NAME / "exercise.py").write_text("another student's", "utf-8")
    mine = tmp_path / "mine"
    (mine / "day01").mkdir(parents=True)
    (mine / NAME).symlink_to(other / NAME)
    assert Submission(mine).file(NAME) is None
    assert Submission(mine).files(NAME) == []


def test_the_graded_files_are_listed_in_a_fixed_order(handed_in, tmp_path):
    for name in ("z.txt", "a.txt", "m.txt"):
        (handed_in / name).touch()
    names = [path.name for path in Submission(tmp_path).files(NAME)]
    assert names == ["exercise.py", "a.txt", "m.txt", "z.txt"]


def test_a_box_is_shown_the_days_lessons_and_neither_exercises_nor_other_folders():
    texts = submission.lessons([NAME])
    assert f"{NAME}/app.py" in texts
    assert {name.partition("/")[0] for name in texts} == {"day01"}
    assert [name for name in texts if name.endswith(("exercise.py", "README.md", ".pyc"))] == []
    lessons = {"/".join(name.split("/")[:2]) for name in texts} - {"day01/__init__.py"}
    listed = submission.catalogue.lessons()
    assert lessons == {lesson.id for lesson in listed if lesson.day == "day01"}


def test_a_folder_that_no_list_names_is_not_shown(monkeypatch):
    """Such as day01_submissions, or day01/hidden with tests in it."""
    listed = submission.catalogue.lessons()
    monkeypatch.setattr(
        submission.catalogue, "lessons", lambda: [e for e in listed if e.name != "converters"]
    )
    assert not any(name.startswith("day01/converters/") for name in submission.lessons([NAME]))


def test_what_exercises_import_is_known_before_the_first_submission():
    assert submission.packages([NAME]) == {"flask", "werkzeug"}
    assert "flask_sqlalchemy" in submission.packages(["day03/database"])
