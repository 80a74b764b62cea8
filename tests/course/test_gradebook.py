"""What the gradebook says: marks, attempts, changes by hand, feedback, the files of other tools."""

import json
import random
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest

from course.grading.classroom import exports, marks, similarity
from course.grading.classroom.files import ClassroomError
from course.grading.classroom.lateness import lateness
from course.grading.classroom.marks import Attempts, Change, Rules, gradebook, read_changes
from course.grading.results import Status
from tests.course.classroom import a_test, an_exercise, entries, entry, record, rows, table

RULE = lateness("2026-03-01T23:59+08:00", "25%/day", "0m")
LATER = RULE.due + timedelta(minutes=1)

# Marks


def test_a_mark_is_what_the_judge_says():
    mark = entry(record(score=6.0)).mark
    assert (mark.raw, mark.penalty, mark.score, mark.possible) == (6.0, 0.0, 6.0, 12.0)


def test_late_marks_keep_the_raw_ones():
    mark = entry(record(), lateness=RULE, times={"ann": LATER}).mark
    assert (mark.raw, mark.penalty, mark.score) == (6.0, 0.25, 4.5)
    assert entry(record(), times={"ann": LATER}).mark.penalty == 0


@pytest.mark.parametrize("name", ["Ann Lee", "annlee", "ann@example.org", "4711"])
def test_times_name_a_student_in_any_way(name):
    ann = record("Ann Lee", names=("ann@example.org",), numbers=("4711",))
    times = {"".join(name.casefold().split()): LATER}
    assert entry(ann, lateness=RULE, times=times).mark.penalty == 0.25


def test_a_time_of_a_name_that_two_share_counts_for_neither():
    both = [record("ann", who="a/ann"), record("ann", who="b/ann")]
    found = entries(*both, lateness=RULE, times={"ann": LATER})
    assert [each.mark.penalty for each in found] == [0, 0]


def test_the_instructors_times_win_over_those_of_an_lms():
    late, early = LATER, RULE.due
    found = record(submitted=late)
    assert entry(found, lateness=RULE).mark.penalty == 0.25
    assert entry(found, lateness=RULE, arrived={found.origin.who: early}).mark.penalty == 0
    arrived = {found.origin.who: late}
    assert entry(found, lateness=RULE, arrived=arrived, times={"ann": early}).mark.penalty == 0


def test_canvas_late_flag_costs_a_day():
    assert entry(record(late=True), lateness=RULE).mark.penalty == 0.25
    assert entry(record(late=True)).mark.penalty == 0


def test_what_was_not_graded_has_no_mark(tmp_path):
    failed = record(score=None, status=Status.GRADER_ERROR, exercises=(), note="It failed.")
    found = entry(failed)
    exports.write_grades(tmp_path / "grades.csv", [found])
    line = rows(tmp_path / "grades.csv")[1]
    assert line[:5] == ["ann", "grader-error", "", "", ""]
    assert "not yours" in exports.feedback(found)
    exports.write_gradescope(tmp_path / "gs", [found])
    assert list((tmp_path / "gs").iterdir()) == []


def test_one_exercise_that_could_not_be_graded_leaves_no_mark():
    parts = (
        an_exercise(12.0),
        an_exercise(None, name="day01/y", status=Status.GRADER_ERROR, tests=()),
    )
    found = record(score=None, status=Status.GRADER_ERROR, exercises=parts)
    assert entry(found).mark.score is None


# Attempts


def attempts(*scores, **more):
    return [
        record(
            score=score,
            key=f"k{n}",
            attempt=f"{n}.py",
            order=n,
            exercises=(an_exercise(score),),
            **more,
        )
        for n, score in enumerate(scores)
    ]


