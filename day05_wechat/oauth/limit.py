"""A time limit for a whole call. The timeout of a socket begins again with each byte."""

import threading
from collections.abc import Callable
from queue import Empty, Queue
from typing import Any


class OutOfTimeError(Exception):
    """Say that a call takes too long."""


def in_time(seconds: float, function: Callable[..., Any], *args: Any) -> Any:
    """Call a function; return or raise what it does, or ``OutOfTimeError`` when the time is up.

    A thread cannot be stopped: the call goes on, and no one reads its result.
    """
    results: Queue[tuple[Any, Exception | None]] = Queue()

    def work() -> None:
        try:
            results.put((function(*args), None))
        except Exception as error:  # noqa: BLE001 - it is raised again below
            results.put((None, error))

    threading.Thread(target=work, daemon=True).start()
    try:
        result, error = results.get(timeout=seconds)
    except Empty:
        raise OutOfTimeError from None
    if error is None:
        return result
    try:
        raise error
    finally:
        del error  # or the exception and this function would hold each other, and its socket
