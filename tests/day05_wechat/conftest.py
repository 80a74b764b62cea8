"""What day 5's tests share: few random examples, a folder for files, servers that play WeChat."""

import os
import tempfile
import threading
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
def no_proxy(monkeypatch):
    """Ask a server on this machine directly."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def dripping():
    """Give the URL of a server that sends one byte of its headers after another."""
    from tests.day05_wechat.helpers import raw_server

    done = threading.Event()

    def talk(connection):
        connection.recv(10_000)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not done.wait(0.01):
            connection.sendall(b"x")

    with raw_server(talk) as url:
        yield url
        done.set()


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
