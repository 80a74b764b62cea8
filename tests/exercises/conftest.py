"""Lets ``pytest tests/exercises --submission PATH`` know its option and its fixtures."""

import pytest


def pytest_addoption(pluginmanager):
    pluginmanager.import_plugin("course.grading.plugin")


@pytest.fixture
def client(start):
    """Give a client for the submission's app (and not what tests/conftest.py calls so)."""
    return start()
