"""Do something once: when the app is built, or before its first request."""

from collections.abc import Callable
from threading import Lock

from flask import current_app


def fetch_wood() -> int:
    """Do some work when the app is built; it reads a setting, so it needs an app context."""
    return current_app.config["WOOD"]


def run_once(work: Callable[[], None]) -> Callable[[], None]:
    """Return a hook that calls ``work`` at the first request and never again.

    Requests that arrive in the meantime wait until it is done. If it fails, this request fails, and
    the next one tries again.
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
