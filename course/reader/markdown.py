"""Notes and source as HTML: CommonMark with tables, code highlighted, console blocks marked up."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.filter import Filter
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Name, Punctuation, Text, Whitespace, _TokenType
from pygments.util import ClassNotFound

# The two styles whose every colour keeps AA contrast on its own background.
_LIGHT, _DARK = "xcode", "monokai"

_LEXERS = {"html": "html+jinja", "cfg": "python", "txt": "text", "svg": "xml", "pycon": "pycon"}


# Both styles print these in the colour of the text.
_PLAIN = {Name, Name.Other, Punctuation, Whitespace}


class _Thrifty(Filter):
    """Make plain text of what looks like it: a third of the page would be tags around names."""

    def filter(
        self, lexer: Lexer | None, stream: Iterable[tuple[_TokenType, str]]
    ) -> Iterator[tuple[_TokenType, str]]:
        return ((Text if kind in _PLAIN else kind, value) for kind, value in stream)


@lru_cache(maxsize=500)
def code(text: str, language: str) -> str:
    """Return highlighted spans; text of an unknown language is escaped and left plain."""
    try:
        lexer = get_lexer_by_name(_LEXERS.get(language, language), stripnl=False)
        lexer.add_filter(_Thrifty())
    except ClassNotFound:
        return escape(text)
    formatted: str = highlight(text, lexer, HtmlFormatter(nowrap=True))
    return formatted


@cache
def stylesheet() -> str:
    """Return the rules for highlighted code, light and dark."""
    light, dark = (HtmlFormatter(style=s).get_style_defs("pre") for s in (_LIGHT, _DARK))  # type: ignore[no-untyped-call]
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def html(markdown: str, tries: Mapping[int, int] | None = None) -> str:
    """Render a Markdown text; HTML in it is shown, not obeyed.

    ``tries`` maps the line of a curl command to the number of its ready-made request.
    """
    rendered: str = _parser().render(markdown, {"tries": tries or {}})
    return rendered


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


def _fence(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    language = token.info.split()[0] if token.info else "text"
    if language != "console":
        # A quote from inside a function keeps its indentation, which says nothing here.
        text = textwrap.dedent(token.content)
        return f'<pre tabindex="0"><code>{code(text, language)}</code></pre>\n'
    first = token.map[0] + 2 if token.map else 0
    lines = []
    for number, line in enumerate(token.content.splitlines(), first):
        if not line.startswith("$ "):
            lines.append(escape(line))
            continue
        button = ""
        if number in env["tries"]:
            button = f' <button class="try" data-try="{env["tries"][number]}" hidden>try</button>'
        lines.append(f'<span class="command"><b>$</b> {escape(line[2:])}</span>{button}')
    return f'<pre class="console" tabindex="0"><code>{chr(10).join(lines)}</code></pre>\n'


def _table_open(self: Any, *_: Any) -> str:
    return '<div class="wide" tabindex="0"><table>\n'


def _table_close(self: Any, *_: Any) -> str:
    return "</table></div>\n"
