"""The sample solution of an exercise beside a student's own, and what others get wrong."""

from __future__ import annotations

import ast
import difflib
from pathlib import Path

from course.catalogue import EXERCISE, ROOT, TESTS

SHOWN = 5
"""Sentences about wrong answers that are shown."""


def solution(exercise: str, tests: Path = TESTS) -> dict[str, str]:
    """Return the texts of the sample solution, by the names that the files have for a student.

    It is empty where there is none.
    """
    file, folder = tests / exercise / "solution.py", tests / exercise / "solution"
    if file.is_file():
        return {EXERCISE: file.read_text("utf-8")}
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in files}


def difference(exercise: str, root: Path = ROOT) -> list[tuple[str, str]]:
    """Return what the sample solution and the student's files have: pairs of a sign and a line.

    The sign is ``-`` for a line of the student's, ``+`` for one of the solution, or a space. The
    docstring with the tasks is left out.
    """
    found = []
    for name, text in solution(exercise).items():
        path = root / exercise / name
        own = path.read_text("utf-8", "replace") if path.is_file() else ""
        if name != EXERCISE:
            found.append((" ", f"{name}:"))
        lines = difflib.ndiff(_code(own, name), _code(text, name))
        found += [(each[0], each[2:]) for each in lines if each[0] != "?"]
    return found


def what_others_get_wrong(exercise: str, tests: Path = TESTS) -> list[str]:
    """Return a sentence for each of a few mistakes that others make."""
    found = []
    for path in sorted((tests / exercise / "wrong").glob("*.patch")):
        first = path.read_text("utf-8").partition("\n")[0]
        sentence = first.removeprefix("Wrong: ")
        # A name in the code stays as it is.
        is_word = sentence.partition(" ")[0].isalpha()
        found.append(sentence[:1].upper() + sentence[1:] if is_word else sentence)
    return found[:SHOWN]


def _code(text: str, name: str) -> list[str]:
    """Return the lines of a file without its docstring."""
    lines = text.splitlines()
    if name.endswith(".py"):
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError):
            return lines
        match body:
            case [ast.Expr(value=ast.Constant(value=str()), end_lineno=int(end)), *_]:
                lines = lines[end:]
    while lines and not lines[0].strip():
        del lines[0]
    return lines
