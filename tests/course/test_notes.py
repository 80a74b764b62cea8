"""Every block of the notes is true: played, run as doctest, or quoted from a file of the lesson."""

import doctest
import re
import textwrap

import pytest

from course import catalogue, transcript
from course.catalogue import ROOT

LESSONS = catalogue.lessons()
NOTES = [lesson.folder / catalogue.NOTES for lesson in LESSONS]
BLOCKS = [block for path in NOTES for block in transcript.blocks(path)]
FENCES = [
    (lesson, fence)
    for lesson in LESSONS
    for fence in transcript.fences(lesson.notes)
    if fence.language != "console"
]


def place(path, line):
    return f"{path.relative_to(ROOT).as_posix()}:{line}"


@pytest.mark.parametrize("block", BLOCKS, ids=[place(b.path, b.line) for b in BLOCKS])
def test_console_block(block, tmp_path):
    try:
        transcript.play(block, {"DATA_FOLDER": tmp_path})
    except transcript.TranscriptError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.mark.parametrize(
    ("lesson", "fence"),
    FENCES,
    ids=[place(lesson.folder / catalogue.NOTES, fence.line) for lesson, fence in FENCES],
)
def test_quote(lesson, fence):
    where = place(lesson.folder / catalogue.NOTES, fence.line)
    if fence.language == "pycon":
        problem = doctest_report(lesson, fence)
    else:
        problem = "" if is_quoted(lesson, fence.content) else "stands in no file of the lesson"
    if problem:
        pytest.fail(f"{where}: {problem}\n{fence.content}", pytrace=False)


def is_quoted(lesson, quote):
    texts = [p.read_text("utf-8") for p in lesson.files() if p.suffix in catalogue.TEXT_SUFFIXES]
    return any(
        "\n" + textwrap.indent(textwrap.dedent(quote), " " * depth) in "\n" + text
        for text in texts
        for depth in range(0, 17, 2)
    )


def doctest_report(lesson, fence):
    """Run a block together with those before it under the same heading."""
    same = [f for f in transcript.fences(lesson.notes) if f.heading == fence.heading]
    same = [f for f in same if f.language == "pycon" and f.line <= fence.line]
    text = "\n".join(f.content for f in same)
    test = doctest.DocTestParser().get_doctest(text, {}, lesson.id, None, 0)
    report = []
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    doctest.DocTestRunner(verbose=False, optionflags=flags).run(test, out=report.append)
    return "".join(report)


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.id for lesson in LESSONS])
def test_notes_follow_the_rhythm(lesson):
    headings = re.findall(r"^## (.+)$", lesson.notes, re.MULTILINE)
    rhythm = ["The idea", "The code", "Try it", "Then and now", "In short"]
    assert [heading for heading in headings if heading in rhythm] == rhythm
    assert lesson.title
    assert lesson.summary.endswith(".")
