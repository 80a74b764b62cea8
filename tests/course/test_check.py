"""``course check`` tells a student what to mend, in words, with the place, within seconds."""

import re
import shutil
import threading

import pytest
from click.testing import CliRunner

from course import catalogue, cli
from course.catalogue import EXERCISE, ROOT, UnknownLessonError
from course.grading import check, submission
from course.grading.judge.client import JudgeProcess
from course.grading.results import ExerciseResult, Outcome, Status, TestResult
from course.grading.submission import TESTS
from course.reader import create_reader
from tests.exercises import patches

NAME = "day01/custom_converter"
WITHOUT = next(lesson.id for lesson in catalogue.lessons() if lesson.exercise is None)
SOLUTION = (TESTS / NAME / "solution.py").read_text("utf-8")
STARTER = (ROOT / NAME / EXERCISE).read_text("utf-8")


@pytest.fixture
def copy(tmp_path):
    """Give a copy of what of the course a student's exercise needs."""
    root = tmp_path / "course"
    shutil.copytree(ROOT / "day01", root / "day01")
    for notes in (ROOT / "README.md", *ROOT.glob("day*/README.md"), *ROOT.glob("day*/*/README.md")):
        place = root / notes.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(notes, place)
    return root


@pytest.fixture(scope="module")
def judge():
    """Give the judge that ``course check`` starts; one for all tests of this file."""
    with JudgeProcess(TESTS, [NAME], "process") as found:
        yield found


@pytest.fixture
def checked(copy, judge):
    """Give a function that checks a text as the exercise and returns the result's lines."""

    def run(text, **options):
        (copy / NAME / EXERCISE).write_text(text, "utf-8")
        result = check.result_of(judge.grade(copy).exercises[0], copy)
        return result, "\n".join(check.lines(result, **options))

    return run


def test_a_solved_exercise_is_solved(checked):
    result, text = checked(SOLUTION)
    assert result.solved
    assert (result.score, result.most) == (12, 12)
    assert "Solved: 12 of 12 points." in text


def test_the_first_failing_task_is_shown_with_its_place(checked):
    result, text = checked(STARTER)
    assert not result.solved
    assert re.search(r"task 1 +to do +Write a converter and register it as mobile", text)
    view = line_of('@app.get("/customers/<number>")')
    assert f"{NAME}/exercise.py:{view}" in text
    assert "Sent:      GET /customers/" in text
    assert "Expected:  404 NOT FOUND" in text
    assert text.count("Sent:") == 1
    assert "other checks fail: --all shows more." in text
    assert "Hint" not in text


def line_of(words):
    return next(n for n, line in enumerate(STARTER.splitlines(), 1) if words in line)


def test_all_failures_and_hints_are_shown_on_request(checked):
    _, text = checked(STARTER, everything=True, hints=True)
    assert text.count("Sent:") > 5
    assert "Hint: to_python receives the text" in text


def test_what_is_not_tried_says_what_has_to_be_right_first(copy, judge):
    (copy / NAME / EXERCISE).write_text(STARTER, "utf-8")
    [graded] = judge.grade(copy).exercises
    waiting = [test for test in graded.tests if test.outcome == "skipped"]
    assert {test.score for test in waiting} == {0}
    first = "Not tried before this is right: The path of a number in three groups has a view"
    assert waiting[0].message.startswith(first)


def a_failure(name, **more):
    return TestResult(name, "about", Outcome.FAILED, 0, 1, **more)


def test_a_slip_is_told_before_other_failures_and_an_error_once():
    tests = (
        a_failure("a", task=1),
        a_failure("b", task=2, error="KeyError exercise.py:5"),
        a_failure("c", task=3, error="KeyError exercise.py:5"),
        a_failure("d", task=4, is_first=True),
    )
    result = check.result_of(ExerciseResult(NAME, Status.GRADED, 0, 4, tests))
    assert [each.failure.name for each in result.reasons] == ["d", "a", "b"]
    assert [each.stops for each in result.reasons] == [
        "",
        "",
        "The same error stops 1 other check.",
    ]
    assert [task.state for task in result.tasks] == ["to do", "to do", "?", "to do"]


