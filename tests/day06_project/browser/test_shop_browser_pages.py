"""The shop's front end in a real browser: keyboard, failures, accessibility, the API page."""

import re
import shutil

import pytest

from day06_project.shop.extensions import db
from tests.day06_project.browser.helpers import (
    PREFIX,
    alarm,
    card,
    held_back,
    log_in,
    requests_of,
    served,
)
from tests.day06_project.helpers import PASSWORD
from tests.helpers import AXE, SECOND_HALF

expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect
pytestmark = [
    pytest.mark.browser,
    # Werkzeug leaves a file to the garbage collector when it sends 304 for it.
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]


# Keyboard


def stops(tab, count):
    found = []
    for _ in range(count):
        tab.keyboard.press("Tab")
        script = "(e => e.labels?.[0]?.innerText ?? e.innerText)(document.activeElement)"
        found.append(tab.evaluate(script))
    return found


def test_the_focus_goes_through_the_page_in_its_order(tab, home):
    tab.goto(home)
    expect(tab.get_by_role("link", name="Log in to buy")).to_have_count(8)
    assert stops(tab, 15) == [
        *("Skip to the content", "The shop", "Goods", "Cart", "Sell", "API", "Log in", "Register"),
        *("oldest", "newest", "name", "cheapest", "dearest", "Log in to buy", "Log in to buy"),
    ]
    tab.goto(home + "register.html")
    expect(tab.get_by_role("link", name="Register")).to_be_visible()
    assert stops(tab, 14)[8:] == [
        *("Log in", "Name", "Password", "Another picture", "Letters in the picture", "Register")
    ]


def test_the_first_stop_skips_to_the_content(tab, home):
    tab.goto(home + "register.html")
    expect(tab.get_by_role("link", name="Register")).to_be_visible()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab.locator("main")).to_be_focused()
    assert stops(tab, 2) == ["Log in", "Name"]


def test_buying_needs_no_mouse(inside, home):
    card(inside, "Cup").get_by_role("button").focus()
    inside.keyboard.press("Space")
    expect(card(inside, "Cup")).to_contain_text("1 in the cart")
    expect(card(inside, "Cup").get_by_role("button")).to_be_focused()
    expect(card(inside, "Cup").get_by_role("button")).to_have_accessible_description("Cup")


# Failures


def test_without_redis_there_are_goods_and_no_logins_until_it_is_back(tab, filled, small_redis):
    app = filled(REDIS_URL=small_redis.url)
    with served(app) as home:
        small_redis.stop()
        try:
            ended = {"name": "csrf_token", "value": "ended", "domain": "127.0.0.1", "path": "/"}
            tab.context.add_cookies([ended])  # the visitor had a session
            tab.goto(home)
            expect(tab.locator("#goods li")).to_have_count(8)
            expect(tab.get_by_role("banner")).to_contain_text("No logins at the moment")
            expect(tab.get_by_role("link", name=re.compile("Log in|Register"))).to_have_count(0)
            log_in(tab, home, "ada")
            expect(alarm(tab)).to_contain_text("Try again in 5 seconds.")
            tab.goto(home + "register.html")
            expect(alarm(tab)).to_contain_text("The picture did not arrive")
        finally:
            small_redis.start()
        # The token is fetched before it is needed, and the picture can be asked for again.
        tab.get_by_role("button", name="Another picture").click()
        tab.get_by_label("Name").fill("ada")
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_label("Letters").fill("test")
        tab.keyboard.press("Enter")
        expect(tab.get_by_role("status")).to_contain_text("Your account is open")


def test_without_a_database_the_page_says_so_and_goes_on_when_it_is_back(
    tab, build_empty, filled, tmp_path
):
    file = tmp_path / "away" / "shop.db"
    app = build_empty(DATABASE_URL=f"sqlite:///{file}")  # no such folder: it cannot be opened
    with served(app) as home:
        tab.goto(home)
        expect(alarm(tab)).to_contain_text("does not answer. Try again in 5 seconds.")
        file.parent.mkdir()
        shutil.copy(copy_of(filled()), file)
        alarm(tab).get_by_role("button", name="Try again").click()
        expect(tab.locator("#goods li")).to_have_count(8)
        expect(alarm(tab)).to_be_empty()
        expect(tab.locator("main")).to_be_focused()


def copy_of(app):
    """Return the file of a shop's database, with everything in it."""
    with app.app_context():
        path = db.engine.url.database
        db.session.remove()
        db.engine.dispose()  # the last connection to leave empties the write-ahead log
    return path


