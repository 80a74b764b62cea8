"""Notes as HTML: what the reader makes of headings, folds, snippets and console blocks."""

import re

import pytest

from course import catalogue
from course.reader import markdown

FILES = {
    "models.py": "x = 1\n",
    "app.py": 'def index():\n    if ready:\n        note = "a"\n\n        return note\n',
}


def test_headings_have_the_ids_of_code_hosts():
    page = markdown.html(
        "# The `app` object\n\n## Try it\n\n## Try it\n\n## 你好, world!\n\n## [A *link*](x.md)\n"
    )
    assert re.findall(r'<h\d id="(.*?)">', page) == [
        "the-app-object",
        "try-it",
        "try-it-1",
        "你好-world",
        "a-link",
    ]


def test_folded_answers_are_folded():
    page = markdown.html(
        "<details>\n<summary>What is <code>&lt;int:id&gt;</code>?</summary>\n\n"
        "A place for **one** number.\n\n</details>\n"
    )
    assert "<details>\n<summary>What is <code>&lt;int:id&gt;</code>?</summary>" in page
    assert "<p>A place for <strong>one</strong> number.</p>\n</details>" in page


@pytest.mark.parametrize(
    "text",
    [
        "<details open>",
        "<details><script>alert(1)</script></details>",
        "<summary onclick='x'>a</summary>",
        "<details>\n<summary><code><script>a</script></code></summary>",
        "<details>\n<summary><code onclick='x'>a</code></summary>",
        "<details>\n<summary><code>&lt;script&gt;` <img src=x> `</code></summary>",
        "<b>a</b>",
        "a <details> inside",
    ],
)
def test_other_html_is_shown_and_not_obeyed(text):
    page = markdown.html(text)
    assert set(re.findall(r"<(\w[^>]*)", page)) <= {"p", "details", "summary", "code"}
    assert "&lt;" in page


def test_code_is_marked_in_a_fold_alone():
    assert "<code>" not in markdown.html("<code>a</code>\n\n- a <code>b</code>")


def test_a_comment_is_left_out():
    assert markdown.html("a\n\n<!-- Made by: python -m x -->\n\nb") == "<p>a</p>\n<p>b</p>\n"
    assert "&lt;script&gt;" in markdown.html("<!-- a --> <script> <!-- b -->")


def test_a_snippet_links_to_its_place():
    page = markdown.html(
        '```python\nif ready:\n    note = "a"\n\n    return note\n```', files=FILES
    )
    assert '<a class="place" href="?file=app.py&amp;line=2#source-title">app.py, line 2</a>' in page


@pytest.mark.parametrize("text", ["```python\ny = 2\n```", "```text\nx = 1\n```", "```\n```"])
def test_a_snippet_that_quotes_no_file_has_no_link(text):
    assert "<a " not in markdown.html(text, files=FILES)


def test_the_button_stands_in_front_of_its_line():
    text = "```console\n$ flask run\n$ curl -d a \\\n>    http://x/\n<b>ok</b>\n```\n"
    page = markdown.html(text, tries={3: 7})
    assert '<div class="step"><pre class="command"><b>$</b> flask run</pre></div>' in page
    assert (
        '<div class="step"><button class="try" data-try="7" hidden>try</button>'
        '<pre class="command"><b>$</b> curl -d a \\\n&gt;    http://x/</pre>'
        "<pre>&lt;b&gt;ok&lt;/b&gt;</pre></div>"
    ) in page


def test_code_boxes_are_no_tab_stops():
    page = markdown.html("```python\nx = 1\n```\n\n```console\n$ x\n```\n\n|a|\n|-|\n|b|\n")
    assert "tabindex" not in page


def test_summaries_show_their_markdown():
    assert markdown.inline("`café` <b>") == "<code>café</code> &lt;b&gt;"
    assert markdown.plain("`café` and **b**, [c](d.md)") == "café and b, c"


def test_a_mark_is_put_behind_its_link():
    page = markdown.html("[a](a/README.md) [b](b/README.md)", marks={"a/README.md": "<i>ok</i>"})
    assert '">a</a><i>ok</i> <a href="b/README.md">b</a>' in page


@pytest.mark.second_half
def test_most_snippets_of_the_course_have_a_place():
    placed = whole = 0
    for lesson in catalogue.lessons():
        files = {
            path.relative_to(lesson.folder).as_posix(): path.read_text("utf-8")
            for path in lesson.files()
            if path.suffix in catalogue.TEXT_SUFFIXES
        }
        page = markdown.html(lesson.notes, files=files)
        placed += page.count('class="place"')
        whole += len(re.findall(r"^```(?!console|pycon|text|$)\w", lesson.notes, re.MULTILINE))
    assert placed >= 0.95 * whole > 0


def test_an_empty_heading_of_a_table_is_a_plain_cell():
    page = markdown.html("| | a |\n|---|---|\n| b | c |\n")
    assert "<td></td>\n<th>a</th>" in page
