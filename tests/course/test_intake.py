"""Submissions are found in what an LMS hands out, and no archive leaves its folder."""

import os
import struct
import sys
import zipfile
import zlib

import pytest

from course.catalogue import EXERCISE as FILE
from course.grading import intake
from course.grading.submission import Submission

EXERCISE = "day01/custom_converter"


def hand_in(folder, text="app = None\n"):
    place = folder / EXERCISE
    place.mkdir(parents=True)
    (place / FILE).write_text(text)
    return folder


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def only(folder, tmp_path):
    [found] = intake.collect([folder], tmp_path / "unpacked")
    return found


def test_each_folder_is_a_student(tmp_path):
    folder = tmp_path / "class"
    hand_in(folder / "ann")
    hand_in(folder / "bob")
    found = intake.collect([folder], tmp_path / "unpacked")
    assert [(each.student, each.path) for each in found] == [
        ("ann", folder / "ann"),
        ("bob", folder / "bob"),
    ]


def test_a_folder_that_is_a_submission_counts_as_one(tmp_path):
    folder = hand_in(tmp_path / "ann")
    assert only(folder, tmp_path).path == folder


def test_a_submission_may_begin_some_folders_down(tmp_path):
    hand_in(tmp_path / "class" / "ann" / "work" / "flask-main")
    assert only(tmp_path / "class", tmp_path).path.name == "flask-main"


def test_moodle_names_give_student_and_number(tmp_path):
    hand_in(tmp_path / "class" / "Ann Lee_12345_assignsubmission_file_")
    found = only(tmp_path / "class", tmp_path)
    assert (found.student, found.numbers) == ("Ann Lee", ("12345",))


def test_moodle_folders_may_hold_a_zip_file(tmp_path):
    folder = tmp_path / "class" / "Ann Lee_12345_assignsubmission_file_"
    folder.mkdir(parents=True)
    zipped(folder / "work.zip", {f"work/{EXERCISE}/{FILE}": "app = 1"})
    found = only(tmp_path / "class", tmp_path)
    assert (found.path / EXERCISE / FILE).read_text() == "app = 1"


@pytest.mark.parametrize("name", ["leeann_4711_9988_work.zip", "leeann_LATE_4711_9988_work.zip"])
def test_canvas_names_give_student_and_number(tmp_path, name):
    folder = tmp_path / "class"
    folder.mkdir()
    zipped(folder / name, {f"{EXERCISE}/{FILE}": "app = 1"})
    found = only(folder, tmp_path)
    assert (found.student, found.numbers) == ("leeann", ("4711",))
    assert (found.path / EXERCISE / FILE).exists()


def test_single_files_are_submissions(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "ann.py").write_text("app = 1")
    assert only(folder, tmp_path).path == folder / "ann.py"


def test_the_same_name_twice_stays_two_students(tmp_path):
    for part in ("group1", "group2"):
        hand_in(tmp_path / part / "ann")
    found = intake.collect([tmp_path / "group1", tmp_path / "group2"], tmp_path / "unpacked")
    assert [each.student for each in found] == ["ann", "ann (2)"]


def test_nothing_to_grade_is_said_in_words(tmp_path):
    (tmp_path / "class" / "ann").mkdir(parents=True)
    found = only(tmp_path / "class", tmp_path)
    assert found.path is None
    assert FILE in found.problem


@pytest.mark.parametrize(
    "name", ["../../out.py", "/out.py", "a/../../out.py", "..\\out.py", "C:/out.py", "\\out.py"]
)
def test_a_name_that_leads_out_is_refused(tmp_path, name):
    folder = tmp_path / "class"
    folder.mkdir()
    info = zipfile.ZipInfo("x")
    info.filename = name
    with zipfile.ZipFile(folder / "ann.zip", "w") as archive:
        archive.writestr(info, "print('out')")
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    found = only(folder, tmp_path)
    assert found.path is None
    assert "leads out" in found.problem
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_link_in_an_archive_is_left_out(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    link = zipfile.ZipInfo(f"{EXERCISE}/{FILE}")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "ann.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert only(folder, tmp_path).path is None


def test_a_zip_bomb_ends_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "ZIP_BYTES", 100_000)
    folder = tmp_path / "class"
    folder.mkdir()
    zipped(folder / "ann.zip", {f"{EXERCISE}/{FILE}": b"\0" * 1_000_000})
    found = only(folder, tmp_path)
    assert "unpacks to more than" in found.problem
    unpacked = sum(path.stat().st_size for path in (tmp_path / "unpacked").rglob("*.py"))
    assert unpacked <= 100_000


