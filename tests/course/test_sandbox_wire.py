"""Frames that are not what they should be, and texts of strangers that someone reads."""

import re
import socket
import struct
import threading

import pytest

from course.grading.sandbox import wire
from course.grading.sandbox.faults import (
    MESSAGE,
    error_text,
    failure_text,
    printed_by_author,
    readable,
)
from course.grading.sandbox.wire import Trouble, Wire, WireError


@pytest.fixture
def ends():
    """Give a wire, and the raw socket at its other end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Wire(ours), theirs


def frame(head, body=b""):
    return struct.pack(">II", len(head), len(body)) + head + body


def trouble(action, *args):
    with pytest.raises(WireError) as caught:
        action(*args)
    return caught.value.trouble


def test_a_frame_arrives_as_it_was_sent(ends):
    ours, theirs = ends
    Wire(theirs).send({"a": [1, "ä"]}, b"\0\xff")
    assert ours.receive(10) == ({"a": [1, "ä"]}, b"\0\xff")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (struct.pack(">II", wire.HEAD_LIMIT + 1, 0), Trouble.TOO_LONG),
        (struct.pack(">II", 2, wire.BODY_LIMIT + 1) + b"{}", Trouble.TOO_LONG),
        (frame(b"{]"), Trouble.NOT_JSON),
        (frame(b'["ended"]'), Trouble.NOT_JSON),
        (frame(b"\xff"), Trouble.NOT_JSON),
        (frame(b"[" * 200_000 + b"]" * 200_000), Trouble.NOT_JSON),
        (frame(b"{}")[:-1], Trouble.CLOSED),
        (b"", Trouble.CLOSED),
    ],
)
def test_what_is_no_frame_is_told_apart(ends, data, expected):
    ours, theirs = ends
    sending = threading.Thread(target=lambda: (theirs.sendall(data), theirs.close()))
    sending.start()
    assert trouble(ours.receive, 30) is expected
    sending.join()


class Dripping:
    """A socket that always has one more byte."""

    def __init__(self, data):
        self.data = iter(data)

    def settimeout(self, seconds):
        pass

    def recv(self, size):
        return bytes([next(self.data)])


def test_a_frame_that_drips_is_late_as_a_whole(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(wire.time, "monotonic", lambda: next(clock))
    ours = Wire(Dripping(frame(b"{}", b"x" * 100)))
    assert trouble(ours.receive, 30) is Trouble.LATE


def test_silence_is_late(ends):
    assert trouble(ends[0].receive, 0.01) is Trouble.LATE


def test_descriptors_that_no_one_expects_are_not_taken(ends):
    ours, theirs = ends
    with socket.socket() as extra:
        socket.send_fds(theirs, [frame(b"{}")], [extra.fileno()] * 10)
    number = socket.socket()
    number.close()
    free = number.fileno()
    assert ours.receive(10) == ({}, b"")
    with socket.socket() as again:
        assert free == -1
        assert again.fileno() < ours.fileno() + 10


def test_too_much_is_not_sent(ends):
    assert trouble(ends[0].send, {}, b"x" * (wire.BODY_LIMIT + 1)) is Trouble.TOO_LONG


def test_nothing_in_a_strangers_text_can_be_obeyed():
    text = readable("a\x1b[2J\x07\u202e\r\nb\tc\x00\ud800")
    assert text == "a\N{REPLACEMENT CHARACTER}[2J" + "\N{REPLACEMENT CHARACTER}" * 3 + "\nb   c" + (
        "\N{REPLACEMENT CHARACTER}" * 2
    )
    assert len(readable("x" * 10**6)) <= MESSAGE + 10


@pytest.mark.parametrize("raised", [None, 5, [], "text", {}, {"type": [], "frames": [[]]}])
def test_a_failure_that_makes_no_sense_is_still_a_sentence(raised):
    assert failure_text(raised)


def test_an_error_of_the_students_own_keeps_its_words_and_its_place():
    raised = {
        "type": "AttributeError",
        "message": "neither fish nor fowl",
        "frames": [["day01/x/exercise.py", 3, "view"], ["day01/x/exercise.py", 7, "helper"]],
    }
    assert failure_text(raised) == "AttributeError: neither fish nor fowl (exercise.py:7)"


def test_a_misspelt_import_names_no_path_of_the_machine():
    raised = {
        "type": "ImportError",
        "message": "cannot import name 'x' from 'flask' (/opt/site-packages/flask/__init__.py)",
        "module": "flask",
    }
    assert failure_text(raised) == ("The import does not work: cannot import name 'x' from 'flask'")


def test_other_exceptions_are_quoted():
    assert error_text("KeyError", "'a'", "view", "show") == "KeyError: 'a'"


def test_of_what_an_app_printed_no_traceback_is_shown():
    output = (
        "my own line\n[2026-12-01 10:00:00,000] ERROR in app: Exception on / [GET]\n"
        'Traceback (most recent call last):\n  File ".../flask/app.py", line 1, in x\n    f()\n'
        "ValueError: no\n\nDuring handling of the above exception:\n\nTraceback (most recent\n"
        "  File a\njinja2.exceptions.TemplateNotFound: x\nanother line\n"
        "Timeout (0:00:02)!\nThread 0x1\n"
    )
    said = printed_by_author(output)
    assert said.startswith("my own line\n")
    assert said.endswith("\nanother line")
    assert not re.search("flask|ValueError|jinja2|File|Thread", said)
