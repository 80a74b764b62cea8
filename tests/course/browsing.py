"""The reader as a command, over a copy of the course that the tests may break."""

import os
import re
import shutil
import signal
import subprocess
import sys
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from course.catalogue import ROOT
from tests.helpers import AXE

LESSON = "/day01/converters/"


class Started(NamedTuple):
    """A reader that runs: its pages, its worker's pages, and the address that it printed."""

    base: str
    worker: str
    address: str


@pytest.fixture(scope="module")
def course_copy(tmp_path_factory):
    root = tmp_path_factory.mktemp("course") / "copy"
    ignored = shutil.ignore_patterns(
        ".git", ".venv", "__pycache__", "node_modules", "instance", ".*_cache", "copy"
    )
    shutil.copytree(ROOT, root, ignore=ignored)
    return root


@pytest.fixture(scope="module")
def started(course_copy):
    process = subprocess.Popen(
        [sys.executable, "-m", "course", "serve", "--no-browser"],
        cwd=course_copy,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    for line in process.stdout:
        if "http://" in line:
            address = line.split(" is at ")[1].split()[0]
            parts = urlsplit(address)
            base = f"{parts.scheme}://{parts.netloc}"
            with urlopen(base + LESSON) as response:
                page = response.read().decode()
            worker = re.search(r'data-run="(http://[^/"]+)', page)[1]
            yield Started(base, worker, address)
            break
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate()


def enter(page, started):
    """Open the address with the key, as the command does; return the page."""
    page.goto(started.address)
    return page


def problems(page):
    """Return what axe-core finds wrong on the page, as (rule, pieces of HTML)."""
    page.add_script_tag(path=AXE)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    result = page.evaluate("tags => axe.run({runOnly: tags})", tags)
    assert result["passes"]
    return [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in result["violations"]]
