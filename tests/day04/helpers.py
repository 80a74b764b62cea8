"""What several lessons of the day need: pytest inside of pytest, and the end of threads."""

import contextlib
import io
import os
import threading
from collections import Counter, defaultdict
from pathlib import Path

import pytest

# What the run around does already, or what the run inside does not need.
WITHOUT = [
    "cacheprovider", "doctest", "faulthandler", "junitxml", "legacypath", "logging", "pastebin",
    "setuponly", "setupplan", "stepwise", "threadexception", "unraisableexception",
]  # fmt: skip


def end_of_threads(before):
    """Wait for the threads that have begun since ``before``; fail for one that does not end."""
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
        assert not thread.is_alive(), f"{thread.name} goes on"


class Outcome:
    """What became of a run of pytest: how many tests ran in each file, and which failed."""

    def __init__(self):
        self.ran, self.failed = Counter(), defaultdict(set)

    def pytest_runtest_logreport(self, report):
        path, _, name = report.location
        self.ran[Path(path).name] += report.when == "call"
        if report.failed:
            self.failed[Path(path).name].add(name)


def run_pytest(*arguments, plugin=None):
    """Run pytest inside this process, without the plugins and settings of the run around it.

    Return the outcome, and what was printed. Modules that are imported already are not read anew.
    """
    outcome = plugin or Outcome()
    options = ["-c", os.devnull, "--noconftest", "--import-mode=importlib", "--capture=no", "-q"]
    options += ["--tb=native", *(f"-pno:{name}" for name in WITHOUT)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        patch.delenv("PYTEST_ADDOPTS", raising=False)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            pytest.main([*options, *map(str, arguments)], plugins=[outcome])
    return outcome, printed.getvalue()


class Rounds:
    """Runs files of tests in rounds, each with another function in place of ``create_app``."""

    def __init__(self, factories, once):
        self.factories, self.once = factories, once
        self.outcomes = {name: Outcome() for name in factories}
        self.round_of = {}

    def create_app(self, config):
        return self.factories[self.name](config)

    def pytest_collection_modifyitems(self, items):
        seen = Counter()
        for item in items:
            module = item.getparent(pytest.Module)
            if module not in self.round_of:
                self.round_of[module] = list(self.factories)[seen[module.path]]
                seen[module.path] += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        self.name = self.round_of[item.getparent(pytest.Module)]
        if self.once and item.path.name in self.outcomes[self.name].failed:
            pytest.skip("a test of this file has failed already")

    def pytest_runtest_logreport(self, report):
        self.outcomes[self.name].pytest_runtest_logreport(report)


def run_rounds(modules, factories, once=False):
    """Run the tests of modules once for each of the functions that build an app.

    Return an outcome for each name in ``factories``. With ``once``, the first failure of a file
    ends its round.
    """
    rounds = Rounds(factories, once)
    paths = [module.__file__ for module in modules]
    with pytest.MonkeyPatch.context() as patch:
        for module in modules:
            patch.setattr(module, "create_app", rounds.create_app)
        # A file that is named several times is collected several times.
        _, printed = run_pytest("--keep-duplicates", *paths * len(factories), plugin=rounds)
    assert all(outcome.ran for outcome in rounds.outcomes.values()), printed
    return rounds.outcomes
