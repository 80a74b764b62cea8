"""``course grade`` from the folders to the files, with a judge that says what the tests want."""

import csv
import errno
import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from werkzeug.serving import BaseWSGIServer
from werkzeug.test import Client

from course import cli
from course.catalogue import EXERCISE as FILE
from course.grading.classroom import gallery, plan, session, show, words
from course.grading.classroom.files import ClassroomError
from course.grading.classroom.intake import Handin, Origin
from course.grading.classroom.marks import Attempts
from course.grading.classroom.preflight import PreflightError
from course.grading.judge.client import JudgeError
from course.grading.results import Status, SubmissionResult
from course.grading.submission import TESTS, Submission
from tests.course.classroom import NAME, a_test, an_exercise, grades, hand_in, rows, table, zipped

OTHER = "day01/sending_data"
DUE = "2026-03-01T23:59+08:00"


class Judges:
    """In place of the pool: each exercise earns the number that its file ends with, of 12."""

    def __init__(self):
        self.graded = []
        self.plans = []
        self.failing = set()

    def __call__(self, found, workers):
        self.plans.append(found)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def grade(self, paths):
        for place, path in enumerate(paths):
            yield place, self.result(path)

    def result(self, path):
        self.graded.append(path.name)
        if path.name in self.failing:
            return SubmissionResult((), note="The judge failed: it is tired.")
        parts = []
        for exercise in self.plans[-1].exercises:
            file = Submission(path).file(exercise)
            if file is None:
                part = an_exercise(0.0, name=exercise, status=Status.MISSING, tests=())
            else:
                score = float(file.read_text().split()[-1])
                tests = (a_test("test_it", score, "Came back: 404", points=12.0),)
                part = an_exercise(score, name=exercise, tests=tests, files=(FILE,))
            parts.append(part)
        return SubmissionResult(tuple(parts), 0.1)


@pytest.fixture
def judges(monkeypatch):
    found = Judges()
    monkeypatch.setattr(session, "Pool", found)
    monkeypatch.setattr(session, "preflight", lambda plan: ["tried"])
    return found


@pytest.fixture
def classroom(tmp_path):
    """Give a folder with three students: 12, 9 and 3 points."""
    folder = tmp_path / "class"
    for name, score in (("ann", 12), ("bob", 9), ("cay", 3)):
        hand_in(folder / name, f"score = {score}")
    return folder


@pytest.fixture
def grade(judges, tmp_path):
    """Give a function that grades folders into ``out`` and returns what was said."""

    def grade(*folders, code=0, **options):
        said = []
        chosen = {"out": tmp_path / "out", "isolation": "process"} | options
        found = session.Options(folders=folders, **chosen)
        assert session.grade(found, said.append, said.append) == code, said
        return "\n".join(said)

    return grade


@pytest.fixture
def scores(tmp_path):
    return lambda: {name: row["score"] for name, row in grades(tmp_path / "out").items()}


def change(tmp_path, *lines):
    table(tmp_path / "out" / "changes.csv", "\n".join(["student,exercise,score,comment", *lines]))


def lines_of(tmp_path):
    return [
        json.loads(line)
        for line in (tmp_path / "out" / "results.jsonl").read_text().split("\n")[:-1]
    ]


# Graded once, and never lost


def test_a_class_is_graded_and_all_files_are_written(grade, classroom, scores, tmp_path):
    output = grade(classroom)
    assert scores() == {"ann": "12", "bob": "9", "cay": "3"}
    assert "3 submissions, 1 exercises" in output
    assert "preflight: tried" in output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        ".lock",
        "changes.csv",
        "code",
        "feedback",
        "grades.csv",
        "gradescope",
        "junit.xml",
        "report.html",
        "results.jsonl",
        "settings.json",
    }
    assert {path.stem for path in (tmp_path / "out" / "feedback").iterdir()} == {
        "ann",
        "bob",
        "cay",
    }


