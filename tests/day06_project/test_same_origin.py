import http.cookiejar
import shutil
import threading
import urllib.request

import pytest
from flask import Flask
from werkzeug.serving import make_server

from day06_project.same_origin.app import create_app
from day06_project.same_origin.origins import UnclearAddressError, as_header, origin, same_origin

CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "chrome"])), None)
OURS = "http://127.0.0.1:5000"
EVIL = "http://evil.example"

PAIRS = [
    ("http://shop.example", "http://shop.example:80/goods?x#y", True),
    ("https://shop.example", "https://shop.example:443", True),
    ("ws://shop.example", "ws://shop.example:80", True),
    ("wss://shop.example", "wss://shop.example:443", True),
    ("ftp://shop.example", "ftp://shop.example:21", True),
    ("HTTP://SHOP.example", "http://shop.EXAMPLE/", True),
    ("http://ann:secret@shop.example", "http://shop.example", True),
    ("http://shop.example:080", "http://shop.example:", True),
    ("http://shop.example:0", "http://shop.example:0/", True),
    ("http://[::1]:5000", "http://[0:0:0:0:0:0:0:1]:5000", True),
    ("blob:https://shop.example/0ff1ce", "https://shop.example", True),
    ("http://127.0.0.1:5000", "http://127.0.0.1:5001", False),
    ("http://shop.example", "http://shop.example:443", False),
    ("http://shop.example:0", "http://shop.example", False),
    ("http://shop.example", "https://shop.example", False),
    ("http://shop.example:80", "https://shop.example:80", False),
    ("http://shop.example", "ws://shop.example", False),
    ("http://shop.example", "http://www.shop.example", False),
    ("http://shop.example", "http://shop.example.evil.example", False),
    ("http://shop.example", "http://shop.example.", False),
    ("http://shop.example@evil.example", "http://shop.example", False),
    ("http://evil.example?@shop.example", "http://shop.example", False),
    ("http://127.0.0.1", "http://localhost", False),
    ("http://[::1]", "http://127.0.0.1", False),
    ("data:text/html,x", "data:text/html,x", False),
    ("file:///a", "file:///a", False),
    ("about:blank", "about:blank", False),
    ("blob:data:x", "blob:data:x", False),
    ("mailto:ann@shop.example", "mailto:ann@shop.example", False),
]
UNCLEAR = [
    "http://",
    "http:shop.example",
    "http:///shop.example",
    "http://shop.example\\@evil.example",
    "http:\\\\shop.example",
    "http://127.1",
    "http://127.0.0.01",
    "http://127.0.0.1.",
    "http://2130706433",
    "http://0x7f000001",
    "http://shop.example:x",
    "http://shop.example:65536",
    "http://shop.example:-1",
    "http://[::1",
    "http://[fe80::1%25eth0]",
    "http://b\u00fccher.example",
    "http://\uff53hop.example",
    "http://%73hop.example",
    "http://sh op.example",
    "http://shop..example",
]


@pytest.fixture
def app():
    return create_app()


@pytest.fixture
def client(app):
    return app.test_client()


def allowed(response):
    """Return the headers by which a page of another origin is let in."""
    return {name: value for name, value in response.headers if name.startswith("Access-Control")}


# Addresses


@pytest.mark.point("D7-11")
@pytest.mark.parametrize(("a", "b", "same"), PAIRS)
def test_protocol_host_and_port_make_an_origin(a, b, same):
    assert same_origin(a, b) is same
    assert same_origin(b, a) is same


@pytest.mark.parametrize("url", UNCLEAR)
def test_an_address_that_is_not_clear_is_refused(url):
    with pytest.raises(UnclearAddressError, match="not a clear address"):
        same_origin(url, "http://shop.example")
    with pytest.raises(UnclearAddressError):
        same_origin("http://shop.example", url)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://Shop.example:80/a", "http://shop.example"),
        ("https://shop.example:80", "https://shop.example:80"),
        ("http://[0::1]:5000", "http://[::1]:5000"),
        ("http://shop.example:0", "http://shop.example:0"),
        ("data:,", "null"),
    ],
)
def test_an_origin_is_written_as_the_header_has_it(url, text):
    assert as_header(origin(url)) == text


