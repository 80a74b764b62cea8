"""Notes and source as HTML: CommonMark with tables, code highlighted, console blocks marked up."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from html import escape, unescape
from itertools import pairwise
from typing import Any
from urllib.parse import quote as quote_url

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup
from pygments import highlight
from pygments.filter import Filter
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Name, Operator, Punctuation, Text, Whitespace, _TokenType
from pygments.util import ClassNotFound

from course.reference import slug

# The two styles whose every colour keeps AA contrast on its own background.
_LIGHT, _DARK = "xcode", "monokai"

_LEXERS = {"html": "html+jinja", "cfg": "python", "txt": "text", "svg": "xml", "pycon": "pycon"}


# Text of the colour of the page's own: nearly so in both styles, and half of the marks.
_PLAIN = {Name, Name.Namespace, Name.Other, Operator, Punctuation, Whitespace}


class _Thrifty(Filter):
    """Make plain text of what looks like it: a third of the page would be tags around names."""

    def filter(
        self, lexer: Lexer | None, stream: Iterable[tuple[_TokenType, str]]
    ) -> Iterator[tuple[_TokenType, str]]:
        return ((Text if kind in _PLAIN else kind, value) for kind, value in stream)


@lru_cache(maxsize=500)
def code(text: str, language: str) -> str:
    """Return highlighted text; text of an unknown language is escaped and left plain."""
    try:
        lexer = get_lexer_by_name(_LEXERS.get(language, language), stripnl=False)
        lexer.add_filter(_Thrifty())
    except ClassNotFound:
        return escape(text)
    formatted: str = highlight(text, lexer, HtmlFormatter(nowrap=True))
    # The shortest tag there is: a page has a thousand of them.
    return formatted.replace("<span ", "<i ").replace("</span>", "</i>")


@cache
def stylesheet() -> str:
    """Return the rules for highlighted code, light and dark."""
    light, dark = (HtmlFormatter(style=s).get_style_defs("pre") for s in (_LIGHT, _DARK))  # type: ignore[no-untyped-call]
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def html(
    markdown: str,
    tries: Mapping[int, int] | None = None,
    files: Mapping[str, str] | None = None,
    marks: Mapping[str, str] | None = None,
) -> str:
    """Render a Markdown text; HTML in it is shown, not obeyed, except in a ``<details>`` block.

    ``tries`` maps the line of a curl command to the number of its ready-made request. ``files``
    holds the lesson's texts by name: a snippet that quotes one of them gets a link to its place.
    ``marks`` maps the target of a link to a piece of HTML that is put behind the link.
    """
    env = {"tries": tries or {}, "files": files or {}, "marks": marks or {}}
    rendered: str = _parser().render(markdown, env)
    return rendered


def inline(markdown: str) -> Markup:
    """Render one line of Markdown, such as a summary, without a paragraph around it."""
    return Markup(_parser().renderInline(markdown))  # noqa: S704 (HTML in it is escaped)


def plain(markdown: str) -> str:
    """Return the words of one line of Markdown, without its marks."""
    [line] = _parser().parseInline(markdown)
    words = (token.content or " " * (token.type == "softbreak") for token in line.children or ())
    return "".join(words)


def place(quote: str, files: Mapping[str, str]) -> tuple[str, int] | None:
    """Return the file that a snippet quotes and the number of the first quoted line."""
    wanted = textwrap.dedent(quote).strip("\n").splitlines()
    if not wanted:
        return None
    first = wanted[0]
    for name, text in files.items():
        lines = text.splitlines()
        for start, line in enumerate(lines):
            if not line.endswith(first):
                continue
            depth = line.removesuffix(first)
            found = lines[start : start + len(wanted)]
            if not depth.strip() and found == [depth + each if each else "" for each in wanted]:
                return name, start + 1
    return None


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    # Before the paragraph, which takes every line that no other rule wants.
    parser.block.ruler.before("paragraph", "fold", _fold, {"alt": ["paragraph"]})
    parser.core.ruler.push("heading_ids", _heading_ids)
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    parser.add_render_rule("th_open", _th)
    parser.add_render_rule("th_close", _th)
    parser.add_render_rule("link_close", _link_close)
    return parser


_FOLD = re.compile(r"<(/?)(details|summary)>")
_CODE = re.compile(r"<code>([^<`]+)</code>")


def _fold(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a block of ``<details>`` and ``<summary>``, or leave out an HTML comment.

    As in CommonMark the block ends at an empty line. Code in a summary is ``<code>``, since code
    hosts read no Markdown there. Any other HTML is shown as text.
    """
    lines = []
    for number in range(start, end):
        if state.isEmpty(number):
            break
        lines.append(state.getLines(number, number + 1, state.blkIndent, False).strip())
    text = "\n".join(lines)
    comment = re.fullmatch(r"<!--(?:(?!-->).)*-->", text, re.DOTALL)
    if not comment and not _FOLD.match(text):
        return False
    if silent:
        return True
    state.line = start + len(lines)
    if comment:
        return True
    done = 0
    for tag in _FOLD.finditer(text):
        _words(state, text[done : tag.start()].strip(), start)
        kind = "close" if tag[1] else "open"
        state.push(f"{tag[2]}_{kind}", tag[2], -1 if tag[1] else 1)
        done = tag.end()
    _words(state, text[done:].strip(), start)
    return True


