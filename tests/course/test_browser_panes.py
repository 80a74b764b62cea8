"""A lesson's panes in a real browser: its live page, its source and editor, its exercise."""

import os
import re
import time

import pytest

from course import catalogue
from tests.course.browsing import LESSON, course_copy, enter, problems, started  # noqa: F401
from tests.helpers import AXE, SECOND_HALF

expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect

pytestmark = pytest.mark.browser

EXERCISE = "/day01/custom_converter/"
FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(scope="module")
def base(started):  # noqa: F811
    return started.base


@pytest.fixture
def page(page, started):  # noqa: F811
    enter(page, started)
    return page


def tab(page, name):
    page.get_by_role("tab", name=name).click()


def edit(page, base, path, file):
    page.goto(f"{base}{path}?file={file}#source-title")
    page.get_by_role("button", name="edit").click()
    editor = page.get_by_label("Tab indents")
    expect(editor).to_be_focused()
    return editor


def select(editor, start, end=None):
    editor.evaluate("(area, [a, b]) => area.setSelectionRange(a, b)", [start, end or start])


def save_elsewhere(path, text):
    """Save a file as another editor does, at another time."""
    path.write_text(text, "utf-8")
    later = time.time() + 5
    os.utime(path, (later, later))


# -- tabs


def test_the_panes_are_tabs_that_the_arrows_switch(page, base):
    page.goto(base + EXERCISE)
    expect(page.get_by_role("tab", name="Try it")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Try it").press("ArrowLeft")
    expect(page.get_by_role("tab", name="Source")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Source")).to_be_visible()
    expect(page.get_by_role("tabpanel", name="Try it")).to_be_hidden()
    expect(page).to_have_url(base + EXERCISE)


# -- the page


def test_the_page_of_a_lesson_is_live_beside_the_notes(page, base):
    page.goto(f"{base}/day03/database/")
    tab(page, "Page")
    frame = page.frame_locator("#pane-frame")
    expect(frame.get_by_role("heading").first).to_be_visible()
    path = page.get_by_label("Path of the page")
    expect(path).to_have_value("/")
    expect(page.get_by_label("Back", exact=True)).to_be_disabled()
    path.fill("/authors/1")
    path.press("Enter")
    expect(frame.get_by_role("heading").first).to_have_text("H. G. Wells")
    link = frame.get_by_role("link").first
    link.click()
    expect(path).not_to_have_value("/authors/1")
    page.get_by_label("Back", exact=True).click()
    expect(path).to_have_value("/authors/1")
    expect(frame.get_by_role("heading").first).to_have_text("H. G. Wells")


def test_a_page_that_forbids_frames_is_shown_all_the_same(page, base):
    page.goto(f"{base}/day06_project/shop/#page-title")
    expect(page.frame_locator("#pane-frame").get_by_role("heading").first).to_be_visible()


def test_a_form_in_the_page_can_be_sent(page, base):
    page.goto(f"{base}/day03/forms/")
    tab(page, "Page")
    frame = page.frame_locator("#pane-frame")
    frame.locator("form [type=submit], form button").first.click()
    expect(frame.locator("body")).not_to_contain_text("CSRF")


def test_the_exercise_is_a_target_of_the_page_and_of_the_requests(page, base):
    page.goto(base + EXERCISE)
    page.get_by_label("Send it to").select_option("the exercise")
    page.get_by_label("Request as the server reads it").fill("GET /nowhere-at-all HTTP/1.1\n")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("404")
    page.goto(f"{base}/day03/forms/")
    tab(page, "Page")
    page.get_by_label("Whose page").select_option("exercise")
    expect(page.locator("#pane-frame")).to_be_visible()
    expect(page.frame_locator("#pane-frame").locator("body")).to_be_visible()


def test_a_page_cannot_use_the_readers_interface(page, base, started):  # noqa: F811
    page.goto(f"{started.worker}/run/day01/hello/app/")
    seen = page.evaluate(
        """base => fetch(base + "/api/progress", {credentials: "include"})
            .then(response => response.text(), error => "refused")""",
        base,
    )
    assert seen == "refused"


# -- the source


def test_a_lesson_of_many_files_has_a_tree(page, base):
    page.goto(f"{base}/day06_project/shop/#source-title")
    files = page.get_by_role("navigation", name="Files of the lesson")
    folder = files.locator("summary").first
    assert files.get_by_role("link").count() < 20
    folder.click()
    link = folder.locator("xpath=..").get_by_role("link").first
    name = link.get_attribute("href").partition("=")[2].partition("#")[0].replace("%2F", "/")
    assert "/" in name
    link.click()
    expect(page.locator("#pane-file")).to_have_attribute("data-file", name)
    expect(files.locator("[aria-current]")).to_have_text(name.rpartition("/")[2])


def test_a_snippet_jumps_to_its_place(page, base):
    page.goto(base + LESSON)
    link = page.locator("a.place").last
    line = re.search(r"line (\d+)", link.text_content())[1]
    link.click()
    expect(page.get_by_role("tab", name="Source")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".band")).to_be_in_viewport()
    number = page.evaluate(
        """() => { const band = document.querySelector(".band"),
            gutter = document.querySelector(".gutter"), style = getComputedStyle(gutter);
            return 1 + (band.offsetTop - parseFloat(style.paddingTop))
                / parseFloat(style.lineHeight); }"""
    )
    assert number == int(line)


def test_another_file_is_shown_and_the_request_stays(page, base):
    page.goto(f"{base}/day01/sending_data/")
    page.get_by_label("Request as the server reads it").fill("mine")
    tab(page, "Source")
    page.get_by_role("link", name="client.py", exact=True).last.click()
    expect(page.locator("#code")).to_contain_text("import requests")
    tab(page, "Try it")
    expect(page.get_by_label("Request as the server reads it")).to_have_value("mine")
    page.reload()
    expect(page.locator("#code")).to_contain_text("import requests")


def test_the_source_is_the_file_as_it_is_now(page, base, course_copy):  # noqa: F811
    path = course_copy / "day01" / "hello" / "app.py"
    good = path.read_text("utf-8")
    page.goto(f"{base}/day01/hello/?file=app.py")
    tab(page, "Try it")
    save_elsewhere(path, good.replace("Hello, World!", "Hello, Student!"))
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#pane-answer")).to_contain_text("Hello, Student!")
    tab(page, "Source")
    expect(page.locator("#code")).to_contain_text("Hello, Student!")
    save_elsewhere(path, good)


def test_a_long_file_is_shown_to_its_end(page, base, course_copy):  # noqa: F811
    path = course_copy / "day01" / "hello" / "app.py"
    good = path.read_text("utf-8")
    save_elsewhere(path, good + "# more\n" * 9_000 + "# end\n")
    page.goto(f"{base}/day01/hello/?file=app.py&line={9_000}#source-title")
    expect(page.locator("#code")).to_contain_text("# end")
    expect(page.locator(".band")).to_be_in_viewport()
    save_elsewhere(path, good)


# -- the editor


def test_the_editor_indents_and_is_left_by_the_keyboard(page, base):
    editor = edit(page, base, LESSON, "app.py")
    editor.fill("def f():\nx = 1\ny = 2\n")
    select(editor, 9, 16)
    page.keyboard.press("Tab")
    expect(editor).to_have_value("def f():\n    x = 1\n    y = 2\n")
    page.keyboard.press("Shift+Tab")
    expect(editor).to_have_value("def f():\nx = 1\ny = 2\n")
    select(editor, 8)
    page.keyboard.press("Enter")
    page.keyboard.type("if x:")
    page.keyboard.press("Enter")
    page.keyboard.type("a")
    page.keyboard.press("Enter")
    page.keyboard.type("b")
    page.keyboard.press("Shift+Tab")
    expected = "def f():\n    if x:\n        a\n    b\nx = 1\ny = 2\n"
    expect(editor).to_have_value(expected)
    page.keyboard.press("Control+z")
    expect(editor).not_to_have_value(expected)
    expect(page.locator(".gutter")).to_contain_text("7")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="save")).to_be_focused()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="close").click()
    expect(page.locator("#code")).to_contain_text("Take typed values")


