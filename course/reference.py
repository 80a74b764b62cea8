"""The pages to look things up in: index, glossary, and what became of the older notes.

They are made from what is there already: the bold terms and the code names of the lessons' notes,
``reference/questions.toml`` and ``tests/points.csv``. A test compares the files with what this
module makes.

Write them anew: python -m course.reference
"""

from __future__ import annotations

import csv
import importlib
import inspect
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Flask
from markdown_it import MarkdownIt
from markdown_it.token import Token

from course import catalogue
from course.catalogue import ROOT, Lesson

FOLDER = ROOT / "reference"

PACKAGES = (
    "flask",
    "flask.views",
    "flask.testing",
    "flask.cli",
    "flask_mail",
    "flask_migrate",
    "flask_session",
    "flask_sqlalchemy",
    "flask_wtf",
    "flask_wtf.csrf",
    "flask_wtf.file",
    "hmac",
    "jinja2",
    "logging",
    "markupsafe",
    "requests",
    "secrets",
    "sqlalchemy",
    "sqlalchemy.orm",
    "werkzeug.exceptions",
    "werkzeug.middleware.proxy_fix",
    "werkzeug.routing",
    "werkzeug.security",
    "werkzeug.utils",
    "wtforms",
    "wtforms.validators",
    "xmltodict",
)
"""Where the names come from that the index lists when the notes use them."""


@dataclass(frozen=True)
class Section:
    """A heading of a lesson's notes, and the inline text below it."""

    lesson: Lesson
    heading: str
    anchor: str
    spans: tuple[tuple[str, str], ...]
    """Pieces of text with their kind: ``text``, ``code``, ``strong`` or ``end`` of a paragraph."""

    def link(self, page: Path) -> str:
        """Return the link to the section from a file in ``page``."""
        up = "../" * len(page.relative_to(ROOT).parts)
        anchor = f"#{self.anchor}" if self.anchor else ""
        return f"{up}{self.lesson.id}/{catalogue.NOTES}{anchor}"


def slug(heading: str, taken: Counter[str]) -> str:
    """Return the id that code hosts give a heading: lower case, words joined by hyphens."""
    text = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
    taken[text] += 1
    return text if taken[text] == 1 else f"{text}-{taken[text] - 1}"


def sections(lesson: Lesson) -> list[Section]:
    """Return the sections of a lesson's notes in their order; the first is the title's.

    Folded answers are left out: they repeat what the sections say.
    """
    found: list[Section] = []
    taken: Counter[str] = Counter()
    heading, anchor, spans, folded = "", "", list[tuple[str, str]](), False
    tokens = MarkdownIt("commonmark").enable("table").parse(lesson.notes)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and following is not None:
            if heading:
                found.append(Section(lesson, heading, anchor, tuple(spans)))
            heading = following.content
            made = slug(heading, taken)
            anchor, spans = made if token.tag != "h1" else "", []
        elif token.type == "html_block" and "details>" in token.content:
            folded = "<details>" in token.content
        elif token.type == "inline" and not folded:
            spans += _spans(token)
            spans.append(("end", ""))
    return [*found, Section(lesson, heading, anchor, tuple(spans))]


def _spans(token: Token) -> Iterator[tuple[str, str]]:
    strong = 0
    for child in token.children or ():
        if child.type in {"strong_open", "strong_close"}:
            strong += 1 if child.type == "strong_open" else -1
        elif child.type == "code_inline":
            yield "code", child.content
        elif child.type in {"text", "softbreak"}:
            yield ("strong" if strong else "text"), child.content or " "


@cache
def every_section() -> tuple[Section, ...]:
    """Return the sections of all lessons, in the order of the course."""
    return tuple(section for lesson in catalogue.lessons() for section in sections(lesson))


# Bold, and not a term.
_LABELS = re.compile(r"(Exercise|Before this|Picture)\b.*:?")


@dataclass(frozen=True)
class Term:
    """A bold term of the notes, and the sentence that explains it."""

    name: str
    sentence: str
    section: Section


