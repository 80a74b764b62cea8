"""The pages to look things up in are what the notes say now."""

import re
from functools import cache
from types import SimpleNamespace

import pytest

from course import reference
from course.catalogue import ROOT


@cache
def index_page():
    """Return the index as the notes make it now, made once for all tests."""
    return reference.index_page()


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_is_up_to_date(name):
    made = reference.PAGES[name]()
    found = (reference.FOLDER / name).read_text("utf-8")
    assert found == made, f"reference/{name}: write it anew with python -m course.reference"


def test_the_index_has_entries_for_topics_names_and_questions():
    entries = re.findall(r"^- ", index_page(), re.MULTILINE)
    assert len(entries) >= 200
    assert len(reference.questions()) >= 40


@pytest.mark.parametrize(
    ("word", "lesson"),
    [
        ("`url_for`", "day01/url_building"),
        ("`MAX_CONTENT_LENGTH`", "day01/sending_data"),
        ("limit the size of an upload", "day02/file_upload"),
        ("custom 404 page", "day02/errors"),
        ("log to a file", "day06_project/app_logging"),
        ("pagination", "day03/database"),
    ],
)
def test_the_index_leads_from_a_word_to_its_lesson(word, lesson):
    lines = [line for line in index_page().splitlines() if word.lower() in line.lower()]
    assert any(f"../{lesson}/" in line for line in lines), lines


def test_folded_answers_are_not_in_the_index():
    notes = (
        "# A\n\n`seen`\n\n<details>\n<summary>b?</summary>\n\n`folded`\n\n</details>\n\n`after`\n"
    )
    [section] = reference.sections(SimpleNamespace(notes=notes))
    assert [text for kind, text in section.spans if kind == "code"] == ["seen", "after"]


def test_each_link_leads_to_a_heading():
    known = {(s.lesson.id, s.anchor) for s in reference.every_section()}
    for name in ("index.md", "glossary.md"):
        for lesson, _, anchor in re.findall(
            r"\]\(\.\./([\w/]+)/README\.md(#([\w-]+))?\)",
            (ROOT / "reference" / name).read_text("utf-8"),
        ):
            assert (lesson, anchor) in known


def test_every_point_of_the_older_notes_is_on_its_page():
    page = reference.older_notes_page()
    assert page.count("\n| ") - page.count("\n| older notes |") >= 379