def test_the_editor_knows_where_a_block_ends(page, base):
    editor = edit(page, base, LESSON, "app.py")
    editor.fill("")
    page.keyboard.type("def f():\nif x:\nreturn g(\n1,\n")
    expect(editor).to_have_value("def f():\n    if x:\n        return g(\n        1,\n        ")
    page.keyboard.press("Backspace")
    page.keyboard.type(")\n\n")
    expect(editor).to_have_value(
        "def f():\n    if x:\n        return g(\n        1,\n    )\n\n    "
    )
    page.keyboard.type("return 1\n\n\nx = 1")
    page.keyboard.press("Backspace")
    expect(editor).to_have_value(
        "def f():\n    if x:\n        return g(\n        1,\n    )\n\n    return 1\n\n\nx = "
    )


def test_the_line_that_is_typed_stays_in_sight(page, base):
    editor = edit(page, base, LESSON, "app.py")
    page.keyboard.press("Control+End")
    page.keyboard.type("\n" * 60)
    source = page.locator(".source")
    last, bottom = source.evaluate(
        """box => [box.querySelector("textarea").getBoundingClientRect().bottom,
            box.getBoundingClientRect().bottom]"""
    )
    assert last < bottom + 20
    expect(editor).to_have_value(re.compile("\n{60}$"))