def test_nothing_is_graded_twice_unless_it_changed(grade, classroom, judges, scores):
    grade(classroom)
    assert "3 of 3 are graded already" in grade(classroom)
    assert len(judges.graded) == 3
    (classroom / "bob" / NAME / FILE).write_text("score = 11")
    grade(classroom)
    assert judges.graded[3:] == ["bob"]
    assert scores() == {"ann": "12", "bob": "11", "cay": "3"}


def test_no_judge_is_started_when_all_is_graded(grade, classroom, judges):
    grade(classroom)
    grade(classroom)
    assert len(judges.plans) == 1


def test_one_student_is_graded_again_and_the_others_stay(grade, classroom, judges, scores):
    grade(classroom)
    grade(classroom, regrade=("Bob",))
    assert judges.graded[3:] == ["bob"]
    grade(classroom / "cay", force=True)
    assert judges.graded[4:] == ["cay"]
    assert scores() == {"ann": "12", "bob": "9", "cay": "3"}


def test_a_student_to_regrade_who_is_unknown_is_told(grade, classroom):
    with pytest.raises(ClassroomError, match=r"--regrade: bop has no hand-in .* Did you mean bob"):
        grade(classroom, regrade=("bop",))
    hand_in(classroom.parent / "b" / "bob", "score = 1")
    with pytest.raises(ClassroomError, match=r"bob is the name of 2 hand-ins: b/bob, class/bob"):
        grade(classroom, classroom.parent / "b", regrade=("bob",))


def test_a_part_of_the_class_leaves_the_rest_in_all_files(grade, classroom, scores, tmp_path):
    grade(classroom)
    hand_in(tmp_path / "more" / "dan", "score = 7")
    grade(tmp_path / "more")
    assert scores() == {"ann": "12", "bob": "9", "cay": "3", "dan": "7"}
    assert "ann" in (tmp_path / "out" / "report.html").read_text()
    assert len(list((tmp_path / "out" / "feedback").iterdir())) == 4


def test_a_failure_of_the_grader_is_tried_again(grade, classroom, judges, scores):
    judges.failing = {"bob"}
    output = grade(classroom, code=1)
    assert "NOT graded: bob: The judge failed: it is tired." in output
    assert scores()["bob"] == ""
    judges.failing = set()
    assert "2 of 3 are graded already" in grade(classroom)
    assert scores()["bob"] == "9"


def test_superseded_lines_are_marked(grade, classroom, tmp_path):
    grade(classroom)
    (classroom / "bob" / NAME / FILE).write_text("score = 11")
    grade(classroom)
    found = [(x["origin"]["student"], x["score"], x["superseded"]) for x in lines_of(tmp_path)]
    assert sorted(found) == [
        ("ann", 12.0, False),
        ("bob", 9.0, True),
        ("bob", 11.0, False),
        ("cay", 3.0, False),
    ]


@pytest.mark.parametrize("kind", [PreflightError, JudgeError])
def test_a_failed_preflight_grades_no_one_and_leaves_nothing(
    grade, classroom, judges, monkeypatch, tmp_path, kind
):
    def fail(plan):
        raise kind("The reference solution fails.")

    monkeypatch.setattr(session, "preflight", fail)
    with pytest.raises(ClassroomError, match=r"Nothing was graded\. The reference solution fails"):
        grade(classroom)
    assert judges.graded == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("statuses", "whole", "score"),
    [
        ((Status.GRADED, Status.GRADER_ERROR), Status.GRADER_ERROR, None),
        ((Status.GRADED, Status.MISSING), Status.GRADED, 5.0),
        ((Status.GRADED, Status.IMPORT_ERROR), Status.IMPORT_ERROR, 5.0),
        ((Status.IMPORT_ERROR, Status.PARTIAL), Status.PARTIAL, 5.0),
        ((Status.MISSING,), Status.MISSING, 5.0),
        ((), Status.GRADER_ERROR, None),
    ],
)
def test_the_status_of_a_hand_in_is_its_worst(statuses, whole, score):
    parts = tuple(
        an_exercise(None if each is Status.GRADER_ERROR else 5.0 * (n == 0), status=each)
        for n, each in enumerate(statuses)
    )
    task = session.Task(Handin(Origin("ann"), None), "key", gallery.Look())
    found = session.finished(task, SubmissionResult(parts))
    assert (found.status, found.score) == (whole, score)