@pytest.mark.parametrize(
    ("policy", "scores", "counts"),
    [
        (Attempts.BEST, (3.0, 9.0, 6.0), 9.0),
        (Attempts.LAST, (3.0, 9.0, 6.0), 6.0),
        (Attempts.REFUSE, (3.0, 9.0, 6.0), None),
        (Attempts.REFUSE, (3.0,), 3.0),
    ],
)
def test_one_of_several_attempts_counts_and_that_is_said(policy, scores, counts):
    found = entry(*attempts(*scores), attempts=policy)
    assert found.mark.score == counts
    if len(scores) > 1:
        text = " ".join(exports.told(found))
        assert "0.py (3), 1.py (9), 2.py (6)" in text
        assert str(policy) in text
        assert "0.py (3), 1.py (9), 2.py (6)" in exports.feedback(found)


def test_attempts_are_in_the_order_of_the_lms_and_not_of_the_journal():
    first, second = attempts(3.0, 9.0)
    assert entry(second, first, attempts=Attempts.LAST).mark.score == 9.0


def test_of_equally_good_attempts_the_last_counts():
    assert entry(*attempts(6.0, 6.0)).record.key == "k1"


def test_the_best_attempt_is_the_best_after_lateness():
    early, late = attempts(5.0, 6.0)
    late = record(score=6.0, key="l", attempt="late.py", order=9, late=True)
    assert entry(early, late, lateness=RULE).mark.score == 5.0


@pytest.mark.parametrize("policy", Attempts)
def test_an_attachment_that_cannot_be_graded_takes_no_mark_away(policy):
    good = record(score=12.0, tests=(), attempt="exercise.py", order=1)
    parts = (an_exercise(0.0, status=Status.MISSING, tests=()),)
    note = "A .png file cannot be graded."
    picture = record(
        score=0.0, status=Status.MISSING, attempt="x.png", order=2, exercises=parts, note=note
    )
    found = entry(good, picture, attempts=policy)
    assert (found.mark.raw, found.mark.score) == (12.0, 12.0)
    assert found.record.origin.attempt == "exercise.py"
    assert "Not graded: x.png. A .png file cannot be graded." in exports.told(found)


# An instructor's word

HEADER = "student,exercise,score,comment\n"


def changed(text, *records, tmp_path, **rules):
    path = table(tmp_path / marks.CHANGES, HEADER + text)
    return gradebook(records, Rules(changes=read_changes(path), **rules))


@pytest.mark.parametrize(
    ("line", "score"),
    [
        ("ann,,10,well argued", 10.0),
        ("ann,,+2,", 6.5),
        ("ann,,-1,", 3.5),
        ("ann,,-99,", 0.0),
        ("ann,day01/x,8,", 6.0),
        ("ann,x,8,", 6.0),
        ("ann,x,+2,", 6.0),
        ("Ann,x,+2.5,", 6.38),
        ("ann,,,only a word", 4.5),
        ("ann,x,8,\nann,,+1,", 7.0),
    ],
)
def test_changes_by_hand_are_marks(tmp_path, line, score):
    [found], warnings = changed(
        line + "\n", record(), tmp_path=tmp_path, lateness=RULE, times={"ann": LATER}
    )
    assert (found.mark.score, found.mark.raw, warnings) == (score, 6.0, [])
    assert len(found.mark.changes) == line.count("ann") + line.count("Ann")


def test_a_change_is_told_everywhere(tmp_path):
    [found], _ = changed('ann,x,8,"=well done"\n', record(), tmp_path=tmp_path)
    words = "day01/x set to 8: =well done"
    exports.write_grades(tmp_path / "grades.csv", [found])
    assert rows(tmp_path / "grades.csv")[1][7] == words
    assert "By hand: day01/x set to 8: =well done." in exports.feedback(found)
    assert f"changed by hand: {words}" in found.summary()
    exports.write_gradescope(tmp_path / "gs", [found])
    result = json.loads((tmp_path / "gs" / "ann.json").read_text())
    assert (result["score"], result["output"]) == (8.0, f"By hand: {words}.")


