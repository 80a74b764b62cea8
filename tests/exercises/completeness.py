"""What an exercise needs besides its tests, and what to write where something is missing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from course.catalogue import EXERCISE, NOTES, ROOT, Lesson, left_to_do
from tests.exercises import patches

TASKS = 1
WRONG_ANSWERS = 5
"""The fewest tasks and wrong answers of an exercise."""


def missing(exercise: str, root: Path = ROOT) -> list[str]:
    """Return one sentence for each thing that an exercise lacks: the file, and what to write.

    ``root`` is a folder with ``day01/...`` and ``tests/exercises/day01/...`` in it.
    """
    files = [f"{exercise}/{EXERCISE}", *_test_files(exercise, root)]
    return [
        *left_to_do(root, files),
        *_of_the_starter(exercise, root),
        *_of_the_notes(exercise, root),
        *_of_the_answers(exercise, root / "tests" / "exercises"),
        *_of_the_tests(exercise, root),
    ]


def _test_files(exercise: str, root: Path) -> list[str]:
    paths = sorted((root / "tests" / "exercises" / exercise).glob("test_*.py"))
    return [path.relative_to(root).as_posix() for path in paths]


def _tasks(exercise: str, root: Path) -> list[int]:
    day, _, name = exercise.partition("/")
    return [number for number, _ in Lesson(root / exercise, day, name).tasks()]


def _of_the_starter(exercise: str, root: Path) -> Iterator[str]:
    file = f"{exercise}/{EXERCISE}"
    if not (root / file).is_file():
        yield f"{file} is missing. It is what the student fills in."
        return
    text = (root / file).read_text("utf-8")
    head = ast.get_docstring(ast.parse(text)) or ""
    if not head.startswith("Exercise: "):
        yield f"{file}: the docstring must begin with `Exercise: ` and a sentence."
    run = f"flask --app {exercise.replace('/', '.')}.exercise run"
    check = f"course check {exercise.rpartition('/')[2]}"
    for words, use in ((run, "starts it"), ("curl", "tries it"), (check, "checks it")):
        if words not in head:
            yield f"{file}: the docstring must show the command that {use}: `{words} ...`."
    if "TODO" not in text:
        yield f"{file} has no TODO. Mark each place that the student fills in: `# TODO (task 1)`."
    if (count := len(_tasks(exercise, root))) < TASKS:
        yield (
            f"{file}: the docstring has {count} tasks, and needs {TASKS}. Write `Tasks:`, then "
            "lines such as `1. Write ...`, then `Run it:`."
        )


def _of_the_notes(exercise: str, root: Path) -> Iterator[str]:
    file = f"{exercise}/{NOTES}"
    if not (root / file).is_file():
        yield f"{file} is missing."
        return
    last = (root / file).read_text("utf-8").partition("## In short")[2]
    for words in (f"({EXERCISE})", f"`course check {exercise.rpartition('/')[2]}`"):
        if words not in last:
            yield f"{file}: the section `## In short` must name the exercise with `{words}`."


def _of_the_answers(exercise: str, tests: Path) -> Iterator[str]:
    try:
        files = patches.solution_files(exercise, tests)
    except patches.PatchError as error:
        yield str(error)
        return
    names = patches.names(exercise, tests)
    for name in names:
        try:
            patches.patched(patches.read(exercise, name, tests), files)
        except patches.PatchError as error:
            yield str(error)
    if len(names) < WRONG_ANSWERS:
        yield (
            f"tests/exercises/{exercise}/wrong has {len(names)} wrong answers, and needs "
            f"{WRONG_ANSWERS}. Write NAME.patch there; tests/exercises/patches.py says how."
        )


def _of_the_tests(exercise: str, root: Path) -> Iterator[str]:
    folder = f"tests/exercises/{exercise}"
    files = _test_files(exercise, root)
    if not files:
        yield f"{folder}/test_{exercise.rpartition('/')[2]}.py is missing. It grades the exercise."
        return
    tasks, tested = _tasks(exercise, root), set()
    for file in files:
        for function in ast.walk(ast.parse((root / file).read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef) or not function.name.startswith("test_"):
                continue
            where = f"{file}:{function.lineno}: {function.name}"
            marks = {
                ast.unparse(mark.func): ast.unparse(mark.args[0])
                for mark in function.decorator_list
                if isinstance(mark, ast.Call) and mark.args
            }
            if "pytest.mark.hint" not in marks:
                yield f'{where} has no hint. Add `@pytest.mark.hint("...")`.'
            if not ast.get_docstring(function):
                yield f"{where} has no docstring. Add one sentence that says what is checked."
            task = marks.get("pytest.mark.task", "")
            if task not in map(str, tasks):
                yield (
                    f"{where} belongs to no task. Add `@pytest.mark.task(1)`, one of the tasks "
                    f"{', '.join(map(str, tasks)) or '(none)'} of {exercise}/{EXERCISE}."
                )
            tested.add(task)
    for task in tasks:
        if str(task) not in tested:
            yield f"{folder}: no test has `@pytest.mark.task({task})`. Write one for this task."
