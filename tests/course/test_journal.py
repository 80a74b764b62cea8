"""The journal keeps what is graded: one process writes, a broken line costs one record."""

import errno
import json
import multiprocessing
import os

import pytest

from course.grading.classroom import book, files, journal
from course.grading.classroom.book import Book
from course.grading.classroom.files import ClassroomError, write_whole
from course.grading.classroom.journal import Journal, Record
from course.grading.classroom.lateness import lateness, moment
from course.grading.classroom.marks import Attempts
from course.grading.results import Status
from tests.course.classroom import record, renamed

NOW = moment("2026-03-01T10:00+08:00")


def written(folder):
    return [json.loads(line) for line in (folder / journal.NAME).read_text().splitlines()]


def keep(folder, *records):
    with Journal(folder) as found:
        for each in records:
            found.add(each)
        found.save()


def test_a_record_survives_its_line(tmp_path):
    ann = renamed(record(notes=("Left out: x.",), digest="d", when="2026"), submitted=NOW)
    keep(tmp_path, ann)
    with Journal(tmp_path) as found:
        assert list(found.records.values()) == [ann]
    assert Record.from_json(json.loads(json.dumps(ann.to_json()))) == ann


def test_a_record_is_on_the_disk_at_once(tmp_path):
    with Journal(tmp_path) as found:
        found.add(record())
        assert [line["origin"]["student"] for line in written(tmp_path)] == ["ann"]


@pytest.mark.parametrize(
    "line",
    [
        b'{"key": "half a li',
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b"{}",
        b'{"key": ["a"], "origin": 1}',
        b'{"key": "k", "origin": {}, "status": "graded"}',
        b"",
        b"[" * 100_000,
    ],
)
def test_a_broken_line_costs_one_record_and_is_told(tmp_path, line):
    keep(tmp_path, record("ann"), record("bob"))
    first, second = (tmp_path / journal.NAME).read_bytes().splitlines()
    (tmp_path / journal.NAME).write_bytes(b"\n".join([first, line, second]))
    with Journal(tmp_path) as found:
        assert [each.origin.student for each in found.current()] == ["ann", "bob"]
        [problem] = found.problems
        assert "results.jsonl, line 2, cannot be read" in problem
        found.add(record("eve"))
    assert (tmp_path / journal.BROKEN).read_bytes() == line + b"\n"
    assert len(written(tmp_path)) == 3


def test_a_line_of_each_field_missing_is_broken_and_not_a_traceback(tmp_path):
    keep(tmp_path, record())
    [whole] = written(tmp_path)
    lines = []
    for name in whole.keys() - {"superseded"}:
        lines.append({n: v for n, v in whole.items() if n != name})
        lines.append(whole | {name: {"x": [1]}})
    (tmp_path / journal.NAME).write_text("\n".join(map(json.dumps, lines)))
    with Journal(tmp_path) as found:
        assert len(found.problems) >= len(lines) - 5  # a text may be made of anything


def test_what_the_grader_failed_at_is_not_graded(tmp_path):
    failed = record(score=None, status=Status.GRADER_ERROR, key="k")
    keep(tmp_path, failed)
    with Journal(tmp_path) as found:
        assert not found.has("k")
        found.add(record(key="k"))
        assert found.has("k")


def test_a_failure_of_the_grader_does_not_replace_a_mark(tmp_path):
    with Journal(tmp_path) as found:
        found.add(record(key="k", score=7.0))
        found.add(record(key="k", score=None, status=Status.GRADER_ERROR))
        assert [each.score for each in found.current()] == [7.0]
    assert len(written(tmp_path)) == 1


def test_superseded_lines_are_named(tmp_path):
    old, new, other = record(key="1"), record(key="2", score=8.0), record("bob", key="3")
    keep(tmp_path, old, other)
    with Journal(tmp_path) as found:
        found.add(new)
        found.settle({old.origin.who: ["2"]})
        assert {each.key for each in found.current()} == {"2", "3"}
    assert {line["key"]: line["superseded"] for line in written(tmp_path)} == {
        "1": True,
        "2": False,
        "3": False,
    }
    with Journal(tmp_path) as found:
        assert {each.key for each in found.current()} == {"2", "3"}
        found.settle({old.origin.who: ["1"]})  # the student went back to the older files
        assert {each.key for each in found.current()} == {"1", "3"}


