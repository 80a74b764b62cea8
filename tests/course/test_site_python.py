"""A live site with Python in the browser, built as it is published: a walk through it."""

import shutil
import threading
from functools import partial
from http.server import ThreadingHTTPServer

import pytest
from bs4 import BeautifulSoup

from course import catalogue
from course.site.build import build
from tests.course.test_site import Quiet, check_links
from tests.course.test_site_live import save, send

try:
    from playwright.sync_api import expect
except ImportError:  # the tests are skipped
    expect = None

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed"),
]

MINUTE = 60_000  # milliseconds: Python starts in a few seconds, on a busy machine in many
ANSWER = "#pane-answer"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("host") / "flask", live=True).folder


@pytest.fixture(scope="module")
def base(folder):
    handler = partial(Quiet, directory=folder.parent)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/flask/"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(page):
    """Give a page that may load for a while, and fail if it asks another site for something."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    assert {url.split("/")[2].split(":")[0] for url in asked if url.startswith("http")} == {
        "127.0.0.1"
    }


def get(page, path, words):
    send(page, f"GET {path} HTTP/1.1")
    expect(page.locator(ANSWER)).to_contain_text(words, timeout=MINUTE)


def test_links_and_the_lessons_that_do_not_run(folder):
    assert check_links(folder) > 10_000
    page = BeautifulSoup((folder / "where/index.html").read_text("utf-8"), "html.parser")
    rows = {row.a["href"].strip("./"): row.find_all("td") for row in page.select("tbody tr")}
    assert set(rows) == {lesson.id for lesson in catalogue.lessons()}
    counts = {lesson: [int(n) for n in row[1].text.split(" of ")] for lesson, row in rows.items()}
    assert sum(run for run, _ in counts.values()) >= 230
    for lesson, (run, of) in counts.items():
        if lesson.startswith(("day01/", "day03/")):
            assert run == of, lesson
    assert "new thread" in rows["day04/mail"][2].text
    assert "new thread" in (folder / "day04/mail/index.html").read_text("utf-8")


def test_a_lesson_is_sent_requests_broken_and_mended(page, base):
    page.goto(f"{base}day01/custom_converter/")
    page.get_by_label("Send it to").select_option("first")
    get(page, "/send_sms/13800000000", "A message")
    save(page, "first.py", "import nothing_of_this_name\n")
    page.get_by_role("tab", name="Try it").click()
    page.get_by_label("Send it to").select_option("first")
    send(page)
    expect(page.locator("#pane-failure")).to_contain_text("nothing_of_this_name", timeout=MINUTE)
    page.get_by_role("tab", name="Source").click()
    page.get_by_role("button", name="back to the original").click()
    expect(page.locator("#pane-saved")).to_contain_text("the original again", timeout=MINUTE)
    page.get_by_role("tab", name="Try it").click()
    get(page, "/send_sms/13800000000", "A message")


def test_a_form_with_a_token_is_sent_in_the_page_of_the_lesson(page, base):
    page.goto(f"{base}day03/forms/#page-title")
    frame = page.frame_locator("#pane-frame")
    expect(frame.locator("input[name=csrf_token]")).to_be_attached(timeout=MINUTE)
    frame.locator("[type=submit]").first.click()
    expect(frame.locator("form")).to_be_visible(timeout=MINUTE)
    expect(frame.locator("body")).not_to_contain_text("CSRF")
    expect(page.get_by_label("Path of the page")).to_have_value("/")


def test_an_endless_loop_is_ended(page, base):
    page.goto(f"{base}day01/hello/")
    get(page, "/", "200 OK")
    page.locator("#source-pane-tab").click()
    save(page, "app.py", "while True:\n    pass\n")
    page.get_by_role("tab", name="Try it").click()
    send(page)
    expect(page.locator("#pane-status")).to_contain_text("was stopped", timeout=MINUTE)
    page.get_by_role("tab", name="Source").click()
    page.get_by_role("button", name="back to the original").click()
    expect(page.locator("#pane-saved")).to_contain_text("the original again", timeout=MINUTE)
    page.get_by_role("tab", name="Try it").click()
    get(page, "/", "200 OK")


def test_what_was_visited_works_without_a_connection(page, context, base):
    page.goto(f"{base}day02/cookies/")
    get(page, "/", "HTTP/1.1")
    page.wait_for_function("() => navigator.serviceWorker.controller")
    page.reload()
    get(page, "/", "HTTP/1.1")
    context.set_offline(True)
    page.reload()
    get(page, "/", "HTTP/1.1")
    page.goto(base)
    expect(page.locator("#work")).to_be_visible()


def test_data_of_a_lesson_survive_a_reload(page, base):
    page.goto(f"{base}day03/database/")
    page.get_by_label("Send it to").select_option("first")
    form = "POST /authors HTTP/1.1\nContent-Type: application/x-www-form-urlencoded"
    page.get_by_label("Request as the server reads it").fill(
        f"{form}\nHost: 127.0.0.1:5000\n\nname=Le Guin"
    )
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(ANSWER)).to_contain_text("Le Guin", timeout=MINUTE)
    page.reload()
    page.get_by_label("Send it to").select_option("first")
    get(page, "/authors", "Le Guin")
