"""The days and lessons of the course, read from the Markdown that also shows them to readers.

Nothing is listed twice: the root README's map names the days in order, each day's README links its
lessons in order, and a lesson's README gives its title and its one-line description.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TESTS = ROOT / "tests" / "exercises"

NOTES = "README.md"
EXERCISE = "exercise.py"

TEXT_SUFFIXES = frozenset(
    {
        ".cfg",
        ".css",
        ".csv",
        ".html",
        ".ini",
        ".js",
        ".json",
        ".mako",
        ".py",
        ".service",
        ".svg",
        ".toml",
        ".txt",
        ".xml",
    }
)
"""Files that are shown as source, and that the notes may quote."""

_DAY_LINE = re.compile(
    r"^\d+\. \[(?P<title>[^\]]+)\]\((?P<name>day\w+)/README\.md\): (?P<summary>.+)$", re.MULTILINE
)
_LESSON_LINE = re.compile(r"^\d+\. \[[^\]]+\]\((?P<name>\w+)/README\.md\)", re.MULTILINE)


class UnknownLessonError(LookupError):
    """A name that no lesson has; ``nearest`` holds the names that look like it."""

    def __init__(self, name: str, nearest: list[str]) -> None:
        self.nearest = nearest
        hint = f" Did you mean {' or '.join(nearest)}?" if nearest else ""
        super().__init__(f"There is no lesson {name!r}.{hint}")


@dataclass(frozen=True)
class Lesson:
    """One folder: an app, its notes, and the files that belong to it."""

    folder: Path
    day: str
    name: str

    @property
    def id(self) -> str:
        """The lesson's path below the root, such as ``day01/converters``."""
        return f"{self.day}/{self.name}"

    @property
    def import_name(self) -> str:
        """What ``flask --app`` is told: the module ``app`` or, without one, the package."""
        package = f"{self.day}.{self.name}"
        return f"{package}.app" if (self.folder / "app.py").exists() else package

    def module(self, name: str) -> str | None:
        """Return what to import for the app of that name, or None if the lesson has no such app.

        ``app`` is the lesson itself; others are files beside it, such as ``first``.
        """
        if name == "app":
            return self.import_name
        is_file = name.isidentifier() and (self.folder / f"{name}.py").is_file()
        return f"{self.day}.{self.name}.{name}" if is_file else None

    @property
    def notes(self) -> str:
        """The Markdown of the lesson's README; where it is missing, words that say so."""
        path = self.folder / NOTES
        if not path.is_file():
            return f"# {self.name}\n\n{self.id}/{NOTES} is missing.\n"
        return path.read_text("utf-8")

    @property
    def title(self) -> str:
        """The first heading of the notes."""
        return _title(self.notes)

    @property
    def summary(self) -> str:
        """The sentence below the first heading: what a reader can do after the lesson."""
        return _summary(self.notes)

    @property
    def exercise(self) -> Path | None:
        """The file in which a student does the lesson's exercise, where there is one."""
        path = self.folder / EXERCISE
        return path if path.is_file() else None

    def tasks(self) -> list[tuple[int, str]]:
        """Return the numbered tasks of the exercise: number and first sentence."""
        return [
            (number, re.split(r"(?<=[.:]) ", text)[0].rstrip(":").replace("`", ""))
            for number, text in self.task_texts()
        ]

    def task_texts(self) -> list[tuple[int, str]]:
        """Return the numbered tasks of the exercise in full: number and a line of Markdown.

        They are read as text, since a student's file may be one that Python cannot read.
        """
        listed = self._exercise_text().partition("Tasks:")[2].partition("Run it:")[0]
        found = re.findall(r"^(\d+)\. (.+(?:\n   +\S.*)*)", listed, re.MULTILINE)
        return [(int(number), " ".join(words.split())) for number, words in found]

    def story(self) -> str:
        """Return what the exercise is about, as Markdown: what stands above its tasks."""
        text = self._exercise_text().partition("Tasks:")[0]
        return text.partition("\n")[2].strip() if "Exercise:" in text else ""

    def exercise_commands(self) -> list[str]:
        """Return the curl lines that the exercise proposes."""
        listed = self._exercise_text().partition("Try it:")[2].partition("Check it:")[0]
        return [line.strip() for line in listed.splitlines() if line.strip().startswith("curl ")]

    def _exercise_text(self) -> str:
        """Return the exercise's file, its docstring in Markdown."""
        if self.exercise is None:
            return ""
        return self.exercise.read_text("utf-8", "replace").replace("``", "`")

    def pictures(self) -> list[Path]:
        """Return the pictures of the notes."""
        return sorted(self.folder.glob("*.svg"))

    def files(self) -> list[Path]:
        """Return the lesson's own files but the notes: the app first, then code, then the rest."""

        def order(path: Path) -> tuple[bool, bool, str]:
            return path.name != "app.py", path.suffix != ".py", path.as_posix()

        own = (path for path in _walk(self.folder) if _belongs(path))
        return sorted(set(own).difference(self.pictures()), key=order)


