"""The wrong answers of the exercises, as patches on their solutions; and how to write an exercise.

**The starter**: ``day01/hello/exercise.py``. Its docstring has ``Exercise: `` and a sentence, the
story in a few lines, ``Tasks:`` with numbered tasks, then ``Run it:``, ``Try it:`` (curl lines) and
``Check it: course check hello``. The first sentence of a task is its title. Each place to fill in
has a line ``# TODO (task 1): what``. The starter runs as it is, and earns no point.

**The tests**: ``tests/exercises/day01/hello/test_hello.py``, ordinary pytest over HTTP::

    @pytest.mark.task(1)
    @pytest.mark.points(2)
    @pytest.mark.hint("A view is a function below @app.get.")
    @pytest.mark.hint("The path begins with a slash.", when="Came back: 404")
    def test_goodbye_is_said(client):
        '''GET /goodbye responds with the text Goodbye!'''
        expect(client.get("/goodbye"), 200, text="Goodbye!")

The docstring is what the student reads above the message: one sentence that says what is checked.
The first test of a task is its easiest. A test that the starter or an empty app would pass, such as
"anything else is 404", has ``@pytest.mark.needs("test_goodbye_is_said")``: it is tried, and earns
its points, only if that test passes. Tasks can be solved in their order: no test of task 2 needs
task 3. Values are random, so that none can be written into the app. ``expect`` and ``fail``
(``course.grading``) write the message; ``fail(reply, expected, wanted=...)`` says which part of a
long page to show. The other fixtures are in ``course/grading/judge/plugin.py``.

What Flask itself tells of a mistake needs no words of the test: the exception, its line and its
cause come from ``course/grading/judge/causes.py``. The hint is then left out. A slip that is not in
that table gets a row there.

**The solution**: ``solution.py`` beside the tests, or ``solution/exercise.py`` with
``solution/templates/...``. **The notes** name the exercise in ``## In short``.

**The wrong answers**: at least five slips that people make, each a patch on the solution, such as
``wrong/hyphens_optional.patch``::

    Wrong: the hyphens are optional.
    Fails: test_a_number_without_groups_is_not_found
    Says: Expected:  404

``Wrong`` is a sentence that a student reads after solving it, as "what others get wrong here".
``Fails`` names exactly the tests that fail, without those that are not tried. ``Says`` is the proof
that the message names the mistake: words of the message that ``course check`` shows first, in which
``...`` stands for anything. All three may be given several times. After an empty line follows a
unified diff against ``solution.py``, or against the files in ``solution/``. To write it, make the
mistake in the solution, take the output of ``git diff --no-prefix --relative``, and undo it.

Check it all: ``pytest tests/course/test_exercises.py --all -k hello``. What is missing is named
with the file and the line to write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import whatthepatch

from course.catalogue import EXERCISE, ROOT

TESTS = Path(__file__).parent

ANEW = (
    "Make the mistake in the solution, replace the patch's diff by the output of "
    "`git diff --no-prefix --relative`, and undo the mistake."
)


class PatchError(Exception):
    """A solution or a wrong answer is missing, unreadable, or does not fit; says what to do."""


@dataclass(frozen=True)
class WrongAnswer:
    """One patch: what is wrong, the tests that fail, the words they say, and the diff."""

    path: Path
    wrong: str
    fails: frozenset[str]
    says: tuple[str, ...]
    diff: str


def solution(exercise: str, tests: Path = TESTS) -> Path:
    """Return ``solution.py`` or the folder ``solution``; raises ``PatchError`` if there is none."""
    folder = tests / exercise
    for path in (folder / "solution.py", folder / "solution"):
        if path.exists():
            return path
    raise PatchError(
        f"{_shown(folder)}/solution.py is missing. Write it there, or as solution/{EXERCISE} with "
        "templates beside it."
    )


def names(exercise: str, tests: Path = TESTS) -> list[str]:
    """Return the names of an exercise's wrong answers."""
    return sorted(path.stem for path in (tests / exercise / "wrong").glob("*.patch"))


