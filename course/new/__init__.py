"""Lays out a new lesson or a new exercise: everything that the checks want, with TODOs to fill in.

The files are the templates in the folders ``lesson`` and ``exercise`` beside this one.
"""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from course.catalogue import EXERCISE, NOTES, ROOT, Lesson, days

_HERE = Path(__file__).parent
_EXERCISE_LINE = "**Exercise:** TODO: what to do: [{file}]({file}), then `course check {name}`."


class NewError(ValueError):
    """The files cannot be laid out; says why, and what to do instead."""


def lesson(name: str, title: str = "", after: str = "", root: Path = ROOT) -> list[Path]:
    """Lay out a lesson, ``day02/greetings``, behind another of its day or at the day's end.

    Returns the files that were written or changed. Raises ``NewError`` and writes nothing if the
    name is not one, is taken, or if ``after`` is not a lesson of the day.
    """
    day_name, _, short = name.partition("/")
    day = next((day for day in days(root) if day.name == day_name), None)
    if day is None:
        known = ", ".join(day.name for day in days(root))
        raise NewError(f"{name}: the day is not one of {known}. Write day02/greetings.")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", short):
        raise NewError(f"{name}: after the day comes a Python name in lower case: day02/greetings.")
    if (root / name).exists():
        raise NewError(f"{name} exists already.")
    title = title or short.replace("_", " ").capitalize()
    names = [each.name for each in day.lessons]
    previous = after.rpartition("/")[2] or names[-1]
    if previous not in names:
        raise NewError(f"{after} is not a lesson of {day_name}. It has {', '.join(names)}.")

    before = day.lessons[names.index(previous)]
    last_line = before.notes.rstrip().splitlines()[-1]
    written = _render("lesson", root, name, title, before=before, next_line=last_line)
    notes = before.folder / NOTES
    following = f"Next: [{title}](../{short}/{NOTES})."
    notes.write_text(before.notes.replace(last_line, following), "utf-8")
    contents = root / day_name / NOTES
    contents.write_text(_listed(contents.read_text("utf-8"), previous, title, short), "utf-8")
    return [*written, notes, contents]


def _listed(markdown: str, previous: str, title: str, name: str) -> str:
    """Return a day's notes with one lesson more in their list, and the list numbered anew."""
    lines = markdown.splitlines()
    item = re.compile(r"\d+\. (\[[^\]]+\]\((\w+)/README\.md\))")
    items = [number for number, line in enumerate(lines) if item.fullmatch(line)]
    place = next(n for n in items if lines[n].endswith(f"({previous}/{NOTES})"))
    lines.insert(place + 1, f"0. [{title}]({name}/{NOTES})")
    count = 0
    for number, line in enumerate(lines):
        if found := item.fullmatch(line):
            count += 1
            lines[number] = f"{count}. {found[1]}"
    return "\n".join(lines) + "\n"


def exercise(name: str, root: Path = ROOT) -> list[Path]:
    """Lay out the exercise of a lesson, ``day02/greetings``, with its tests and its solution.

    Returns the files that were written or changed. Raises ``NewError`` and writes nothing if it
    is not a lesson, or if it has an exercise.
    """
    found = [each for day in days(root) for each in day.lessons if each.id == name]
    if not found:
        raise NewError(f"{name} is not a lesson. Lay it out first: course new lesson {name}")
    [owner] = found
    if owner.exercise or (root / "tests" / "exercises" / name).exists():
        raise NewError(f"{name} has an exercise already.")
    written = _render("exercise", root, name, owner.title, before=owner, next_line="")
    notes = owner.folder / NOTES
    text, last_line = owner.notes.rstrip().rsplit("\n", 1)
    line = _EXERCISE_LINE.format(file=EXERCISE, name=owner.name)
    notes.write_text(f"{text}\n{line}\n\n{last_line}\n", "utf-8")
    return [*written, notes]


def _render(
    kind: str, root: Path, name: str, title: str, *, before: Lesson, next_line: str
) -> list[Path]:
    """Write the templates of one kind below the root, and return the files.

    ``DAY`` and ``NAME`` in a path are the names of the day and of the lesson.
    """
    day, _, short = name.partition("/")
    environment = Environment(
        loader=FileSystemLoader(_HERE / kind),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 (the files are Python and Markdown)
    )
    values = {"day": day, "name": short, "title": title, "before": before, "next_line": next_line}
    written = []
    for template in sorted((_HERE / kind).rglob("*.txt")):
        place = template.relative_to(_HERE / kind).as_posix()
        path = root / place.removesuffix(".txt").replace("DAY", day).replace("NAME", short)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(environment.get_template(place).render(values), "utf-8")
        written.append(path)
    return written
