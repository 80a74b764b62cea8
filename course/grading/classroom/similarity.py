"""Tell which submissions look alike. It is reported for a person to look at, never deducted.

Fingerprints by winnowing (Schleimer, Wilkerson, Aiken: "Winnowing: Local Algorithms for Document
Fingerprinting", SIGMOD 2003) over Python's tokens, with names and texts blanked, so that renaming
changes nothing. What the starter holds is left out, and what so many students share that it is the
plain solution; only texts that are equal to the last comment are told nevertheless.
"""

from __future__ import annotations

import io
import keyword
import tokenize
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

GRAM = 12
"""Tokens of one fingerprint."""
WINDOW = 6
"""Of so many neighbouring fingerprints, the smallest is kept."""
LEAST = 8
"""Fingerprints below which two files are too short to say anything."""
COMMON = 10
"""A fingerprint of more students than this, and of a fourth of the class, says nothing."""
SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING}
LENGTH = 2**18
"""Characters of a file that are looked at."""


@dataclass(frozen=True)
class Group:
    """Students whose files for one exercise look alike, each like at least one other."""

    exercise: str
    students: tuple[str, ...]
    share: float
    """Part (0 to 1) of the smaller file that the two most alike of them share."""
    lines: tuple[frozenset[int], ...]
    """For each student, the lines (from 1) that another of the group has as well."""


def fingerprints(text: str) -> dict[int, set[int]]:
    """Return the fingerprints of a Python text, each with its lines; none if it is not Python."""
    words: list[str] = []
    places: list[range] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text[:LENGTH]).readline):
            if token.type in SKIPPED:
                continue
            if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
                words.append("name")
            else:
                words.append("text" if token.type == tokenize.STRING else token.string)
            is_seen = token.type not in {tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
            places.append(range(token.start[0], token.end[0] + 1) if is_seen else range(0))
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        return {}
    grams = [
        zlib.crc32(" ".join(words[n : n + GRAM]).encode("utf-8", "replace"))
        for n in range(len(words) - GRAM + 1)
    ]
    found: dict[int, set[int]] = {}
    for n in range(max(len(grams) - WINDOW + 1, 0)):
        place = min(range(n, n + WINDOW), key=grams.__getitem__)
        found.setdefault(grams[place], set()).update(*places[place : place + GRAM])
    return found


def alike(
    exercise: str, texts: Mapping[str, str], starter: str, threshold: float = 0.7
) -> list[Group]:
    """Return the groups of students whose texts share at least that part, the most alike first."""
    known = fingerprints(starter).keys()
    prints = {student: fingerprints(text) for student, text in texts.items()}
    counts = Counter(each for found in prints.values() for each in found)
    most = max(COMMON, len(texts) // 4)
    told = {
        student: {each for each in found if each not in known and counts[each] <= most}
        for student, found in prints.items()
    }
    own = {s: found.keys() - known for s, found in prints.items()}
    links: dict[str, dict[str, float]] = {student: {} for student in texts}
    for (a, first), (b, second) in combinations(told.items(), 2):
        if texts[a] == texts[b] and min(len(own[a]), len(own[b])) >= LEAST:
            share = 1.0
        elif min(len(first), len(second)) >= LEAST:
            share = len(first & second) / min(len(first), len(second))
        else:
            continue
        if share >= threshold:
            links[a][b] = links[b][a] = share
    groups = []
    for students in _connected(links):
        share = max(links[a].get(b, 0.0) for a, b in combinations(students, 2))
        lines = []
        for student in students:
            others = {each for other in students if other != student for each in own[other]}
            shared = (prints[student][each] for each in own[student] & others)
            lines.append(frozenset(line for each in shared for line in each))
        groups.append(Group(exercise, students, share, tuple(lines)))
    return sorted(groups, key=lambda group: (-group.share, group.students))


def _connected(links: Mapping[str, Mapping[str, float]]) -> list[tuple[str, ...]]:
    """Return the students that are linked, directly or by others, together."""
    seen: set[str] = set()
    found = []
    for student in links:
        if student in seen or not links[student]:
            continue
        group, open_ones = [], [student]
        seen.add(student)
        while open_ones:
            each = open_ones.pop()
            group.append(each)
            open_ones += links[each].keys() - seen
            seen.update(links[each])
        found.append(tuple(sorted(group)))
    return found
