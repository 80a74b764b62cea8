"""Submissions are found in what an LMS hands out; one stranger's files stop no one else."""

import io
import os
import random
import struct
import sys
import tarfile
import zipfile
import zlib

import pytest

from course.catalogue import EXERCISE as FILE
from course.grading import submission
from course.grading.classroom import archives, files, gallery, intake
from course.grading.classroom.intake import Handin, Origin
from tests.course.classroom import NAME, hand_in, zipped

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes need a POSIX system")
APP = "app = None\n"


@pytest.fixture
def classroom(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    return folder


@pytest.fixture
def collect(tmp_path):
    def collect(*folders):
        return intake.collect(folders, tmp_path / "unpacked")

    return collect


@pytest.fixture
def only(collect):
    def only(folder):
        [found] = collect(folder)
        return found

    return only


def packed(path, names, mode="w:gz"):
    """Write a tar file of names and contents."""
    with tarfile.open(path, mode) as archive:
        for name, data in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


# What is a submission


def test_each_folder_is_a_student(classroom, collect):
    hand_in(classroom / "ann", APP)
    hand_in(classroom / "bob", APP)
    found = [(each.origin.student, each.path) for each in collect(classroom)]
    assert found == [("ann", classroom / "ann"), ("bob", classroom / "bob")]


def test_a_folder_that_is_a_submission_counts_as_one(tmp_path, only):
    assert only(hand_in(tmp_path / "ann", APP)).path == tmp_path / "ann"


def test_a_submission_may_begin_some_folders_down(classroom, only):
    hand_in(classroom / "ann" / "work" / "flask-main", APP)
    assert only(classroom).path.name == "flask-main"


def test_single_files_are_submissions(classroom, only):
    (classroom / "ann.py").write_text(APP)
    found = only(classroom)
    assert (found.origin.student, found.path) == ("ann", classroom / "ann.py")


def test_a_plain_folder_may_hold_one_file_of_any_name(classroom, only):
    (classroom / "ann").mkdir()
    (classroom / "ann" / "custom_converter.py").write_text(APP)
    assert only(classroom).path == classroom / "ann" / "custom_converter.py"


def test_nothing_to_grade_is_said_in_words(classroom, only):
    (classroom / "ann").mkdir()
    found = only(classroom)
    assert found.path is None
    assert found.problem == f"There is no {FILE} in it."


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ann.rar", "A .rar file cannot be read. Hand in a .zip file."),
        ("ann.7z", "A .7z file cannot be read. Hand in a .zip file."),
        ("ann.txt", f"A .txt file cannot be graded. Hand in {FILE} or a .zip file."),
        ("ann.ipynb", f"A .ipynb file cannot be graded. Hand in {FILE} or a .zip file."),
        ("ann", f"A nameless file cannot be graded. Hand in {FILE} or a .zip file."),
    ],
)
def test_a_file_of_another_kind_gets_a_line(classroom, only, name, words):
    (classroom / name).write_bytes(b"anything")
    found = only(classroom)
    assert (found.origin.student, found.path, found.problem) == ("ann", None, words)


def test_files_of_the_instructor_are_no_students(classroom, collect):
    for name in ("grades.csv", "notes.md", ".DS_Store"):
        (classroom / name).write_text("x")
    (classroom / "leeann_4711_9988_readme.md").write_text("x")
    assert [each.origin.student for each in collect(classroom)] == ["leeann"]


# Whose it is


@pytest.mark.parametrize("suffix", ["_file_", "_file", "_onlinetext_"])
def test_moodle_names_give_student_and_number(classroom, only, suffix):
    hand_in(classroom / f"Ann Lee_12345_assignsubmission{suffix}", APP)
    origin = only(classroom).origin
    assert (origin.student, origin.system, origin.numbers) == ("Ann Lee", "moodle", ("12345",))


def test_moodle_folders_may_hold_an_archive(classroom, only):
    folder = classroom / "Ann Lee_12345_assignsubmission_file_"
    zipped(folder / "work.zip", {f"work/{NAME}/{FILE}": "app = 1"})
    assert (only(classroom).path / NAME / FILE).read_text() == "app = 1"


@pytest.mark.parametrize("late", [False, True])
def test_canvas_names_give_student_number_and_lateness(classroom, only, late):
    name = f"leeann_{'LATE_' if late else ''}4711_9988_work.zip"
    zipped(classroom / name, {f"{NAME}/{FILE}": "app = 1"})
    origin = only(classroom).origin
    assert (origin.student, origin.system, origin.numbers) == ("leeann", "canvas", ("4711",))
    assert (origin.late, origin.order) == (late, 9988)


