"""The rendered and the separated page in a real browser."""

import threading

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from day06_project.rendered_or_separated import app as lesson
from day06_project.rendered_or_separated.app import Goods, app
from tests.helpers import SECOND_HALF, serving

expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect
pytestmark = pytest.mark.browser

ROWS = ["Green tea, 100 g: 6.90", "Mug, I <3 tea: 12.50", "Teapot: 27.50"]
ATTACK = Goods(4, "<img src=x onerror='document.title=1'>", 100)


class Gate:
    """Notes the requests, and lets those for the goods wait or fail if a test says so."""

    def __init__(self):
        self.paths = []
        self.open = threading.Event()
        self.open.set()
        self.fails = False

    def __call__(self, environ, start_response):
        self.paths.append(environ["SCRIPT_NAME"] + environ["PATH_INFO"])
        if "/api/" in environ["PATH_INFO"]:
            self.open.wait(120)
            if self.fails:
                start_response("503 Service Unavailable", [])
                return [b""]
        return app(environ, start_response)


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def url(gate):
    """Give the URL of a server that has the lesson below a prefix, as the reader has it."""
    with serving(DispatcherMiddleware(Flask("reader"), {"/run/it": gate})) as server:
        yield f"{server.url}/run/it"
        gate.open.set()


@pytest.fixture
def tab(browser):
    context = browser.new_context()
    opened = context.new_page()
    problems = opened.problems = []

    def note(said):
        if said.type == "error" and "favicon" not in said.text + said.location["url"]:
            problems.append(said.text)

    opened.on("console", note)
    opened.on("pageerror", lambda error: problems.append(str(error)))
    yield opened
    context.close()


def rows(tab):
    return tab.get_by_role("main").get_by_role("listitem")


def test_both_ways_end_with_the_same_picture(tab, url):
    tab.goto(url + "/")
    tab.get_by_role("link", name="The page, rendered by the server").click()
    expect(rows(tab)).to_have_text(ROWS)
    tab.get_by_role("link", name="The same page, separated").click()
    expect(rows(tab)).to_have_text(ROWS)
    expect(tab.get_by_role("status")).to_be_empty()
    tab.get_by_role("link", name="The same page, rendered").click()
    expect(rows(tab)).to_have_text(ROWS)
    assert tab.problems == []


def test_one_request_or_three_until_the_goods_are_there(tab, url, gate):
    def asked():
        paths = [path for path in gate.paths if not path.endswith((".css", ".ico"))]
        gate.paths.clear()
        return [path.removeprefix("/run/it") for path in paths]

    tab.goto(url + "/rendered")
    expect(rows(tab)).to_have_text(ROWS)
    assert asked() == ["/rendered"]
    tab.goto(url + "/separated")
    expect(rows(tab)).to_have_text(ROWS)
    assert asked() == ["/separated", "/static/separated.js", "/api/goods"]


def test_until_the_goods_arrive_only_the_rendered_page_has_them(tab, url, gate):
    gate.open.clear()
    tab.goto(url + "/rendered")
    expect(rows(tab)).to_have_text(ROWS)
    tab.goto(url + "/separated")
    expect(tab.get_by_role("status")).to_have_text("Loading ...")
    expect(rows(tab)).to_have_count(0)
    gate.open.set()
    expect(rows(tab)).to_have_text(ROWS)


def test_a_failure_is_shown_and_can_be_tried_again(tab, url, gate):
    gate.fails = True
    tab.goto(url + "/separated")
    expect(tab.get_by_role("status")).to_contain_text("could not be loaded: the server says 503")
    gate.fails = False
    tab.get_by_role("button", name="Try again").focus()
    tab.keyboard.press("Enter")
    expect(rows(tab)).to_have_text(ROWS)
    expect(tab.get_by_role("status")).to_be_empty()
    expect(tab.get_by_role("button", name="Try again")).to_be_hidden()


def test_without_javascript_only_the_rendered_page_shows_goods(browser, url, gate):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(url + "/separated")
    expect(tab.get_by_text("This page needs JavaScript")).to_be_visible()
    expect(rows(tab)).to_have_count(0)
    tab.get_by_role("link", name="The same page, rendered").click()
    expect(rows(tab)).to_have_text(ROWS)
    assert not any("/api/" in path for path in gate.paths)
    context.close()


@pytest.mark.parametrize("path", ["/rendered", "/separated"])
def test_markup_in_a_name_is_shown_and_not_run(tab, url, monkeypatch, path):
    monkeypatch.setattr(lesson, "GOODS", [ATTACK])
    tab.goto(url + path)
    expect(rows(tab)).to_have_text([ATTACK.name + ": 1.00"])
    assert tab.locator("li img").count() == 0
    assert tab.problems == []


def test_an_inline_script_that_was_added_is_not_run(tab, url):
    tab.goto(url + "/rendered")
    tab.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "document.title = 'smuggled'";
          document.body.append(script);
        }"""
    )
    expect(tab).to_have_title("Rendered")
    assert "Content Security Policy" in tab.problems[0]
