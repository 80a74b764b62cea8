"""Search over notes and source: plain substrings, which find Chinese as well as English.

A text is searched as it is read, without its marks, section by section. The whole course is a few
hundred kilobytes, so every search looks at it all; only files that have changed are read again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markdown_it import MarkdownIt

from course.catalogue import NOTES, TEXT_SUFFIXES, days
from course.reader import markdown
from course.reference import slug

MAX_HITS = 50
MAX_SECTIONS = 3  # of one page

_TITLE, _HEADING, _BODY, _SOURCE = range(4)  # the order of the hits

_ALSO = {
    "ajax": ("fetch(", "javascript"),
    "auth": ("log in", "login"),
    "authentication": ("log in", "login"),
    "db": ("database",),
    "deploy": ("gunicorn",),
    "email": ("mail",),
    "i18n": ("translation",),
    "picture": ("image", ".png"),
    "restful": ("rest",),
}
"""What a reader may call a thing, and what the course calls it."""


@dataclass(frozen=True)
class Hit:
    """A place that holds every word; ``excerpt`` is HTML in which the words are marked."""

    title: str
    href: str
    where: str
    excerpt: str


@dataclass(frozen=True)
class Found:
    """The hits, and the words that were searched instead where nothing has the reader's own."""

    hits: list[Hit]
    instead: str = ""


@dataclass(frozen=True)
class _Section:
    heading: str
    anchor: str
    text: str


@dataclass(frozen=True)
class _Page:
    """One Markdown file: the title, the page that shows it, and its sections."""

    title: str
    href: str
    where: str
    sections: tuple[_Section, ...]


_Word = tuple[str, ...]  # a word and what counts as well


def search(query: str, root: Path) -> Found:
    """Return the sections and files that contain every word of the query.

    Titles come first, then headings, then texts, then source. Upper and lower case do not matter.
    If nothing is found, words that the course does not have give way to the nearest it has.
    """
    words = _simple(query).split()
    if not words:
        return Found([])
    pages, sources = _pages(root), _sources(root)
    if hits := _hits(words, pages, sources):
        return Found(hits)
    known = _vocabulary(pages)
    nearest = [_nearest(word, known) for word in words]
    if nearest == words or not (hits := _hits(nearest, pages, sources)):
        return Found([])
    return Found(hits, " ".join(nearest))


def _hits(words: list[str], pages: list[_Page], sources: list[tuple[str, str, str]]) -> list[Hit]:
    wanted = [_variants(word) for word in words]
    phrase = " ".join(words)
    ranked: list[tuple[tuple[int, bool, int, int], Hit]] = []
    for place, page in enumerate(pages):
        title = _simple(page.title)
        found = []
        for section in page.sections:
            text, heading = _simple(section.text), _simple(section.heading)
            if _has(f"{heading} {text}", wanted):
                if page.sections[0] is section and _has(title, wanted):
                    rank = _TITLE
                else:
                    rank = _HEADING if _has(heading, wanted) else _BODY
                close = phrase not in (text if rank == _BODY else heading)
                count = sum(text.count(word[0]) for word in wanted)
                found.append(((rank, close, -count, place), _hit(page, section, wanted)))
        if not found:
            everything = " ".join(f"{s.heading} {s.text}" for s in page.sections)
            if _has(_simple(everything), wanted):
                best = max(page.sections, key=lambda s: _most(s, wanted))
                found = [((_BODY, True, 0, place), _hit(page, best, wanted))]
        ranked += sorted(found, key=lambda each: each[0])[:MAX_SECTIONS]
    for place, (name, href, text) in enumerate(sources):
        if _has(_simple(text), wanted):
            line, excerpt = _line(text, wanted)
            hit = Hit(
                name.rpartition("/")[2], href.format(line=line), f"{name}, line {line}", excerpt
            )
            ranked.append(((_SOURCE, True, 0, place), hit))
    return [hit for _, hit in sorted(ranked, key=lambda each: each[0])[:MAX_HITS]]


def _simple(text: str) -> str:
    """Make one of what is written with a hyphen or a space, in upper or lower case."""
    return " ".join(text.casefold().replace("-", " ").split())


def _variants(word: str) -> _Word:
    stem = re.sub(r"(?:ations?|ating|ated|ings?|ies)$", "", word) if len(word) > 7 else word
    # "pagination" is a search for "paginate" as well.
    stems = (f"{stem}at",) if re.search(r"ations?$", word) and len(word) > 7 else ()
    return (word, *stems, *_ALSO.get(word, ()))


def _has(text: str, words: Iterable[_Word]) -> bool:
    return all(any(variant in text for variant in word) for word in words)


def _most(section: _Section, words: Iterable[_Word]) -> int:
    text = _simple(f"{section.heading} {section.text}")
    return sum(any(variant in text for variant in word) for word in words)


def _hit(page: _Page, section: _Section, words: list[_Word]) -> Hit:
    first = section is page.sections[0]
    title = page.title if first else f"{page.title}: {section.heading}"
    href = page.href if first or not section.anchor else f"{page.href}#{section.anchor}"
    _, excerpt = _line(section.text, words)
    return Hit(title, href, page.where, excerpt)


