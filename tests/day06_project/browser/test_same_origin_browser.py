"""What a real browser keeps apart: pages, data and cookies of two origins."""

from contextlib import ExitStack

import pytest
from flask import Flask

from day06_project.same_origin.app import create_app
from day06_project.same_origin.origins import as_header, origin
from tests.day06_project.pairs import PAIRS
from tests.helpers import SECOND_HALF, serving

expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect
pytestmark = pytest.mark.browser


@pytest.fixture
def serve():
    """Give a function that serves an app on a free port, and returns the port."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app)).server_port


@pytest.fixture
def tab(browser):
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def sites(serve):
    """Give the addresses of a page and of the lesson, which names that page's origin."""
    pages = Flask("pages")
    pages.add_url_rule("/", view_func=lambda: "<!doctype html><title>A page</title>")
    page = f"http://127.0.0.1:{serve(pages)}"
    lesson = create_app({"ALLOWED_ORIGINS": page})
    port = serve(lesson)
    return page, f"http://127.0.0.1:{port}", lesson.test_client()


def ask(tab, url, **options):
    """Let the page's script ask, and return what it gets to see; None if that is nothing."""
    return tab.evaluate(
        """async ([url, options]) => {
          try {
            const response = await fetch(url, options);
            return response.type === "opaque" ? "opaque" : await response.json();
          } catch { return null; }
        }""",
        [url, options],
    )


def reached(server):
    return server.get("/reached").json


def test_another_port_is_another_origin_and_a_header_opens_it(tab, sites):
    page, api, server = sites
    tab.goto(page)
    assert ask(tab, api + "/private") is None
    assert reached(server) == {"GET /private": 1}
    assert ask(tab, api + "/shared")["origin"] == page
    # The same page under the server's other name is of an origin that is not named.
    tab.goto(page.replace("127.0.0.1", "localhost"))
    assert ask(tab, api + "/shared") is None
    assert reached(server) == {"GET /private": 1, "GET /shared": 2}
    seen = ask(tab, api + "/shared-unsafe", headers={"Origin": page}, credentials="include")
    assert seen["origin"] == page.replace("127.0.0.1", "localhost")  # no script can change it


def test_localhost_is_not_127_0_0_1_but_a_page_reads_its_own_origin(tab, serve):
    port = serve(create_app({"ALLOWED_ORIGINS": ""}))
    tab.goto(f"http://localhost:{port}/")
    for path in ("/private", "/shared"):
        assert ask(tab, f"http://localhost:{port}{path}")["seen"] == f"GET {path}"
        assert ask(tab, f"http://127.0.0.1:{port}{path}") is None


def test_a_post_arrives_unread_and_the_guarded_one_changes_nothing(tab, sites):
    page, api, server = sites
    tab.goto(page)
    assert ask(tab, api + "/private", method="POST", body="x") is None
    assert ask(tab, api + "/private", method="POST", mode="no-cors") == "opaque"
    assert ask(tab, api + "/guarded", method="POST") is None
    assert reached(server) == {"POST /private": 2}


def test_a_form_needs_no_permission(tab, sites):
    page, api, server = sites
    tab.goto(page)
    with tab.expect_navigation():
        tab.evaluate(
            """action => {
              const form = document.createElement("form");
              Object.assign(form, { action, method: "post" });
              document.body.append(form);
              form.submit();
            }""",
            api + "/private",
        )
    assert reached(server) == {"POST /private": 1}


@pytest.mark.parametrize(
    "options",
    [
        {"method": "PUT"},
        {"method": "POST", "body": "{}", "headers": {"Content-Type": "application/json"}},
    ],
)
def test_the_browser_asks_first_for_what_no_form_can_send(tab, sites, options):
    page, api, server = sites
    tab.goto(page)
    assert ask(tab, api + "/private", **options) is None
    assert reached(server) == {}
    assert ask(tab, api + "/shared", **options)["seen"] == f"{options['method']} /shared"
    tab.goto(page.replace("127.0.0.1", "localhost"))
    assert ask(tab, api + "/shared", **options) is None
    assert reached(server) == {f"{options['method']} /shared": 1}


