"""Grading: exercises are tested over HTTP, and the submission runs in a process of its own.

Three rooms; the arrows run down::

    check, classroom   ->  judge.client               students and instructors, who ask for marks
    judge.loop         ->  judge.plugin               one pytest process that holds the tests
    judge.plugin       ->  sandbox.remote, .box       the app under test, seen from the judge
    sandbox.box        ->  sandbox.wall               the wall, and what runs behind it
    results, submission                               values that all of them share

``sandbox.inside`` and what it imports are the only modules that share a process with a student's
code. They hold no test, no expectation and no result.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course.grading.judge.expect import expect, fail, json_of

__all__ = ["expect", "fail", "json_of"]


def __getattr__(name: str) -> Any:
    """Import what exercises' tests use when they ask: it brings pytest along."""
    if name not in __all__:
        raise AttributeError(name)
    from course.grading.judge import expect

    return getattr(expect, name)
