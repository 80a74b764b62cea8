"""Plant bugs one by one in a copy of the course, and see whether the tests catch them.

Run it: uv run python -m benchmarks.planted_bugs [day01 ...] [--only ID]

The bugs are tables in the ``.toml`` files beside this one::

    [[bug]]
    id = "hello-debug"                      # unique in its file
    file = "day01/hello/app.py"
    old = 'app.run()'                       # stands exactly once in the file
    new = 'app.run(debug=True)'
    why = "a debugger for every visitor"    # what goes wrong for a user
    security = true                         # optional
    equivalent = "..."                      # optional: why no behaviour changes
    tests = ["tests/day01/test_hello.py"]   # optional: else the lesson's own test files

Only the first half of the suite is run, so a bug is caught on every machine; with ``--all`` here,
a bug whose entry has ``all = true`` is also tried with the second half.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.planted_bugs.forks import FORKS, run_pytest

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).parent
LIMIT = 600
"""Seconds after which a run of tests counts as caught: it hangs, and pytest-timeout names it."""


@dataclass(frozen=True)
class Bug:
    """One change to one file, and the tests that should notice it."""

    id: str
    file: str
    old: str
    new: str
    why: str
    tests: tuple[str, ...]
    security: bool = False
    equivalent: str = ""
    all: bool = False
    """Whether only the second half of the suite sees it."""


def bugs(name: str) -> Iterator[Bug]:
    """Yield the bugs of one table, such as ``day01``."""
    for entry in tomllib.loads((HERE / f"{name}.toml").read_text("utf-8"))["bug"]:
        tests = entry.pop("tests", None) or own_tests(entry["file"])
        yield Bug(**entry, tests=tuple(tests))


def own_tests(file: str) -> list[str]:
    """Return the test files of the lesson that a file belongs to."""
    day, lesson, *_ = Path(file).parts
    found = sorted((ROOT / "tests" / day).glob(f"test_{lesson}*.py"))
    return [path.relative_to(ROOT).as_posix() for path in found]


def tracked() -> list[str]:
    """Return the files of the course, as git knows them or may come to know them."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def copy_course(place: Path) -> None:
    """Lay out a copy of the course."""
    for name in tracked():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)


def applies(bug: Bug, place: Path) -> bool:
    """Tell whether the text to be changed is in its file, exactly once."""
    path = place / bug.file
    return path.is_file() and path.read_text("utf-8").count(bug.old) == 1


def verdict(bug: Bug, place: Path) -> str:
    """Plant one bug in the copy, run its tests, take it out again, and say what happened."""
    if not applies(bug, place):
        return "does not apply"
    if not bug.tests:
        return "has no tests"
    path = place / bug.file
    text = path.read_text("utf-8")
    path.write_text(text.replace(bug.old, bug.new), "utf-8")
    try:
        for _ in range(2):  # once more where the run itself failed, such as for want of memory
            code = run_tests(bug.tests, place, second_half=bug.all)
            if code in {0, 1, 2}:
                break
    finally:
        path.write_text(text, "utf-8")
    if code in {1, 2}:
        return "caught"
    return "survived" if code == 0 else f"pytest ended with {code}"


def run_tests(tests: tuple[str, ...], place: Path, *, second_half: bool = False) -> int:
    """Run test files of the copy, up to the first failure, and return pytest's exit code."""
    words = ["-q", "-x", "-p", "no:cacheprovider", "-p", "pytest_timeout", *tests]
    process = FORKS.Process(target=run_pytest, args=(place, words + ["--all"] * second_half))
    process.start()
    process.join(LIMIT)
    if process.exitcode is None:
        process.kill()
        process.join()
        return 1
    return process.exitcode


@click.command()
@click.argument("names", nargs=-1)
@click.option("--only", multiple=True, help="Only the bug with this id (repeatable).")
@click.option("--dry", is_flag=True, help="Run no test; only list what does not apply any more.")
@click.option("--all", "everything", is_flag=True, help="Those of the second half, too.")
def main(names: tuple[str, ...], only: tuple[str, ...], dry: bool, everything: bool) -> None:
    """Plant the bugs of the tables NAMES (default: all) and list those that survive."""
    chosen = [
        bug
        for name in names or sorted(path.stem for path in HERE.glob("*.toml"))
        for bug in bugs(name)
        if (not only or bug.id in only) and (everything or not bug.all)
    ]
    if dry:
        stale = [bug for bug in chosen if not applies(bug, ROOT)]
        for bug in stale:
            click.echo(f"does not apply: {bug.id} in {bug.file}")
        click.echo(f"{len(chosen)} bugs, {len(stale)} do not apply")
        return
    places = threading.local()
    verdicts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        Path(folder).chmod(0o755)

        def copy() -> Path:
            if not hasattr(places, "path"):
                places.path = Path(tempfile.mkdtemp(dir=folder), "course")
                copy_course(places.path)
            return places.path

        def passes(tests: tuple[str, ...]) -> bool:
            return run_tests(tests, copy()) == 0

        def run(bug: Bug) -> tuple[Bug, str]:
            return bug, verdict(bug, copy())

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            every = sorted({bug.tests for bug in chosen if bug.tests})
            for tests, fine in zip(every, pool.map(passes, every), strict=True):
                if not fine:
                    raise click.ClickException(f"{', '.join(tests)} fail without any bug.")
            for bug, said in pool.map(run, chosen):
                if bug.equivalent and said == "survived":
                    said = "equivalent"
                verdicts[said] += 1
                if said != "caught":
                    about = bug.equivalent or bug.why
                    mark = " (security)" if bug.security else ""
                    click.echo(f"{said:14} {bug.id:32} {bug.file}{mark}: {about}")
    changing = sum(verdicts.values()) - verdicts["equivalent"]
    share = verdicts["caught"] / changing if changing else 0
    click.echo(f"{len(chosen)} planted: {summary(verdicts)}; caught {share:.1%} of {changing}")


def summary(verdicts: Counter[str]) -> str:
    """Return the counts in words."""
    return ", ".join(f"{count} {said}" for said, count in verdicts.most_common())


if __name__ == "__main__":
    main()
