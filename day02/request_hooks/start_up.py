"""Do something once: while the app is built, or before its first request is handled."""

from collections.abc import Callable
from threading import Lock

from flask import current_app


def fetch_wood() -> int:
    """Do some work while the app is built; it reads a setting, and so needs an app context."""
    return current_app.config["WOOD"]


def first_time_only(work: Callable[[], None]) -> Callable[[], None]:
    """Make a hook of ``work`` that runs it at the first request and never again.

    Requests that arrive in the meantime wait for it to be done. If it fails, that request fails,
    and the next one tries again.
    """
    lock = Lock()
    done = False

    def hook() -> None:
        nonlocal done
        with lock:
            if not done:
                work()
                done = True

    return hook
