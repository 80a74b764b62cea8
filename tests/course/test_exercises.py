"""Every exercise can be solved, is not solved as shipped, and names the mistakes people make.

The solution, the starter and the wrong answers are graded as students' are: a submission holds one
answer to each exercise of a day, so there are few submissions. The first half grades one exercise
of each day, ``--all`` all of them.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest

from course import catalogue
from course.catalogue import EXERCISE, ROOT
from course.grading import check
from course.grading.judge.client import JudgeProcess
from course.grading.results import Status
from course.grading.sandbox import wall
from course.grading.submission import TESTS, exercises
from tests.exercises import patches
from tests.exercises.completeness import missing
from tests.exercises.day04.login import lockers

EXERCISES = exercises()


EMPTY = """
from flask import Flask


def create_app(config=None):
    return Flask(__name__)
"""
MADE = {
    "starter": lambda text: text,
    "broken": lambda text: f"{text}\n1 / 0\n",
    "empty": lambda text: EMPTY,
}
"""What earns nothing: the file as shipped, one that does not import, an app without a view."""


@dataclass(frozen=True)
class Answer:
    """One answer to one exercise: ``solution``, one of ``MADE``, or the name of a wrong answer."""

    exercise: str
    name: str

    def __str__(self):
        return f"{self.exercise}-{self.name}"

    @property
    def day(self):
        """The folder of its day."""
        return self.exercise.partition("/")[0]

    def lay_out(self, folder):
        """Write the answer's files to a folder; raises ``PatchError`` if a patch does not fit."""
        if self.name == "solution":
            patches.lay_out(self.exercise, folder)
        elif self.name in MADE:
            folder.mkdir(parents=True)
            starter = (ROOT / self.exercise / EXERCISE).read_text("utf-8")
            (folder / EXERCISE).write_text(MADE[self.name](starter), "utf-8")
        else:
            patches.wrong(self.exercise, self.name, folder)


SOLUTIONS = [Answer(exercise, "solution") for exercise in EXERCISES]
NOTHING = [Answer(exercise, name) for name in MADE for exercise in EXERCISES]
WRONG = [Answer(exercise, name) for exercise in EXERCISES for name in patches.names(exercise)]


def first_of_each_day(answers):
    """Yield answers for a test; the first half grades the first one of each day."""
    days = set()
    for answer in answers:
        marks = [pytest.mark.second_half] if answer.day in days else []
        days.add(answer.day)
        yield pytest.param(answer, marks=marks)


@pytest.fixture(scope="module")
def grade(request, tmp_path_factory):
    """Give a function that grades an answer, with the strongest wall.

    One by one: the tests are spread over processes, and each would grade a larger batch anew.
    """
    try:
        isolation = wall.choose("strong", wall.Limits()).isolation
    except wall.WallError:
        isolation = "process"
    items = [item for item in request.session.items if not item.get_closest_marker("skip")]
    parameters = [item.callspec.params for item in items if hasattr(item, "callspec")]
    answers = [p["answer"] for p in parameters if isinstance(p.get("answer"), Answer)]
    asked = {answer.exercise for answer in answers}
    folder = tmp_path_factory.mktemp("answers")

    def graded(answer):
        path = folder / str(answer)
        answer.lay_out(path / answer.exercise)
        [result] = judge.grade(path, [answer.exercise]).exercises
        return result

    with JudgeProcess(TESTS, [e for e in EXERCISES if e in asked], isolation) as judge:
        yield graded


def patterns(words):
    """Return a pattern for words in which ``...`` stands for anything."""
    return ".*?".join(map(re.escape, words.split("...")))


def one_line(text):
    return " ".join(text.split())


@pytest.mark.parametrize("answer", list(first_of_each_day(SOLUTIONS)), ids=str)
def test_the_solution_scores_full(grade, answer):
    result = grade(answer)
    assert not result.failures, "\n\n".join(test.message for test in result.failures)
    assert result.status is Status.GRADED
    assert result.score == result.possible > 0


@pytest.mark.parametrize("answer", list(first_of_each_day(NOTHING)), ids=str)
def test_what_is_not_done_earns_nothing(grade, answer):
    result = grade(answer)
    assert result.status in {Status.GRADED, Status.IMPORT_ERROR}
    if answer.name == "starter":
        assert result.status is Status.GRADED
    assert {test.name: test.score for test in result.tests if test.score} == {}
    assert [task for task in check.result_of(result).tasks if task.done] == []


@pytest.mark.parametrize("answer", list(first_of_each_day(WRONG)), ids=str)
def test_a_wrong_answer_fails_where_its_mistake_is(grade, answer):
    result = grade(answer)
    wrong = patches.read(answer.exercise, answer.name)
    assert result.status in {Status.GRADED, Status.PARTIAL, Status.IMPORT_ERROR}
    assert {test.name.partition("[")[0] for test in result.failures} == wrong.fails
    first = one_line(check.result_of(result).reasons[0].failure.message)
    words = [one_line(each) for each in wrong.says]
    missing_words = [word for word in words if not re.search(patterns(word), first)]
    assert not missing_words, f"{missing_words} not in what is shown first:\n{first}"


def test_each_day_has_at_least_three_exercises():
    for day in catalogue.days():
        assert len([each for each in EXERCISES if each.startswith(f"{day.name}/")]) >= 3, day.name


