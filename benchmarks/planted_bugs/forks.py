"""Short runs of pytest, each a fork of one process that is ready."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

FORKS = multiprocessing.get_context("forkserver")
"""Each run is a fork of a process that has imported what tests need."""
FORKS.set_forkserver_preload(
    ["bs4", "flask_migrate", "flask_wtf", "hypothesis", "pytest", "requests"]
)


def run_pytest(place: Path, words: list[str]) -> None:
    """Run pytest in this process, on the copy and not on the course it was made of."""
    os.chdir(place)
    os.setsid()
    output = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(output, number)
    sys.path[:] = [str(place), *(name for name in sys.path if name not in {"", str(ROOT)})]
    sys.dont_write_bytecode = True
    os.environ |= {
        "PYTHONPATH": str(place),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    import pytest

    os._exit(int(pytest.main(words)))