def test_a_change_gives_a_mark_to_what_could_not_be_graded(tmp_path):
    failed = record(score=None, status=Status.GRADER_ERROR, exercises=())
    assert changed("ann,,7,\n", failed, tmp_path=tmp_path)[0][0].mark.score == 7.0
    assert changed("ann,,+1,\n", failed, tmp_path=tmp_path)[0][0].mark.score is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("anm,,5,", "line 2: there is no student anm; the change has no effect. Did you mean ann"),
        ("bob,,5,", "line 2: more than one student is called bob"),
        ("ann,day09/z,5,", "line 2: day09/z was not graded for ann"),
    ],
)
def test_a_change_that_finds_no_one_is_told(tmp_path, line, words):
    records = [record(), record("bob", who="a/bob"), record("bob", who="b/bob")]
    found, [warning] = changed(line + "\n", *records, tmp_path=tmp_path)
    assert [each.mark.score for each in found] == [6.0, 6.0, 6.0]
    assert words in warning


@pytest.mark.parametrize("score", ["ten", "1e9", "--1", "nan", "=1"])
def test_a_score_that_is_not_a_number_is_told(tmp_path, score):
    with pytest.raises(ClassroomError, match=r"line 2: .* is not a score such as 8"):
        read_changes(table(tmp_path / "c.csv", f"{HEADER}ann,,{score},\n"))


def test_changes_of_excel_in_europe_are_read(tmp_path):
    path = table(tmp_path / "c.csv", "student;exercise;score;comment\nÅse;;7,5;ok\n", "cp1252")
    assert read_changes(path) == (Change(2, "Åse", "", 7.5, False, "ok"),)
    assert read_changes(tmp_path / "nowhere.csv") == ()


# Files


def test_no_line_of_the_table_becomes_a_formula(tmp_path):
    found = entry(record("=cmd()", note="=1+1"))
    exports.write_grades(tmp_path / "grades.csv", [found])
    lines = rows(tmp_path / "grades.csv")
    assert lines[0] == list(exports.COLUMNS)
    assert lines[1] == ["'=cmd()", "graded", "6", "", "6", "12", "0.50", "", "'=1+1"]
    assert len(lines) == 2


def test_students_are_listed_by_name():
    assert [each.name for each in entries(*map(record, ["bob", "Ann", "cay"]))] == [
        "Ann",
        "bob",
        "cay",
    ]


def test_file_names_work_everywhere_and_are_unique():
    taken = set()
    names = ["ann", "Ann", "../../etc/passwd", "con", "a/b\\c:d", "", "王小明", "a" * 300]
    found = [exports.file_name(name, taken) for name in names]
    assert found[:4] == ["ann", "Ann-2", "etc_passwd", "_con"]
    assert found[6] == "王小明"
    assert len({name.casefold() for name in found}) == len(names)
    assert not any(set(name) & set('/\\:*?"<>|\n') for name in found)
    assert max(map(len, found)) <= 60


def test_feedback_of_a_name_that_is_no_more_is_removed(tmp_path):
    exports.write_feedback(tmp_path, entries(record("ann"), record("bob")))
    exports.write_feedback(tmp_path, entries(record("ann")))
    assert [path.name for path in tmp_path.iterdir()] == ["ann.md"]


def test_feedback_names_what_was_graded():
    part = an_exercise(files=("exercise.py", "templates/a.html"), notes=("Left out: film.mp4.",))
    found = record(exercises=(part,), digest="0123456789abcdef0123", attempt="lee_1_2_x.py")
    text = exports.feedback(entry(found))
    assert "Files: exercise.py, templates/a.html." in text
    assert "Left out: film.mp4." in text
    assert "Graded: lee\\_1\\_2\\_x.py, SHA-256 0123456789abcdef." in text


def test_feedback_shows_messages_and_hints_but_no_hidden_ones():
    tests = [
        a_test("test_open[1]", 0.0, "Came back: 404"),
        a_test("test_open[2]", 6.0),
        a_test("test_secret", 0.0, "the hidden answer is 42", hidden=True),
    ]
    text = exports.feedback(entry(record(tests=tests)))
    assert "- [ ] What test\\_open\\[1\\] is about. (6 of 12)" in text
    assert "Came back: 404" in text
    assert "Hint: A hint." in text
    assert "- [ ] a hidden test (0 of 6)" in text
    assert "42" not in text
    assert "test_secret" not in text


