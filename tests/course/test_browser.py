"""The reader in a real browser: reading, searching and sending requests."""

import pytest

from course import catalogue
from tests.course.browsing import LESSON, course_copy, enter, problems, started  # noqa: F401
from tests.helpers import AXE, SECOND_HALF

expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def base(started):  # noqa: F811
    return started.base


@pytest.fixture
def page(page, started):  # noqa: F811
    enter(page, started)
    return page


def fill(page, text):
    page.get_by_label("Request as the server reads it").fill(text)


def send(page):
    page.get_by_role("button", name="Send", exact=True).click()


# -- reading


def test_read_from_the_index_on(page, base):
    page.goto(base)
    page.get_by_role("link", name="Converters", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Converters")
    page.get_by_role("link", name="URL building →").click()
    expect(page).to_have_title("URL building · Flask in six days")


def test_the_readme_the_index_and_the_glossary_are_pages(page, base):
    page.goto(base)
    for name in ("README", "Index", "Glossary"):
        page.get_by_role("navigation", name="Look up").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1)).not_to_have_text("Not Found")
    page.goto(f"{base}/day01/hello/")
    page.locator(".notes").get_by_role("link", name="README", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Flask in six days")


def test_summaries_show_their_markdown(page, base, course_copy):  # noqa: F811
    lesson = next(each for each in catalogue.lessons(course_copy) if "`" in each.summary)
    page.goto(base)
    row = page.get_by_role("listitem").filter(
        has=page.get_by_role("link", name=lesson.title, exact=True)
    )
    expect(row.locator("code").first).to_be_visible()
    expect(row).not_to_contain_text("`")


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("mobile regex", "Custom converters"),
        ("sesion", "Session"),
        ("set cookie", "Set a cookie"),
        ("给老王", None),
    ],
)
def test_search(page, base, course_copy, words, title):  # noqa: F811
    if title is None:  # Chinese, in a file that the course does not have yet
        notes = course_copy / "day01" / "hello" / "README.zh-CN.md"
        notes.write_text("# 你好\n\n给老王的第一个页面。\n", "utf-8")
        title = "Hello"
    page.goto(base)
    page.keyboard.press("/")
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.locator(".hits a").first).to_contain_text(title)


def test_a_hit_leads_to_its_section(page, base):
    page.goto(f"{base}/search?q=custom+404+page")
    hit = page.locator(".hits a[href*='#']").first
    section = hit.get_attribute("href").partition("#")[2]
    hit.click()
    expect(page.locator(f"[id='{section}']")).to_be_in_viewport()
    expect(page.locator(".hits")).to_have_count(0)


def test_arrows_turn_pages_but_not_while_typing(page, base):
    page.goto(base + LESSON)
    page.get_by_label("Request as the server reads it").click()
    page.keyboard.press("ArrowRight")
    page.keyboard.type("/")
    expect(page).to_have_url(base + LESSON)
    page.get_by_label("Guess first").focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(f"{base}/day01/url_building/")
    page.wait_for_load_state()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(base + LESSON)


def test_the_pages_of_the_days_are_on_the_way(page, base, course_copy):  # noqa: F811
    last = [each for each in catalogue.lessons(course_copy) if each.day == "day01"][-1]
    first = next(each for each in catalogue.lessons(course_copy) if each.day == "day02")
    page.goto(f"{base}/{last.id}/")
    way = [
        ("ArrowRight", "/day02/"),
        ("ArrowRight", f"/{first.id}/"),
        ("ArrowLeft", "/day02/"),
        ("ArrowLeft", f"/{last.id}/"),
    ]
    for key, path in way:
        page.keyboard.press(key)
        expect(page).to_have_url(base + path)
        page.wait_for_load_state()


def test_the_first_tab_stops_skip_to_the_content_and_to_the_panes(page, base):
    page.goto(base + LESSON)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.reload()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the panes")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Try it")).to_be_focused()


def test_code_boxes_are_tab_stops_only_where_they_scroll(page, base):
    page.goto(base + LESSON)
    scrolls = page.evaluate(
        """() => [...document.querySelectorAll(".notes pre, .side pre:not(.gutter)")].map(
            box => [box.tabIndex === 0, box.scrollWidth > box.clientWidth + 1
                || box.scrollHeight > box.clientHeight + 1])"""
    )
    assert scrolls
    assert all(stop == scroll for stop, scroll in scrolls)
    assert page.locator(".console pre[tabindex]").count() == 0


