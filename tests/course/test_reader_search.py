"""The reader's search."""

import re

import pytest

from course.catalogue import ROOT
from course.reader import create_reader
from course.reader.search import search
from tests.course.reading import get, rewrite


@pytest.mark.parametrize(
    ("query", "lessons"),
    [
        ("zebra", ["other"]),
        ("ZEBRA elsewhere", ["other"]),
        ("换器", ["other"]),
        ("你好", ["hello"]),
        ("zebra hello", []),
        ("ZeroDivision", []),
        ("def boom", ["hello"]),
        ("<script>", ["hello"]),
        ("", []),
        ("   ", []),
    ],
)
def test_search_finds_files_with_every_word(reader, query, lessons):
    page = get(reader, "/search", query_string={"q": query}).text
    assert re.findall(r'<a href="/day91/(\w+)/[^"]*">', page) == lessons
    assert "<script>" not in page.replace("<script src=", "")


def hits(client, query):
    """Return where each hit leads to, and its title."""
    page = get(client, "/search", query_string={"q": query}).text
    return re.findall(r'<a href="([^"]+)">([^<]+)</a>\s*<small>', page)


def test_search_puts_titles_first_then_headings_then_texts_then_code(reader, course):
    rewrite(course / "day91/other/README.md", "# Other", "# Count")
    rewrite(course / "day91/hello/README.md", "See [", "## How to count\n\nSee [")
    assert hits(reader, "count") == [
        ("/day91/other/", "Count"),
        ("/day91/hello/#how-to-count", "Hello notes: How to count"),
        ("/day91/hello/#try-it", "Hello notes: Try it"),
        ("/day91/hello/?file=app.py&amp;line=15#source-title", "app.py"),
    ]


def test_search_shows_rendered_text_with_the_words_marked(reader, course):
    rewrite(course / "day91/hello/README.md", "See [", "A **cross-site** `token<1>`. See [")
    page = get(reader, "/search?q=token").text
    assert "A cross-site <mark>token</mark>&lt;1&gt;. See the other" in page


def test_search_reads_a_folded_question_as_its_reader_does(reader, course):
    asked = "<summary>Is <code>&lt;int:n&gt;</code>, then, a rule?</summary>"
    fold = f"<details>\n{asked}\n\nNo.\n\n</details>\n\n"
    rewrite(course / "day91/hello/README.md", "See [", f"{fold}See [")
    page = get(reader, "/search?q=then").text
    assert "Is &lt;int:n&gt;, <mark>then</mark>, a rule?" in page


@pytest.mark.parametrize(
    ("query", "instead"),
    [("zerba", "zebra"), ("elsewhre zebra", "elsewhere zebra"), ("zebra", "")],
)
def test_a_wrong_letter_finds_the_nearest_word(reader, query, instead):
    assert [href for href, _ in hits(reader, query)] == ["/day91/other/"]
    assert search(query, reader.application.config["COURSE"]).instead == instead


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("sesion", "/day02/session"),
        ("set cookie", "/day02/cookies/"),
        ("csrf ajax", "/day06_project/script_csrf/"),
        ("pagination", "/"),
        ("custom 404 page", "/day02/errors/#"),
        ("converter", "/day01/"),
        ("file upload", "/day02/file_upload/"),
    ],
)
def test_the_course_is_found_by_the_words_of_a_reader(query, target):
    found = search(query, ROOT).hits
    assert found
    assert found[0].href.startswith(target)


@pytest.mark.second_half
def test_every_hit_leads_to_a_page_and_a_section_of_it():
    client = create_reader(ROOT, token=None).test_client()
    for hit in search("cookie", ROOT).hits:
        path, _, anchor = hit.href.partition("#")
        page = get(client, path)
        assert page.status_code == 200
        assert not anchor or f'id="{anchor}"' in page.text