def test_without_a_response_the_page_says_that_it_may_have_been_done(inside, home):
    inside.goto(home + "offer.html")
    inside.get_by_label("Name").fill("Lute")
    inside.get_by_label("Price").fill("9")
    inside.context.set_offline(True)
    inside.get_by_role("button", name="Save").click()
    expect(alarm(inside)).to_have_text(
        "No answer from the shop. Look whether it was done before you send it again."
    )
    expect(inside.get_by_label("Name")).to_have_value("Lute")
    inside.context.set_offline(False)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 502, "body": "<h1>Bad Gateway</h1>"}, "The shop answered with 502"),
        ({"status": 200, "body": "<h1>Welcome to the airport</h1>"}, "cannot be understood"),
        ({"status": 500, "json": {"title": "Internal Server Error"}}, "Internal Server Error"),
    ],
)
def test_responses_that_are_not_from_the_shop_are_shown_as_errors(tab, home, answer, words):
    tab.route("**/goods?*", lambda route: route.fulfill(**answer))
    tab.goto(home)
    expect(alarm(tab)).to_contain_text(words)
    expect(tab.get_by_role("main")).not_to_contain_text("Loading")
    tab.unroute("**/goods?*")
    alarm(tab).get_by_role("button", name="Try again").click()
    expect(tab.locator("#goods li")).to_have_count(8)


def test_a_form_is_not_sent_twice_by_two_clicks(tab, home, ada):
    seen = requests_of(tab, "POST")
    tab.goto(home + "login.html")
    held = held_back(tab, "POST", "**/session")
    tab.get_by_label("Name").fill(ada.user["name"])
    tab.get_by_label("Password").fill(PASSWORD)
    with tab.expect_request(lambda request: request.method == "POST"):
        tab.get_by_role("button", name="Log in").dblclick()
    expect(tab.get_by_role("status")).to_have_text("Sending …")
    held.pop().continue_()
    expect(tab.get_by_role("status")).to_contain_text("Welcome")
    assert seen == [("POST", "session")]


def test_who_only_looks_around_has_no_session(tab, home):
    seen = requests_of(tab, "GET")
    tab.goto(home)
    expect(tab.get_by_role("banner")).to_contain_text("Register")
    card(tab, "Cup").get_by_role("link", name="Log in to buy").wait_for()
    assert {path.partition("?")[0] for _, path in seen} == {"goods"}
    assert tab.context.cookies() == []


def test_the_pages_also_work_at_the_root_of_a_server(tab, shop, ada):
    with served(shop, "") as home:
        log_in(tab, home, ada.user["name"])
        card(tab, "Cup").get_by_role("button").click()
        expect(tab.get_by_role("status")).to_have_text("Cup: 1 in the cart.")


# The page about the API

EVERYTHING = {
    "openapi": "3.1.0",
    "info": {"title": "All <b>of it</b>", "version": "7", "description": "Much."},
    "servers": [{"url": "/api/v7"}],
    "paths": {
        "/goods/{id}": {
            "summary": "One of them",
            "parameters": [{"$ref": "#/components/parameters/id"}],
            "get": {"summary": "Show", "deprecated": True, "responses": {}},
            "put": {
                "description": "Replace.\nAll of it.",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {}}],
                "requestBody": {"$ref": "#/components/requestBodies/goods"},
                "responses": {
                    "200": {"description": "<i>done</i>"},
                    "4XX": {"$ref": "#/components/responses/a~1b"},
                    "default": {"$ref": "other.json#/x"},
                    "x-note": "no answer",
                },
            },
            "x-more": {},
        },
        "/again": {"$ref": "#/components/pathItems/again"},
        "x-paths": {"get": {"summary": "no path"}},
    },
    "components": {
        "parameters": {"id": {"name": "id", "in": "path", "required": True, "schema": {}}},
        "responses": {"a/b": {"description": "refused"}},
        "pathItems": {"again": {"trace": {}, "additionalOperations": {"COPY": {}}}},
        "requestBodies": {
            "goods": {
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Goods"}},
                    "text/plain": {},
                    "application/xml": {"schema": True},
                }
            }
        },
        "schemas": {
            "Goods": {
                "allOf": [{"$ref": "#/components/schemas/Goods"}, {"required": ["name"]}],
                "required": ["price"],
                "properties": {"price": {}, "part": {"$ref": "#/components/schemas/Goods"}},
            }
        },
    },
}


def shown(tab, home, document):
    tab.route("**/openapi.json", lambda route: route.fulfill(json=document))
    tab.goto(home + "api.html")
    expect(tab.locator("#title")).to_contain_text("in OpenAPI 3")
    return [
        [cell.inner_text().split("\n") for cell in row.locator("td").all()]
        for row in tab.locator("#rows tr").all()
    ]