def test_guess_first_hides_each_output_until_its_request_is_sent(page, base):
    page.goto(base + LESSON)
    steps = page.locator(".step").filter(has=page.locator("[data-try]"))
    output = steps.first.locator("pre:not(.command)")
    expect(output).to_be_visible()
    page.get_by_label("Guess first").check()
    expect(output).to_be_hidden()
    peek = steps.first.get_by_role("button", name="show the output")
    assert peek.bounding_box()["y"] > steps.first.locator(".command").bounding_box()["y"] + 10
    steps.first.locator("[data-try]").click()
    expect(output).to_be_visible()
    expect(steps.nth(1).locator("pre:not(.command)")).to_be_hidden()
    page.reload()
    expect(output).to_be_hidden()
    steps.first.get_by_role("button", name="show the output").click()
    expect(output).to_be_visible()
    page.get_by_label("Guess first").uncheck()
    expect(steps.nth(1).locator("pre:not(.command)")).to_be_visible()


def test_reading_needs_no_script(browser, started):  # noqa: F811
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(started.base + LESSON)
    expect(page.get_by_role("heading", name="What older notes say")).to_be_visible()
    expect(page.locator("#code")).to_contain_text("Take typed values out of the path")
    assert page.get_by_role("button").count() == 0
    page.locator("a.place").first.click()
    expect(page.locator("#code")).to_contain_text("from flask import Flask")
    page.get_by_label("Search notes and source").fill("converter")
    page.keyboard.press("Enter")
    expect(page.locator(".hits").get_by_role("link", name="Converters").first).to_be_visible()
    context.close()


# -- sending


def test_send_a_request_and_see_the_response(page, base):
    page.goto(base + LESSON)
    fill(page, "GET /goods/42 HTTP/1.1\nHost: 127.0.0.1:5000\n")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("200 OK")
    expect(page.locator("#pane-answer")).to_contain_text('{"type":"int","value":42}')
    expect(page.locator("#pane-curl-line")).to_have_text("curl -i http://127.0.0.1:5000/goods/42")


def test_the_requests_of_the_notes_are_ready_made(page, base):
    page.goto(base + LESSON)
    page.locator(".step", has_text="/goods/seven").get_by_role("button").first.click()
    expect(page.get_by_role("status")).to_contain_text("404 NOT FOUND")
    page.get_by_label("Requests of the notes").select_option("GET /prices/9.90")
    send(page)
    expect(page.locator("#pane-answer")).to_contain_text('"value":9.9')


DAYS = [day.name for day in catalogue.days()]


@pytest.mark.parametrize("day", DAYS)
def test_every_try_button_is_seen_in_front_of_its_line(page, base, day):
    seen = 0
    for lesson in (each for each in catalogue.lessons() if each.day == day):
        page.goto(f"{base}/{lesson.id}/")
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            boxes = page.evaluate(
                """() => [...document.querySelectorAll("button.try")].map(button => {
                    const own = button.getBoundingClientRect();
                    const line = button.nextElementSibling.getBoundingClientRect();
                    const box = button.closest(".console").getBoundingClientRect();
                    return own.width > 10 && own.left >= box.left && own.right <= line.left
                        && line.right <= box.right && box.right <= innerWidth;
                })"""
            )
            assert all(boxes), (lesson.id, width)
            seen += len(boxes)
    assert seen


def test_on_a_phone_the_response_opens_below_its_line_and_back_comes_back(page, base):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(base + LESSON)
    step = page.locator(".step", has_text="/goods/seven").first
    step.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    step.get_by_role("button").first.click()
    expect(step.get_by_role("region", name="Response")).to_contain_text("404 NOT FOUND")
    expect(step.get_by_role("region", name="Response")).to_be_in_viewport()
    assert page.evaluate("scrollY") == before
    page.go_back()
    expect(page.locator(".reply")).to_have_count(0)
    expect(page).to_have_url(base + LESSON)
    assert page.evaluate("scrollY") == before


def test_on_a_phone_back_comes_back_from_the_panes(page, base):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(base + LESSON)
    bottom = "document.querySelector('header').getBoundingClientRect().bottom"
    place = page.locator("a.place").first
    place.scroll_into_view_if_needed()
    place.click()
    expect(page.get_by_role("tab", name="Source")).to_be_in_viewport()
    assert page.get_by_role("tab", name="Source").bounding_box()["y"] >= page.evaluate(bottom)
    page.go_back()
    expect(place).to_be_in_viewport()


