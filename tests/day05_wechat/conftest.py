"""Day 5's lessons read the environment, and in development put made-up secrets into it."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# Hypothesis keeps a cache where it runs, even without its database; not in the checkout, please.
os.environ.setdefault(
    "HYPOTHESIS_STORAGE_DIRECTORY", str(Path(tempfile.gettempdir(), "flask-in-six-days-hypothesis"))
)


def pytest_configure(config):
    """Try few random examples, the same in each run; in the second half more."""
    examples = 100 if config.getoption("--all") else 10
    limits = {"deadline": None, "database": None, "derandomize": True}
    settings.register_profile("day05", max_examples=examples, **limits)


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch):
    """Hide the WeChat settings of the person who runs the tests, and undo what a test adds."""
    for name in [name for name in os.environ if name.startswith("WECHAT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "*")  # for the lessons that ask a server on this machine
    yield
    for name in [name for name in os.environ if name.startswith("WECHAT_")]:
        del os.environ[name]


@pytest.fixture(scope="session")
def shared_wechat():
    """The one fake WeChat of the login tests; a test takes the fixture ``wechat``."""
    from tests.day05_wechat.helpers_oauth import fake_wechat

    with fake_wechat() as fake:
        yield fake


@pytest.fixture
def wechat(shared_wechat):
    """A fake WeChat that has seen nothing yet and answers every question well."""
    shared_wechat.forget()
    return shared_wechat
