"""Hostile names and words, through the whole of ``course grade``: the reader obeys none."""

import csv
import json
import os
import re
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ET

import pytest

from course.catalogue import ROOT
from course.grading.sandbox import wall
from tests.course.hostile import EXERCISE, GOOD, MOST, Outside, hand_in, submission

pytestmark = pytest.mark.second_half

without_strong = ["--isolation", "process"] if wall.bubblewrap_problem() else []

NAMES = [
    "=cmd()|' C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "line\nbreak,forged,99",
    "\r=cmd()",
    "\x1b[31mred\x1b[0m\x07",
    "[red]ann",
    "[bold]",
    "<script>alert(1)</script>",
    os.fsdecode(b"not text \xff\xfe"),
    'a,"b";c',
    "evil..",
    "\u202egnp.exe",
    "&amp; | `rm` $(rm) %PATH%",
    "con",
]
WORDS = ["raise_at_import", "raise_in_a_request", "print_in_a_request", "answer_with_words"]
WORDS += ["answer_with_forged_notes"]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Grade a class of such names and words; give what was shown and written."""
    folder = tmp_path_factory.mktemp("words")
    folder.chmod(0o755)
    place = Outside(folder)
    try:
        (place.tests / EXERCISE / "solution.py").write_text(GOOD, "utf-8")
        for number, name in enumerate(NAMES):
            hand_in(place.handed_in / name, submission(WORDS[number % len(WORDS)], place.target()))
        hand_in(place.handed_in / "zoe", GOOD)
        text = "from course.cli import main; main()"
        words = ["grade", "class", "--exercise", EXERCISE, "--tests", "tests", "--out", "out"]
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                text,
                *words,
                *without_strong,
            ],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "PYTHONUTF8": "1"},
            capture_output=True,
            check=False,
            timeout=120,
        )
    finally:
        place.close()
    return done, folder / "out"


def obeyed(text):
    """Return the characters of a text that a terminal or an editor would obey."""
    return {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs"}} - {"\n"}


def test_the_terminal_shows_names_and_messages_and_obeys_none(graded):
    done, _ = graded
    text = done.stdout.decode()
    assert (done.returncode, done.stderr.decode()) == (0, "")
    assert obeyed(text) == set()
    marked = re.findall(r"^.+? +(-|\d+)/3 +\d+\.\d+ s  ([\w-]+)", text, re.MULTILINE)
    assert len(marked) == len(NAMES) + 1
    assert [score for score, _ in marked].count("0") == len(NAMES)
    assert "[red]ann" in text
    assert max(map(len, text.splitlines())) < 1000


def test_the_table_of_marks_has_a_row_each_and_no_formula(graded):
    with (graded[1] / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == len(NAMES) + 2
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert set().union(*map(obeyed, cells)) == set()
    assert sorted(row[4] for row in rows[1:]) == ["0"] * len(NAMES) + [str(MOST)]


def test_feedback_lies_in_its_folder_and_obeys_nothing(graded):
    found = list((graded[1] / "feedback").rglob("*"))
    assert len(found) == len(NAMES) + 1
    for path in found:
        text = path.read_text("utf-8")
        assert re.fullmatch(r"[\w.-]+\.md", path.name), path.name
        assert obeyed(text) == set()
        assert len(text) < 30_000
        outside = re.sub(r"^  (`{3,})text\n.*?^  \1$", "", text, flags=re.MULTILINE | re.DOTALL)
        assert "<script>" not in outside
        assert "# forged" not in outside


def test_the_files_for_other_programs_can_be_read_by_them(graded):
    out = graded[1]
    suites = ET.parse(out / "junit.xml").getroot()
    assert len(suites) == len(NAMES) + 1
    for line in (out / "results.jsonl").read_text("ascii").splitlines():
        assert len(line) < 40_000
        json.loads(line)
    for path in (out / "gradescope").iterdir():
        assert path.stat().st_size < 40_000
        assert {t["score"] for t in json.loads(path.read_text())["tests"]} <= {0, 1}
    page = (out / "report.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert obeyed(page) == set()
