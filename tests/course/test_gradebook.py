"""What the gradebook says: marks, lateness, feedback, the files of other tools."""

import csv
import json
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest

from course.grading import gradebook, report, similarity


def record(student="ann", *, score=6.0, status="graded", numbers=(), tests=None, note=""):
    if tests is None:
        tests = [
            a_test("test_one", 6.0),
            a_test("test_two", 0.0, "failed", "Sent: x\nCame back: y"),
        ]
    return {
        "key": f"key of {student}",
        "student": student,
        "numbers": list(numbers),
        "status": status,
        "score": score,
        "max": 12.0,
        "seconds": 0.5,
        "note": note,
        "exercises": [
            {"exercise": "day01/x", "status": status, "score": score, "max": 12.0, "tests": tests}
        ],
    }


def a_test(name, score, outcome="passed", message="", *, hidden=False, points=6.0):
    return {
        "test": name,
        "about": f"What {name} is about.",
        "task": 1,
        "points": points,
        "score": score,
        "outcome": outcome,
        "kind": "wrong",
        "message": message,
        "hint": "A hint.",
        "hidden": hidden,
        "seconds": 0.1,
    }


def marks(*records):
    return {each["key"]: (0.0, each["score"]) for each in records}


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("=cmd()|' /C calc'!A0", "'=cmd()|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@sum", "'@sum"),
        ("ann\n=cmd()", "ann\ufffd=cmd()"),
        ("\t=cmd()", "\ufffd=cmd()"),
        ("Zoë 王", "Zoë 王"),
    ],
)
def test_no_cell_becomes_a_formula(tmp_path, name, shown):
    found = record(name)
    gradebook.write_grades(tmp_path / "grades.csv", [found], marks(found))
    lines = rows(tmp_path / "grades.csv")
    assert lines[0] == list(gradebook.COLUMNS)
    assert lines[1][:5] == [shown, "graded", "6", "", "6"]
    assert len(lines) == 2


def test_what_was_not_graded_has_no_mark(tmp_path):
    found = record(score=None, status="grader-error", tests=[])
    gradebook.write_grades(tmp_path / "grades.csv", [found], marks(found))
    assert rows(tmp_path / "grades.csv")[1][:5] == ["ann", "grader-error", "", "", ""]
    assert "not yours" in gradebook.feedback(found, 0.0, None)
    gradebook.write_gradescope(tmp_path / "gs", [found], marks(found))
    assert list((tmp_path / "gs").iterdir()) == []


@pytest.mark.parametrize(
    ("submitted", "part"),
    [
        ("2026-03-01T23:00+08:00", 0.0),
        ("2026-03-01T23:59+08:00", 0.0),
        ("2026-03-02T00:14+08:00", 0.0),
        ("2026-03-01T16:14+00:00", 0.0),
        ("2026-03-02T00:15+08:00", 0.1),
        ("2026-03-02T23:59+08:00", 0.1),
        ("2026-03-03T00:00+08:00", 0.2),
        ("2026-06-01T00:00+08:00", 1.0),
    ],
)
def test_a_late_day_begun_counts(submitted, part):
    rule = gradebook.lateness("2026-03-01T23:59+08:00", "10%/day", "15m")
    assert rule.penalty(gradebook.moment(submitted)) == pytest.approx(part)


def test_late_marks_keep_the_raw_ones():
    rule = gradebook.lateness("2026-03-01T23:59+08:00", "25%/day", "0m")
    times = {"ann": rule.due + timedelta(minutes=1)}
    assert gradebook.with_penalty(record(), rule, times) == (0.25, 4.5)
    assert gradebook.with_penalty(record("bob"), rule, times) == (0.0, 6.0)