def _line(text: str, words: list[_Word], width: int = 160) -> tuple[int, str]:
    """Return the line with most of the words: its number, and HTML cut around the first of them."""
    lines = text.splitlines() or [""]
    # The words as they stand in the query first, so that they are marked as one.
    every = [" ".join(word[0] for word in words), *(variant for word in words for variant in word)]

    def count(number: int) -> int:
        simple = _simple(lines[number])
        return sum(any(variant in simple for variant in word) for word in words)

    best = max(range(len(lines)), key=count)
    line = " ".join(lines[best].split())
    # A space of the query may be a hyphen of the text.
    pattern = "|".join(re.escape(each).replace(r"\ ", "[ -]") for each in every)
    match = re.search(pattern, line, re.IGNORECASE)
    start = max(0, (match.start() if match else 0) - width // 3)
    cut = line[start : start + width]
    marked, done = "", 0
    for each in re.finditer(pattern, cut, re.IGNORECASE):
        marked += f"{escape(cut[done : each.start()])}<mark>{escape(each[0])}</mark>"
        done = each.end()
    before, after = "…" if start else "", "…" if start + width < len(line) else ""
    return best + 1, f"{before}{marked}{escape(cut[done:])}{after}"


def _nearest(word: str, known: Counter[str]) -> str:
    if len(word) < 4 or not word.isascii() or any(word in each for each in known):
        return word
    near = get_close_matches(word, known, n=3, cutoff=0.8)
    return max(near, key=lambda each: known[each], default=word)


def _vocabulary(pages: list[_Page]) -> Counter[str]:
    words: Counter[str] = Counter()
    for page in pages:
        for section in page.sections:
            words.update(re.findall(r"[a-z]{4,}", section.text.casefold()))
    return words


# -- what there is to search


def every_page(root: Path) -> list[dict[str, str]]:
    """Return title, address and place of each page, in the order of the course."""
    return [
        {"title": page.title, "href": page.href, "where": page.where}
        for page in _pages(root)
        if "#" not in page.href and "/README." not in page.where
    ]


def everything(root: Path) -> dict[str, Any]:
    """Return all that is searched, as data for a page that searches by itself.

    ``{also: {word: words}, pages: [[title, href, where, [[heading, anchor, text], ...]], ...],
    sources: [[name, href, text], ...]}``; ``{line}`` in the address of a source is its line.
    """
    return {
        "also": _ALSO,
        "pages": [
            [p.title, p.href, p.where, [[s.heading, s.anchor, s.text] for s in p.sections]]
            for p in _pages(root)
        ],
        "sources": _sources(root),
    }


def _pages(root: Path) -> list[_Page]:
    found = [_page(root / NOTES, "/readme/", "README")]
    for day in days(root):
        found.append(_page(root / day.name / NOTES, f"/{day.name}/", day.name))
        for lesson in day.lessons:
            href = f"/{lesson.id}/"
            notes = _page(lesson.folder / NOTES, href, lesson.id)
            found.append(notes)
            for path in sorted(lesson.folder.glob("README*.md")):
                if path.name != NOTES:  # a translation: the page of the lesson, without its ids
                    page = _page(path, href, f"{lesson.id}/{path.name}")
                    plain = tuple(_Section(s.heading, "", s.text) for s in page.sections)
                    found.append(_Page(notes.title, href, page.where, plain))
    found += _questions(root)
    return found


def _page(path: Path, href: str, where: str) -> _Page:
    sections = _sections(path, _stamp(path))
    return _Page(sections[0].heading, href, where, sections)


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=500)
def _sections(path: Path, stamp: tuple[int, int]) -> tuple[_Section, ...]:
    """Return the sections of a Markdown file; the first is the one of its title."""
    found: list[_Section] = []
    heading, anchor, lines = "", "", list[str]()
    taken: Counter[str] = Counter()
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text("utf-8", "replace"))
    for token, before in zip(tokens, [None, *tokens], strict=False):
        if before is not None and before.type == "heading_open":
            if heading or lines:
                found.append(_Section(heading, anchor, "\n".join(lines)))
            heading, lines = markdown.plain(token.content), []
            anchor = slug(token.content, taken)
        elif token.type == "inline":
            lines.append(markdown.plain(token.content))
        elif token.type == "fence":
            lines += token.content.splitlines()
        elif token.type == "html_block" and not token.content.startswith("<!--"):
            words = unescape(re.sub(r"</?\w+>", "", token.content))
            lines.append(" ".join(words.split()))
    return (*found, _Section(heading, anchor, "\n".join(lines)))


def _questions(root: Path) -> Iterator[_Page]:
    """Return the entries of the course's index as pages of their own: they lead to a section."""
    path = root / "reference" / "index.md"
    if not path.is_file():
        return
    listed = path.read_text("utf-8").partition("## How do I")[2].partition("\n## ")[0]
    for match in re.finditer(
        r"^- (.+): \[([^\]]+)\]\(\.\./(.+?)/README\.md(#\S+)?\)$", listed, re.MULTILINE
    ):
        asked = markdown.plain(match[1])
        title = asked[:1].upper() + asked[1:]
        section = _Section(title, "", markdown.plain(match[2]))
        yield _Page(title, f"/{match[3]}/{match[4] or ''}", match[3], (section,))


def _sources(root: Path) -> list[tuple[str, str, str]]:
    """Return name, address and text of every text file of a lesson."""
    return [
        (f"{lesson.id}/{name}", _address(lesson.id, name), _text(path, _stamp(path)))
        for day in days(root)
        for lesson in day.lessons
        for path in lesson.files()
        if path.suffix in TEXT_SUFFIXES
        for name in [path.relative_to(lesson.folder).as_posix()]
    ]


def _address(lesson: str, name: str) -> str:
    return f"/{lesson}/?file={quote(name)}&line={{line}}#source-title"


@lru_cache(maxsize=2000)
def _text(path: Path, stamp: tuple[int, int]) -> str:
    return path.read_text("utf-8", "replace")