@pytest.mark.parametrize(
    "text",
    [
        "curl -i http://127.0.0.1:5000/goods/8",
        "$ curl http://127.0.0.1:5000/goods/8",
        "http://127.0.0.1:5000/goods/8",
    ],
)
def test_a_curl_line_or_a_url_is_understood(page, base, text):
    page.goto(base + LESSON)
    fill(page, text)
    send(page)
    expect(page.locator("#pane-answer")).to_contain_text('"value":8')
    expect(page.get_by_label("Request as the server reads it")).to_have_value(
        "GET /goods/8 HTTP/1.1\nHost: 127.0.0.1:5000\nUser-Agent: curl/8.0\nAccept: */*\n\n"
    )


def test_a_curl_option_that_is_not_known_is_named(page, base):
    page.goto(base + LESSON)
    fill(page, "curl --http3 http://127.0.0.1:5000/goods/8")
    send(page)
    expect(page.get_by_role("status")).to_contain_text("--http3")


def test_markup_in_a_response_is_text(page, base):
    page.goto(base + LESSON)
    fill(page, "GET /hello-unsafe/<b>x HTTP/1.1\n")
    send(page)
    expect(page.locator("#pane-answer")).to_contain_text("Hello <b>x")
    assert page.locator("#pane-answer b").count() == 0


def test_redirects_are_followed_and_each_response_is_shown(page, base):
    page.goto(f"{base}/day01/url_building/")
    line = page.locator(".step", has_text="curl -L")
    line.first.get_by_role("button").first.click()
    expect(page.get_by_label("follow redirects")).to_be_checked()
    expect(page.get_by_role("status")).to_contain_text("responses, the last: 200")
    answer = page.locator("#pane-answer")
    expect(answer).to_contain_text("HTTP/1.1 30")
    expect(answer).to_contain_text("HTTP/1.1 200 OK")
    expect(page.locator("#pane-curl-line")).to_contain_text("-L")


def test_a_body_that_begins_with_an_angle_bracket_is_a_body(page, base):
    page.goto(f"{base}/day01/sending_data/")
    fill(page, "POST /text HTTP/1.1\nHost: 127.0.0.1:5000\nContent-Type: text/plain\n\n< 3 apples")
    send(page)
    expect(page.get_by_role("status")).not_to_contain_text("file")
    expect(page.locator("#pane-answer")).to_contain_text("HTTP/1.1")


def test_cookies_are_kept_shown_and_forgotten(page, base):
    page.goto(f"{base}/day02/sessions/")
    page.locator(".step", has_text="-c jar.txt").filter(has_text="/login").first.get_by_role(
        "button"
    ).first.click()
    expect(page.get_by_label("keep cookies")).to_be_checked()
    expect(page.locator("#pane-cookies")).to_contain_text("session=")
    fill(page, "GET /who HTTP/1.1")
    send(page)
    expect(page.locator("#pane-answer")).to_contain_text('{"name":"Ann"}')
    expect(page.locator("#pane-curl-line")).to_contain_text("-b")
    page.get_by_role("button", name="forget them").click()
    expect(page.locator("#pane-cookies")).to_be_hidden()
    send(page)
    expect(page.locator("#pane-answer")).to_contain_text('{"name":null}')


def test_two_cookie_files_are_two(page, base):
    """In "After the logout" a copy of the cookies outlives the logout."""
    page.goto(f"{base}/day02/session_security/")
    lines = page.locator(".step").filter(has=page.locator("[data-try]"))
    copied = lines.filter(has_text="copy.txt").filter(has_text="/who-unsafe")
    last = copied.last
    upto = page.locator("[data-try]").all()
    for button in upto:
        button.click()
        expect(page.get_by_role("status")).to_contain_text("ms")
        if button.element_handle() and last.locator("[data-try]").evaluate(
            "(other, number) => other.dataset.try === number", button.get_attribute("data-try")
        ):
            break
    expect(page.locator("#pane-answer")).to_contain_text('{"name":"Ann"}')