@pytest.mark.parametrize(
    ("due", "late", "grace"),
    [
        ("tomorrow", "10%/day", "15m"),
        ("2026-03-01T23:59", "10%/day", "15m"),
        ("2026-03-01T23:59+08:00", "10%", "15m"),
        ("2026-03-01T23:59+08:00", "110%/day", "15m"),
        ("2026-03-01T23:59+08:00", "10%/day", "15"),
    ],
)
def test_a_rule_that_cannot_be_read_is_named(due, late, grace):
    with pytest.raises(gradebook.GradebookError, match=r"2026-03-01|10%|15m"):
        gradebook.lateness(due, late, grace)


def test_file_names_work_everywhere_and_are_unique():
    taken = set()
    names = ["ann", "Ann", "../../etc/passwd", "con", "a/b\\c:d", "", "王小明", "a" * 300]
    found = [gradebook.file_name(name, taken) for name in names]
    assert found[:4] == ["ann", "Ann-2", "etc_passwd", "_con"]
    assert found[6] == "王小明"
    assert len({name.casefold() for name in found}) == len(names)
    assert not any(set(name) & set('/\\:*?"<>|\n') for name in found)
    assert max(map(len, found)) <= 60


def test_feedback_shows_messages_and_hints_but_no_hidden_ones():
    tests = [
        a_test("test_open[1]", 0.0, "failed", "Came back: 404"),
        a_test("test_open[2]", 6.0),
        a_test("test_secret", 0.0, "failed", "the hidden answer is 42", hidden=True),
    ]
    text = gradebook.feedback(record(tests=tests), 0.0, 6.0)
    assert "- [ ] What test\\_open\\[1\\] is about. (6 of 12)" in text
    assert "Came back: 404" in text
    assert "Hint: A hint." in text
    assert "- [ ] a hidden test (0 of 6)" in text
    assert "42" not in text
    assert "test_secret" not in text


def test_feedback_obeys_nothing_that_a_submission_says():
    evil = "```\n# forged\n[x](javascript:1)\n````\n\x1b[2J<script>"
    text = gradebook.feedback(record(tests=[a_test("t", 0.0, "failed", evil)]), 0.0, 0.0)
    fence = text.index("`````text")
    assert text.count("`````") == 2
    assert fence < text.index("# forged") < text.rindex("`````")
    assert "\x1b" not in text
    assert "# \\<b\\>" in gradebook.feedback(record("<b>"), 0.0, 0.0)


def test_gradescope_gets_scores_and_hides_the_hidden(tmp_path):
    found = record(tests=[a_test("t", 6.0), a_test("s", 0.0, "failed", "secret", hidden=True)])
    gradebook.write_gradescope(tmp_path, [found], marks(found))
    result = json.loads((tmp_path / "ann.json").read_text())
    assert result["score"] == 6.0
    assert [(t["score"], t["max_score"], t["status"]) for t in result["tests"]] == [
        (6.0, 6.0, "passed"),
        (0.0, 6.0, "failed"),
    ]
    assert result["tests"][1]["visibility"] == "hidden"
    assert "secret" not in json.dumps(result)


def test_junit_can_be_parsed_whatever_was_printed(tmp_path):
    found = record("ann\x00\x0b", tests=[a_test("t", 0.0, "failed", "a\x00\x1b]]>\ufffe")])
    gradebook.write_junit(tmp_path / "junit.xml", [found])
    [suite] = ET.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert suite[0].get("classname") == "day01/x"


# -- rosters ---------------------------------------------------------------------------------

MOODLE = """\
Identifier,Full name,Email address,Status,Grade,Maximum Grade,Feedback comments
Participant 12345,Ann Lee,ann@example.org,Submitted,,100.00,
Participant 12346,Bob Ng,bob@example.org,Submitted,55,100.00,kept
Participant 12347,Eve,eve@example.org,No submission,,100.00,
"""

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Homework (77),Final Score
    Points Possible,,,,,24,(read only)
