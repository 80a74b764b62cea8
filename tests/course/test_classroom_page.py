"""The instructor's page: what it says, what it escapes, and how it behaves in a browser."""

import base64
import hashlib
import re

import pytest

from course.grading.classroom import gallery, report
from course.grading.classroom.book import Book
from course.grading.classroom.lateness import lateness
from course.grading.classroom.marks import Change, Rules, gradebook
from course.grading.results import Status
from tests.course.classroom import NAME, a_test, an_exercise, entries, record
from tests.course.test_gradebook import CODE, LATER, RULE
from tests.helpers import AXE, SECOND_HALF, page

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def written(folder, records, texts=None, warnings=(), **rules):
    """Write the page and return its text."""
    lines, told = gradebook(records, Rules(**rules))
    texts = texts or {}
    groups = gallery.groups(lines, texts, [NAME])
    path = folder / "report.html"
    report.write_report(path, lines, groups, texts, Book((NAME,)), [*told, *warnings])
    return path.read_text("utf-8")


def exercise(score, *, status=Status.GRADED, message="Came back: 404"):
    tests = (
        a_test("test_one", 6.0),
        a_test("test_two[1]", score - 6.0, message, points=3.0, task=2),
        a_test("test_two[2]", 0.0, "", hidden=True, points=3.0, task=2),
    )
    return an_exercise(score, name=NAME, status=status, tests=tests)


@pytest.fixture
def records():
    return [
        record("ann", exercises=(exercise(9.0),), score=9.0),
        record("bob", exercises=(exercise(6.0, message=EVIL),), score=6.0, note=EVIL),
        record("cay", exercises=(exercise(9.0, status=Status.PARTIAL),), status=Status.PARTIAL),
        record("dan", score=None, status=Status.GRADER_ERROR, exercises=(), note="It failed."),
        record(EVIL, exercises=(exercise(7.0),), score=7.0),
    ]


@pytest.fixture
def texts(records):
    return {
        records[0].key: {NAME: CODE},
        records[1].key: {NAME: CODE + f"# {EVIL}\n"},
        records[4].key: {NAME: "app = 1\n"},
    }


def test_the_page_has_a_row_for_each_student_and_a_cell_for_each_task(tmp_path, records):
    table = page(written(tmp_path, records)).select_one("#matrix")
    heads = [each.get_text() for each in table.select("thead tr:nth-of-type(2) th")]
    assert heads == ["Student", "Points", "Status", "Late", "task 1", "task 2"]
    [ann] = [row for row in table.select("tbody tr") if row.th.get_text() == "ann"]
    cells = [cell.get_text(" ", strip=True) for cell in ann.select("td")]
    assert cells == ["9 / 12", "graded", "", "6/6", "3/6"]
    assert [cell["class"][-1] for cell in ann.select("td")[3:]] == ["full", "part"]


def test_what_needs_a_look_comes_first(tmp_path, records):
    found = written(tmp_path, records, lateness=RULE, times={"bob": LATER})
    rows = page(found).select("#matrix tbody tr")
    assert [row.th.get_text() for row in rows][:3] == ["dan", "cay", "bob"]
    flags = {row.th.get_text(): row["data-flags"].split() for row in rows}
    assert flags["bob"] == ["graded", "look", "late"]
    assert flags["ann"] == ["graded"]


def test_changes_by_hand_are_marked(tmp_path, records):
    changes = (Change(2, "ann", NAME, 8.0, comment="I read it."),)
    soup = page(written(tmp_path, records, changes=changes))
    [row] = [each for each in soup.select("#matrix tbody tr") if each.th.get_text() == "ann"]
    assert "by hand" in row.get_text()
    assert "changed" in row["data-flags"].split()
    assert "set to 8: I read it." in soup.find(id=row["data-student"]).get_text()


def test_the_hardest_checks_come_first_with_their_cases_together(records):
    rows = report.hardest(entries(*records))
    assert rows[0] == (NAME, "What test_two[2] is about.", 2 / 8, 8)
    assert len(rows) == 1


def test_the_distribution_counts_each_student_with_a_mark(tmp_path, records):
    rows = page(written(tmp_path, records)).select(".bars tr")[1:]
    counts = [int(row.select("td")[1].get_text()) for row in rows]
    assert (len(counts), sum(counts)) == (10, 4)
    assert counts[7] == 2  # 75 % of ann and cay


def test_feedback_and_code_of_a_student_are_there(tmp_path, records, texts):
    soup = page(written(tmp_path, records, texts))
    [row] = [each for each in soup.select("#matrix tbody tr") if each.th.get_text() == "ann"]
    shown = soup.find(id=row["data-student"])
    assert "result += price * (1 - rate)" in shown.select_one("pre.code").get_text()
    flags = [flag.get_text() for flag in shown.select("ul.tests .flag")]
    assert flags == ["passes", "fails"]
    assert row.th.a["href"] == f"#{shown['id']}"


