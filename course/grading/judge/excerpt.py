"""The part of a body that matters for a message, instead of its first characters.

Bodies are a submission's: plain searches on a limited part, so that none takes long.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

LENGTH = 300
"""Characters of a body that a message shows."""
SEARCHED = 2**14
"""Characters in which a similar place is looked for."""
BEFORE = 80
"""Characters shown before that place."""

_TAG = re.compile(r"<([a-zA-Z][\w-]*)\b([^<>]*)>")
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_CONTROLS = {"form", "input", "select", "option", "textarea", "button", "label"}
_TELLING = {"name": 4, "id": 4, "for": 4, "value": 2, "class": 2, "href": 2, "type": 1}
"""How much it counts that two elements have the same value for an attribute."""


def short(text: str, length: int = LENGTH) -> str:
    """Return a text in one line and at most so long."""
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


def of_text(body: str, wanted: str) -> str:
    """Return the part of a text or of JSON that is most like what was wanted."""
    return _around(" ".join(body.split()), wanted)


def of_page(page: str, wanted: str) -> str:
    """Return the element or the place of a page that is most like what was wanted.

    ``wanted`` is a tag, such as ``<input name="seats">``, or words of the page.
    """
    page = shorten_tokens(main(page))
    tag = _TAG.search(wanted)
    is_there = wanted in page and tag is not None and tag[0] != wanted
    if tag is None or is_there:  # what must not be there is shown where it is
        return _around(page, wanted)
    if element := _nearest(page, tag):
        return element
    if tag[1].lower() in _CONTROLS and (form := _form(page)):
        return form
    return _around(page, wanted)


def main(page: str) -> str:
    """Return what a page shows beside its frame: ``<main>``, or else ``<body>``, in one line."""
    lower = page.lower()
    for name in ("main", "body"):
        start, end = lower.find(f"<{name}"), lower.rfind(f"</{name}>")
        if 0 <= start < end:
            return " ".join(page[page.find(">", start) + 1 : end].split())
    start, end = lower.find("<head>"), lower.find("</head>")
    if 0 <= start < end:
        page = page[:start] + page[end + len("</head>") :]
    if lower.startswith("<!doctype"):
        page = page.partition(">")[2]
    return " ".join(page.split())


def shorten_tokens(page: str) -> str:
    """Return a page without the long values that no one reads, such as CSRF tokens."""
    return re.sub(r'\b(value|content)="[^"\s<>]{40,}"', r'\1="…"', page)


def _around(text: str, wanted: str) -> str:
    """Return the part of a text around the longest piece that it shares with what was wanted."""
    if len(text) <= LENGTH:
        return text
    searched, wanted = text[:SEARCHED], wanted[:LENGTH]
    match = SequenceMatcher(None, wanted, searched, autojunk=False).find_longest_match()
    start = 0
    if match.size >= max(4, len(wanted) // 4):
        start = max(0, match.b - match.a - BEFORE)
    part = text[start : start + LENGTH - 2]
    return f"{'…' if start else ''}{part}{'…' if start + len(part) < len(text) else ''}"


def _attributes(tag: str) -> dict[str, str]:
    return {m[1].lower(): m[2] or m[3] or m[4] or "" for m in _ATTRIBUTE.finditer(tag)}


def _nearest(page: str, tag: re.Match[str]) -> str:
    """Return the element that has most in common with a tag; empty if none has its name or id."""
    wanted = _attributes(tag[2])
    best, found = 0, ""
    for each in _TAG.finditer(page[: 4 * SEARCHED]):
        have = _attributes(each[2])
        score = sum(
            n for key, n in _TELLING.items() if key in wanted and have.get(key) == wanted[key]
        )
        same = each[1].lower() == tag[1].lower()
        if not wanted and same:
            score = 1
        if score and (score, same) > (best, False):
            best, found = score, _element(page, each)
    is_told = wanted.keys() & {"name", "id", "for"}
    return found if best >= (4 if is_told else 1) else ""


def _element(page: str, tag: re.Match[str]) -> str:
    """Return an element with what is in it, if that is short; or else its tag."""
    end = page.find(f"</{tag[1]}>", tag.end())
    stop = end + len(tag[1]) + 3
    return page[tag.start() : stop] if end >= 0 and stop - tag.start() <= LENGTH else tag[0]


def _form(page: str) -> str:
    """Return the tags of a page's forms."""
    tags = [tag[0] for tag in _TAG.finditer(page[: 4 * SEARCHED]) if tag[1].lower() in _CONTROLS]
    return short(" ".join(tags))