def test_the_old_mark_holds_until_the_new_one_is_there(tmp_path):
    old = record(key="1")
    with Journal(tmp_path) as found:
        found.add(old)
        found.settle({old.origin.who: ["2"]})
        assert [each.key for each in found.current()] == ["1"]


def test_attempts_hold_side_by_side(tmp_path):
    first, second = record(key="1", attempt="a.py"), record(key="2", attempt="b.py")
    with Journal(tmp_path) as found:
        found.add(first)
        found.add(second)
        found.settle({first.origin.who: ["1", "2"]})
        assert len(found.current()) == 2


def locks(folder, queue):
    try:
        with Journal(folder):
            queue.put("got it")
    except ClassroomError as error:
        queue.put(str(error))


def test_a_second_process_is_refused_until_the_first_ends(tmp_path):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    with Journal(tmp_path) as found:
        found.add(record())
        with pytest.raises(ClassroomError, match="Another course grade is writing to"):
            Journal(tmp_path).__enter__()
        process = context.Process(target=locks, args=(tmp_path, queue))
        process.start()
        assert "Another course grade is writing to" in queue.get(timeout=60)
        process.join(timeout=60)
    with Journal(tmp_path) as found:
        assert len(found.records) == 1


def test_a_folder_in_which_nothing_was_graded_is_left_as_it_was(tmp_path):
    out = tmp_path / "out"
    with Journal(out):
        assert out.exists()
    assert not out.exists()
    out.mkdir()
    with Journal(out):
        pass
    assert out.exists()


# A disk that is full


@pytest.fixture
def full_disk(monkeypatch):
    """Give a function after which nothing can be flushed to the disk any more."""

    def fsync(number):
        raise OSError(errno.ENOSPC, "No space left on device")

    return lambda: monkeypatch.setattr(os, "fsync", fsync)


def test_a_full_disk_leaves_the_old_file(tmp_path, full_disk):
    path = tmp_path / "grades.csv"
    write_whole(path, "old")
    full_disk()
    with pytest.raises(ClassroomError, match=r"No space left on device. The earlier version"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["grades.csv"]


def test_a_full_disk_costs_the_journal_nothing(tmp_path, full_disk):
    keep(tmp_path, record("ann"))
    before = (tmp_path / journal.NAME).read_bytes()
    with Journal(tmp_path) as found:
        full_disk()
        with pytest.raises(ClassroomError, match="What is in it is kept"):
            found.add(record("bob"))
        assert (tmp_path / journal.NAME).read_bytes() == before
        with pytest.raises(ClassroomError, match="The earlier version is unchanged"):
            found.save()
    assert (tmp_path / journal.NAME).read_bytes() == before


def test_a_new_version_is_flushed_before_it_takes_the_name(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_text("old")
    seen = []
    monkeypatch.setattr(files.os, "fsync", lambda number: seen.append(path.read_text()))
    write_whole(path, "new")
    assert (seen, path.read_text()) == (["old"], "new")


# Settings


def test_settings_survive_their_file(tmp_path):
    found = Book(
        exercises=("day01/x",),
        lateness=lateness("2026-03-01T23:59+08:00", "10%/day", "1h"),
        attempts=Attempts.LAST,
        names={"user1": "Ann"},
        groups={"team": ("Ann", "Bob")},
        times={"ann": NOW},
        arrived={"class/ann": NOW},
        protection=("strong",),
    )
    book.write_book(tmp_path, found)
    assert book.read_book(tmp_path) == found
    assert book.read_book(tmp_path / "nowhere") == Book()


@pytest.mark.parametrize("text", ["", "[]", "{}", "\xff"])
def test_settings_that_cannot_be_read_are_told(tmp_path, text):
    (tmp_path / book.NAME).write_text(text)
    with pytest.raises(ClassroomError, match=r"settings\.json cannot be read .* Delete it"):
        book.read_book(tmp_path)
