"""Slips in a student's tests that can be read in the file, such as asserts that are always true."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def slips(text: str) -> list[tuple[int, str]]:
    """Return line and sentence of each slip; nothing for a file that Python cannot read."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return sorted(_found(tree))


def _found(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Assert(test=ast.BoolOp(op=ast.Or(), values=values)) if any(
                isinstance(each, ast.Constant) and each.value for each in values
            ):
                shown = ast.unparse(node.test)
                yield node.lineno, f"`{shown}` is always true. Write `in (..., ...)`."
            case ast.Assert(test=ast.Tuple(elts=[_, *_])):
                yield node.lineno, "an assert of a tuple is always true. Remove the parentheses."
            case ast.Expr(value=ast.Compare()):
                yield node.lineno, f"`{ast.unparse(node)}` compares and asserts nothing."
            case ast.FunctionDef(name=name) if name.startswith("test_") and not _checks(node):
                yield node.lineno, f"{name} asserts nothing."
            case ast.FunctionDef(decorator_list=marks) if any(map(_is_shared, marks)):
                yield node.lineno, f"the fixture {node.name} is shared: all tests get the same one."


def _checks(function: ast.FunctionDef) -> bool:
    """Tell whether a test can fail: by an assert, or by a function that it calls."""
    asserting = (ast.Assert, ast.With, ast.Raise)
    called = {
        each.func.id if isinstance(each.func, ast.Name) else ""
        for each in ast.walk(function)
        if isinstance(each, ast.Call)
    }
    return any(isinstance(each, asserting) for each in ast.walk(function)) or bool(
        called - {"", "print"}
    )


def _is_shared(mark: ast.expr) -> bool:
    return (
        isinstance(mark, ast.Call)
        and ast.unparse(mark.func).endswith("fixture")
        and any(
            each.arg == "scope" and ast.unparse(each.value).strip("'\"") != "function"
            for each in mark.keywords
        )
    )