@pytest.mark.point("D7-11")
def test_the_lesson_compares(client):
    asked = {"a": "http://shop.example", "b": "http://shop.example:80/goods"}
    answer = client.get("/compare", query_string=asked).json
    assert answer == {"a": "http://shop.example", "b": "http://shop.example", "same_origin": True}
    asked["b"] = "https://shop.example"
    assert client.get("/compare", query_string=asked).json["same_origin"] is False
    assert "<strong>not the same origin</strong>" in client.get("/", query_string=asked).text


@pytest.mark.parametrize("path", ["/compare", "/"])
def test_what_cannot_be_compared_is_a_400(client, path):
    response = client.get(path, query_string={"a": "http://<b>", "b": "x"})
    assert response.status_code == 400
    assert response.mimetype == "text/plain"
    assert client.get("/compare?a=x").status_code == 400
    assert client.get("/?a=x").status_code == 200


def test_the_page_escapes_what_it_was_sent(client):
    text = client.get("/", query_string={"a": '"><script>', "b": "<b>"}).text
    assert '"><script>' not in text
    assert "<b>" not in text


# What the server sends


@pytest.mark.point("D7-10")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_only_a_named_origin_is_told_that_it_may_read(client, method):
    response = client.open("/shared", method=method, headers={"Origin": OURS})
    assert response.headers["Access-Control-Allow-Origin"] == OURS
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert response.headers["Vary"] == "Origin"
    others = [EVIL, "null", "*", "http://127.0.0.1:50001", "http://127.0.0.1", OURS + "/", "https:"]
    for origin_sent in [*others, "http://127.0.0.1:500", "p", OURS.upper(), None]:
        headers = {"Origin": origin_sent} if origin_sent else {}
        response = client.open("/shared", method=method, headers=headers)
        assert allowed(response) == {}, origin_sent
        assert response.headers["Vary"] == "Origin"


@pytest.mark.point("D7-10")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_private_says_nothing_about_other_origins(client, method):
    response = client.open("/private", method=method, headers={"Origin": OURS})
    assert response.status_code == 200
    assert allowed(response) == {}


@pytest.mark.point("D7-10")
def test_a_request_of_another_origin_reaches_the_view(client):
    client.set_cookie("visitor", "Ann")
    response = client.post("/private", headers={"Origin": EVIL})
    assert response.json == {"seen": "POST /private", "origin": EVIL, "visitor": "Ann"}
    assert client.get("/reached").json == {"POST /private": 1}


@pytest.mark.parametrize("path", ["/private", "/shared"])
def test_a_question_beforehand_does_not_reach_the_view(client, path):
    headers = {"Origin": OURS, "Access-Control-Request-Method": "PUT"}
    response = client.options(path, headers=headers)
    assert response.status_code == 200
    assert client.get("/reached").json == {}
    methods = response.headers.get("Access-Control-Allow-Methods")
    assert methods == ("GET, POST, PUT" if path == "/shared" else None)
    names = response.headers.get("Access-Control-Allow-Headers")
    assert names == ("Content-Type" if path == "/shared" else None)


@pytest.mark.parametrize("sender", [EVIL, "null"])
def test_unsafe_welcomes_everybody(client, sender):
    assert allowed(client.get("/shared-unsafe", headers={"Origin": sender})) == {
        "Access-Control-Allow-Origin": sender,
        "Access-Control-Allow-Credentials": "true",
    }
    assert client.get("/shared-unsafe").status_code == 200


@pytest.mark.parametrize(
    ("sender", "status"),
    [
        (None, 200),
        ("http://localhost", 200),
        ("http://localhost:80", 200),
        ("http://localhost:5000", 403),
        ("https://localhost", 403),
        (EVIL, 403),
        ("null", 403),
        ("<b>", 403),
        ("http://[", 400),
    ],
)
def test_guarded_changes_nothing_for_another_origin(client, sender, status):
    response = client.post("/guarded", headers={"Origin": sender} if sender else {})
    assert response.status_code == status
    assert "<b>" not in response.text
    assert client.get("/reached").json == ({"POST /guarded": 1} if status == 200 else {})


def test_a_host_that_is_none_is_no_traceback(client):
    response = client.post("/guarded", headers={"Origin": EVIL, "Host": "a b"})
    assert response.status_code == 400