def test_the_page_about_the_api_shows_references_and_all_kinds_of_operations(tab, home):
    rows = shown(tab, home, EVERYTHING)
    assert [(row[0][0], row[1][0], row[2][0]) for row in rows] == [
        ("GET", "/goods/{id}", "Show (deprecated)"),
        ("PUT", "/goods/{id}", "Replace."),
        ("TRACE", "/again", ""),
        ("COPY", "/again", ""),
    ]
    assert rows[0][3] == ["id (path)"]
    assert rows[1][3] == [
        *("id (path)", "application/json: price, [part]", "text/plain", "application/xml")
    ]
    assert rows[1][4] == ["200 <i>done</i>", "4XX refused", "default other.json#/x"]
    expect(tab.locator("#title")).to_have_text("All <b>of it</b> 7, in OpenAPI 3.1.0")
    expect(tab.locator("#server")).to_contain_text(re.compile(r"http://127.0.0.1:\d+/api/v7\."))
    expect(alarm(tab)).to_be_empty()


@pytest.mark.parametrize(
    "more",
    [
        {"paths": {}},
        {"components": {}},  # 3.1 needs no paths
        {"paths": {"/a": {}}},
        {"webhooks": {"sold": {"post": {}}}},
    ],
)
def test_a_document_without_operations_is_shown(tab, home, more):
    info = {"title": "Small", "version": "1"}
    assert shown(tab, home, {"openapi": "3.1.0", "info": info, **more}) == []
    expect(tab.get_by_text("The document names no paths yet.")).to_be_visible()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("../v1.0", f"{PREFIX}/api/v1.0."),  # relative to the document
        ("https://{region}.shop.example/", "come after https://{region}.shop.example/."),
        (None, ""),
    ],
)
def test_the_address_of_the_server_is_completed(tab, home, url, words):
    servers = {"servers": [{"url": url}]} if url else {}
    shown(tab, home, EVERYTHING | {"servers": []} | servers)
    expect(tab.locator("#server")).to_contain_text(words)


def test_the_page_about_the_api_shows_the_shops_own_document(tab, home, ada):
    response = ada.get("/openapi.json")
    document = response.json
    response.close()
    methods = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
    wanted = sum(len(methods & set(item)) for item in document["paths"].values())
    tab.goto(home + "api.html")
    expect(tab.locator("#title")).to_contain_text(document["info"]["title"])
    expect(tab.locator("#rows tr")).to_have_count(wanted)
    expect(alarm(tab)).to_be_empty()


# How it looks

PAGES = ["index", "register", "login", "cart", "offer", "api"]


def test_no_page_scrolls_sideways(inside, home, ada):
    ada.send("PUT", "/cart/1", {"quantity": 10})
    goods = ada.offer("W" * 64, 100_000_000, description="M" * 200)
    ada.send("PUT", f"/cart/{goods}", {"quantity": 999})
    for name in PAGES:
        inside.goto(f"{home}{name}.html?sort=-id")
        settled(inside)
        for width in 320, 360, 768, 1440:
            inside.set_viewport_size({"width": width, "height": 700})
            assert inside.evaluate("document.documentElement.scrollWidth") <= width, name
    ada.send("DELETE", f"/goods/{goods}")


def settled(page):
    expect(page.get_by_role("banner")).to_contain_text("Log")
    expect(page.locator("[aria-busy]")).to_have_count(0)


@pytest.mark.skipif(
    not AXE.exists(),
    reason="axe-core is not installed: npm install --no-save --prefix tests axe-core",
)
@pytest.mark.parametrize(
    ("scheme", "width", "names"),
    [
        ("light", 1280, ["index", "register", "offer"]),
        ("dark", 360, ["login", "index, logged in", "cart, logged in", "api, logged in"]),
    ],
)
def test_accessibility(browser, home, ada, scheme, width, names):
    ada.send("PUT", "/cart/5", {"quantity": 3})
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    page = context.new_page()
    found = {}
    for name in names:
        if "logged in" in name and not page.get_by_role("button", name="Log out").count():
            log_in(page, home, ada.user["name"])
            expect(page.get_by_role("status")).to_contain_text("Welcome")
        page.goto(f"{home}{name.partition(',')[0]}.html")
        settled(page)
        if name in {"login", "register"}:
            page.locator("form button:not([type])").click()
            expect(page.locator("[aria-invalid]").first).to_be_focused()
        if name.startswith("cart"):
            page.get_by_label("Quantity").fill("0")
            page.keyboard.press("Enter")
            expect(page.locator("[aria-invalid]")).to_be_focused()
        found[name] = problems(page)
    context.close()
    assert found == {name: [] for name in names}


def problems(page):
    """Return what axe-core finds wrong on the page, as (rule, pieces of HTML)."""
    page.add_script_tag(path=AXE)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    result = page.evaluate("tags => axe.run({runOnly: tags})", tags)
    assert result["passes"]
    return [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in result["violations"]]
