"""Grading: exercises are tested over HTTP, and the submission runs in a process of its own.

The arrows of this package run downwards::

    check, grade  ->  judge  ->  plugin  ->  remote  ->  wall  ->  box

``box`` is the only module that shares a process with a student's code, and it holds nothing worth
having: no test, no expectation, no result.
"""

from course.grading.expect import expect, fail, json_of

__all__ = ["expect", "fail", "json_of"]