# Everything that is handed in


def test_broken_hand_ins_cost_no_one_else_a_mark(grade, classroom, scores, tmp_path):
    path = zipped(classroom / "eve.zip", {f"{NAME}/{FILE}": "score = 12\n" * 99})
    data = bytearray(path.read_bytes())
    data[80:100] = bytes(20)
    path.write_bytes(data)
    (classroom / "fay.rar").write_bytes(b"Rar!")
    (classroom / "gus.zip").write_bytes(b"")
    grade(classroom)
    found = grades(tmp_path / "out")
    assert scores() == {"ann": "12", "bob": "9", "cay": "3", "eve": "0", "fay": "0", "gus": "0"}
    assert "cannot be unpacked" in found["eve"]["note"]
    assert "Hand in a .zip file" in found["fay"]["note"]


def test_an_error_while_a_hand_in_is_looked_at_is_its_own(grade, classroom, scores, monkeypatch):
    look = session.gallery.look

    def fail(handin, exercises):
        if handin.origin.student == "bob":
            raise RuntimeError("unforeseen")
        return look(handin, exercises)

    monkeypatch.setattr(session.gallery, "look", fail)
    grade(classroom)
    assert scores() == {"ann": "12", "bob": "0", "cay": "3"}


def test_a_second_attachment_sends_no_zero_to_canvas(grade, tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "stud05_505_9005_exercise.py").write_text("score = 12")
    (folder / "stud05_505_9105_notes.py").write_text("score = 0")
    roster = table(
        tmp_path / "r.csv",
        'Student,ID,SIS Login ID,Work (1)\n    Points Possible,,,12\n"Five, Stud",505,s,\n',
    )
    options = {"exercises": ("custom_converter",), "roster": roster}
    output = grade(folder, **options)
    assert "canvas.csv: 1 of 2 rows filled" in output
    assert rows(tmp_path / "out" / "canvas.csv")[2][3] == "12"
    note = grades(tmp_path / "out")["stud05"]["note"]
    assert "stud05_505_9005_exercise.py counts, the best of 2 attempts" in note
    grade(folder, attempts=Attempts.LAST, **options)
    assert rows(tmp_path / "out" / "canvas.csv")[2][3] == "0"
    grade(folder, attempts=Attempts.REFUSE, code=1, **options)
    assert rows(tmp_path / "out" / "canvas.csv")[2][3] == ""
    # The instructor takes one away: only what is there counts.
    (folder / "stud05_505_9105_notes.py").unlink()
    grade(folder, attempts=Attempts.REFUSE, **options)
    assert rows(tmp_path / "out" / "canvas.csv")[2][3] == "12"


def test_an_exercise_may_be_named_as_in_check(grade, classroom, judges):
    grade(classroom, exercises=("custom_converter",))
    assert judges.plans[0].exercises == (NAME,)
    for name in (NAME, f"{NAME}/", f"{NAME}/{FILE}", NAME.replace("/", "\\")):
        assert plan.wanted([name], TESTS) == [NAME]


@pytest.mark.parametrize("name", ["nothing", "day09/nothing", "", "."])
def test_an_exercise_without_tests_is_told(name):
    with pytest.raises(ClassroomError, match="There are no tests for"):
        plan.wanted([name], TESTS)