def test_a_size_that_lies_does_not_help(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "ZIP_BYTES", 100_000)
    folder = tmp_path / "class"
    folder.mkdir()
    path = zipped(folder / "ann.zip", {FILE: b"\0" * 1_000_000})
    true = struct.pack("<L", 1_000_000)
    path.write_bytes(path.read_bytes().replace(true, struct.pack("<L", 10)))
    found = only(folder, tmp_path)
    assert found.path is None or (found.path / FILE).stat().st_size <= 100_000


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "ZIP_FILES", 20)
    folder = tmp_path / "class"
    folder.mkdir()
    zipped(folder / "ann.zip", {f"{n}.txt": "" for n in range(21)})
    assert "more than 20 files" in only(folder, tmp_path).problem


def test_a_broken_archive_is_no_traceback(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "ann.zip").write_bytes(b"PK\x03\x04" + zlib.compress(b"nonsense"))
    assert "cannot be unpacked" in only(folder, tmp_path).problem


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes need a POSIX system")
def test_links_and_pipes_are_not_copied(tmp_path):
    folder = hand_in(tmp_path / "ann")
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    place = folder / EXERCISE
    (place / "link.txt").symlink_to(secret)
    (place / "folder").symlink_to(tmp_path)
    os.mkfifo(place / "pipe")
    submission = Submission(folder)
    try:
        laid = submission.stage / submission.lay_out(EXERCISE)
        names = {path.name for path in laid.rglob("*")}
        assert FILE in names
        assert not {"link.txt", "pipe", "folder", "secret.txt"} & names
        assert not any(path.is_symlink() for path in laid.rglob("*"))
    finally:
        submission.close()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a POSIX system")
def test_an_exercise_that_is_a_link_is_missing(tmp_path):
    folder = tmp_path / "ann" / EXERCISE
    folder.mkdir(parents=True)
    (folder / FILE).symlink_to("/etc/passwd")
    submission = Submission(tmp_path / "ann")
    assert submission.file(EXERCISE) is None
    submission.close()
    elsewhere = hand_in(tmp_path / "elsewhere")
    (tmp_path / "bob" / "day01").mkdir(parents=True)
    (tmp_path / "bob" / EXERCISE).symlink_to(elsewhere / EXERCISE)
    submission = Submission(tmp_path / "bob")
    assert submission.file(EXERCISE) is None
    submission.close()


def test_names_are_shown_without_anything_to_obey():
    assert intake.printable("ann\n\x1b[31mlee\u202e") == "ann\ufffd\ufffd[31mlee\ufffd"
    assert intake.printable("") == "(no name)"
    assert len(intake.printable("a" * 1000)) == 120


def test_a_change_of_the_files_changes_the_digest(tmp_path):
    folder = hand_in(tmp_path / "ann")
    before = only(folder, tmp_path).digest()
    assert only(folder, tmp_path).digest() == before
    (folder / EXERCISE / FILE).write_text("app = 2\n")
    assert only(folder, tmp_path).digest() != before


@pytest.mark.skipif(sys.platform == "win32", reason="pipes need a POSIX system")
def test_what_is_no_file_and_what_cannot_be_read_stop_nothing(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    os.mkfifo(folder / "ann.zip")
    hand_in(folder / "bob")
    os.mkfifo(folder / "bob" / EXERCISE / "pipe.txt")
    deep = folder / "bob" / "deep"
    for _ in range(50):
        deep = deep / "deeper"
    deep.mkdir(parents=True)
    ann, bob = intake.collect([folder], tmp_path / "unpacked")
    assert ann.problem == "It is no file."
    assert len(bob.digest()) == 64