def test_attachments_of_one_student_are_attempts_of_one_student(classroom, collect):
    (classroom / "lee_505_9005_exercise.py").write_text(APP)
    (classroom / "lee_505_9105_notes.py").write_text(APP)
    (classroom / "lee_506_9200_exercise.py").write_text(APP)
    found = [each.origin for each in collect(classroom)]
    assert found[0].who == found[1].who != found[2].who
    assert [each.order for each in found] == [9005, 9105, 9200]
    assert len({each.attempt for each in found}) == 3


def test_two_archives_in_one_folder_are_two_attempts(classroom, collect):
    folder = classroom / "Ann Lee_1_assignsubmission_file_"
    zipped(folder / "a.zip", {FILE: "app = 1"})
    zipped(folder / "b.zip", {FILE: "app = 2"})
    found = collect(classroom)
    assert [(each.path / FILE).read_text() for each in found] == ["app = 1", "app = 2"]
    assert [each.origin.attempt.partition("/")[2] for each in found] == ["a.zip", "b.zip"]
    assert len({each.origin.who for each in found}) == 1


def test_two_submissions_in_one_folder_are_two_attempts(classroom, collect):
    hand_in(classroom / "ann" / "v1", APP)
    hand_in(classroom / "ann" / "v2", APP)
    assert [each.origin.attempt for each in collect(classroom)] == ["ann/v1", "ann/v2"]


def test_the_same_name_in_two_folders_stays_two_students(tmp_path, collect):
    for part in ("group1", "group2"):
        hand_in(tmp_path / part / "ann", APP)
    found = collect(tmp_path / "group1", tmp_path / "group2")
    assert [each.origin.who for each in found] == ["group1/ann", "group2/ann"]


METADATA = """\
submission_330003:
  :submitters:
  - :name: Ann Lee
    :sid: '12345'
    :email: ann@example.org
  :created_at: 2026-03-01 10:00:00.000000000 Z
  :score: 3.0
submission_330004:
  :submitters:
  - :name: Bob Ng
    :sid:
    :email: bob@example.org
  - :name: Eve
    :sid: '3'
    :email: eve@example.org
  :created_at: 2026-03-02T10:00:00+08:00
"""


@pytest.mark.parametrize("above", ["", "assignment_9_export"])
def test_gradescopes_metadata_gives_names_and_times(classroom, collect, above):
    folder = classroom / above
    for number in (330003, 330004, 330005):
        hand_in(folder / f"submission_{number}", APP)
    (folder / intake.METADATA).write_text(METADATA)
    ann, bob, other = (each.origin for each in collect(classroom))
    assert (ann.student, ann.names) == ("Ann Lee", ("ann@example.org", "12345"))
    assert ann.submitted.isoformat() == "2026-03-01T10:00:00+00:00"
    assert bob.members == ("Bob Ng", "Eve")
    assert bob.submitted.isoformat() == "2026-03-02T10:00:00+08:00"
    assert (other.student, other.submitted) == ("submission_330005", None)


@pytest.mark.parametrize(
    "text", ["[1, 2]", "a: [", "submission_1: {}", "a: !!python/name:os.system"]
)
def test_metadata_of_another_kind_is_told(classroom, collect, text):
    (classroom / intake.METADATA).write_text(text)
    with pytest.raises(files.ClassroomError, match="not what Gradescope exports"):
        collect(classroom)


# The archive of a whole class, as the LMS hands it out


def test_moodles_archive_of_a_class_is_a_class(classroom, collect):
    inner = zipped(classroom / "inner.zip", {f"week1/{NAME}/{FILE}": "app = 3"}).read_bytes()
    names = {
        f"Ann Lee_1_assignsubmission_file_/{FILE}": "app = 1",
        f"Bob Ng_2_assignsubmission_file_/{NAME}/{FILE}": "app = 2",
        "王 小明_3_assignsubmission_file_/work.zip": inner,
    }
    found = collect(zipped(classroom / "F101-Week 1-4711.zip", names))
    assert [each.origin.student for each in found] == ["Ann Lee", "Bob Ng", "王 小明"]
    assert [each.origin.numbers for each in found] == [("1",), ("2",), ("3",)]
    assert [each.problem for each in found] == ["", "", ""]
    assert (found[2].path / NAME / FILE).read_text() == "app = 3"


