"""Day 5's lessons read the environment, and in development put made up secrets into it."""

import os
import tempfile
from pathlib import Path

import pytest

# Hypothesis keeps a cache where it runs, even without its database; not in the checkout, please.
os.environ.setdefault(
    "HYPOTHESIS_STORAGE_DIRECTORY", str(Path(tempfile.gettempdir(), "flask-in-six-days-hypothesis"))
)


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch):
    """Hide the WeChat settings of whoever runs the tests, and undo what a test adds."""
    for name in [name for name in os.environ if name.startswith("WECHAT_")]:
        monkeypatch.delenv(name)
    yield
    for name in [name for name in os.environ if name.startswith("WECHAT_")]:
        del os.environ[name]