def test_feedback_obeys_nothing_that_a_submission_says():
    evil = "```\n# forged\n[x](javascript:1)\n````\n\x1b[2J<script>"
    text = exports.feedback(entry(record(tests=[a_test("t", 0.0, evil)])))
    fence = text.index("`````text")
    assert text.count("`````") == 2
    assert fence < text.index("# forged") < text.rindex("`````")
    assert "\x1b" not in text
    assert "# \\<b\\>" in exports.feedback(entry(record("<b>")))


def test_gradescope_gets_scores_and_hides_the_hidden(tmp_path):
    tests = [a_test("t", 6.0), a_test("s", 0.0, "secret", hidden=True)]
    exports.write_gradescope(tmp_path, [entry(record(tests=tests))])
    result = json.loads((tmp_path / "ann.json").read_text())
    assert result["score"] == 6.0
    assert [(t["score"], t["max_score"], t["status"]) for t in result["tests"]] == [
        (6.0, 6.0, "passed"),
        (0.0, 6.0, "failed"),
    ]
    assert result["tests"][1]["visibility"] == "hidden"
    assert "secret" not in json.dumps(result)


def test_junit_can_be_parsed_whatever_was_printed(tmp_path):
    found = record("ann\x00\x0b", tests=[a_test("t", 0.0, "a\x00\x1b]]>\ufffe")])
    exports.write_junit(tmp_path / "junit.xml", [entry(found)])
    [suite] = ET.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert suite[0].get("classname") == "day01/x"


# Similarity

STARTER = "from flask import Flask\napp = Flask(__name__)\n"
CODE = """
from flask import Flask, request
app = Flask(__name__)
def total(prices, rate):
    result = 0
    for price in prices:
        if price > 0 and rate < 1:
            result += price * (1 - rate)
        elif price == 0:
            continue
        else:
            raise ValueError("negative price in the list")
    return round(result, 2)
@app.get("/total")
def show():
    values = [float(v) for v in request.args.getlist("price")]
    return {"total": total(values, float(request.args.get("rate", 0)))}
"""


def other(seed):
    """Return a program of its own."""
    chance = random.Random(seed)
    lines = [
        f"def f{n}(x): return x {chance.choice('+-*')} {chance.random()} {chance.choice('/%')} {n}"
        for n in range(20)
    ]
    return "\n".join(lines)


def test_renaming_hides_no_copy():
    texts = {
        "ann": CODE,
        "bob": CODE.replace("total", "summe").replace("price", "preis"),
        "eve": other(1),
        "bad": "def (:\n",
    }
    [group] = similarity.alike("day01/x", texts, STARTER)
    assert group.students == ("ann", "bob")
    assert group.share > 0.9
    assert similarity.alike("day01/x", texts, CODE) == []


def test_shared_lines_are_marked_and_others_are_not():
    own = "\n".join(f"def g{n}(x): return [x, {n}, 'a' * {n * 7}]" for n in range(3))
    texts = {"ann": CODE, "bob": f"{CODE}\n{own}\n"}
    [group] = similarity.alike("day01/x", texts, STARTER)
    ann, bob = group.lines
    lines = CODE.splitlines()
    assert lines.index("    result = 0") + 1 in ann
    assert ann <= set(range(1, len(lines) + 1))
    assert max(bob) <= len(lines) + 2


def test_many_who_look_alike_are_one_group():
    texts = {f"s{n}": CODE.replace("price", f"price{n}") for n in range(8)}
    [group] = similarity.alike("day01/x", texts, STARTER)
    assert len(group.students) == 8


def test_what_most_of_a_class_writes_says_nothing_but_an_equal_text_does():
    texts = {f"s{n:02}": CODE.replace("price", f"price{n}") for n in range(40)}
    assert similarity.alike("day01/x", texts, STARTER) == []
    texts["copy"] = texts["s07"]
    [group] = similarity.alike("day01/x", texts, STARTER)
    assert (group.students, group.share) == (("copy", "s07"), 1.0)


def test_short_texts_say_nothing():
    assert similarity.alike("day01/x", {"a": "x = 1\n", "b": "x = 1\n"}, "") == []