def test_groups_are_shown_side_by_side_with_shared_lines_marked(tmp_path, records, texts):
    soup = page(written(tmp_path, records, texts))
    sides = soup.select(".sides > div")
    assert [side.strong.get_text() for side in sides] == ["ann", "bob"]
    assert any("result = 0" in mark.get_text() for mark in sides[0].select("mark"))
    assert not any("alert" in mark.get_text() for mark in sides[1].select("mark"))


def test_nothing_that_a_submission_says_is_obeyed(tmp_path, records, texts):
    text = written(tmp_path, records, texts, [f"--times names {EVIL}"])
    soup = page(text)
    assert len(soup.select("script")) == 1
    assert soup.select("img") == []
    assert text.count("&lt;script&gt;alert(1)") > 5
    assert not [tag for tag in soup.find_all(True) for name in tag.attrs if name.startswith("on")]


def test_a_policy_lets_the_pages_own_script_run_and_no_other(tmp_path, records):
    soup = page(written(tmp_path, records))
    policy = soup.select_one("meta[http-equiv=Content-Security-Policy]")["content"]
    digest = hashlib.sha256(soup.select_one("script").string.encode()).digest()
    assert f"script-src 'sha256-{base64.b64encode(digest).decode()}'" in policy
    assert "default-src 'none'" in policy


def test_the_page_needs_nothing_from_elsewhere(tmp_path, records, texts):
    soup = page(written(tmp_path, records, texts))
    assert not soup.select("[src], link")
    assert {tag["href"][0] for tag in soup.select("[href]")} == {"#"}
    ids = {tag["id"] for tag in soup.select("[id]")}
    assert {tag["href"][1:] for tag in soup.select("[href]")} <= ids


def test_the_page_of_no_one_can_be_written(tmp_path):
    assert "0</strong> students" in written(tmp_path, [])


def test_control_characters_are_not_in_the_page(tmp_path, records):
    records[0] = record("ann\x1b\u202e", exercises=(exercise(9.0, message="\x00\x1b[2J\u202e"),))
    text = written(tmp_path, records, {records[0].key: {NAME: "x = '\x1b\u202e'\n"}})
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", text)


# In a browser


@pytest.fixture
def shown(tmp_path, records, texts, page):
    """Open the page of the class; nothing else may be loaded."""
    more = [record(f"s{n:02}", exercises=(exercise(6.0 + n % 4),), score=6.0) for n in range(55)]
    rule = lateness("2026-03-01T23:59+08:00", "10%/day", "0m")
    written(tmp_path, [*records, *more], texts, lateness=rule, times={"bob": LATER})
    asked = []
    page.on("request", lambda found: asked.append(found.url))
    page.goto((tmp_path / "report.html").as_uri())
    yield page
    assert {url.partition("#")[0] for url in asked} == {(tmp_path / "report.html").as_uri()}


@pytest.mark.browser
def test_the_table_is_filtered_and_sorted_with_the_keyboard(shown):
    expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect
    rows = shown.locator("#matrix tbody tr:not([hidden])")
    expect(rows).to_have_count(60)
    shown.get_by_label("Name, status or note").fill("s1")
    expect(rows).to_have_count(10)
    expect(shown.get_by_role("status")).to_have_text("10 of 60 students shown")
    shown.get_by_label("Name, status or note").fill("")
    shown.get_by_label("Show").select_option("late")
    expect(rows).to_have_count(1)
    shown.get_by_label("Show").select_option("")
    button = shown.get_by_role("button", name="Student")
    button.focus()
    shown.keyboard.press("Enter")
    head = shown.locator("#matrix thead tr:nth-of-type(2) th").first
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(rows.nth(1).locator("th")).to_have_text("ann")
    shown.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    points = shown.get_by_role("button", name="Points")
    points.press("Enter")
    expect(rows.first.locator("th")).to_have_text("dan")


@pytest.mark.browser
def test_a_students_name_leads_to_feedback_and_code(shown):
    expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect
    shown.locator("#matrix").get_by_role("link", name="ann", exact=True).click()
    opened = shown.locator("details[open]")
    expect(opened).to_have_count(1)
    expect(opened.get_by_role("heading", name="ann")).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_fits_a_phone(shown, scheme):
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm install in tests/")
    shown.emulate_media(color_scheme=scheme)
    shown.set_viewport_size({"width": 360, "height": 800})
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360
    shown.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    client = shown.context.new_cdp_session(shown)
    client.send("Page.setBypassCSP", {"enabled": True})
    shown.evaluate(AXE.read_text("utf-8"))
    found = shown.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


@pytest.mark.browser
def test_everything_can_be_read_without_javascript(browser, tmp_path, records, texts):
    written(tmp_path, records, texts)
    context = browser.new_context(java_script_enabled=False)
    try:
        shown = context.new_page()
        shown.goto((tmp_path / "report.html").as_uri())
        assert shown.locator("#matrix tbody tr").count() == 5
        assert not shown.get_by_label("Name, status or note").is_visible()
        shown.locator("summary", has_text="ann").last.click()
        assert shown.locator("details[open]").get_by_text("fails").first.is_visible()
    finally:
        context.close()
