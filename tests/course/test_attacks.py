"""Hostile submissions: an honest score, an unharmed batch, nothing running, nothing leaked.

All attacks (see ``hostile``) go through real judges behind the strong wall in one batch, good
submissions before, between and after them. The tests look at what came out.
"""

import os
import re
import shutil
import time

import pytest

from course.grading.results import Status
from course.grading.sandbox import wall
from tests.course.hostile import (
    ATTACKS,
    EXERCISE,
    FILE,
    GOOD,
    MARKER,
    MOST,
    SLOW,
    Batch,
    Outside,
    hand_in,
    needs_strong,
    ours,
    submission,
    words,
)


def left_running():
    """Return the processes that are there after a minute, or as soon as there are none."""
    end = time.monotonic() + 60
    while ours() and time.monotonic() < end:
        time.sleep(0.1)
    return ours()


MARKED = {Status.GRADED, Status.PARTIAL, Status.IMPORT_ERROR}


def second_half(test):
    return pytest.mark.second_half(needs_strong(test))


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    found = Outside(tmp_path_factory.mktemp("outside"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def batch(outside):
    """Run the whole batch once."""
    hand_in(outside.handed_in / "good", GOOD)
    for name in ATTACKS:
        hand_in(outside.handed_in / name, submission(name, outside.target()))
    paths = [outside.handed_in / name for name in ATTACKS]
    slow = [path for path in paths if path.name in SLOW]
    quick = [path for path in paths if path.name not in SLOW]
    lanes = [quick[0::2], quick[1::2], slow[0::3], slow[1::3], slow[2::3]]
    before = outside.content()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(outside.temporary))
        patch.setenv("GRADING_SECRET", f"{MARKER}-secret")
        done = Batch(outside.tests, "strong", lanes)
    done.before = before
    return done


@second_half
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_nothing_and_lets_nothing_through(batch, name):
    result = batch.results[name]
    said = words(result)
    assert result.status in MARKED, (batch.failed, said)
    assert result.score == 0, said
    assert "THROUGH" not in said.replace("THROUGH: []", ""), said
    assert MARKER not in said.replace(f"{MARKER}-expected", "")


TOLD = [
    ("shout_that_it_ended", "is no HTTP response"),
    ("shout_that_it_ended_well", r"\A(?!(.|\n)*while it started)"),
    ("leave_deep_folders", r"\A(?!(.|\n)*while it started)"),
    ("order_an_end", "is no HTTP response"),
    ("fill_the_inodes", r"\b\d+ files|in time during GET"),
    ("answer_with_a_huge_status", "is no HTTP response"),
    ("shout_deep_json", "holds no JSON"),
    ("exit_at_import", "ended while it started: exit code 0"),
    ("exit_politely_at_import", r"ends the program with exit\(0\)"),
    ("exit_in_a_request", "ended during GET /double/.*exit code 0"),
    ("segfault_in_a_request", "SIGSEGV"),
    ("take_memory_at_import", "MemoryError"),
    ("answer_too_much", "longer than 8 MB"),
    ("redirect_without_end", "More than 2000 requests|did not end in time"),
    ("redirect_with_much_luggage", "longer than 64 MB"),
    ("loop_at_import", "in time while it started. It was at exercise.py:"),
    ("loop_in_a_request", "in time during GET .* It was at exercise.py:"),
    ("loop_deafly_in_a_request", "in time during GET"),
    ("loop_deafly_at_import", "in time while it started"),
    ("answer_what_takes_long_to_search", "the test did not end in time"),
    ("shout_no_json", "holds no JSON"),
    ("shout_lengths", "too long"),
    ("fork_in_a_request", r"\b\d+ forks"),
    ("kill_everybody", "everybody else is dead"),
    ("read_everything", "tried 2[0-9]"),
    ("write_and_delete_outside", "tried [4-9][0-9]"),
    ("become_somebody", "tried 2[0-9]"),
]
"""What must be said of some of them, in the student's own words or in ours."""


@second_half
@pytest.mark.parametrize(("name", "said"), TOLD)
def test_an_attack_was_really_tried_and_is_told_in_plain_words(batch, name, said):
    assert re.search(said, words(batch.results[name])), words(batch.results[name])


@second_half
def test_own_plugins_and_settings_of_a_submission_are_not_taken(outside):
    """A conftest.py, a pytest.ini, a sitecustomize.py, shadows of packages: all of no effect."""
    forged = "raise SystemExit(0)"
    names = ["conftest.py", "pytest.ini", "sitecustomize.py", "usercustomize.py", "evil.pth"]
    names += [
        "pytest.py",
        "json.py",
        "_pytest/__init__.py",
        "tests/conftest.py",
        "course/__init__.py",
    ]
    others = {place + name: forged for name in names for place in ("", "day01/", f"{EXERCISE}/")}
    lane = [
        hand_in(
            outside.folder / "more" / "wrong",
            submission("patch_pytest", outside.target()),
            **others,
        ),
        hand_in(outside.folder / "more" / "right", GOOD, **others),
    ]
    hand_in(outside.folder / "more" / "good", GOOD)
    done = Batch(outside.tests, "strong", [lane])
    assert [result.score for result in done.good] == [MOST, MOST]
    assert {name: result.score for name, result in done.results.items()} == {
        "wrong": 0,
        "right": MOST,
    }


@second_half
def test_links_and_devices_of_a_submission_are_not_followed(outside, tmp_path):
    for name in ("link", "folder", "device", "pipe", "good"):
        hand_in(tmp_path / name, GOOD)
    file = tmp_path / "link" / EXERCISE / FILE
    file.unlink()
    file.symlink_to(tmp_path / "good" / EXERCISE / FILE)
    shutil.rmtree(tmp_path / "folder" / EXERCISE)
    (tmp_path / "folder" / EXERCISE).symlink_to(tmp_path / "good" / EXERCISE)
    (tmp_path / "device" / EXERCISE / FILE).unlink()
    (tmp_path / "device" / EXERCISE / FILE).symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe" / EXERCISE / "pipe.py")
    (tmp_path / "pipe" / EXERCISE / "zero.py").symlink_to("/dev/zero")
    (tmp_path / "pipe" / EXERCISE / "root").symlink_to("/")
    names = ["link", "folder", "device", "pipe"]
    done = Batch(outside.tests, "strong", [[tmp_path / name for name in names]])
    assert [done.results[name].status for name in names] == ["missing"] * 3 + ["graded"]
    assert done.results["pipe"].score == MOST


@second_half
def test_what_the_honest_part_earns_is_kept(outside, tmp_path):
    """An app that is right but for one route keeps the points of the others."""
    harms = {
        "ends": "import os; os._exit(0)",
        "ends_late": "import os, threading; threading.Timer(0, os._exit, [0]).start()",
        "loops": "while True: pass",
        "shouts": "import os; [os.write(n, b'x' * 9) for n in (3, 4, 5, 6) if n]",
        "fills": "import os; [open(f'/tmp/{n}', 'wb').write(bytes(2**20)) for n in range(99)]",
    }
    hand_in(tmp_path / "good", GOOD)
    paths = [
        hand_in(tmp_path / name, GOOD.replace("def start():\n", f"def start():\n    {harm}\n"))
        for name, harm in harms.items()
    ]
    done = Batch(outside.tests, "strong", [paths[:3], paths[3:]])
    scores = {name: result.score for name, result in done.results.items()}
    assert scores.pop("ends_late") >= MOST - 1
    assert scores == dict.fromkeys(scores, MOST - 1)
    assert {result.score for result in done.good} == {MOST}


@second_half
def test_good_submissions_score_full_before_between_and_after(batch):
    assert [result.score for result in batch.good] == [MOST] * len(batch.good)
    assert len(batch.good) >= 10


@second_half
def test_no_judge_failed(batch):
    assert batch.failed == []


@second_half
def test_nothing_is_left_running(batch):
    assert left_running() == {}


@second_half
def test_nothing_outside_has_changed(batch, outside):
    assert outside.content() == batch.before
    assert list(outside.temporary.iterdir()) == []
    assert outside.arrived() == []
    assert outside.witness.poll() is None


HARMLESS = [
    "exit_at_import",
    "exit_in_a_request",
    "segfault_in_a_request",
    "patch_pytest",
    "patch_what_compares",
    "shout_that_the_box_is_broken",
    "shout_ahead",
    "shout_answers",
    "order_an_end",
    "hold_the_end",
    "report_for_the_import",
    "search_the_memory",
    "loop_deafly_in_a_request",
    "answer_without_end",
    "outlive_by_name",
]
"""What the weaker wall must hold as well, and what harms no one when it does not."""


@pytest.mark.second_half
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the attacks are made for POSIX systems")
def test_forging_exits_and_loops_earn_nothing_behind_the_weaker_wall(tmp_path, monkeypatch):
    place = Outside(tmp_path)
    try:
        hand_in(place.handed_in / "good", GOOD)
        for name in HARMLESS:
            hand_in(place.handed_in / name, submission(name, place.target()))
        monkeypatch.setenv("TMPDIR", str(place.temporary))
        lanes = [[place.handed_in / name for name in HARMLESS[n::2]] for n in range(2)]
        done = Batch(place.tests, "process", lanes)
        assert {name: result.score for name, result in done.results.items()} == dict.fromkeys(
            HARMLESS, 0
        )
        assert {result.score for result in done.good} == {MOST}
        assert done.failed == []
        assert list(place.temporary.iterdir()) == []
        assert left_running() == {}
    finally:
        place.close()


FEW = ["shout_that_it_ended", "order_an_end", "exit_in_a_request", "search_the_memory"]
"""A forged frame, a forged order, an exit and a look for the tests: cheap, and one of each kind."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the attacks are made for POSIX systems")
@pytest.mark.parametrize("isolation", ["process", pytest.param("strong", marks=needs_strong)])
def test_the_plainest_attacks_earn_nothing(tmp_path, isolation):
    place = Outside(tmp_path)
    try:
        hand_in(place.handed_in / "good", GOOD)
        names = [*FEW, "read_everything"] if isolation == "strong" else FEW
        lane = [hand_in(place.handed_in / name, submission(name, place.target())) for name in names]
        done = Batch(place.tests, isolation, [lane], wall.Limits())
        for name in names:
            said = words(done.results[name])
            assert (done.results[name].status, done.results[name].score) == (Status.GRADED, 0), said
            assert "THROUGH" not in said.replace("THROUGH: []", "")
            assert MARKER not in said.replace(f"{MARKER}-expected", "")
        assert [result.score for result in done.good] == [MOST] * 2
    finally:
        place.close()