def _words(state: StateBlock, text: str, line: int) -> None:
    if text:
        token = state.push("inline", "", 0)
        token.content = _CODE.sub(lambda code: f"`{unescape(code[1])}`", text)
        token.children, token.map = [], [line, line + 1]


def _heading_ids(state: StateCore) -> None:
    taken: Counter[str] = Counter()
    for token, following in pairwise(state.tokens):
        if token.type == "heading_open":
            words = "".join(child.content for child in following.children or ())
            token.attrSet("id", slug(words, taken))


def _fence(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    language = token.info.split()[0] if token.info else "text"
    if language == "console":
        return _console(token, env["tries"])
    # A quote from inside a function keeps its indentation, which says nothing here.
    quote = f"<pre><code>{code(textwrap.dedent(token.content), language)}</code></pre>\n"
    found = place(token.content, env["files"]) if language not in {"pycon", "text"} else None
    if found is None:
        return quote
    name, line = found
    target = f"?file={quote_url(name)}&amp;line={line}#source-title"
    link = f'<a class="place" href="{target}">{escape(name)}, line {line}</a>'
    return f'<div class="quote">{quote}{link}</div>\n'


def _console(token: Token, tries: Mapping[int, int]) -> str:
    """Lay out commands, each with its button in front and its output below."""
    first = token.map[0] + 2 if token.map else 0
    steps: list[tuple[int, list[str], list[str]]] = []
    for number, line in enumerate(token.content.splitlines(), first):
        if line.startswith("$ ") or not steps:
            steps.append((number, [line], []))
        elif not steps[-1][2] and steps[-1][1][-1].endswith("\\"):
            steps[-1][1].append(line)
        else:
            steps[-1][2].append(line)
    laid = []
    for number, command, output in steps:
        button = ""
        if number in tries:
            button = f'<button class="try" data-try="{tries[number]}" hidden>try</button>'
        text = escape("\n".join(command))
        text = f"<b>$</b> {text[2:]}" if text.startswith("$ ") else text
        below = f"<pre>{escape(chr(10).join(output))}</pre>" if output else ""
        laid.append(f'<div class="step">{button}<pre class="command">{text}</pre>{below}</div>')
    return '<div class="console">' + "\n".join(laid) + "</div>\n"


def _table_open(self: Any, *_: Any) -> str:
    return '<div class="wide"><table>\n'


def _table_close(self: Any, *_: Any) -> str:
    return "</table></div>\n"


def _th(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """Make a plain cell of an empty heading: there is nothing in it to read out."""
    token = tokens[index]
    words = tokens[index + token.nesting]
    if words.type == "inline" and not words.content:
        token.tag = "td"
    rendered: str = self.renderToken(tokens, index, options, env)
    return rendered


def _link_close(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    opened = next(t for t in reversed(tokens[:index]) if t.type == "link_open")
    mark: str = env.get("marks", {}).get(opened.attrGet("href"), "")
    return f"</a>{mark}"
