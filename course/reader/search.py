"""Search over notes and source: plain substrings, which find Chinese as well as English.

The whole course is a few hundred kilobytes, so every search reads it all: no index to go stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..catalogue import NOTES, TEXT_SUFFIXES, Lesson, lessons

MAX_HITS = 50

_TITLE, _NOTES, _SOURCE = range(3)  # the order of the hits


@dataclass(frozen=True)
class Hit:
    """A file that holds every word: where, the first line that holds one, and how well it fits."""

    lesson: Lesson
    file: str
    line: int
    excerpt: str
    rank: int

    @property
    def in_source(self) -> bool:
        """Whether it was found in a file of the lesson, not in its notes."""
        return self.rank == _SOURCE


def search(query: str, root: Path) -> list[Hit]:
    """Return the files that contain every word of the query, titles first, then notes, then code.

    Upper and lower case do not matter.
    """
    words = query.casefold().split()
    if not words:
        return []
    hits = []
    for lesson in lessons(root):
        title = lesson.title.casefold()
        # The notes and their translations, then the source.
        paths = [*sorted(lesson.folder.glob("README*.md")), *lesson.files()]
        for path in paths:
            if path.suffix not in TEXT_SUFFIXES | {".md"}:
                continue
            text = path.read_text("utf-8", "replace")
            folded = text.casefold()
            if not all(word in folded for word in words):
                continue
            in_title = path.name == NOTES and all(word in title for word in words)
            rank = _TITLE if in_title else _NOTES if path.suffix == ".md" else _SOURCE
            line, excerpt = _excerpt(text, words)
            name = path.relative_to(lesson.folder).as_posix()
            hits.append(Hit(lesson, name, line, excerpt, rank))
    return sorted(hits, key=lambda hit: hit.rank)[:MAX_HITS]


def _excerpt(text: str, words: list[str], width: int = 160) -> tuple[int, str]:
    """Return the line that holds most of the words, cut around the first of them."""
    lines = text.splitlines()

    def count(number: int) -> int:
        folded = lines[number].casefold()
        return sum(word in folded for word in words)

    best = max(range(len(lines)), key=count)
    line = lines[best].strip()
    starts = [place for word in words if (place := line.casefold().find(word)) >= 0]
    start = max(0, min(starts, default=0) - width // 3)
    cut = line[start : start + width]
    before, after = "…" if start else "", "…" if start + width < len(line) else ""
    return best + 1, f"{before}{cut}{after}"