def test_canvas_archive_of_a_class_is_a_class(classroom, collect):
    names = {f"lee_505_9005_{FILE}": APP, f"ng_LATE_506_9006_{FILE}": APP}
    ann, bob = (each.origin for each in collect(zipped(classroom / "submissions.zip", names)))
    assert (ann.student, ann.late, bob.student, bob.late) == ("lee", False, "ng", True)


def test_gradescopes_archive_of_a_class_has_its_names_and_times(classroom, collect):
    names = {f"assignment_9_export/submission_33000{n}/{FILE}": APP for n in (3, 4)}
    names[f"assignment_9_export/{intake.METADATA}"] = METADATA
    ann, bob = (each.origin for each in collect(zipped(classroom / "export.zip", names)))
    assert ann.student == "Ann Lee"
    assert bob.members == ("Bob Ng", "Eve")


def test_the_limits_of_an_archive_hold_for_each_student_of_a_class(classroom, collect, monkeypatch):
    monkeypatch.setattr(archives, "FILES", 2)
    names = {
        f"{who}_assignsubmission_file_/{name}": APP
        for who in ("Ann_1", "Bob_2")
        for name in (FILE, "other.py")
    }
    found = collect(zipped(classroom / "class.zip", names))
    assert [each.notes for each in found] == [(), ()]


def test_one_students_damaged_files_stop_no_one_else_of_an_archive(classroom, collect):
    path = classroom / "class.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"Ann_1_assignsubmission_file_/{FILE}", "app = 'ann'")
        archive.writestr(f"Bob_2_assignsubmission_file_/{FILE}", "app = 'bob'")
    path.write_bytes(path.read_bytes().replace(b"app = 'ann'", b"app = 'eve'"))
    ann, bob = collect(path)
    assert (ann.origin.student, ann.path) == ("Ann", None)
    assert ann.problem.startswith("It cannot be unpacked: Bad CRC-32")
    assert bob.path is not None


def test_a_submission_of_several_folders_is_one_student(classroom, collect):
    names = {f"v1/{FILE}": APP, f"v2/{FILE}": APP}
    found = collect(zipped(classroom / "ann.zip", names))
    assert len({each.origin.who for each in found}) == 1


# Archives


