"""The shop's front end in a real browser, below a prefix as in the reader."""

import itertools
import re
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

from day06_project.shop.commands import seed
from day06_project.shop.extensions import db

CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "chrome"])), None)
AXE = Path(__file__).parent.parent / "node_modules" / "axe-core" / "axe.min.js"

pytest.importorskip(
    "pytest_playwright", reason="pytest-playwright is not installed: uv sync --group browser"
)
from playwright.sync_api import expect

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    # Werkzeug leaves a file to the garbage collector when it answers 304 for it.
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]

PREFIX = "/run/day06_project/shop"
PASSWORD = "correct horse"
NUMBERS = itertools.count(1)
UUID4 = re.compile(r".*/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture(scope="session")
def browser_type_launch_args():
    # No download of a browser of its own; no sandbox, which Chromium refuses to build for root.
    return {
        "executable_path": CHROMIUM,
        "args": ["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
    }


@pytest.fixture(scope="session")
def base_url():
    """Give none, for each shop has a server of its own; pytest 9 warns of the plugin's fixture."""


@contextmanager
def served(app, prefix=PREFIX):
    """Run an app on a free port; give the address of its first page."""
    mounted = DispatcherMiddleware(Flask("reader"), {prefix: app}) if prefix else app
    server = make_server("127.0.0.1", 0, mounted, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def filled(empty, tmp_path_factory):
    """Give a function that builds a shop with tables and twelve goods."""

    def build(**settings):
        file = tmp_path_factory.mktemp("shop") / "shop.db"
        app = empty(**{"DATABASE_URL": f"sqlite:///{file}"} | settings)
        with app.app_context():
            db.create_all()
            seed()
        return app

    return build


@pytest.fixture(scope="module")
def shop(filled):
    """Give the shop that the tests of this file share; each has an account of its own."""
    return filled()


@pytest.fixture(scope="module")
def home(shop):
    with served(shop) as address:
        yield address


@pytest.fixture
def tab(page):
    """Give a page that must end without an error in its console but answers of 400 and more."""
    problems = []
    page.set_default_timeout(10_000)
    page.on(
        "console", lambda message: problems.append(message.text) if message.type == "error" else ""
    )
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    assert [each for each in problems if "Failed to load resource" not in each] == []


@pytest.fixture
def ada(shop, shopper):
    """Give somebody who has an account, and acts outside of the browser."""
    return shopper(shop).logged_in(f"ada{next(NUMBERS)}")


@pytest.fixture
def inside(tab, home, ada):
    """Give a page with ada logged in."""
    log_in(tab, home, ada.user["name"])
    expect(tab.get_by_role("status")).to_have_text(f"Welcome, {ada.user['name']}.")
    return tab


def log_in(tab, home, name, password=PASSWORD):
    tab.goto(home + "login.html")
    tab.get_by_label("Name").fill(name)
    tab.get_by_label("Password").fill(password)
    tab.get_by_role("button", name="Log in").click()


def card(tab, name):
    return tab.locator("#goods li").filter(has=tab.get_by_role("heading", name=name, exact=True))


def alarm(tab):
    return tab.get_by_role("alert")


def requests_of(tab, *methods):
    """Return a list that fills with what the page asks for from now on, as (method, path)."""
    seen = []

    def note(request):
        if request.method in methods and "/api/" in request.url:
            seen.append((request.method, request.url.partition("/api/v1.0/")[2]))

    tab.on("request", note)
    return seen


def held_back(tab, method, pattern):
    """Return a list that gets the first request of that kind, which waits to be continued."""
    held = []

    def decide(route):
        if route.request.method == method and not decide.done:
            decide.done = True
            held.append(route)
        else:
            route.continue_()

    decide.done = False
    tab.route(pattern, decide)
    return held


# Accounts


def fill_registration(tab, home, name, letters="test"):
    tab.goto(home + "register.html")
    tab.get_by_label("Name").fill(name)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_label("Letters").fill(letters)
    tab.get_by_role("button", name="Register").click()


def test_register_log_out_and_log_in_again(tab, home):
    name = f"new-{next(NUMBERS)}"
    fill_registration(tab, home, name)
    expect(tab.get_by_role("status")).to_have_text(f"Welcome, {name}. Your account is open.")
    expect(tab.get_by_role("banner")).to_contain_text(f"Logged in as {name}")
    tab.get_by_role("button", name="Log out").click()
    expect(tab.get_by_role("status")).to_have_text("You are logged out.")
    log_in(tab, home, name)
    expect(tab.get_by_role("banner")).to_contain_text(f"Logged in as {name}")
    tab.reload()
    expect(tab.get_by_role("banner")).to_contain_text(name)
    expect(tab.get_by_role("status")).to_be_empty()  # the welcome is said once


def test_a_captcha_that_does_not_fit_is_told_at_its_field_and_another_is_drawn(tab, home):
    tab.goto(home + "register.html")
    first = tab.locator("#picture").get_attribute("src")
    fill_registration(tab, home, f"new-{next(NUMBERS)}", "WRONG")
    letters = tab.get_by_label("Letters")
    expect(letters).to_be_focused()
    expect(letters).to_have_attribute("aria-invalid", "true")
    expect(letters).to_have_accessible_description(re.compile("does not fit the picture"))
    expect(letters).to_have_value("")
    expect(tab.get_by_label("Password")).to_have_value(PASSWORD)
    assert tab.locator("#picture").get_attribute("src") != first
    letters.fill("TEST")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("status")).to_contain_text("Your account is open")


def test_what_is_wrong_with_other_fields_leaves_the_picture_as_it_is(tab, home):
    fill_registration(tab, home, "A")
    name = tab.get_by_label("Name")
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description(re.compile("Name must have 3 to 32 characters"))
    picture = tab.locator("#picture").get_attribute("src")
    name.fill(f"new-{next(NUMBERS)}")
    tab.get_by_role("button", name="Register").click()
    expect(tab.get_by_role("status")).to_contain_text("Your account is open")
    assert UUID4.fullmatch(picture)


def test_errors_of_several_fields_stand_at_each_and_go_when_sent_again(tab, home):
    tab.goto(home + "register.html")
    tab.get_by_role("button", name="Register").click()
    expect(tab.locator(".error").filter(has_text="must have")).to_have_count(3)
    expect(tab.locator("[aria-invalid]")).to_have_count(3)
    expect(alarm(tab)).to_have_text("See what is wrong with each field.")
    tab.get_by_label("Name").fill("fine")
    tab.get_by_label("Letters").fill("test")
    tab.get_by_role("button", name="Register").click()
    expect(tab.locator("[aria-invalid]")).to_have_count(1)
    expect(tab.get_by_label("Password")).to_be_focused()
    expect(tab.locator("#name-error")).to_be_empty()


def test_a_name_that_is_taken_is_told_and_the_picture_is_a_new_one(tab, home, ada):
    fill_registration(tab, home, "A")
    expect(tab.get_by_label("Name")).to_be_focused()
    tab.get_by_label("Name").fill(ada.user["name"])
    tab.keyboard.press("Enter")
    expect(alarm(tab)).to_have_text("This name is taken.")
    expect(tab.locator("[aria-invalid]")).to_have_count(0)
    expect(tab.locator("#name-error")).to_be_empty()
    expect(tab.get_by_label("Letters")).to_have_value("")
    tab.get_by_label("Name").fill(f"new-{next(NUMBERS)}")
    tab.get_by_label("Letters").fill("test")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("status")).to_contain_text("Your account is open")


def test_another_picture_has_another_id_even_where_the_browser_makes_no_uuid(tab, home):
    tab.add_init_script("delete Crypto.prototype.randomUUID")  # as over http on a machine's name
    drawn = requests_of(tab, "GET")
    tab.goto(home + "register.html")
    for _ in range(2):
        tab.get_by_role("button", name="Another picture").click()
        expect(tab.get_by_label("Letters")).to_be_focused()
    expect(tab.locator("#picture")).to_have_js_property("complete", True)
    assert tab.evaluate("document.getElementById('picture').naturalWidth") == 160
    ids = [path for method, path in drawn if path.startswith("captchas/")]
    assert len(set(ids)) == 3
    assert all(UUID4.fullmatch(each) for each in ids)


def test_a_picture_that_does_not_come_is_told(tab, home):
    tab.route("**/captchas/*", lambda route: route.fulfill(status=503))
    tab.goto(home + "register.html")
    expect(alarm(tab)).to_contain_text("The picture did not arrive")


def test_a_wrong_password_is_told_and_after_five_how_long_to_wait(tab, home, ada):
    log_in(tab, home, ada.user["name"], "wrong horse")
    expect(alarm(tab)).to_have_text("Name or password is wrong.")
    expect(tab.get_by_label("Password")).to_be_empty()
    expect(tab.get_by_label("Name")).to_have_value(ada.user["name"])
    for _ in range(4):
        ada.login(ada.user["name"], "wrong horse")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.keyboard.press("Enter")
    expect(alarm(tab)).to_contain_text("Too many wrong passwords")
    expect(alarm(tab)).to_contain_text("Try again in 5 minutes.")


def test_a_login_leads_back_to_the_page_that_asked_for_it(tab, home, ada):
    tab.goto(home + "index.html?page=2&sort=-price")
    tab.get_by_role("link", name="Log in to buy").first.click()
    tab.get_by_label("Name").fill(ada.user["name"])
    tab.get_by_label("Password").fill(PASSWORD)
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(home + "index.html?page=2&sort=-price")
    expect(tab.get_by_role("button", name="Put in the cart")).to_have_count(4)


ELSEWHERE = [
    *("https://elsewhere.example/", "//elsewhere.example/a.html", "javascript:alert(1)"),
    *("../../../day01/hello/index.html", "/index.html", "%0ajavascript:alert(1)//a.html"),
    *("index.html/../../elsewhere/", "cart.html?a=1%26b=%2f%2f%23"),
]


def test_a_login_leads_nowhere_else(tab, home, ada):
    for place in ELSEWHERE:
        tab.goto(f"{home}login.html?next={place}")
        tab.get_by_label("Name").fill(ada.user["name"])
        tab.get_by_label("Password").fill(PASSWORD)
        tab.keyboard.press("Enter")
        expect(tab).to_have_url(home + "index.html")


def test_who_logged_out_is_out_everywhere_also_behind_the_back_button(inside, home, context):
    inside.goto(home + "cart.html")
    expect(inside.locator("#empty")).to_be_visible()
    other = context.new_page()
    other.goto(home + "cart.html")
    inside.get_by_role("button", name="Log out").click()
    expect(inside.get_by_role("status")).to_have_text("You are logged out.")
    inside.go_back()
    expect(alarm(inside)).to_have_text("Log in first. Log in")
    expect(inside.get_by_role("banner")).to_contain_text("Register")
    other.reload()
    expect(alarm(other)).to_contain_text("Log in first.")


# The token


def test_a_token_that_ended_is_fetched_again_and_the_request_repeated_once(inside, home, context):
    card(inside, "Cup").get_by_role("button").wait_for()  # session and cart were read
    context.add_cookies(
        [{"name": "csrf_token", "value": "ended", "domain": "127.0.0.1", "path": "/"}]
    )
    seen = requests_of(inside, "GET", "PUT")
    card(inside, "Cup").get_by_role("button").click()
    expect(inside.get_by_role("status")).to_have_text("Cup: 1 in the cart.")
    assert [method for method, path in seen] == ["PUT", "GET", "PUT"]
    assert seen[1] == ("GET", "session")
    expect(alarm(inside)).to_be_empty()


def test_it_is_repeated_once_only(inside):
    body = {"status": 400, "code": "csrf", "detail": "The CSRF token is invalid."}
    refusal = {"status": 400, "json": body}
    inside.route("**/cart/*", lambda route: route.fulfill(**refusal))
    seen = requests_of(inside, "PUT")
    card(inside, "Cup").get_by_role("button").click()
    expect(alarm(inside)).to_have_text("The CSRF token is invalid.")
    assert len(seen) == 2


def test_another_refusal_is_not_repeated(inside):
    refusal = {"status": 400, "json": {"status": 400, "detail": "No."}}
    inside.route("**/cart/*", lambda route: route.fulfill(**refusal))
    seen = requests_of(inside, "PUT")
    card(inside, "Cup").get_by_role("button").click()
    expect(alarm(inside)).to_have_text("No.")
    assert len(seen) == 1


# Goods


def test_goods_are_sorted_and_turned_by_links_that_the_back_button_knows(tab, home):
    names = tab.locator("#goods h2")
    tab.goto(home)
    expect(names).to_have_count(8)
    tab.get_by_role("link", name="cheapest").click()
    expect(names.first).to_have_text("Notebook")
    expect(tab.locator("#goods .price").first).to_have_text("€4.50")
    expect(tab.get_by_role("link", name="cheapest")).to_have_attribute("aria-current", "true")
    tab.get_by_role("link", name="Next").click()
    expect(names).to_have_text(["Chess set", "Fountain pen", "Desk lamp", "Backpack"])
    expect(tab.locator("#total")).to_have_text("12 goods, page 2 of 2.")
    expect(tab.get_by_role("link", name="Next")).to_have_count(0)
    tab.go_back()
    expect(names.first).to_have_text("Notebook")
    tab.goto(home + "?page=9")
    tab.get_by_role("link", name="Previous").click()
    expect(tab.locator("#total")).to_have_text("12 goods, page 2 of 2.")


def test_a_sort_that_the_shop_does_not_know_is_told_in_its_words(tab, home):
    tab.goto(home + "?sort=colour")
    expect(alarm(tab)).to_contain_text("sort must be one of id")
    expect(alarm(tab).get_by_role("button")).to_have_count(0)  # again would be the same


def test_names_and_descriptions_are_text_whatever_they_look_like(tab, home, ada):
    markup = f"<img src=x onerror=alert({next(NUMBERS)})>"
    goods = ada.offer(markup, 100, description="<script>alert(1)</script>")
    tab.goto(home + "?sort=-id")
    expect(card(tab, markup)).to_contain_text("<script>alert(1)</script>")
    assert tab.locator("main img").count() == 0
    ada.send("DELETE", f"/goods/{goods}")


# The cart


def test_put_in_the_cart_change_and_remove(inside, home):
    for name, times in ("Teapot", 2), ("Cup", 1):
        for number in range(1, times + 1):
            card(inside, name).get_by_role("button", name="Put in the cart").click()
            expect(card(inside, name)).to_contain_text(f"{number} in the cart")
    inside.get_by_role("link", name="Cart (3)").click()
    lines = inside.locator("#lines li")
    expect(lines).to_have_count(2)
    expect(inside.locator("#total")).to_have_text("€64.90")
    teapot = lines.filter(has_text="Teapot")
    expect(teapot.locator(".sum")).to_have_text("€55.00")
    teapot.get_by_label("Quantity").fill("40")
    inside.keyboard.press("Tab")
    expect(inside.get_by_role("status")).to_have_text("Teapot: 40 in the cart. €1,109.90 in total.")
    expect(inside.locator("#total")).to_have_text("€1,109.90")
    expect(inside.get_by_role("link", name="Cart (41)")).to_be_visible()
    teapot.get_by_role("button", name="Remove").click()
    expect(lines).to_have_count(1)
    expect(lines.get_by_role("button", name="Remove")).to_be_focused()
    expect(inside.get_by_role("status")).to_have_text("Teapot removed. €9.90 in total.")
    expect(inside.locator("#total")).to_have_text("€9.90")
    inside.keyboard.press("Enter")
    expect(inside.get_by_text("Nothing is in it.")).to_be_visible()
    expect(inside.get_by_role("heading", name="Cart")).to_be_focused()
    expect(inside.locator("#sum")).to_be_hidden()
    inside.reload()
    expect(inside.get_by_text("Nothing is in it.")).to_be_visible()


def test_a_quantity_that_cannot_be_is_told_at_its_field(inside, home, ada):
    ada.send("PUT", "/cart/5", {"quantity": 3})
    inside.goto(home + "cart.html")
    field = inside.get_by_label("Quantity")
    for number in "0", "1000", "1.5", "":
        field.fill(number)
        inside.keyboard.press("Enter")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(
            "Teapot Quantity must be an integer from 1 to 999."
        )
        expect(field).to_be_focused()
        assert ada.get("/cart").json["items"][0]["quantity"] == 3
        field.fill("4")
        inside.keyboard.press("Enter")
        expect(field).not_to_have_attribute("aria-invalid", "true")
        expect(inside.locator("#total")).to_have_text("€110.00")
        expect(field).to_have_accessible_description("Teapot")
        ada.send("PUT", "/cart/5", {"quantity": 3})


def test_changes_arrive_in_the_order_in_which_they_were_made(inside, home, ada):
    ada.send("PUT", "/cart/5", {"quantity": 1})
    inside.goto(home + "cart.html")
    held, seen = held_back(inside, "PUT", "**/cart/5"), requests_of(inside, "PUT")
    field = inside.get_by_label("Quantity")
    field.focus()
    for _ in range(3):
        inside.keyboard.press("ArrowUp")
    expect(field).to_have_value("4")
    assert len(seen) == 1
    held.pop().continue_()
    expect(inside.locator("#total")).to_have_text("€110.00")
    assert ada.get("/cart").json["items"][0]["quantity"] == 4


def test_goods_that_are_gone_leave_the_cart(inside, home, ada):
    goods = ada.offer("Melon", 300)
    ada.send("PUT", f"/cart/{goods}", {"quantity": 1})
    inside.goto(home + "cart.html")
    field = inside.get_by_label("Quantity")
    expect(field).to_have_value("1")
    ada.send("DELETE", f"/goods/{goods}")
    field.fill("2")
    inside.keyboard.press("Enter")
    expect(alarm(inside)).to_have_text("Melon is not there any more.")
    expect(inside.get_by_text("Nothing is in it.")).to_be_visible()
    expect(inside.get_by_role("heading", name="Cart")).to_be_focused()


# Selling


def test_offer_change_and_delete(inside, home, ada):
    name = f"Lute {next(NUMBERS)}"
    inside.get_by_role("link", name="Sell").click()
    inside.get_by_label("Name").fill(f" {name} ")
    inside.get_by_label("Price").fill("19,9")
    inside.get_by_label("Pieces").fill("2")
    inside.get_by_label("Description").fill("Seven\nstrings")
    inside.get_by_role("button", name="Save").click()
    expect(inside.get_by_role("status")).to_have_text(f"{name} is for sale.")
    expect(card(inside, name)).to_contain_text("€19.90")
    expect(card(inside, name)).to_contain_text("Seven strings")
    card(inside, name).get_by_role("link", name="Change").click()
    expect(inside.get_by_label("Price")).to_have_value("19.90")
    inside.get_by_label("Price").fill("21")
    inside.get_by_role("button", name="Save").click()
    expect(inside.get_by_role("status")).to_have_text(f"{name} is changed.")
    inside.goto(home + "?sort=-id")
    expect(card(inside, name)).to_contain_text("€21.00")
    card(inside, name).get_by_role("link", name="Change").click()
    inside.once("dialog", lambda dialog: dialog.dismiss())
    inside.get_by_role("button", name="Delete").click()
    inside.once("dialog", lambda dialog: dialog.accept())
    inside.get_by_role("button", name="Delete").click()
    expect(inside.get_by_role("status")).to_have_text("The goods are deleted.")
    inside.goto(home + "?sort=-id")
    expect(card(inside, name)).to_have_count(0)


def test_a_price_that_is_none_is_told_at_its_field(inside, home):
    inside.goto(home + "offer.html")
    inside.get_by_label("Name").fill("Lute")
    for price in "", "1.234", "-1", "free", "1e3":
        inside.get_by_label("Price").fill(price)
        inside.get_by_role("button", name="Save").click()
        expect(inside.get_by_label("Price")).to_be_focused()
        expect(inside.locator("#price-error")).to_contain_text("must be an amount such as 27.50")
        inside.get_by_role("button", name="Save").focus()


def test_what_changed_in_the_meantime_is_not_overwritten(inside, home, ada):
    goods = ada.offer("Melon", 300)
    inside.goto(f"{home}offer.html?id={goods}")
    expect(inside.get_by_label("Name")).to_have_value("Melon")
    ada.send("PATCH", f"/goods/{goods}", {"price": 350})
    inside.get_by_label("Name").fill("Sweet melon")
    inside.get_by_role("button", name="Save").click()
    expect(alarm(inside)).to_contain_text("changed in another window")
    expect(inside.get_by_label("Name")).to_have_value("Sweet melon")
    assert ada.get(f"/goods/{goods}").json["name"] == "Melon"
    ada.send("DELETE", f"/goods/{goods}")


def test_strangers_and_others_cannot_change_goods(tab, home, ada):
    tab.goto(home + "offer.html")
    expect(alarm(tab).get_by_role("link", name="Log in")).to_be_visible()
    expect(tab.locator("form")).to_be_hidden()
    log_in(tab, home, ada.user["name"])
    expect(tab.get_by_role("status")).to_contain_text("Welcome")
    tab.goto(home + "offer.html?id=1")
    expect(alarm(tab)).to_have_text("These goods belong to somebody else.")
    expect(tab.locator("form")).to_be_hidden()


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
            tab.goto(home)
            expect(tab.locator("#goods li")).to_have_count(8)
            expect(tab.get_by_role("banner")).to_contain_text("No logins at the moment")
            expect(tab.get_by_role("link", name=re.compile("Log in|Register"))).to_have_count(0)
            log_in(tab, home, "anybody")
            expect(alarm(tab)).to_contain_text("Try again in 5 seconds.")
            tab.goto(home + "register.html")
            expect(alarm(tab)).to_contain_text("The picture did not arrive")
        finally:
            small_redis.start()
        # The page came without a token, and the picture can be asked for again.
        tab.get_by_role("button", name="Another picture").click()
        tab.get_by_label("Name").fill("ada")
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_label("Letters").fill("test")
        tab.keyboard.press("Enter")
        expect(tab.get_by_role("status")).to_contain_text("Your account is open")


def test_without_a_database_it_says_so_and_goes_on_when_it_is_back(tab, empty, filled, tmp_path):
    file = tmp_path / "away" / "shop.db"
    app = empty(DATABASE_URL=f"sqlite:///{file}")  # no such folder: it cannot be opened
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


def test_no_answer_is_told_and_that_it_may_have_been_done_all_the_same(inside, home):
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
def test_answers_of_somebody_else_are_told(tab, home, answer, words):
    tab.route("**/goods?*", lambda route: route.fulfill(**answer))
    tab.goto(home)
    expect(alarm(tab)).to_contain_text(words)
    tab.unroute("**/goods?*")
    alarm(tab).get_by_role("button", name="Try again").click()
    expect(tab.locator("#goods li")).to_have_count(8)


def test_a_form_is_not_sent_twice_by_two_clicks(tab, home, ada):
    seen = requests_of(tab, "POST")
    tab.goto(home + "login.html")
    held = held_back(tab, "POST", "**/session")
    tab.get_by_label("Name").fill(ada.user["name"])
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").dblclick()
    expect(tab.get_by_role("status")).to_have_text("Sending …")
    held.pop().continue_()
    expect(tab.get_by_role("status")).to_contain_text("Welcome")
    assert seen == [("POST", "session")]


def test_it_also_works_at_the_root_of_a_server(tab, shop, ada):
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
def test_a_document_without_operations_is_shown_as_one(tab, home, more):
    info = {"title": "Small", "version": "1"}
    assert shown(tab, home, {"openapi": "3.1.0", "info": info, **more}) == []
    expect(tab.get_by_text("The document names no paths yet.")).to_be_visible()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("../v1.0", f"{PREFIX}/api/v1.0."),  # begins where the document lies
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
    ada.send("PUT", "/cart/1", {"quantity": 999})
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