def test_done_tasks_are_told_from_open_ones(checked, tmp_path):
    text = patches.wrong(NAME, "no_groups_in_to_url", tmp_path / "wrong")
    text = (text / EXERCISE if text.is_dir() else text).read_text("utf-8")
    # The tasks are named in the student's own file.
    _, shown = checked(STARTER.partition("from flask")[0] + text.partition('"""\n\n')[2])
    states = dict(re.findall(r"task (\d)  (done|to do)", shown))
    assert states == {"1": "done", "2": "done", "3": "to do", "4": "done"}


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("app = Flask(__name__)", "app = Flask(__name__"), "app = Flask", "Python cannot read"),
        (("import Flask, abort", "import Flask, abbort"), "import Flask, abbort", "abbort"),
        (("app = Flask(__name__)", "import flaskk\napp = 1"), "import flaskk", "'flaskk' is not"),
        (("app = Flask(__name__)", "app = Flask(name)"), "Flask(name)", "NameError"),
        (("app = Flask(__name__)", "exit()\napp = 1"), "exit()", "ends the program"),
    ],
)
def test_a_file_that_does_not_import_is_named_with_its_line(checked, change, line, message):
    text = SOLUTION.replace(*change)
    assert text != SOLUTION
    result, shown = checked(text)
    number = next(n for n, each in enumerate(text.splitlines(), 1) if line in each)
    assert result.status == "import-error"
    assert message in shown
    assert f"{NAME}/exercise.py:{number}" in shown
    assert "Traceback" not in shown


def test_a_missing_app_is_said_plainly(checked):
    _, shown = checked(re.sub(r"\bapp\b", "application", SOLUTION))
    assert "it must define `app = Flask(__name__)`" in shown


def test_a_view_that_raises_is_named_with_its_line(checked):
    text = SOLUTION.replace('    return {"number": number}', "    return {}[number]")
    _, shown = checked(text, hints=True)
    number = text.splitlines().index("    return {}[number]") + 1
    assert f"exercise.py:{number}" in shown
    assert "KeyError" in shown
    assert "Hint" not in shown


def test_the_place_is_said_once(checked):
    _, shown = checked(SOLUTION.replace("app = Flask(__name__)", "app = Flask(__name__"))
    assert shown.count("exercise.py") == 1
    assert "was never closed" in shown


def test_a_server_started_without_a_guard_is_told_plainly(checked):
    result, shown = checked(SOLUTION + "\napp.run(debug=True)\n")
    assert result.status is Status.IMPORT_ERROR
    assert "The file starts a server while it is imported." in shown
    assert 'put it below `if __name__ == "__main__":`' in shown
    assert "Hint" not in shown


def test_a_server_started_below_a_guard_is_fine(checked):
    assert checked(SOLUTION + '\nif __name__ == "__main__":\n    app.run()\n')[0].solved


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "the view customer returns None: is a `return` missing?"),
        ("return 5", "the view customer returns a value of the type int: expected text"),
    ],
)
def test_a_view_that_returns_no_response_is_named_with_its_line(checked, value, said):
    text = SOLUTION.replace('    return {"number": number}', f"    {value}")
    _, shown = checked(text)
    number = next(n for n, each in enumerate(text.splitlines(), 1) if "/customers/" in each)
    assert said in shown
    assert f"  {NAME}/exercise.py:{number}\n" in shown
    assert "The same error stops 2 other checks." in shown
    assert dict(re.findall(r"task (\d)  (done|to do|\?)", shown)) == {
        "1": "to do",
        "2": "?",
        "3": "?",
        "4": "done",
    }
    assert check.LEGEND in shown


def test_flasks_own_error_page_is_not_quoted(checked):
    _, shown = checked(SOLUTION.replace('"/customers/', '"/clients/'))
    assert "Came back: 404 NOT FOUND\n" in shown
    assert "<h1" not in shown
    assert "Cause:     No rule fits this path. The app has: GET /clients/<mobile:number>" in shown


def test_a_large_file_beside_the_exercise_costs_no_point(checked, copy, judge):
    with (copy / NAME / "a_video.mp4").open("wb") as file:
        file.truncate(5 * 2**20)
    result, _ = checked(SOLUTION)
    assert result.solved
    [graded] = judge.grade(copy).exercises
    assert graded.files[0] == "exercise.py"
    assert "a_video.mp4 (5.0 MB)" in graded.notes[0]