def test_one_more_hand_in_regrades_no_one(grade, classroom, judges, scores, tmp_path):
    grade(classroom)
    hand_in(classroom / "dan", "score = 5")
    place = classroom / "dan" / OTHER
    place.mkdir(parents=True)
    (place / FILE).write_text("score = 6")
    output = grade(classroom)
    assert judges.graded[3:] == ["dan"]
    assert f"Not graded, since no call asked for it: {OTHER}" in output
    assert {row["max"] for row in grades(tmp_path / "out").values()} == {"12"}
    grade(classroom, exercises=(OTHER,))
    assert judges.plans[-1].exercises == tuple(sorted((NAME, OTHER)))
    assert scores()["dan"] == "11"
    assert {row["max"] for row in grades(tmp_path / "out").values()} == {"24"}


def test_marks_for_other_exercises_are_named(grade, classroom, tmp_path):
    grade(classroom)
    output = grade(classroom / "ann", exercises=(OTHER,))
    assert "WARNING: Graded for other exercises than the rest: bob, cay." in output


# Lateness


def test_late_work_loses_its_part_also_in_later_calls(grade, classroom, scores, tmp_path):
    times = table(tmp_path / "t.csv", f"student,submitted\nann,2026-03-03T10:00+08:00\nbob,{DUE}\n")
    output = grade(classroom, due=DUE, times=times)
    assert scores() == {"ann": "9.6", "bob": "9", "cay": "3"}
    assert "WARNING: No time is known, so nothing is taken off: cay." in output
    grade(classroom / "bob", force=True)
    assert scores()["ann"] == "9.6"
    grade(classroom, due="never")
    assert scores()["ann"] == "12"


def test_a_name_that_no_one_has_is_a_warning(grade, classroom, tmp_path):
    times = table(tmp_path / "t.csv", f"student,submitted\nuser2,{DUE}\n")
    assert "--times names students without a hand-in: user2." in grade(
        classroom, due=DUE, times=times
    )


def test_due_without_any_time_is_refused(grade, classroom, tmp_path):
    with pytest.raises(ClassroomError, match="--due needs the times of the hand-ins"):
        grade(classroom, due=DUE)
    assert not (tmp_path / "out").exists()


def test_canvas_late_flag_is_read_and_told(grade, tmp_path, scores):
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "lee_LATE_505_9005_exercise.py").write_text("score = 10")
    output = grade(folder, exercises=("custom_converter",), due=DUE)
    assert scores() == {"lee": "9"}
    assert "lee: Canvas says late, without a time; counted as one day" in output


def test_moodles_worksheet_says_who_is_late(grade, tmp_path, scores):
    hand_in(tmp_path / "class" / "Ann Lee_7_assignsubmission_file_", "score = 10")
    roster = table(
        tmp_path / "r.csv",
        "Identifier,Full name,Grade,Maximum Grade,Last modified (submission)\n"
        'Participant 7,Ann Lee,,100,"Monday, 2 March 2026, 11:58 PM"\n',
        "cp1252",
    )
    grade(tmp_path / "class", due=DUE, roster=roster)
    assert scores() == {"Ann Lee": "9"}
    assert rows(tmp_path / "out" / "moodle.csv")[1][2] == "75"


# An instructor's word


def test_a_change_survives_regrading_and_reaches_all_files(grade, classroom, scores, tmp_path):
    grade(classroom)
    assert rows(tmp_path / "out" / "changes.csv") == [["student", "exercise", "score", "comment"]]
    change(tmp_path, "bob,custom_converter,11,read the note", "cay,,+1,")
    output = grade(classroom, force=True)
    assert scores() == {"ann": "12", "bob": "11", "cay": "4"}
    assert "changed by hand: bob: day01/custom_converter set to 11: read the note" in output
    out = tmp_path / "out"
    assert "read the note" in (out / "feedback" / "bob.md").read_text()
    assert json.loads((out / "gradescope" / "bob.json").read_text())["score"] == 11
    assert "read the note" in (out / "report.html").read_text()
    assert rows(out / "changes.csv")[1][0] == "bob"