def test_a_second_click_on_edit_changes_nothing(page, base):
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{base}{LESSON}?file=app.py#source-title")
    page.get_by_role("button", name="edit").evaluate("edit => { edit.click(); edit.click(); }")
    expect(page.get_by_label("Tab indents")).to_be_focused()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_label("Tab indents")).to_have_count(1)
    assert wrong == []


def test_a_saved_file_is_used_by_the_next_request_and_by_the_page(
    page,
    base,
    course_copy,  # noqa: F811
):
    path = course_copy / "day01" / "hello" / "app.py"
    good = path.read_text("utf-8")
    page.goto(f"{base}/day01/hello/#page-title")
    frame = page.frame_locator("#pane-frame")
    expect(frame.locator("body")).to_have_text("Hello, World!")
    tab(page, "Source")
    page.get_by_role("link", name="app.py", exact=True).click()
    page.get_by_role("button", name="edit").click()
    editor = page.get_by_label("Tab indents")
    editor.fill(good.replace("Hello, World!", "Hello, 你!"))
    page.keyboard.press("Control+s")
    expect(page.get_by_role("status")).to_contain_text("Saved")
    assert path.read_text("utf-8") == good.replace("Hello, World!", "Hello, 你!")
    tab(page, "Page")
    expect(frame.locator("body")).to_have_text("Hello, 你!")
    tab(page, "Source")
    page.get_by_role("button", name="back to the original").click()
    expect(editor).to_have_value(good)
    assert path.read_text("utf-8") == good
    page.get_by_role("button", name="bring my text back").click()
    expect(editor).to_have_value(good.replace("Hello, World!", "Hello, 你!"))
    assert path.read_text("utf-8") == good


def test_a_file_that_another_editor_saved_is_not_overwritten(page, base, course_copy):  # noqa: F811
    path = course_copy / "day01" / "converters" / "app.py"
    good = path.read_text("utf-8")
    editor = edit(page, base, LESSON, "app.py")
    editor.fill(good + "# mine\n")
    save_elsewhere(path, good + "# theirs\n")
    page.keyboard.press("Control+s")
    expect(page.locator(".conflict")).to_be_visible()
    assert path.read_text("utf-8") == good + "# theirs\n"
    page.get_by_role("button", name="take the text of the file").click()
    expect(editor).to_have_value(good + "# theirs\n")
    editor.fill(good + "# mine again\n")
    save_elsewhere(path, good + "# theirs again\n")
    page.keyboard.press("Control+s")
    page.get_by_role("button", name="keep my text and save it").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    assert path.read_text("utf-8") == good + "# mine again\n"
    save_elsewhere(path, good)


