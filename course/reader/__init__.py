"""The local reader: notes, source and live lessons on one page, served on this machine only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course.reader.app import create_reader

__all__ = ["create_reader"]


def __getattr__(name: str) -> Any:
    """Import the reader when it is asked for: the worker needs only a part of it."""
    if name == "create_reader":
        from course.reader.app import create_reader

        return create_reader
    raise AttributeError(name)
