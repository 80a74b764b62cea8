"""Fixtures that every lesson's tests share."""

import asyncio
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


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Use all cores for the whole suite; for a part of it their start would not pay."""
    if "PYTEST_XDIST_WORKER" in os.environ:  # a worker has no workers of its own
        return
    is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if is_whole and getattr(config.option, "numprocesses", 0) is None:  # 0: without pytest-xdist
        config.option.numprocesses, config.option.dist = os.cpu_count(), "worksteal"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Hide the event loop that Playwright leaves in this thread from tests that start their own."""
    loop = asyncio._get_running_loop()
    if loop and "playwright" not in getattr(item, "fixturenames", ()):
        asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        asyncio._set_running_loop(asyncio._get_running_loop() or loop)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Let workers send what a test printed, even halves of surrogate pairs, which UTF-8 refuses."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report