def test_a_draft_is_kept_while_another_file_is_looked_at(page, base):
    editor = edit(page, base, "/day01/sending_data/", "app.py")
    editor.fill("# a draft\n")
    page.get_by_role("link", name="client.py", exact=True).last.click()
    expect(page.locator("#code")).to_contain_text("import requests")
    page.get_by_role("link", name="app.py", exact=True).last.click()
    expect(page.get_by_label("Tab indents")).to_have_value("# a draft\n")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="close").click()
    expect(page.locator("#code")).to_contain_text("import")


# -- the exercise


def test_check_saves_all_that_was_typed(page, base, course_copy):  # noqa: F811
    lesson = catalogue.find("day03/escaping", course_copy)
    paths = [lesson.exercise, lesson.folder / "templates" / "exercise_guests.html"]
    before = [path.read_text("utf-8") for path in paths]
    page.goto(f"{base}/day03/escaping/#source-title")
    page.locator(".files summary", has_text="templates").click()
    for path, text in zip(paths, before, strict=True):
        page.locator(".files").get_by_role("link", name=path.name).click()
        name = path.relative_to(lesson.folder).as_posix()
        expect(page.locator("#pane-file")).to_have_attribute("data-file", name)
        page.get_by_role("button", name="edit", exact=True).click()
        page.get_by_label("Tab indents").fill(text + "\n")
    tab(page, "Exercise")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#pane-verdict")).to_contain_text("points", timeout=60_000)
    assert [path.read_text("utf-8") for path in paths] == [text + "\n" for text in before]
    for path, text in zip(paths, before, strict=True):
        save_elsewhere(path, text)


def test_the_whole_tasks_are_in_the_box(page, base, course_copy):  # noqa: F811
    page.goto(f"{base}{EXERCISE}#exercise-title")
    lesson = catalogue.find("day01/custom_converter", course_copy)
    tasks = page.locator(".tasks > li")
    expect(tasks).to_have_count(len(lesson.tasks()))
    words = lesson.exercise.read_text("utf-8").partition("Tasks:")[2].partition("Run it:")[0]
    last = re.sub(r"[`\s]+", " ", words.strip()).split()[-1]
    expect(tasks.last).to_contain_text(last)


def test_an_exercise_is_checked_sent_again_and_solved(page, base, course_copy):  # noqa: F811
    lesson = catalogue.find("day01/custom_converter", course_copy)
    page.goto(f"{base}{EXERCISE}#exercise-title")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".state.todo").first).to_be_visible(timeout=60_000)
    box = page.get_by_role("tabpanel", name="Exercise")
    expect(box).not_to_contain_text("--hint")
    expect(box).not_to_contain_text("--all")
    if box.get_by_role("button", name="send this request").count():
        box.get_by_role("button", name="send this request").first.click()
        expect(page.get_by_label("Send it to")).to_have_value("exercise")
        expect(page.get_by_role("status")).to_contain_text("ms")
    solution = catalogue.ROOT / "tests" / "exercises" / lesson.day / lesson.name / "solution.py"
    before = lesson.exercise.read_text("utf-8")
    tab(page, "Exercise")
    page.get_by_role("link", name="Edit exercise.py").click()
    page.get_by_label("Tab indents").fill(solution.read_text("utf-8"))
    page.get_by_role("button", name="check").click()
    expect(page.locator("p", has_text="The next exercise: ")).to_be_visible(timeout=60_000)
    expect(page.locator(".state.todo")).to_have_count(0)
    expect(page.locator("header .mark")).to_have_text("solved")
    page.get_by_role("button", name="compare with the sample solution").click()
    expect(page.get_by_role("region", name="Your file and the sample solution")).to_be_visible()
    page.goto(f"{base}/day01/")
    expect(page.locator(".mark.solved").first).to_be_visible()
    page.goto(base)
    expect(page.get_by_role("link", name="Go on where you were: Custom converters")).to_be_visible()
    lesson.exercise.write_text(before, "utf-8")


