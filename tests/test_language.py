"""Words that the course does not use any more, since readers stumble over them."""

import ast
import io
import re
import tokenize
from collections import defaultdict
from pathlib import Path

import pytest

from course.catalogue import ROOT

INSTEAD = {
    r"\bnobody\b": "no one",
    r"\bsomebody\b": "someone, or who it is: the visitor, the client",
    r"\bwhoever\b": "anyone who",
    r"\bwhatever\b": "anything that, everything that",
    r"\bwhosoever\b": "anyone who",
    r"\b(which|that|who) (is|are) none\b": "that does not exist, that is missing",
    r"(?<!there )\bis no (?!(longer|one|more)\b)[a-z]+": "is not a ...",
    r"(?<!there )\bare no (?!(longer|more)\b)[a-z]+": "are not ...",
    r"\b(lies|lie) (in|beside|below|under|behind|there|here|on)\b": "is in, is beside",
    r"\bstands in\b": "is in",
    r"\bat last\b": "finally",
    r"(?<!square )(?<!curly )(?<!round )\bbrackets?\b": "parentheses, square brackets or braces",
    r"\bupright (line|bar)\b": "pipe",
    r"\bsmall letters?\b": "lower case",
    r"\bcapital letters?\b|\bin capitals\b": "upper case",
    r"\bthe very (example|same)\b": "the same",
    r"\bearns? (its|their) keep\b": "is useful",
    r"\bupon\b": "on",
    r"\bthereof\b|\btherein\b|\bwherein\b|\bhence\b|\bthus\b": "a plain word",
}
"""What is written instead, by the pattern of what is not written any more."""
ANY = re.compile(r"\b(?:" + "|".join(INSTEAD).replace(r"\b", "") + ")")
"""Finds too much, in lower case and twelve times as fast: each looks for words from their start."""


def prose(path):
    """Return the text of a file that people read: Markdown without code, docstrings, comments."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        return re.sub(r"`[^`\n]+`|<!--.*?-->", "", text)
    pieces = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            pieces.append(re.sub(r"``[^`]+``", "", ast.get_docstring(node) or ""))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.hint":
            pieces.append(ast.literal_eval(node.args[0]))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            pieces.append(token.string)
    return "\n\n".join(pieces)


OTHERS = {"node_modules"}
"""Folders of ``tests`` that are not ours."""


def files():
    """Yield the files whose prose is ours: notes, lessons, the tool, tests."""
    for place in ("day*", "course", "tests", "benchmarks"):
        for folder in sorted(ROOT.glob(place)):
            for path in sorted([*folder.rglob("*.md"), *folder.rglob("*.py")]):
                if not OTHERS & {*path.parts} and path != Path(__file__):
                    yield path
    yield from sorted(ROOT.glob("*.md"))


def folder(path):
    """Return the first two folders of a path, which name a lesson or a part of the tool."""
    return "/".join(path.relative_to(ROOT).parts[:-1][:2]) or "."


FILES = defaultdict(list)
for each in files():
    FILES[folder(each)].append(each)


@pytest.mark.parametrize("folder", FILES)
def test_words_that_readers_stumble_over_are_gone(folder):
    found = [each for path in FILES[folder] for each in stumbling_blocks(path)]
    assert not found, "\n".join(found)


def stumbling_blocks(path):
    """Yield the words that are not written any more, each with its place and what to write."""
    # Quicker than to look for docstrings and comments.
    if not ANY.search(path.read_text("utf-8").lower()):
        return
    text = prose(path)
    for pattern, better in INSTEAD.items():
        for match in re.finditer(pattern, text, re.IGNORECASE):
            around = " ".join(text[max(0, match.start() - 40) : match.end() + 20].split())
            name = path.relative_to(ROOT).as_posix()
            yield f"{name}: {match[0]!r} in: ...{around}...  Write: {better}"