def terms() -> list[Term]:
    """Return the bold terms in the order of the course."""
    found = []
    for section in every_section():
        for paragraph in _paragraphs(section):
            for kind, name in paragraph:
                if kind == "strong" and not _LABELS.fullmatch(name):
                    found.append(Term(name.strip(" .:,"), _sentence(paragraph, name), section))
    return found


def _paragraphs(section: Section) -> Iterator[list[tuple[str, str]]]:
    paragraph: list[tuple[str, str]] = []
    for span in section.spans:
        if span[0] != "end":
            paragraph.append(span)
        elif paragraph:
            yield paragraph
            paragraph = []


def _sentence(paragraph: list[tuple[str, str]], term: str) -> str:
    marks = {"code": "`{}`", "strong": "**{}**", "text": "{}"}
    text = "".join(marks[kind].format(words) for kind, words in paragraph)
    for sentence in re.split(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)\s+(?=[A-Z`*\"(])", text):
        if f"**{term}**" in sentence:
            return " ".join(sentence.split())
    return " ".join(text.split())


@cache
def public_names() -> frozenset[str]:
    """Return the names that the course's packages offer: functions, classes, methods, settings."""
    names: set[str] = set(Flask.default_config)
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name, value in vars(module).items():
            if not name.startswith("_"):
                names.add(name)
                if inspect.isclass(value):
                    names.update(each for each in dir(value) if not each.startswith("_"))
    return frozenset(names)


_SETTING = re.compile(r"[A-Z]{2,}(_[A-Z]+)+")
_HEADER = re.compile(r"[A-Z][a-z]+(-[A-Z][A-Za-z]+)+")
_COMMAND = re.compile(r"(flask|pip|gunicorn|pytest)( [a-z-]+)+")
_NAME = re.compile(r"@?(\w+\.)*(\w{3,})(\(\))?")


def indexed_name(code: str) -> str:
    """Return the name under which a piece of inline code is in the index, or an empty text."""
    if _SETTING.fullmatch(code) or _HEADER.fullmatch(code) or _COMMAND.fullmatch(code):
        return code
    match = _NAME.fullmatch(code)
    if match and match[2] in public_names() and not match[2].isdigit():
        return code.removesuffix("()")
    return ""


_SUMMARIES = {"What older notes say", "In short"}
"""Headings of sections that repeat what others explain."""


def names(least: int = 2) -> dict[str, list[Section]]:
    """Return the code names of the notes with the sections that say most, of up to three lessons.

    A name that occurs fewer than ``least`` times in all is left out: it is mentioned, not taught.
    """
    counts: dict[str, Counter[Section]] = defaultdict(Counter)
    for section in every_section():
        for kind, text in section.spans:
            if kind == "code":
                # Such as app.config["MAX_CONTENT_LENGTH"], which is not a name itself.
                for name in {indexed_name(text), *re.findall(r"\[\"([A-Z]\w+)\"\]", text)} - {""}:
                    counts[name][section] += 1
        for name in {indexed_name(code) for code in re.findall(r"`([^`]+)`", section.heading)}:
            if name:
                counts[name][section] += 10
    return {name: _best(found) for name, found in counts.items() if found.total() >= least}


def _best(counts: Counter[Section]) -> list[Section]:
    order = {section: number for number, section in enumerate(every_section())}
    ranked = sorted(
        counts, key=lambda each: (each.heading in _SUMMARIES, -counts[each], order[each])
    )
    found = {section.lesson.id: section for section in reversed(ranked)}
    chosen = sorted(found.values(), key=ranked.index)[:3]
    return [each for each in chosen if each is chosen[0] or each.heading not in _SUMMARIES]


def questions() -> dict[str, Section]:
    """Return the questions of ``questions.toml`` with the section that answers each.

    Raises ``LookupError`` for a section that is not there.
    """
    by_id = {f"{each.lesson.id}#{each.anchor}": each for each in every_section()}
    listed = tomllib.loads((FOLDER / "questions.toml").read_text("utf-8"))
    for question, place in listed.items():
        if place not in by_id:
            raise LookupError(f"reference/questions.toml: {question!r} leads to {place}, not there")
    return {question: by_id[place] for question, place in listed.items()}


_MADE = "<!-- Made by: python -m course.reference -->"


def index_page() -> str:
    """Return the index as Markdown: questions, then topics and names by their first letter."""
    rows: dict[str, tuple[str, list[Section]]] = {}
    for term in terms():
        rows.setdefault(term.name.lower(), (term.name, [term.section]))
    for name, found in names().items():
        rows.setdefault(name.lower().lstrip("@"), (f"`{name}`", found))
    lines = ["# Index", "", "Topics and names, each with the section that explains it.", ""]
    lines += [_MADE, "", "## How do I ...", ""]
    for question, section in questions().items():
        lines.append(f"- {question}: {_shown(section)}")
    letter = ""
    for key in sorted(rows, key=lambda text: re.sub(r"[^a-z0-9]", "", text)):
        first = (re.sub(r"[^a-z]", "", key) or "?")[0].upper()
        if first != letter:
            letter = first
            lines += ["", f"## {letter}", ""]
        name, found = rows[key]
        lines.append(f"- {name}: {', '.join(map(_shown, found))}")
    return "\n".join(lines) + "\n"


def _shown(section: Section) -> str:
    title = section.lesson.title
    about = title if not section.anchor else f"{title}, {section.heading}"
    return f"[{about}]({section.link(FOLDER)})"


def glossary_page() -> str:
    """Return the glossary as Markdown: each bold term with the sentence that explains it."""
    lines = ["# Glossary", "", "The terms of the course, in the words of the lessons.", "", _MADE]
    for term in sorted(terms(), key=lambda term: term.name.lower()):
        link = f"[{term.section.lesson.title}]({term.section.link(FOLDER)})"
        lines += ["", f"- {term.sentence} ({link})"]
    return "\n".join(lines) + "\n"


VERDICTS = {
    "true": "true today",
    "imprecise": "true in part",
    "dated": "was true, and is not any more",
    "wrong": "not true",
    "insecure": "works, and is not safe",
    "not testable": "no statement that can be tested",
}


def older_notes_page() -> str:
    """Return every point of the older notes as Markdown: verdict, what holds today, lesson."""
    with (ROOT / "tests" / "points.csv").open(encoding="utf-8", newline="") as file:
        points = list(csv.DictReader(file))
    counts = Counter(point["verdict"] for point in points)
    lines = ["# From the older notes", ""]
    lines += [
        "This course grew from older Flask notes. Here is every point of theirs, in our words:",
        "what running it on today's releases showed, and the lesson that teaches it now.",
        "",
        _MADE,
        "",
        f"In all {len(points)} points: "
        + ", ".join(f"{counts[verdict]} {words}" for verdict, words in VERDICTS.items())
        + ".",
    ]
    for lesson in catalogue.lessons():
        own = [point for point in points if point["lesson"].rstrip("/") == lesson.id]
        if own:
            lines += ["", f"## [{lesson.title}](../{lesson.id}/{catalogue.NOTES})", ""]
            lines += ["| older notes | verdict | today |", "|---|---|---|"]
        for point in own:
            cells = (point["point"], VERDICTS[point["verdict"]], point["today"])
            lines.append("| " + " | ".join(_cell(each) for each in cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Return a text as one cell: no bar, no line break, nothing that Markdown obeys."""
    return re.sub(r"([|<*_\[\]`\\])", r"\\\1", " ".join(text.split()))


PAGES = {
    "index.md": index_page,
    "glossary.md": glossary_page,
    "older-notes.md": older_notes_page,
}


def main() -> None:
    """Write all pages."""
    for name, make in PAGES.items():
        (FOLDER / name).write_text(make(), "utf-8")
        print(f"wrote reference/{name}")


if __name__ == "__main__":
    main()