def test_cookies_go_to_another_port_but_not_to_another_site(tab, sites):
    page, api, _ = sites
    tab.goto(api)
    tab.get_by_role("button", name="Set the cookie").click()
    # 127.0.0.1 to 127.0.0.1, another port: another origin, the same site.
    tab.goto(page)
    assert ask(tab, api + "/shared")["visitor"] is None
    assert ask(tab, api + "/shared", credentials="include")["visitor"] == "Ann"
    # localhost to 127.0.0.1: another site. SameSite=Lax keeps the cookie at home ...
    elsewhere = page.replace("127.0.0.1", "localhost")
    tab.goto(elsewhere)
    assert ask(tab, api + "/shared-unsafe", credentials="include")["visitor"] is None
    # ... unless the visitor goes there.
    with tab.expect_navigation():
        tab.evaluate("url => { location = url }", api + "/private")
    assert '"visitor":"Ann"' in tab.content()


def test_a_star_opens_nothing_that_was_asked_with_cookies(tab, sites):
    page, api, _ = sites
    tab.goto(page.replace("127.0.0.1", "localhost"))
    assert ask(tab, api + "/reached") == {}
    assert ask(tab, api + "/reached", credentials="include") is None


def test_scripts_of_another_origin_are_run_and_not_read(tab, serve, sites):
    page, _, _ = sites
    scripts = Flask("scripts")
    answer = ("document.title = 'run'", 200, {"Content-Type": "text/javascript"})
    scripts.add_url_rule("/script.js", view_func=lambda: answer)
    script = f"http://127.0.0.1:{serve(scripts)}/script.js"
    tab.goto(page)
    assert ask(tab, script) is None
    tab.add_script_tag(url=script)
    assert tab.title() == "run"


def test_the_page_of_the_lesson_shows_it(tab, serve):
    pages = create_app({"ALLOWED_ORIGINS": ""})
    here = f"http://127.0.0.1:{serve(pages)}"
    api = f"http://127.0.0.1:{serve(create_app({'ALLOWED_ORIGINS': here}))}"
    tab.goto(here)
    entry = tab.get_by_role("log").get_by_role("listitem").last
    expect(tab.locator("#here")).to_have_text(here)
    other = tab.get_by_label("The other origin")
    expect(other).to_have_value(here.replace("127.0.0.1", "localhost"))
    tab.get_by_role("button", name="GET shared", exact=True).click()
    expect(entry).to_contain_text("blocked by the browser")
    tab.get_by_role("button", name="What has reached the server?").click()
    expect(entry).to_contain_text('200 {"GET /shared":1}')
    other.fill(api)
    tab.get_by_role("button", name="PUT shared").click()
    expect(entry).to_contain_text('200 {"origin":"' + here)
    with tab.expect_navigation():
        tab.get_by_role("button", name="Set the cookie").click()
    expect(tab.locator("#here")).to_have_text(here)  # the script has run
    other.fill(api)
    tab.get_by_label("send cookies along").check()
    tab.get_by_role("button", name="GET shared", exact=True).click()
    expect(entry).to_contain_text('"visitor":"Ann"')
    tab.get_by_role("button", name="POST guarded").click()
    expect(entry).to_contain_text("blocked by the browser")
    other.fill("no address")
    tab.get_by_role("button", name="GET private").click()
    expect(entry).to_contain_text("blocked by the browser, or not there")
    tab.get_by_label("Another address").fill("https://shop.example")
    tab.get_by_role("button", name="Compare").click()
    expect(tab.locator("#result")).to_contain_text("not the same origin")


def test_the_browser_agrees_about_addresses(tab):
    pairs = [pair for pair in PAIRS if not pair[0].startswith("file:")]  # each its own way there
    found = tab.evaluate(
        """pairs => pairs.map(([a, b]) => {
          const first = new URL(a).origin;
          return [first, first !== "null" && first === new URL(b).origin];
        })""",
        [[a, b] for a, b, _ in pairs],
    )
    assert found == [[as_header(origin(a)), same] for a, _, same in pairs]


def test_what_the_function_refuses_the_browser_reads_in_its_own_way(tab):
    """Why it refuses: these are addresses of somewhere else than they seem to be."""
    read = "urls => urls.map(url => new URL(url).host)"
    assert tab.evaluate(read, ["http://shop.example\\@evil.example", "http://127.1"]) == [
        "shop.example",
        "127.0.0.1",
    ]