@dataclass(frozen=True)
class Day:
    """One folder of lessons."""

    name: str
    title: str
    summary: str
    lessons: tuple[Lesson, ...] = ()


def _title(markdown: str) -> str:
    match = re.search(r"^# (.+)$", markdown, re.MULTILINE)
    return match[1].strip() if match else ""


def _summary(markdown: str) -> str:
    match = re.search(r"^# .+\n+((?:[^\n#].*\n?)+)", markdown, re.MULTILINE)
    return " ".join(match[1].split()) if match else ""


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__pycache__")) or path.is_symlink():
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def _belongs(path: Path) -> bool:
    if path.name.startswith("README") or path.suffix in {".pyc", ".pyo"}:
        return False
    return path.name != "__init__.py" or path.stat().st_size > 0


def days(root: Path = ROOT) -> list[Day]:
    """Return the days in the order of the root README's map, with the lessons each links."""
    found = []
    for match in _DAY_LINE.finditer((root / NOTES).read_text("utf-8")):
        name = match["name"]
        text = (root / name / NOTES).read_text("utf-8")
        names = [line["name"] for line in _LESSON_LINE.finditer(text)]
        lessons = tuple(Lesson(root / name / each, name, each) for each in names)
        found.append(Day(name, match["title"], match["summary"], lessons))
    return found


_SIGNS = ("app.py", "first.py", EXERCISE, "__init__.py")
"""Files that make a folder of a day a lesson."""


def missing(root: Path = ROOT) -> list[str]:
    """Return what lessons lack, in a line each: the file, and what to write there."""
    found = []
    for day in days(root):
        listed = {lesson.name for lesson in day.lessons}
        places = (path for name in _SIGNS for path in (root / day.name).glob(f"*/{name}"))
        folders = {path.parent.name for path in places}
        for name in sorted(listed | folders):
            place = f"{day.name}/{name}"
            if name not in listed:
                line = f"[Title]({name}/{NOTES})"
                found.append(f"{day.name}/{NOTES}: the list wants a line 1. {line}")
            if not (root / place / NOTES).is_file():
                found.append(f"{place}/{NOTES} is missing: write a title and a sentence below it")
            if not (root / place / "__init__.py").is_file():
                found.append(f"{place}/__init__.py is missing: an empty file will do")
            found += left_to_do(root, (f"{place}/{NOTES}", f"{place}/app.py"))
            found += left_to_do(root, (f"tests/{day.name}/test_{name}.py",))
    return found


def left_to_do(root: Path, files: Iterable[str]) -> Iterator[str]:
    """Yield the lines that ``course new`` has left to be filled in."""
    for file in files:
        if (root / file).is_file():
            for number, line in enumerate((root / file).read_text("utf-8").splitlines(), 1):
                if "TODO: " in line:
                    yield f"{file}:{number}: {line.partition('TODO: ')[2]}"


def lessons(root: Path = ROOT) -> list[Lesson]:
    """Return every lesson of the course, in order."""
    return [lesson for day in days(root) for lesson in day.lessons]


def exercises(tests: Path = TESTS) -> list[str]:
    """Return the ids of the lessons whose exercise has tests in that folder, sorted."""
    return sorted(
        {f"{p.parent.parent.name}/{p.parent.name}" for p in tests.glob("day*/*/test_*.py")}
    )


def of_test(path: Path) -> str:
    """Return the id of the exercise that a test file is about: its last two folders."""
    return f"{path.parent.parent.name}/{path.parent.name}"


def find(name: str, root: Path = ROOT) -> Lesson:
    """Return the lesson of that id (``day01/hello``) or of that plain name, if only one has it.

    Raises ``UnknownLessonError`` otherwise.
    """
    wanted = name.replace("\\", "/").strip("/").removesuffix("/app.py")
    every = lessons(root)
    hits = [lesson for lesson in every if wanted in {lesson.id, lesson.name}]
    if len(hits) == 1:
        return hits[0]
    ids = [lesson.id for lesson in every]
    plain = {lesson.name: lesson.id for lesson in every}
    close = [hit.id for hit in hits] or get_close_matches(wanted, ids, n=3)
    close += [plain[each] for each in get_close_matches(wanted, plain, n=3)]
    raise UnknownLessonError(name, list(dict.fromkeys(close))[:3])
