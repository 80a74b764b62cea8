"""Tell which submissions look alike. It is reported for a person to look at, never deducted.

Fingerprints by winnowing (Schleimer, Wilkerson, Aiken: "Winnowing: Local Algorithms for Document
Fingerprinting", SIGMOD 2003) over Python's tokens, with names and texts blanked, so that renaming
changes nothing; what the starter has in common with everybody is left out.
"""

from __future__ import annotations

import io
import keyword
import tokenize
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

GRAM = 12
"""Tokens of one fingerprint."""
WINDOW = 6
"""Of so many neighbouring fingerprints, the smallest is kept."""
LEAST = 8
"""Fingerprints below which two files are too short to say anything."""


@dataclass(frozen=True)
class Pair:
    """Two students and the part (0 to 1) of the smaller file that the two share."""

    exercise: str
    first: str
    second: str
    share: float


def fingerprints(text: str) -> set[int]:
    """Return the fingerprints of a Python file; none where it cannot be read as one."""
    words = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING}:
                continue
            if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
                words.append("name")
            elif token.type == tokenize.STRING:
                words.append("text")
            else:
                words.append(token.string)
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        return set()
    grams = [
        zlib.crc32(" ".join(words[n : n + GRAM]).encode("utf-8", "replace"))
        for n in range(len(words) - GRAM + 1)
    ]
    return {min(grams[n : n + WINDOW]) for n in range(max(len(grams) - WINDOW + 1, 0))}


def alike(
    exercise: str, files: Iterable[tuple[str, Path]], starter: Path, threshold: float = 0.7
) -> list[Pair]:
    """Return the pairs of students whose files share at least that part, the most alike first."""
    common = fingerprints(_read(starter))
    prints = {student: fingerprints(_read(path)) - common for student, path in files}
    pairs = []
    for (a, first), (b, second) in combinations(prints.items(), 2):
        smaller = min(len(first), len(second))
        if smaller >= LEAST:
            share = len(first & second) / smaller
            if share >= threshold:
                pairs.append(Pair(exercise, a, b, share))
    return sorted(pairs, key=lambda pair: -pair.share)


def _read(path: Path) -> str:
    try:
        return path.read_bytes()[: 2**18].decode("utf-8", "replace")
    except OSError:
        return ""