def test_origins_are_settings(monkeypatch):
    monkeypatch.setenv("FLASK_ALLOWED_ORIGINS", f"{EVIL} https://b.example:8443")
    client = create_app().test_client()
    for sender in (EVIL, "https://b.example:8443"):
        response = client.get("/shared", headers={"Origin": sender})
        assert response.headers["Access-Control-Allow-Origin"] == sender
    assert allowed(client.get("/shared", headers={"Origin": OURS})) == {}
    client = create_app({"ALLOWED_ORIGINS": OURS}).test_client()
    assert allowed(client.get("/shared", headers={"Origin": EVIL})) == {}


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(client):
    response = client.post("/visitor")
    assert response.status_code == 303
    assert response.headers["Set-Cookie"] == "visitor=Ann; HttpOnly; Path=/; SameSite=Lax"


def test_what_is_not_there_is_refused(client):
    assert client.get("/nothing").status_code == 404
    assert client.delete("/shared").status_code == 405
    assert client.get("/guarded").status_code == 405


# Over sockets: another port is another origin


@pytest.fixture
def serve():
    """Give a function that runs an app on a free port and returns the port."""
    running = []

    def start(app):
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return server.server_port

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.point("D7-11")
def test_cookies_ignore_the_port(serve):
    one, two = serve(create_app()), serve(create_app())
    assert not same_origin(f"http://127.0.0.1:{one}", f"http://127.0.0.1:{two}")
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    opener.open(f"http://127.0.0.1:{one}/visitor", data=b"", timeout=10).close()
    with opener.open(f"http://127.0.0.1:{two}/private", timeout=10) as answer:
        assert b'"visitor":"Ann"' in answer.read()


# In a browser


def browser_test(function):
    for mark in (
        pytest.mark.skipif("not config.pluginmanager.hasplugin('playwright')", reason="no browser"),
        pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    ):
        function = mark(function)
    return function


@pytest.fixture(scope="session")
def browser_type_launch_args():
    # No download of a browser of its own; no sandbox, which Chromium refuses to build for root.
    return {
        "executable_path": CHROMIUM,
        "args": ["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
    }


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


@browser_test
@pytest.mark.point("D7-10")
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


@browser_test
@pytest.mark.point("D7-10", "D7-11")
def test_localhost_is_not_127_0_0_1_but_a_page_reads_its_own_origin(tab, serve):
    port = serve(create_app({"ALLOWED_ORIGINS": ""}))
    tab.goto(f"http://localhost:{port}/")
    for path in ("/private", "/shared"):
        assert ask(tab, f"http://localhost:{port}{path}")["seen"] == f"GET {path}"
        assert ask(tab, f"http://127.0.0.1:{port}{path}") is None


@browser_test
@pytest.mark.point("D7-10")
def test_a_post_arrives_unread_and_the_guarded_one_changes_nothing(tab, sites):
    page, api, server = sites
    tab.goto(page)
    assert ask(tab, api + "/private", method="POST", body="x") is None
    assert ask(tab, api + "/private", method="POST", mode="no-cors") == "opaque"
    assert ask(tab, api + "/guarded", method="POST") is None
    assert reached(server) == {"POST /private": 2}


@browser_test
@pytest.mark.point("D7-10")
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


@browser_test
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


@browser_test
@pytest.mark.point("D7-11")
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


@browser_test
def test_a_star_opens_nothing_that_was_asked_with_cookies(tab, sites):
    page, api, _ = sites
    tab.goto(page.replace("127.0.0.1", "localhost"))
    assert ask(tab, api + "/reached") == {}
    assert ask(tab, api + "/reached", credentials="include") is None


@browser_test
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


@browser_test
def test_the_page_of_the_lesson_shows_it(tab, serve):
    from playwright.sync_api import expect

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


@browser_test
@pytest.mark.point("D7-11")
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


@browser_test
def test_what_the_function_refuses_the_browser_reads_in_its_own_way(tab):
    """Why it refuses: these are addresses of somewhere else than they seem to be."""
    read = "urls => urls.map(url => new URL(url).host)"
    assert tab.evaluate(read, ["http://shop.example\\@evil.example", "http://127.1"]) == [
        "shop.example",
        "127.0.0.1",
    ]
