"""Lets ``pytest tests/exercises --submission PATH`` know its option and its fixtures."""

import pytest

from course.grading.judge import plugin


def pytest_addoption(pluginmanager):
    if not pluginmanager.has_plugin(plugin.__name__):
        pluginmanager.register(plugin, plugin.__name__)


@pytest.fixture
def client(start):
    """Give a client for the submission's app (and not what tests/conftest.py calls so)."""
    return start()


@pytest.fixture(scope="session", autouse=True)
def instance_is_left_alone():
    """A submission runs on a copy; what goes on in instance/ meanwhile is not its doing."""
