"""What tests of several lessons of the day need: pytest inside of pytest."""

import contextlib
import io
import os
import threading
from collections import Counter, defaultdict
from pathlib import Path

import pytest

# What the run around does already, or what the run inside does not need.
WITHOUT = [
    "cacheprovider", "doctest", "faulthandler", "junitxml", "legacypath", "logging",
    "pastebin", "setuponly", "setupplan", "stepwise", "threadexception", "unraisableexception",
]  # fmt: skip


class Outcome:
    """What became of a run of pytest: how many tests ran in each file, and which failed."""

    def __init__(self, once):
        self.once = once
        self.ran, self.failed = Counter(), defaultdict(set)
        self.printed = ""

    def pytest_runtest_setup(self, item):
        if self.once and item.path.name in self.failed:
            pytest.skip("a test of this file has failed already")

    def pytest_runtest_logreport(self, report):
        path, _, name = report.location
        self.ran[Path(path).name] += report.when == "call"
        if report.failed:
            self.failed[Path(path).name].add(name)


def end_of_threads(before):
    """Wait for the threads that have begun since ``before``; fail for one that does not end."""
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
        assert not thread.is_alive(), f"{thread.name} goes on"


def run_pytest(*arguments, once=False):
    """Run pytest inside this process, without the plugins and settings of the run around it.

    With ``once``, a file ends with its first failure. Modules that are imported already are used
    as they are.
    """
    outcome = Outcome(once)
    options = ["-c", os.devnull, "--noconftest", "--import-mode=importlib", "--capture=no", "-q"]
    options += [f"-pno:{name}" for name in WITHOUT]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        patch.delenv("PYTEST_ADDOPTS", raising=False)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            pytest.main([*options, *map(str, arguments)], plugins=[outcome])
    outcome.printed = printed.getvalue()
    return outcome