# -- progress


def read_to_the_end(page):
    """Turn the wheel until the end of the notes is on the screen."""
    page.mouse.move(100, 300)
    for _ in range(200):
        if page.evaluate("document.querySelector('#end').getBoundingClientRect().bottom") < 700:
            return
        page.mouse.wheel(0, 400)
        page.evaluate(FRAMES)
    raise AssertionError("the page does not scroll to its end")


def marked(what):
    """Tell the response by which the page learns that this is remembered."""
    return lambda response: f'"what":"{what}"' in (response.request.post_data or "")


def mark_of(page, base, title):
    """Return what stands behind a lesson's title on the first page."""
    page.goto(base)
    link = page.get_by_role("link", name=title, exact=True)
    return page.get_by_role("listitem").filter(has=link).locator(".mark")


def test_what_was_read_and_tried_is_remembered(page, base):
    page.goto(f"{base}/day02/cookies/")
    with page.expect_response(marked("tried")):
        page.locator("[data-try]").first.click()
    expect(page.get_by_role("status")).to_contain_text("ms")
    expect(mark_of(page, base, "Cookies")).to_have_text("tried")
    page.goto(f"{base}/day02/cookies/")
    expect(page.locator("header .mark")).to_have_text("tried")
    with page.expect_response(marked("read")):
        read_to_the_end(page)
    expect(page.locator("header .mark")).to_have_text("read")
    expect(mark_of(page, base, "Cookies")).to_have_text("read")
    expect(page.get_by_role("progressbar", name="Lessons read: Day 2")).to_have_attribute(
        "value", re.compile(r"[1-9]")
    )


def test_opening_a_lesson_makes_it_the_place_to_go_on_at(page, base):
    for title, path in (("Responses", "/day02/responses/"), ("Cookies", "/day02/cookies/")):
        with page.expect_response(marked("opened")):
            page.goto(base + path)
        page.goto(base)
        page.get_by_role("link", name=f"Go on where you were: {title}").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_a_jump_over_the_notes_does_not_count_as_reading(page, base):
    page.set_viewport_size({"width": 390, "height": 800})
    asked = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    page.goto(f"{base}/day02/contexts/")
    for name in ("Try it", "Source"):
        page.get_by_role("navigation", name="Parts of this page").get_by_role(
            "link", name=name
        ).click()
        page.evaluate(FRAMES)
    page.keyboard.press("Home")
    page.keyboard.press("End")
    page.locator("#end").scroll_into_view_if_needed()
    page.evaluate(FRAMES)
    assert any("opened" in data for data in asked)
    assert not any("read" in data for data in asked)


def test_a_lesson_may_be_read_in_parts(page, base):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{base}/day02/responses/")
    page.mouse.move(100, 300)
    half = "document.querySelector('#end').offsetTop / 2"
    while page.evaluate("scrollY") < page.evaluate(half):
        page.mouse.wheel(0, 400)
        page.evaluate(FRAMES)
    expect(mark_of(page, base, "Responses")).to_have_count(0)
    page.goto(f"{base}/day02/responses/")
    page.evaluate(f"scrollTo(0, {half} - 400)")
    with page.expect_response(marked("read")):
        read_to_the_end(page)
    expect(mark_of(page, base, "Responses")).to_have_text("read")


# -- accessibility of each pane

needs_axe = pytest.mark.skipif(
    not AXE.exists(),
    reason="axe-core is not installed: npm install --no-save --prefix tests axe-core",
)


@needs_axe
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 360)])
def test_accessibility_of_the_panes(browser, started, scheme, width):  # noqa: F811
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    page = enter(context.new_page(), started)
    page.goto(f"{started.base}/day03/forms/")
    found = []
    for name in ("Page", "Exercise", "Source"):
        tab(page, name)
        if name == "Source":
            found += problems(page)
            page.get_by_role("button", name="edit").click()
            expect(page.get_by_label("Tab indents")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found += problems(page)
    context.close()
    assert found == []
