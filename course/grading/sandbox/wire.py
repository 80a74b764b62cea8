"""Frames over two pipes: how the judge and the box talk."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

HEAD_LIMIT = 2**20


BODY_LIMIT = 8 * 2**20


_LENGTHS = struct.Struct(">II")


class WireError(Exception):
    """The other side closed, or sent something that is no frame."""


class Wire:
    """Frames over two pipes: two lengths (4 bytes each, big-endian), a JSON object, a raw body."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    def send(self, head: dict[str, Any], body: bytes = b"") -> None:
        """Write one frame; raises ``WireError`` if the other side has gone."""
        text = json.dumps(head).encode()
        if len(text) > HEAD_LIMIT or len(body) > BODY_LIMIT:
            raise WireError("too much for one frame")
        try:
            self._outgoing.write(_LENGTHS.pack(len(text), len(body)) + text + body)
            self._outgoing.flush()
        except (OSError, ValueError) as error:
            raise WireError("nobody reads") from error

    def receive(self) -> tuple[dict[str, Any], bytes]:
        """Read one frame; raises ``WireError`` for an end, for garbage and for too long a frame."""
        head_length, body_length = _LENGTHS.unpack(self._exactly(_LENGTHS.size))
        if head_length > HEAD_LIMIT or body_length > BODY_LIMIT:
            raise WireError("the frame is too long")
        try:
            head = json.loads(self._exactly(head_length))
        except (ValueError, RecursionError) as error:
            raise WireError("the frame holds no JSON") from error
        if not isinstance(head, dict):
            raise WireError("the frame holds no object")
        return head, self._exactly(body_length)

    def _exactly(self, length: int) -> bytes:
        try:
            data = self._incoming.read(length)
        except (OSError, ValueError) as error:
            raise WireError("the line is closed") from error
        if len(data) != length:
            raise WireError("the line is closed")
        return data