def test_a_graded_folder_is_written_anew_without_a_judge(grade, classroom, scores, tmp_path):
    grade(classroom)
    change(tmp_path, "bob,,10,")
    (tmp_path / "out" / "report.html").unlink()
    result = CliRunner().invoke(cli.main, ["grades", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert scores()["bob"] == "10"
    assert (tmp_path / "out" / "report.html").exists()
    assert CliRunner().invoke(cli.main, ["grades", str(classroom)]).exit_code == 2


def test_a_change_that_cannot_be_read_is_told_before_anything_is_graded(
    grade, classroom, judges, tmp_path
):
    (tmp_path / "out").mkdir()
    change(tmp_path, "bob,,ten,")
    with pytest.raises(ClassroomError, match=r"changes.csv, line 2: 'ten' is not a score"):
        grade(classroom)
    assert judges.graded == []


def test_an_error_of_the_system_is_told_without_a_traceback(
    grade, classroom, monkeypatch, tmp_path
):
    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device", "junit.xml")

    monkeypatch.setattr(session.exports, "write_junit", fail)
    words = ["grade", str(classroom), "--out", str(tmp_path / "out"), "--isolation", "process"]
    result = CliRunner().invoke(cli.main, words)
    assert result.exit_code == 1
    assert "junit.xml: No space left on device. What is graded is kept" in result.output
    assert len(lines_of(tmp_path)) == 3


def test_the_page_is_shown_when_asked_for(grade, classroom, monkeypatch, tmp_path):
    shown = []
    monkeypatch.setattr(show, "show_page", lambda page, say: shown.append(page))
    words = ["grade", str(classroom), "--out", str(tmp_path / "out"), "--isolation", "process"]
    assert CliRunner().invoke(cli.main, words).exit_code == 0
    assert shown == []
    assert CliRunner().invoke(cli.main, [*words, "--open"]).exit_code == 0
    assert CliRunner().invoke(cli.main, ["grades", str(tmp_path / "out"), "--open"]).exit_code == 0
    assert shown == [tmp_path / "out" / "report.html"] * 2


def test_the_page_is_served_below_a_path_that_no_one_guesses(tmp_path):
    page = tmp_path / "report.html"
    page.write_text("<h1>Marks</h1>", "utf-8")
    client = Client(show.page_app(page, "secret"))
    local = "http://127.0.0.1:5000"
    response = client.get("/secret/", base_url=local)
    assert (response.status_code, response.text) == (200, "<h1>Marks</h1>")
    assert response.headers["Cache-Control"] == "no-store"
    for path in ("/", "/secret", "/Secret/", "/secret/x", "/\N{SNOWMAN}/"):
        assert client.get(path, base_url=local).status_code == 404, path
    assert client.get("/secret/", base_url="http://evil.example").status_code == 400


def test_the_page_is_served_on_this_machine_until_ctrl_c(tmp_path, monkeypatch):
    page = tmp_path / "report.html"
    page.write_text("<h1>Marks</h1>", "utf-8")
    opened, said = [], []

    def interrupt(server):
        assert server.server_address[0] == "127.0.0.1"
        raise KeyboardInterrupt

    monkeypatch.setattr(show.webbrowser, "open", opened.append)
    monkeypatch.setattr(BaseWSGIServer, "serve_forever", interrupt)
    show.show_page(page, said.append)
    assert opened[0] in said[0]
    assert len(opened[0].split("/")[3]) > 40


# Names and groups


def test_names_and_groups_are_those_of_the_roster(grade, tmp_path, scores):
    for name, score in (("ex1-user1", 12), ("ex1-user2", 9), ("ex1-team", 6)):
        hand_in(tmp_path / "class" / name, f"score = {score}")
    names = table(tmp_path / "n.csv", "github_username,student\nuser1,Ann Lee\nteam,Team 1\n")
    groups = table(tmp_path / "g.csv", "group,student\nTeam 1,Bob\nTeam 1,Cay\n")
    grade(tmp_path / "class", names=names, groups=groups)
    assert scores() == {"Ann Lee": "12", "ex1-user2": "9", "Bob": "6", "Cay": "6"}
    assert (tmp_path / "out" / "feedback" / "Cay.md").exists()
    grade(tmp_path / "class")  # what an earlier call said still holds
    assert scores()["Ann Lee"] == "12"


def test_two_students_of_one_name_are_shown_with_their_places(grade, tmp_path, scores):
    hand_in(tmp_path / "g1" / "Ann", "score = 12")
    hand_in(tmp_path / "g2" / "Ann", "score = 0")
    hand_in(tmp_path / "g2" / "Ann (2)", "score = 5")
    grade(tmp_path / "g1", tmp_path / "g2")
    assert scores() == {"Ann (g1/Ann)": "12", "Ann (g2/Ann)": "0", "Ann (2)": "5"}
    grade(tmp_path / "g2", force=True)
    assert scores() == {"Ann (g1/Ann)": "12", "Ann (g2/Ann)": "0", "Ann (2)": "5"}


# The plan's digest


@pytest.mark.parametrize(
    "name",
    [
        "helper.py",
        "conftest.py",
        "day01/conftest.py",
        "day01/helper.txt",
        f"{NAME}/test_it.py",
        f"{NAME}/conftest.py",
        f"{NAME}/data.bin",
        f"{NAME}/cases/one.yaml",
    ],
)
def test_each_file_that_tests_use_is_in_the_digest(tmp_path, name):
    found = plan.Plan((NAME,), tmp_path, "process")
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    before = found.digest()
    path.write_text("one")
    one = found.digest()
    path.write_text("two")
    assert len({before, one, found.digest()}) == 3
    path.rename(path.with_name("renamed" + path.suffix))
    path.with_name("renamed" + path.suffix).write_text("one")
    assert found.digest() != one


def test_files_that_tests_do_not_use_are_not_in_the_digest(tmp_path):
    found = plan.Plan((NAME,), tmp_path, "process")
    before = found.digest()
    for name in (f"{OTHER}/test_it.py", f"{NAME}/__pycache__/x.pyc", f"{NAME}/wrong/a.patch"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert found.digest() == before


def test_the_digest_depends_on_exercises_and_isolation(tmp_path):
    plans = [
        plan.Plan((NAME,), tmp_path, "process"),
        plan.Plan((NAME,), tmp_path, "strong"),
        plan.Plan((OTHER,), tmp_path, "process"),
    ]
    assert len({each.digest() for each in plans}) == 3


# Words


def test_progress_is_told_in_words():
    assert words.rate(37, 120, 3.0) == "37/120, 12.3/s, 7 s left"


def test_long_lists_of_names_are_cut_and_counted():
    assert words.listed(f"s{n}" for n in range(25)).endswith("s19 and 5 more")


def test_times_of_gradescope_need_no_file(grade, tmp_path, scores):
    hand_in(tmp_path / "class" / "submission_1", "score = 10")
    late = datetime(2026, 3, 2, 20, tzinfo=UTC)
    (tmp_path / "class" / "submission_metadata.yml").write_text(
        "submission_1:\n  :submitters:\n  - :name: Ann\n    :email: a@b\n"
        f"  :created_at: {late.isoformat()}\n"
    )
    grade(tmp_path / "class", due=DUE)
    assert scores() == {"Ann": "8"}


def test_csv_is_what_a_spreadsheet_reads(grade, classroom, tmp_path):
    grade(classroom)
    data = (tmp_path / "out" / "grades.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfstudent,")
    assert len(list(csv.reader(data.decode("utf-8-sig").splitlines()))) == 4