HAVING_A_FILE = [lesson.id for day in catalogue.days() for lesson in day.lessons if lesson.exercise]


@pytest.mark.parametrize("exercise", sorted({*EXERCISES, *HAVING_A_FILE}))
def test_an_exercise_is_complete(exercise):
    found = missing(exercise)
    assert not found, "\n".join(found)


NAME = "day01/custom_converter"
TESTS_FILE = f"tests/exercises/{NAME}/test_custom_converter.py"
SOLUTION = f"tests/exercises/{NAME}/solution.py"
PATCH = f"tests/exercises/{NAME}/wrong/any_second_digit.patch"


@pytest.fixture
def copied(tmp_path):
    """Give a folder with a copy of one exercise, its tests and its answers."""
    for name in (NAME, f"tests/exercises/{NAME}"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def changed(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (f"{NAME}/exercise.py", f"{NAME}/exercise.py is missing."),
        (f"{NAME}/README.md", f"{NAME}/README.md is missing."),
        (SOLUTION, f"{SOLUTION} is missing. Write it there"),
        (TESTS_FILE, f"{TESTS_FILE} is missing. It grades the exercise."),
    ],
)
def test_a_missing_file_of_an_exercise_is_named(copied, file, says):
    (copied / file).unlink()
    assert says in missing(NAME, copied)[0]


def test_too_few_wrong_answers_are_counted(copied):
    first, second, *_ = sorted((copied / PATCH).parent.iterdir())
    first.unlink()
    second.unlink()
    assert "custom_converter/wrong has 4 wrong answers, and needs 5" in missing(NAME, copied)[0]


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (f"{NAME}/exercise.py", '"""Exercise: ', '"""', "begin with `Exercise: `"),
        (f"{NAME}/exercise.py", "curl", "call", "the command that tries it: `curl ...`"),
        (f"{NAME}/exercise.py", "TODO", "to do", "has no TODO"),
        (f"{NAME}/exercise.py", "Tasks:", "To do:", "has 0 tasks, and needs 1"),
        (f"{NAME}/README.md", "](exercise.py)", "]", "must name the exercise with `(exercise.py)`"),
        (TESTS_FILE, "@pytest.mark.hint(", "@pytest.mark.note(", "has no hint. Add"),
        (TESTS_FILE, "@pytest.mark.task(1)", "@pytest.mark.slow", "belongs to no task. Add"),
        (TESTS_FILE, "@pytest.mark.task(4)", "@pytest.mark.task(3)", "no test has"),
        (
            TESTS_FILE,
            '"""The path of a number in three groups has a view, that of a word has none."""',
            "",
            ":23: test_a_number_in_three_groups_is_found has no docstring. Add",
        ),
        (PATCH, "Fails: ", "Fail: ", ":2: 'Fail: test_anything_else_is_not_found' is not one of"),
        (PATCH, "Says: Expected: 404\n", "Says Expected: 404\n", ":5: 'Says Expected: 404' is not"),
        (PATCH, "Wrong: the second digit may be anything.\n", "", "no line `Wrong: ...`. Add it"),
        (PATCH, "--- solution.py", "--- other.py", "changes other.py, which does not exist"),
        (
            PATCH,
            '+    regex = "1[0-9]',
            '+    regex = "1[3-9]',
            "changes nothing. Make the mistake",
        ),
        (
            SOLUTION,
            '    regex = "1[3-9][0-9]-',
            '    regex = "1[3456789][0-9]-',
            r"""does not fit solution.py any more. Line 14 of solution.py: 'regex = "1[345""",
        ),
    ],
)
def test_what_an_exercise_lacks_is_named_with_the_line_to_write(copied, file, old, new, says):
    changed(copied / file, old, new)
    assert says in missing(NAME, copied)[0]


def test_a_patch_still_fits_when_other_lines_of_the_solution_change(copied):
    changed(copied / SOLUTION, "app = Flask(__name__)\n\n", "app = Flask(__name__)\n\nKEY = 1\n\n")
    assert missing(NAME, copied) == []


def test_a_patch_that_fits_twice_is_refused(copied):
    text = (copied / SOLUTION).read_text("utf-8")
    (copied / SOLUTION).write_text(text + text, "utf-8")
    assert "hunk 1 fits solution.py at the lines 11, 51. Give it more" in missing(NAME, copied)[0]


def test_a_patch_may_be_what_git_writes(copied):
    changed(
        copied / PATCH,
        "--- solution.py",
        "diff --git solution.py solution.py\nindex 83db48f..bf269f4 100644\n--- solution.py",
    )
    assert missing(NAME, copied) == []


@pytest.mark.second_half
def test_every_way_to_write_the_right_locker_keeps_its_promises(tmp_path):
    tests = patches.solution("day04/login").read_text("utf-8")
    use = "from day04.login.exercise_app import create_app\n"
    assert use in tests
    ways = max(map(len, lockers.SAME.values()))
    texts = [
        lockers.replaced({old: new[min(way, len(new) - 1)] for old, new in lockers.SAME.items()})
        for way in range(ways)
    ]
    for number, right in enumerate([*texts, lockers.OTHER]):
        app = lockers.written_anew(right)
        text = f"{app}\n\n{tests.replace(use, '')}"
        (tmp_path / f"test_{number}.py").write_text(text, "utf-8")
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, "-c", os.devnull]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, tmp_path],
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