@pytest.mark.parametrize(
    "name", ["../../out.py", "/out.py", "a/../../out.py", "..\\out.py", "C:/out.py", "\\out.py"]
)
@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_name_that_leads_out_is_refused(tmp_path, classroom, only, name, kind):
    info = zipfile.ZipInfo("x")
    info.filename = name
    if kind == "zip":
        with zipfile.ZipFile(classroom / "ann.zip", "w") as archive:
            archive.writestr(info, "print('out')")
    else:
        packed(classroom / "ann.tar.gz", {name: b"print('out')"})
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    found = only(classroom)
    assert found.path is None
    assert "leads out" in found.problem
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_link_in_an_archive_is_left_out(classroom, collect):
    link = zipfile.ZipInfo(f"{NAME}/{FILE}")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(classroom / "ann.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with tarfile.open(classroom / "bob.tar", "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            info = tarfile.TarInfo(f"{NAME}/{FILE}")
            info.type, info.linkname = kind, "other.py"
            archive.addfile(info)
        other = tarfile.TarInfo("other.py")
        other.size = 7
        archive.addfile(other, io.BytesIO(b"app = 1"))
    problems = [each.problem for each in collect(classroom)]
    assert problems == [f"There is no {FILE} in ann.zip.", f"There is no {FILE} in bob.tar."]


@pytest.mark.parametrize("name", ["ann.tar.gz", "ann.tgz", "ann.tar"])
def test_tar_files_are_read(classroom, only, name):
    mode = "w" if name.endswith(".tar") else "w:gz"
    packed(classroom / name, {f"work/{NAME}/{FILE}": b"app = 1"}, mode)
    found = only(classroom)
    assert (found.origin.student, (found.path / NAME / FILE).read_text()) == ("ann", "app = 1")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_bomb_ends_at_the_limit(tmp_path, classroom, only, monkeypatch, kind):
    monkeypatch.setattr(archives, "BYTES", 100_000)
    data = {f"{NAME}/{FILE}": b"\0" * 1_000_000}
    (zipped if kind == "zip" else packed)(classroom / f"ann.{kind}", data)
    assert "unpacks to more than" in only(classroom).problem
    unpacked = sum(path.stat().st_size for path in (tmp_path / "unpacked").rglob("*.py"))
    assert unpacked <= 100_000


def test_a_tar_file_is_not_decompressed_without_end(classroom, only, monkeypatch):
    monkeypatch.setattr(archives, "TAR_BYTES", 100_000)
    packed(classroom / "ann.tgz", {FILE: b"app = 1", "zeros.bin": b"\0" * 300_000, "x.py": b""})
    found = only(classroom)
    assert (found.path / FILE).read_bytes() == b"app = 1"
    assert any("first 100000 bytes" in note for note in found.notes)


def test_a_size_that_is_wrong_does_not_help(classroom, only, monkeypatch):
    monkeypatch.setattr(archives, "BYTES", 100_000)
    path = zipped(classroom / "ann.zip", {FILE: b"\0" * 1_000_000})
    true = struct.pack("<L", 1_000_000)
    path.write_bytes(path.read_bytes().replace(true, struct.pack("<L", 10)))
    found = only(classroom)
    assert found.path is None or (found.path / FILE).stat().st_size <= 100_000


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_the_exercise_comes_before_what_is_too_much(classroom, only, monkeypatch, kind):
    monkeypatch.setattr(archives, "FILES", 20)
    monkeypatch.setattr(archives, "BYTES", 1000)
    names = {f"a{n:02}.txt": b"x" for n in range(30)} | {"a_video.mp4": b"v" * 2000}
    names |= {f"{NAME}/templates/page.html": b"<p>", f"{NAME}/{FILE}": b"app = 1"}
    (zipped if kind == "zip" else packed)(classroom / f"ann.{kind}", names)
    found = only(classroom)
    assert (found.path / NAME / FILE).read_text() == "app = 1"
    assert (found.path / NAME / "templates" / "page.html").read_text() == "<p>"
    assert len([path for path in found.path.rglob("*") if path.is_file()]) == 20
    [note] = found.notes
    assert note.startswith("The archive holds more than 20 files or 1000 bytes. Left out: ")
    assert note.endswith(" and 10 more.")


def test_a_file_that_says_it_is_too_large_is_not_even_begun(classroom, only, monkeypatch):
    monkeypatch.setattr(archives, "BYTES", 1000)
    names = {"film.bin": b"v" * 2000, FILE: b"app = 1"}
    found = only(zipped(classroom / "ann.zip", names))
    assert found.notes == (
        "The archive holds more than 500 files or 1000 bytes. Left out: film.bin.",
    )


def test_a_tar_file_is_not_skipped_through_without_end():
    with pytest.raises(ValueError, match="too many bytes"):
        archives._Capped(io.BytesIO()).seek(archives.TAR_BYTES + 1)


def test_folders_that_no_student_wrote_do_not_count(classroom, only, monkeypatch):
    monkeypatch.setattr(archives, "FILES", 5)
    names = {f"venv/lib/{n}.py": b"" for n in range(30)} | {FILE: b"app = 1"}
    found = only(zipped(classroom / "ann.zip", names))
    assert (found.notes, (found.path / FILE).exists()) == ((), True)


def test_a_broken_archive_is_told(classroom, only):
    (classroom / "ann.zip").write_bytes(b"PK\x03\x04" + zlib.compress(b"nonsense"))
    assert only(classroom).problem.startswith("ann.zip cannot be unpacked: ")


@pytest.mark.parametrize("name", [".", "./.", ""])
def test_an_entry_without_a_name_is_left_out(classroom, only, name):
    info = zipfile.ZipInfo("x")
    info.filename = name
    with zipfile.ZipFile(classroom / "ann.zip", "w") as archive:
        archive.writestr(info, "x")
        archive.writestr(FILE, "app = 1")
    assert (only(classroom).path / FILE).read_text() == "app = 1"


def test_random_damage_to_an_archive_costs_that_hand_in_alone(classroom, collect):
    chance = random.Random(7)
    path = zipped(classroom / "good.zip", {f"{NAME}/{FILE}": "app = 1\n" * 50, "x.txt": "x" * 500})
    whole = path.read_bytes()
    for number in range(150):
        data = bytearray(whole)
        for _ in range(3):
            data[chance.randrange(len(data))] = chance.randrange(256)
        (classroom / f"bad{number:03}.zip").write_bytes(data)
    found = collect(classroom)
    assert len(found) == 151
    assert found[-1].path is not None
    assert sum("cannot be unpacked" in each.problem for each in found) > 20


def test_a_damaged_file_beside_the_exercise_is_named(classroom, only):
    path = zipped(classroom / "ann.zip", {FILE: "app = 1", "film.bin": os.urandom(500)})
    data = bytearray(path.read_bytes())
    data[data.index(b"film.bin") + 100] ^= 255
    path.write_bytes(data)
    found = only(classroom)
    assert (found.path / FILE).read_text() == "app = 1"
    assert found.notes[0].startswith("film.bin was left out: ")


def test_messages_do_not_name_paths_of_the_server(tmp_path, classroom, collect):
    names = {f"{'a' * 300}/{FILE}": "app = 1"}
    zipped(classroom / "ann.zip", names)
    zipped(classroom / "bob.zip", {"a": "x", f"a/{FILE}": "app = 1"})
    texts = [" ".join([each.problem, *each.notes]) for each in collect(classroom)]
    assert all(texts)
    assert not [text for text in texts if str(tmp_path) in text or "unpacked/" in text]


# What goes wrong


@POSIX
def test_a_pipe_and_a_link_get_a_line(classroom, collect):
    os.mkfifo(classroom / "ann.zip")
    (classroom / "eve").symlink_to("/etc")
    hand_in(classroom / "bob", APP)
    ann, bob, eve = collect(classroom)
    assert ann.problem == eve.problem == "It is neither a file nor a folder."
    assert bob.path == classroom / "bob"


def test_any_error_of_one_hand_in_is_its_own(classroom, collect, monkeypatch):
    hand_in(classroom / "ann", APP)
    (classroom / "bob.zip").write_bytes(b"")

    def fail(*args):
        raise EOFError("it ends early")

    monkeypatch.setattr(archives, "unpack", fail)
    ann, bob = collect(classroom)
    assert ann.path is not None
    assert bob.problem == "bob.zip cannot be unpacked: it ends early."


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read anything")
def test_a_folder_that_cannot_be_read_gets_a_line(classroom, collect):
    hand_in(classroom / "bob", APP)
    (classroom / "ann").mkdir(mode=0)
    ann, bob = collect(classroom)
    assert "Permission denied" in ann.problem
    assert bob.path is not None


def test_folders_without_end_are_not_searched_without_end(classroom, only, monkeypatch):
    monkeypatch.setattr(intake, "FOLDERS", 50)
    looked = []
    is_submission = intake._Finder._is_submission
    monkeypatch.setattr(
        intake._Finder, "_is_submission", lambda *a: looked.append(a) or is_submission(*a)
    )
    for number in range(200):
        (classroom / "ann" / f"f{number}").mkdir(parents=True)
    found = only(classroom)
    assert "Only the first 50 folders were searched." in found.problem
    assert len(looked) <= 52


def test_names_are_shown_without_anything_to_obey():
    assert files.printable("ann\n\x1b[31mlee\u202e") == "ann\ufffd\ufffd[31mlee\ufffd"
    assert files.printable("") == "(no name)"
    assert len(files.printable("a" * 1000)) == 120


# Digests


def digest(path):
    return gallery.look(Handin(Origin("ann"), path), [NAME]).digest


@pytest.mark.parametrize("name", [FILE, "helper.py", "data.bin", "templates/page.html", "notes"])
def test_a_change_of_any_file_of_the_exercise_changes_the_digest(tmp_path, name):
    folder = hand_in(tmp_path / "ann", APP)
    path = folder / NAME / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("one")
    before = digest(folder)
    assert digest(folder) == before
    path.write_text("two")
    assert digest(folder) != before


def test_a_file_elsewhere_does_not_change_the_digest(tmp_path):
    folder = hand_in(tmp_path / "ann", APP)
    before = digest(folder)
    (folder / "README.md").write_text("new")
    assert digest(folder) == before


def test_many_files_before_the_exercise_hide_no_change(tmp_path):
    folder = hand_in(tmp_path / "ann", APP)
    (folder / NAME / "aaa").mkdir()
    for number in range(submission.FILES_LIMIT + 50):
        (folder / NAME / "aaa" / f"{number}.txt").touch()
    before = digest(folder)
    (folder / NAME / FILE).write_text("app = 2")
    assert digest(folder) != before


@POSIX
def test_what_is_too_large_to_be_graded_is_not_digested(tmp_path):
    folder = hand_in(tmp_path / "ann", APP)
    before = digest(folder)
    for number in range(100):
        with (folder / NAME / f"{number:03}.bin").open("wb") as file:
            file.truncate(submission.SIZE_LIMIT)
    os.mkfifo(folder / NAME / "pipe.txt")
    assert digest(folder) == before


def test_a_hand_in_without_a_path_has_no_digest():
    assert digest(None) == ""
