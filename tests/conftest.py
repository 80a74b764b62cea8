"""Fixtures that every lesson's tests share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def client(request):
    """Give a test client for the ``app`` that the test module imported."""
    return request.module.app.test_client()


@pytest.fixture(scope="session", autouse=True)
def instance_is_left_alone():
    """Fail the run if a test wrote to ``instance/``, where a student's own data lives."""

    def content():
        paths = (ROOT / "instance").rglob("*")
        return {path: path.read_bytes() for path in paths if path.is_file()}

    before = content()
    yield
    assert content() == before, "a test changed instance/"


def pytest_xdist_auto_num_workers(config):
    """Use all cores for the whole suite; for a part of it their start would not pay."""
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return 0
    config.option.dist = "worksteal"
    return os.cpu_count()


def pytest_collection_modifyitems(items):
    """Put the browser tests last: Playwright keeps an asyncio loop running in this thread."""
    items.sort(key=lambda item: "playwright" in getattr(item, "fixturenames", ()))
