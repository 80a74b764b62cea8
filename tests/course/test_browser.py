"""The reader in a real browser, over a copy of the course that the tests may break."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from course.catalogue import ROOT
from tests.helpers import AXE, SECOND_HALF

expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect

pytestmark = pytest.mark.browser

LESSON = "/day01/converters/"


@pytest.fixture(scope="session")
def course_copy(tmp_path_factory):
    root = tmp_path_factory.mktemp("course") / "copy"
    ignored = shutil.ignore_patterns(
        ".git", ".venv", "__pycache__", "node_modules", "instance", ".*_cache"
    )
    shutil.copytree(ROOT, root, ignore=ignored)
    return root


@pytest.fixture(scope="session")
def base_url(course_copy):
    process = subprocess.Popen(
        [sys.executable, "-m", "course", "serve", "--no-browser"],
        cwd=course_copy,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    for line in process.stdout:
        if "http://" in line:
            yield line.split(" is at ")[1].split()[0].rstrip("/")
            break
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate()


def test_read_from_the_index_on(page, base_url):
    page.goto(base_url)
    page.get_by_role("link", name="Converters", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Converters")
    page.get_by_role("link", name="URL building →").click()
    expect(page).to_have_title("URL building · Flask in six days")


def test_send_a_request_and_see_the_answer(page, base_url):
    page.goto(base_url + LESSON)
    page.get_by_label("Request as it goes").fill("GET /goods/42 HTTP/1.1\nHost: 127.0.0.1:5000\n")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("200 OK")
    expect(page.locator("#answer")).to_contain_text('{"type":"int","value":42}')
    expect(page.locator("#curl-line")).to_have_text("curl -i http://127.0.0.1:5000/goods/42")


def test_the_requests_of_the_notes_are_ready_made(page, base_url):
    page.goto(base_url + LESSON)
    page.locator("pre.console", has_text="/goods/seven").get_by_role("button").last.click()
    expect(page.get_by_role("status")).to_contain_text("404 NOT FOUND")
    page.get_by_label("Requests of the notes").select_option("GET /prices/9.90")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer")).to_contain_text('"value":9.9')


def test_markup_in_an_answer_is_text(page, base_url):
    page.goto(base_url + LESSON)
    page.get_by_label("Request as it goes").fill("GET /hello-unsafe/<b>x HTTP/1.1\n")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer")).to_contain_text("Hello <b>x")
    assert page.locator("#answer b").count() == 0


@pytest.mark.parametrize(("words", "title"), [("mobile regex", "Custom converters"), ("王", None)])
def test_search(page, base_url, course_copy, words, title):
    if title is None:  # Chinese, in a file that the course does not have yet
        notes = course_copy / "day01" / "hello" / "README.zh-CN.md"
        notes.write_text("# 你好\n\n给老王的第一个页面。\n", "utf-8")
        title = "Hello"
    page.goto(base_url)
    page.keyboard.press("/")
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.locator(".hits a").first).to_have_text(title)


def test_arrows_turn_pages_but_not_while_typing(page, base_url):
    page.goto(base_url + LESSON)
    page.get_by_label("Request as it goes").click()
    page.keyboard.press("ArrowRight")
    page.keyboard.type("/")
    expect(page).to_have_url(base_url + LESSON)
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(base_url + "/day01/url_building/")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(base_url + LESSON)


def test_the_first_tab_stop_skips_to_the_content(page, base_url):
    page.goto(base_url + LESSON)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_broken_lesson_shows_why_and_is_mended_without_a_restart(page, base_url, course_copy):
    source = course_copy / "day01" / "routing" / "app.py"
    good = source.read_text("utf-8")
    source.write_text(good + "\ndef broken(:\n", "utf-8")
    page.goto(base_url + "/day01/routing/")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("does not start")
    expect(page.locator("#failure")).to_contain_text("SyntaxError")
    source.write_text(good, "utf-8")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("200 OK")
    expect(page.locator("#failure")).to_be_hidden()


def test_another_file_is_shown_and_the_request_stays(page, base_url):
    page.goto(base_url + "/day01/sending_data/")
    page.get_by_label("Request as it goes").fill("mine")
    page.get_by_role("link", name="client.py", exact=True).last.click()
    expect(page.locator("#code")).to_contain_text("import requests")
    expect(page.get_by_label("Request as it goes")).to_have_value("mine")
    page.reload()
    expect(page.locator("#code")).to_contain_text("import requests")


def test_cookies_are_kept_shown_and_forgotten(page, base_url):
    page.goto(base_url + "/day02/sessions/")
    page.get_by_label("Requests of the notes").select_option("POST /login (cookies kept)")
    expect(page.get_by_label("keep cookies")).to_be_checked()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#jar")).to_contain_text("session=")
    page.get_by_label("Request as it goes").fill("GET /who HTTP/1.1")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer")).to_contain_text('{"name":"Ann"}')
    page.get_by_role("button", name="forget them").click()
    expect(page.locator("#jar")).to_be_hidden()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer")).to_contain_text('{"name":null}')


def test_the_lesson_opens_in_a_new_tab(page, base_url):
    page.goto(base_url + LESSON)
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Open in a new tab").click()
    expect(popup.value.locator("body")).to_contain_text('{"type":"int","value":7}')


def test_reading_needs_no_script(browser, base_url):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base_url + LESSON)
    expect(page.get_by_role("heading", name="What older notes say")).to_be_visible()
    expect(page.locator("#code")).to_contain_text("Take typed values out of the path")
    assert page.get_by_role("button").count() == 0
    page.get_by_label("Search notes and source").fill("converter")
    page.keyboard.press("Enter")
    expect(page.locator(".hits a").first).to_have_text("Converters")
    context.close()


PAGES = ["/", "/day01/", LESSON, "/day01/sending_data/", "/search?q=converter", "/nowhere/"]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways(page, base_url, path):
    page.goto(base_url + path)
    for width in (320, 768, 1440):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


needs_axe = pytest.mark.skipif(
    not AXE.exists(),
    reason="axe-core is not installed: npm install --no-save --prefix tests axe-core",
)


def problems(page):
    """Return what axe-core finds wrong on the page, as (rule, pieces of HTML)."""
    page.add_script_tag(path=AXE)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    result = page.evaluate("tags => axe.run({runOnly: tags})", tags)
    assert result["passes"]
    return [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in result["violations"]]


# Each kind of page once in either scheme; axe takes seconds for a page full of code.
SEEN = [(path, "light", 1440) for path in ("/", "/day01/", LESSON, "/nowhere/")] + [
    (path, "dark", 360) for path in ("/", "/day01/sending_data/", "/search?q=converter")
]


@needs_axe
@pytest.mark.parametrize(("path", "scheme", "width"), SEEN)
def test_accessibility(browser, base_url, path, scheme, width):
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    page = context.new_page()
    page.goto(base_url + path)
    if page.locator("#try").count():
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#answer")).to_be_visible()
    found = problems(page)
    context.close()
    assert found == []


LESSON_PAGES = [
    "day01/configuration/",
    "day02/file_upload/",
    "day02/query_and_form/",
    "day03/filters/",
    "day03/forms/",
    "day03/flash_messages/",
    "day03/database/",
    "day03/database/authors/1",
    "day03/composite_key/",
    "day04/login/login",
]


# In light colours only: axe takes the background of a page that sets none for white.
@needs_axe
@pytest.mark.parametrize("path", LESSON_PAGES)
def test_accessibility_of_a_lessons_own_page(page, base_url, path):
    page.set_viewport_size({"width": 360, "height": 700})
    response = page.goto(f"{base_url}/run/{path}")
    assert response.ok
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert problems(page) == []