"Lee, Ann",4711,s1,ann,A,,90
"Ng, Bob",4712,s2,bob,A,3,80
"""


def roster(tmp_path, text, column=None):
    path = tmp_path / "roster.csv"
    path.write_text(text, "utf-8")
    return gradebook.read_roster(path, column)


def test_moodles_worksheet_is_filled_and_else_left_alone(tmp_path):
    found = [record("Ann Lee", numbers=["12345"]), record("Eve", score=None, status="grader-error")]
    sheet = roster(tmp_path, MOODLE)
    filled = gradebook.fill(sheet, gradebook.match(sheet, found), marks(*found))
    assert filled[0][4:] == ["50", "100.00", "graded: day01/x 6/12"]
    assert filled[1] == sheet.rows[1]
    assert filled[2] == sheet.rows[2]


def test_canvas_export_is_filled_and_else_left_alone(tmp_path):
    found = [record("leeann", numbers=["4711"]), record("bob")]
    sheet = roster(tmp_path, CANVAS)
    assert sheet.header[sheet.column] == "Homework (77)"
    filled = gradebook.fill(sheet, gradebook.match(sheet, found), marks(*found))
    assert filled[0] == sheet.rows[0]
    assert filled[1] == ["Lee, Ann", "4711", "s1", "ann", "A", "12", "90"]
    assert filled[2][5] == "12"


def test_a_filled_roster_survives_the_round_trip(tmp_path):
    sheet = roster(tmp_path, CANVAS)
    gradebook.write_roster(tmp_path / "out.csv", sheet, sheet.rows)
    assert rows(tmp_path / "out.csv") == rows(tmp_path / "roster.csv")


def test_a_name_that_two_share_finds_nobody(tmp_path):
    sheet = roster(tmp_path, MOODLE)
    twice = [record("Ann Lee"), record("ann lee") | {"key": "another"}]
    assert gradebook.match(sheet, twice) == {}


def test_no_column_is_ever_invented(tmp_path):
    with pytest.raises(gradebook.GradebookError, match=r"no column 'New'.*Homework"):
        roster(tmp_path, CANVAS, "New")
    two = CANVAS.replace("Final Score", "Quiz (78)")
    with pytest.raises(gradebook.GradebookError, match=r"Homework \(77\), Quiz \(78\)"):
        roster(tmp_path, two)
    assert roster(tmp_path, two, "Quiz (78)").column == 6


@pytest.mark.parametrize("text", ["", "name,grade\nann,1\n"])
def test_a_file_that_is_no_roster_is_refused(tmp_path, text):
    with pytest.raises(gradebook.GradebookError, match=r"empty|neither"):
        roster(tmp_path, text)


# -- report and similarity ---------------------------------------------------------------------


def test_the_report_escapes_and_counts(tmp_path):
    found = [record("<script>alert(1)</script>", score=12.0), record("bob", score=0.0)]
    pairs = [similarity.Pair("day01/x", "<b>", "bob", 0.9)]
    path = tmp_path / "report.html"
    report.write_report(path, found, marks(*found), pairs, ["isolation strong"])
    text = path.read_text("utf-8")
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<strong>50 %</strong>" in text
    assert "http" not in text.replace("http-equiv", "")
    assert report.hardest(found) == [("day01/x", "test_two", 0.0, 2)]


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


def test_renaming_hides_no_copy(tmp_path):
    starter = tmp_path / "starter.py"
    starter.write_text("from flask import Flask\napp = Flask(__name__)\n")
    texts = {
        "ann": CODE,
        "bob": CODE.replace("total", "summe")
        .replace("price", "preis")
        .replace("result", "ergebnis"),
        "eve": "import math\n"
        + "\n".join(f"def f{n}(x): return math.sin(x) ** {n}" for n in range(20)),
        "bad": "def (:\n",
    }
    files = []
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text)
        files.append((name, tmp_path / f"{name}.py"))
    pairs = similarity.alike("day01/x", files, starter)
    assert [(pair.first, pair.second) for pair in pairs] == [("ann", "bob")]
    assert pairs[0].share > 0.9
    assert similarity.alike("day01/x", files, tmp_path / "ann.py") == []