def read(exercise: str, name: str, tests: Path = TESTS) -> WrongAnswer:
    """Read a patch; raises ``PatchError`` if its first lines are not complete."""
    path = tests / exercise / "wrong" / f"{name}.patch"
    if not path.exists():
        known = ", ".join(names(exercise, tests)) or "none"
        raise PatchError(f"{_shown(path)} does not exist. Wrong answers of {exercise}: {known}.")
    head, _, diff = path.read_text("utf-8").partition("\n\n")
    fields: dict[str, list[str]] = {"Wrong": [], "Fails": [], "Says": []}
    for number, line in enumerate(head.splitlines(), 1):
        key, found, value = line.partition(": ")
        if not found or key not in fields:
            raise PatchError(
                f"{_shown(path)}:{number}: {line!r} is not one of `Wrong: ...`, `Fails: ...`, "
                "`Says: ...`. An empty line ends them."
            )
        fields[key].append(value)
    for key, values in fields.items():
        if not values:
            raise PatchError(f"{_shown(path)} has no line `{key}: ...`. Add it at the top.")
    fails = frozenset(name.strip() for line in fields["Fails"] for name in line.split(","))
    return WrongAnswer(path, " ".join(fields["Wrong"]), fails, tuple(fields["Says"]), diff)


def lay_out(exercise: str, folder: Path, tests: Path = TESTS) -> Path:
    """Write an exercise's solution to ``folder`` as a student hands it in; return ``folder``."""
    return _write(solution_files(exercise, tests), folder)


def wrong(exercise: str, name: str, folder: Path, tests: Path = TESTS) -> Path:
    """Write a wrong answer to ``folder`` as a student hands it in; return ``folder``.

    Raises ``PatchError`` if the patch does not fit the solution.
    """
    return _write(patched(read(exercise, name, tests), solution_files(exercise, tests)), folder)


def solution_files(exercise: str, tests: Path = TESTS) -> dict[str, str]:
    """Return the text of each file of a solution by its path in the exercise's folder."""
    path = solution(exercise, tests)
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return {p.relative_to(path.parent).as_posix(): p.read_text("utf-8") for p in sorted(files)}


def patched(answer: WrongAnswer, files: dict[str, str]) -> dict[str, str]:
    """Return the files of a solution with a patch applied.

    A hunk may have moved to other line numbers, but all its lines must be there, and only once.
    """
    result = dict(files)
    for part in _parts(answer.diff):
        for diff in whatthepatch.parse_patch(part):
            new = diff.header.old_path == "/dev/null"
            path = diff.header.new_path if new else diff.header.old_path
            if not new and path not in files:
                raise PatchError(
                    f"{_shown(answer.path)} changes {path}, which does not exist. The solution "
                    f"has: {', '.join(files)}."
                )
            lines = result.get(path, "").split("\n")
            for number, changes in groupby(diff.changes or [], key=lambda change: change.hunk):
                lines = _apply(lines, list(changes), f"{_shown(answer.path)}: hunk {number}", path)
            result[path] = "\n".join(lines)
    if result == files:
        raise PatchError(f"{_shown(answer.path)} changes nothing. {ANEW}")
    return result


def _parts(diff: str) -> list[list[str]]:
    """Split a diff by files, and leave out what only git's own patches have.

    An empty line is a line of context that an editor has cut.
    """
    parts: list[list[str]] = []
    lines = [line or " " for line in diff.splitlines()]
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("--- ") and after.startswith("+++ "):
            parts.append([])
        if parts and re.match(r"[-+ @]", line):
            parts[-1].append(line)
    return parts


def _apply(
    lines: list[str], changes: list[whatthepatch.patch.Change], where: str, path: str
) -> list[str]:
    old = [change.line for change in changes if change.old is not None]
    new = [change.line for change in changes if change.new is not None]
    matching = {
        at: sum(a == b for a, b in zip(old, lines[at:], strict=False)) for at in range(len(lines))
    }
    places = [at for at, count in matching.items() if count == len(old)]
    if len(places) == 1:
        return [*lines[: places[0]], *new, *lines[places[0] + len(old) :]]
    if places:
        raise PatchError(
            f"{where} fits {path} at the lines {', '.join(str(at + 1) for at in places)}. Give it "
            "more lines of context: `git diff --no-prefix --relative -U9`."
        )
    at = max(matching, key=lambda at: matching[at])
    for number, expected in enumerate(old, at):
        found = lines[number] if number < len(lines) else "the end of the file"
        if found != expected:
            break
    raise PatchError(
        f"{where} does not fit {path} any more. Line {number + 1} of {path}: {found.strip()!r}; "
        f"the patch expects {expected.strip()!r}. {ANEW}"
    )


def _write(files: dict[str, str], folder: Path) -> Path:
    for name, text in files.items():
        path = folder / (EXERCISE if name == "solution.py" else name.removeprefix("solution/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def _shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()