@pytest.mark.second_half
@pytest.mark.parametrize(
    ("text", "where"),
    [
        (SOLUTION + "\nwhile True:\n    pass\n", "while it started"),
        (
            SOLUTION.replace('    return {"number"', '    while 1: pass\n    return {"number"'),
            "GET /",
        ),
    ],
)
def test_an_endless_loop_ends(checked, text, where):
    _, shown = checked(text)
    assert "did not answer in time" in shown
    assert where in shown
    assert re.search(r"It was at exercise\.py:\d+ in ", shown)


def test_a_missing_file_is_told(copy, judge):
    (copy / NAME / EXERCISE).unlink()
    result = check.result_of(judge.grade(copy).exercises[0], copy)
    assert result.status == "missing"
    shown = "\n".join(check.lines(result))
    assert f"There is no {NAME}/exercise.py. This brings it back:  git checkout {NAME}/" in shown


def test_a_missing_file_of_the_course_does_not_stop_the_judge(monkeypatch, tmp_path):
    monkeypatch.setattr(submission, "ROOT", tmp_path)
    assert submission.packages([NAME]) == {"flask"}


def test_the_students_files_stay_as_they_are(checked, copy):
    writes = SOLUTION + "\nfrom pathlib import Path\nPath('made.txt').write_text('x')\n"
    instance = copy / "instance"
    instance.mkdir()
    (instance / "mine.db").write_bytes(b"mine")
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    before[copy / NAME / EXERCISE] = writes.encode()
    assert checked(writes)[0].solved
    after = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize("name", [NAME, "custom_converter", f"{NAME}/exercise.py", f"./{NAME}/"])
def test_an_exercise_is_found_by_its_names(name):
    assert check.find(name) == NAME


def test_a_name_without_an_exercise_is_told_with_those_that_have():
    with pytest.raises(check.NoExerciseError, match=NAME):
        check.find(WITHOUT)
    with pytest.raises(UnknownLessonError):
        check.find("day01/nothing")


def test_changes_are_told_once_the_editor_is_done(tmp_path):
    (tmp_path / "exercise.py").write_text("1")
    saved = check.changes([tmp_path], 0.05)
    for number in range(3):
        (tmp_path / "exercise.py").write_text(str(number))
        (tmp_path / "backup~").write_text("x")
        (tmp_path / "backup~").unlink()
    next(saved)  # once for all of these
    told = []
    thread = threading.Thread(target=lambda: told.append(next(saved)), daemon=True)
    thread.start()
    thread.join(timeout=0.4)
    assert told == []
    (tmp_path / "exercise.py").write_text("again")
    thread.join(timeout=5)
    assert told == [None]


@pytest.mark.second_half
def test_the_command_checks_all_and_names_the_next():
    result = CliRunner().invoke(cli.main, ["check"])
    assert result.exit_code == 1
    count = len(check.in_order())
    first = check.in_order()[0]
    assert f"0 of {count} solved, next: {first}." in result.output
    assert len(re.findall(r"^day\S+ +\d of \d tasks$", result.output, re.MULTILINE)) == count


def test_the_command_names_a_wrong_name():
    result = CliRunner().invoke(cli.main, ["check", "custom_convertor"])
    assert result.exit_code == 2
    assert "Did you mean day01/custom_converter" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ({"lesson": NAME}, {}, 400),
        ({"lesson": WITHOUT, "hints": False}, {}, 404),
        ({"lesson": "day01/nothing", "hints": False}, {}, 404),
        ({"lesson": NAME, "hints": False}, {"Origin": "http://evil.example"}, 403),
    ],
)
def test_the_page_checks_for_itself_only(body, headers, status):
    client = create_reader(token=None).test_client()
    local = "http://127.0.0.1:5000"
    response = client.post("/api/check", base_url=local, json=body, headers=headers)
    assert response.status_code == status
    assert response.json["error"]


def test_a_lesson_without_an_exercise_shows_none():
    client = create_reader(token=None).test_client()
    page = client.get(f"/{WITHOUT}/", base_url="http://127.0.0.1:5000")
    assert "exercise-title" not in page.text
