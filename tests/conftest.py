"""Fixtures that every lesson's tests share."""

import asyncio
import gc
import os

import pytest
from flask import Flask
from jinja2 import BytecodeCache

from tests.helpers import CHROMIUM, ROOT, SECOND_HALF


def forget_settings():
    """Hide the settings of the person who runs the tests, and those that day 5's apps make up."""
    for name in [name for name in os.environ if name.startswith(("FLASK_", "WECHAT_"))]:
        del os.environ[name]


forget_settings()  # lessons read them when they are imported, or later

MARKERS = (
    "second_half: needs more than Python, or drives processes by the clock; only with --all",
    "browser: needs Chromium and pytest-playwright; part of the second half",
)


def pytest_addoption(parser):
    parser.addoption(
        "--all", action="store_true", help="run the second half, too: browser, servers, attacks"
    )


def pytest_configure(config):
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_collection_modifyitems(config, items):
    """Skip what is not asked for, and what cannot run here, each with one line that says why."""
    reasons = {}
    if not config.getoption("--all"):
        reasons = dict.fromkeys(["second_half", "browser"], SECOND_HALF)
    elif not config.pluginmanager.hasplugin("playwright"):
        reasons["browser"] = "pytest-playwright is not installed: uv sync --group browser"
    elif CHROMIUM is None:
        reasons["browser"] = "Chromium is not installed"
    for item in items:
        for marker, reason in reasons.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))
                break


def pytest_sessionstart():
    """Search for no garbage while tests are collected: there is none."""
    gc.disable()


def pytest_collection_finish():
    """Leave thousands of collected tests out of every later search for garbage."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


class CompiledTemplates(BytecodeCache):
    """Keep compiled templates by their text: many tests make an app, and compiling is slow."""

    def __init__(self):
        self.code = {}

    def load_bytecode(self, bucket):
        if bucket.key in self.code:
            bucket.bytecode_from_string(self.code[bucket.key])

    def dump_bytecode(self, bucket):
        self.code[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def templates_are_compiled_once():
    """Give every app of the tests the same cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(Flask.jinja_options, "bytecode_cache", CompiledTemplates())
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args():
    """Start the system's browser; without a sandbox, which Chromium refuses to build for root."""
    return {
        "executable_path": CHROMIUM,
        "args": ["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
    }


@pytest.fixture(scope="session")
def base_url():
    """Give none: each test has servers of its own, and pytest 9 warns of the plugin's fixture."""


@pytest.fixture(scope="session", autouse=True)
def instance_is_left_alone():
    """Fail the run if a test wrote to ``instance/``, where a student's own data lives."""

    def content():
        paths = (ROOT / "instance").rglob("*")
        return {path: path.read_bytes() for path in paths if path.is_file()}

    before = content()
    yield
    assert content() == before, "a test changed instance/"


def workers():
    """Return how many processes to use: one more than cores, as tests wait for others at times."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count()
    return 1 if cores == 1 else cores + 1


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Use all cores for the whole suite; for a part of it their start would not pay."""
    if "PYTEST_XDIST_WORKER" in os.environ:  # a worker has no workers of its own
        return
    is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if is_whole and getattr(config.option, "numprocesses", 0) is None:  # 0: without pytest-xdist
        config.option.numprocesses, config.option.dist = workers(), "worksteal"


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
        forget_settings()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Let workers send what a test printed, even halves of surrogate pairs, which UTF-8 refuses."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report
