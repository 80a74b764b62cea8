import re
import shutil
import threading

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

from day06_project.rendered_or_separated import app as lesson
from day06_project.rendered_or_separated.app import GOODS, Goods, app

CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "chrome"])), None)
ROWS = ["Green tea, 100 g: 6.90", "Mug, I <3 tea: 12.50", "Teapot: 27.50"]
ATTACK = Goods(4, "<img src=x onerror='document.title=1'>", 100)


def sent(client, path):
    """Return the answer and its text; a file that is sent has to be closed."""
    with client.get(path) as response:
        return response, response.get_data(as_text=True)


@pytest.mark.point("D6-01")
def test_the_rendered_page_holds_the_goods(client):
    response, text = sent(client, "/rendered")
    assert response.mimetype == "text/html"
    rows = [row.replace("<", "&lt;") for row in ROWS]
    assert re.findall("<li>(.+?)</li>", text) == rows
    assert "<script" not in text


@pytest.mark.point("D6-02")
def test_the_shell_holds_none_and_json_holds_them_all(client):
    response, shell = sent(client, "/separated")
    assert response.mimetype == "text/html"
    data = client.get("/api/goods")
    assert data.mimetype == "application/json"
    assert [goods["name"] for goods in data.json["items"]] == [goods.name for goods in GOODS]
    assert [goods["price"] for goods in data.json["items"]] == [690, 1250, 2750]
    for goods in GOODS:
        assert goods.name not in shell
    assert re.search(r'<ul id="goods">\s*</ul>', shell)


@pytest.mark.point("D6-02")
def test_the_shell_is_the_same_whatever_the_goods_are(client, monkeypatch):
    before = sent(client, "/separated")[1]
    rendered = sent(client, "/rendered")[1]
    monkeypatch.setattr(lesson, "GOODS", GOODS[:1])
    assert sent(client, "/separated")[1] == before
    assert sent(client, "/rendered")[1] != rendered


def test_a_browser_that_has_the_shell_gets_no_other(client):
    response, _ = sent(client, "/separated")
    again = client.get("/separated", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    again.close()


def test_one_of_the_goods_and_none(client):
    assert client.get("/api/goods/2").json == {"id": 2, "name": "Mug, I <3 tea", "price": 1250}
    for path in ("/api/goods/4", "/api/goods/99999999999999999999", "/api/goods/x", "/nothing"):
        assert client.get(path).status_code == 404
    assert client.post("/api/goods").status_code == 405


def test_markup_in_a_name_stays_text_in_the_rendered_page(client, monkeypatch):
    monkeypatch.setattr(lesson, "GOODS", [ATTACK])
    assert "<img" not in sent(client, "/rendered")[1]
    assert client.get("/api/goods").mimetype == "application/json"


@pytest.mark.parametrize("path", ["/", "/rendered", "/separated", "/api/goods", "/nothing"])
def test_only_own_files_are_allowed(client, path):
    response, text = sent(client, path)
    policy = dict(
        rule.strip().split(" ", 1)
        for rule in response.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert {policy[f"{kind}-src"] for kind in ("script", "style", "connect")} == {"'self'"}
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", text)


# In a browser

in_a_browser = [
    pytest.mark.skipif("not config.pluginmanager.hasplugin('playwright')", reason="no Playwright"),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


def browser_test(function):
    for mark in in_a_browser:
        function = mark(function)
    return function


@pytest.fixture(scope="session")
def browser_type_launch_args():
    # No download of a browser of its own; no sandbox, which Chromium refuses to build for root.
    return {
        "executable_path": CHROMIUM,
        "args": ["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
    }


class Gate:
    """Counts the requests, and lets those for the goods wait or fail where a test wants it."""

    def __init__(self):
        self.paths = []
        self.open = threading.Event()
        self.open.set()
        self.fails = False

    def __call__(self, environ, start_response):
        self.paths.append(environ["SCRIPT_NAME"] + environ["PATH_INFO"])
        if "/api/" in environ["PATH_INFO"]:
            self.open.wait(20)
            if self.fails:
                start_response("503 Service Unavailable", [])
                return [b""]
        return app(environ, start_response)


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def url(gate):
    """Give the address of a server that has the lesson below a prefix, as the reader has it."""
    mounted = DispatcherMiddleware(Flask("reader"), {"/run/it": gate})
    server = make_server("127.0.0.1", 0, mounted, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/run/it"
    gate.open.set()
    server.shutdown()
    thread.join()
    server.server_close()


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


@browser_test
@pytest.mark.point("D6-01", "D6-02")
def test_both_ways_end_with_the_same_picture(tab, url):
    from playwright.sync_api import expect

    tab.goto(url + "/")
    tab.get_by_role("link", name="The page, rendered by the server").click()
    expect(rows(tab)).to_have_text(ROWS)
    tab.get_by_role("link", name="The same page, separated").click()
    expect(rows(tab)).to_have_text(ROWS)
    expect(tab.get_by_role("status")).to_be_empty()
    tab.get_by_role("link", name="The same page, rendered").click()
    expect(rows(tab)).to_have_text(ROWS)
    assert tab.problems == []


@browser_test
def test_one_request_or_three_until_the_goods_are_there(tab, url, gate):
    from playwright.sync_api import expect

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


@browser_test
def test_while_the_goods_are_on_their_way_only_the_rendered_page_has_them(tab, url, gate):
    from playwright.sync_api import expect

    gate.open.clear()
    tab.goto(url + "/rendered")
    expect(rows(tab)).to_have_text(ROWS)
    tab.goto(url + "/separated")
    expect(tab.get_by_role("status")).to_have_text("Loading ...")
    expect(rows(tab)).to_have_count(0)
    gate.open.set()
    expect(rows(tab)).to_have_text(ROWS)


@browser_test
def test_a_failure_is_told_and_can_be_tried_again(tab, url, gate):
    from playwright.sync_api import expect

    gate.fails = True
    tab.goto(url + "/separated")
    expect(tab.get_by_role("status")).to_contain_text("could not be loaded: the server says 503")
    gate.fails = False
    tab.get_by_role("button", name="Try again").focus()
    tab.keyboard.press("Enter")
    expect(rows(tab)).to_have_text(ROWS)
    expect(tab.get_by_role("status")).to_be_empty()
    expect(tab.get_by_role("button", name="Try again")).to_be_hidden()


@browser_test
@pytest.mark.point("D6-02")
def test_without_javascript_only_the_rendered_page_shows_goods(browser, url, gate):
    from playwright.sync_api import expect

    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(url + "/separated")
    expect(tab.get_by_text("This page needs JavaScript")).to_be_visible()
    expect(rows(tab)).to_have_count(0)
    tab.get_by_role("link", name="The same page, rendered").click()
    expect(rows(tab)).to_have_text(ROWS)
    assert not any("/api/" in path for path in gate.paths)
    context.close()


@browser_test
@pytest.mark.parametrize("path", ["/rendered", "/separated"])
def test_markup_in_a_name_is_shown_and_not_run(tab, url, monkeypatch, path):
    from playwright.sync_api import expect

    monkeypatch.setattr(lesson, "GOODS", [ATTACK])
    tab.goto(url + path)
    expect(rows(tab)).to_have_text([ATTACK.name + ": 1.00"])
    assert tab.locator("li img").count() == 0
    assert tab.problems == []


@browser_test
def test_a_smuggled_script_is_not_run(tab, url):
    from playwright.sync_api import expect

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
