"""Frames over a socket: how the judge, the box and the app talk.

A frame is two lengths (4 bytes each, big-endian), a JSON object and a raw body. File descriptors
may travel with it (``SCM_RIGHTS``, unix(7)); who does not expect any receives none.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Iterable
from enum import Enum, StrEnum
from typing import Any

HEAD_LIMIT = 2**20
BODY_LIMIT = 8 * 2**20
"""Bytes of a frame's two parts."""

_LENGTHS = struct.Struct(">II")


class Code(StrEnum):
    """Failures of an import that Python has no exception for."""

    NO_APP = "no app"
    """The file defines neither ``app`` nor ``create_app``."""
    NOT_AN_APP = "not an app"
    """``create_app`` returned something else."""
    STARTS_SERVER = "starts a server"
    """The file calls ``app.run()``, which would never return."""


class Trouble(Enum):
    """Why no frame was read or written."""

    CLOSED = "the connection is closed"
    LATE = "it took too long"
    TOO_LONG = "the frame is too long"
    NOT_JSON = "the frame holds no JSON object"


class WireError(Exception):
    """A frame was not read or written; ``trouble`` says why."""

    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble
        super().__init__(trouble.value)


class Wire:
    """One end of a socket, for frames; ``seconds`` of a call are for the whole frame.

    ``ahead`` reads what is there at once, which is faster; file descriptors would get lost by it.
    """

    def __init__(self, line: socket.socket, *, ahead: bool = False) -> None:
        self._line = line
        self._at_once = 2**14 if ahead else 0
        self._read = b""
        """What was received together with the part before it."""

    def fileno(self) -> int:
        """Return the socket's file descriptor."""
        return self._line.fileno()

    def close(self) -> None:
        """Close the socket; the other side reads an end."""
        self._line.close()

    def send(
        self,
        head: dict[str, Any],
        body: bytes = b"",
        *,
        fds: Iterable[int] = (),
        seconds: float | None = None,
    ) -> None:
        """Write one frame; raises ``WireError``."""
        text = json.dumps(head).encode()
        if len(text) > HEAD_LIMIT or len(body) > BODY_LIMIT:
            raise WireError(Trouble.TOO_LONG)
        lengths = _LENGTHS.pack(len(text), len(body))
        try:
            self._line.settimeout(seconds)
            if fds:
                socket.send_fds(self._line, [lengths], list(fds))
                lengths = b""
            self._line.sendall(lengths + text + body)
        except TimeoutError:
            raise WireError(Trouble.LATE) from None
        except OSError:
            raise WireError(Trouble.CLOSED) from None

    def receive(self, seconds: float | None = None) -> tuple[dict[str, Any], bytes]:
        """Read one frame; raises ``WireError``."""
        end = None if seconds is None else time.monotonic() + seconds
        return self._frame(self._exactly(_LENGTHS.size, end), end)

    def receive_with_fds(
        self, seconds: float | None = None
    ) -> tuple[dict[str, Any], bytes, list[int]]:
        """Read one frame and up to two file descriptors that came with it; raises ``WireError``."""
        end = None if seconds is None else time.monotonic() + seconds
        try:
            self._line.settimeout(seconds)
            lengths, fds, _, _ = socket.recv_fds(self._line, _LENGTHS.size, 2)
        except TimeoutError:
            raise WireError(Trouble.LATE) from None
        except OSError:
            raise WireError(Trouble.CLOSED) from None
        if not lengths:
            raise WireError(Trouble.CLOSED)
        lengths += self._exactly(_LENGTHS.size - len(lengths), end)
        return *self._frame(lengths, end), fds

    def _frame(self, lengths: bytes, end: float | None) -> tuple[dict[str, Any], bytes]:
        head_length, body_length = _LENGTHS.unpack(lengths)
        if head_length > HEAD_LIMIT or body_length > BODY_LIMIT:
            raise WireError(Trouble.TOO_LONG)
        try:
            head = json.loads(self._exactly(head_length, end))
        except (ValueError, RecursionError):
            raise WireError(Trouble.NOT_JSON) from None
        if not isinstance(head, dict):
            raise WireError(Trouble.NOT_JSON)
        return head, self._exactly(body_length, end)

    def _exactly(self, length: int, end: float | None) -> bytes:
        parts = [self._read[:length]]
        self._read = self._read[length:]
        length -= len(parts[0])
        while length:
            try:
                # Zero would mean: do not wait at all, not even for what is already there.
                rest = None if end is None else max(end - time.monotonic(), 0.001)
                self._line.settimeout(rest)
                part = self._line.recv(max(self._at_once, min(length, 2**20)))
            except TimeoutError:
                raise WireError(Trouble.LATE) from None
            except OSError:
                raise WireError(Trouble.CLOSED) from None
            if not part:
                raise WireError(Trouble.CLOSED)
            if end is not None and time.monotonic() > end and length > len(part):
                raise WireError(Trouble.LATE)
            parts.append(part[:length])
            self._read = part[length:]
            length -= len(parts[-1])
        return b"".join(parts)
