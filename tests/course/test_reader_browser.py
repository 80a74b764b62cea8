"""A lesson that goes wrong, as a student sees it in the browser: with the real time limit."""

import pytest

from tests.course.browsing import course_copy, enter, started  # noqa: F401
from tests.helpers import SECOND_HALF

expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # milliseconds


@pytest.fixture
def hello(page, started, course_copy):  # noqa: F811
    """Open a lesson; give the function that puts code into its view and sends the request."""
    enter(page, started)
    source = course_copy / "day01" / "hello" / "app.py"
    good = source.read_text("utf-8")
    page.goto(f"{started.base}/day01/hello/")

    def send(code):
        source.write_text(good.replace('return "Hello, World!"', code), "utf-8")
        page.get_by_role("button", name="Send").click()
        return expect(page.get_by_role("status"))

    yield send
    source.write_text(good, "utf-8")
    page.goto(f"{started.base}/day01/routing/")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("200 OK")


def test_an_endless_loop_is_ended_and_says_where_it_was(hello):
    status = hello("while True: pass")
    status.to_contain_text("did not end within 10 seconds", timeout=PATIENCE)
    status.to_contain_text("it was at day01/hello/app.py:17 in index. It was stopped.")
    hello('return "again"').to_contain_text("200 OK", timeout=PATIENCE)


def test_two_gigabytes_are_refused(page, hello):
    hello("return str(len(bytes(2 * 10**9)))").to_contain_text("500", timeout=PATIENCE)
    expect(page.locator("#pane-failure")).to_contain_text("MemoryError")