def test_a_broken_lesson_shows_why_and_is_corrected_without_a_restart(
    page,
    base,
    course_copy,  # noqa: F811
):
    source = course_copy / "day01" / "routing" / "app.py"
    good = source.read_text("utf-8")
    source.write_text(good + "\ndef broken(:\n", "utf-8")
    page.goto(f"{base}/day01/routing/")
    send(page)
    expect(page.get_by_role("status")).to_contain_text("does not start")
    expect(page.locator("#pane-failure")).to_contain_text("SyntaxError")
    source.write_text(good, "utf-8")
    send(page)
    expect(page.get_by_role("status")).to_contain_text("200 OK")
    expect(page.locator("#pane-failure")).to_be_hidden()


def test_a_lesson_that_ends_its_process_leaves_the_others_alive(
    page,
    base,
    course_copy,  # noqa: F811
):
    source = course_copy / "day01" / "routing" / "app.py"
    good = source.read_text("utf-8")
    first = '    """'
    source.write_text(good.replace(first, f"    import os; os._exit(3)\n{first}", 1), "utf-8")
    page.goto(f"{base}/day01/routing/")
    for button in page.locator("[data-try]").all():
        button.click()
        expect(page.get_by_role("status")).not_to_contain_text("Sending")
    page.goto(base + LESSON)
    fill(page, "GET /goods/42 HTTP/1.1\nHost: 127.0.0.1:5000\n")
    send(page)
    expect(page.get_by_role("status")).to_contain_text("200 OK")
    source.write_text(good, "utf-8")
    page.goto(f"{base}/day01/routing/")
    send(page)
    expect(page.get_by_role("status")).to_contain_text("200 OK")


def test_the_lesson_opens_in_a_new_tab(page, base):
    page.goto(f"{base}/day01/hello/")
    with page.expect_popup() as popup:
        page.locator(".open").get_by_role("link", name="the lesson").click()
    expect(popup.value.locator("body")).to_have_text("Hello, World!")


# -- every kind of page

PAGES = [
    "/",
    "/day01/",
    LESSON,
    "/day01/sending_data/",
    "/day06_project/shop/",
    "/search?q=converter",
    "/readme/",
    "/reference/index/",
    "/reference/glossary/",
    "/nowhere/",
]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways(page, base, path):
    page.goto(base + path)
    for width in (320, 360, 768, 1440):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_moves_by_itself(page, base):
    page.goto(base + LESSON)
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].map(getComputedStyle).filter(style =>
            style.scrollBehavior !== "auto" || style.animationName !== "none"
            || style.transitionDuration !== "0s").length"""
    )
    assert moving == 0


needs_axe = pytest.mark.skipif(
    not AXE.exists(),
    reason="axe-core is not installed: npm install --no-save --prefix tests axe-core",
)

# Each kind of page once in either scheme; axe takes seconds for a page full of code.
SEEN = [
    (path, "light", 1440)
    for path in ("/", "/day01/", LESSON, "/nowhere/", "/reference/glossary/", "/search?q=csrf")
] + [
    (path, "dark", 360)
    for path in ("/", "/day01/", "/day01/sending_data/", "/search?q=csrf", "/readme/", "/nowhere/")
]


@needs_axe
@pytest.mark.parametrize(("path", "scheme", "width"), SEEN)
def test_accessibility(browser, started, path, scheme, width):  # noqa: F811
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    page = enter(context.new_page(), started)
    page.goto(started.base + path)
    if page.locator("#pane-try").count():
        page.locator("[data-try]").first.click()
        expect(page.locator("#pane-answer")).not_to_be_empty()
    found = problems(page)
    context.close()
    assert found == []


LESSON_PAGES = [
    "day01/configuration/app/",
    "day02/file_upload/app/",
    "day02/query_and_form/app/",
    "day03/filters/app/",
    "day03/forms/app/",
    "day03/flash_messages/app/",
    "day03/database/app/",
    "day03/database/app/authors/1",
    "day03/composite_key/app/",
    "day04/login/app/login",
]


# In light colours only: axe takes the background of a page that sets none for white.
@needs_axe
@pytest.mark.parametrize("path", LESSON_PAGES)
def test_accessibility_of_a_lessons_own_page(page, started, path):  # noqa: F811
    page.set_viewport_size({"width": 360, "height": 700})
    response = page.goto(f"{started.worker}/run/{path}")
    assert response.ok
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert problems(page) == []
