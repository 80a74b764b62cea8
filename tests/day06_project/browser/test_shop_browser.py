"""The shop's front end in a real browser: accounts, logins and the CSRF token."""

import re

import pytest

from tests.day06_project.browser.helpers import (
    NUMBERS,
    alarm,
    card,
    log_in,
    requests_of,
)
from tests.day06_project.helpers import PASSWORD
from tests.helpers import SECOND_HALF

expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect
pytestmark = [
    pytest.mark.browser,
    # Werkzeug leaves a file to the garbage collector when it sends 304 for it.
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]

UUID4 = re.compile(r".*/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


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


def test_wrong_letters_are_an_error_at_their_field_and_another_picture_is_drawn(tab, home):
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


def test_errors_of_other_fields_leave_the_picture_as_it_is(tab, home):
    fill_registration(tab, home, "A")
    name = tab.get_by_label("Name")
    expect(name).to_be_focused()
    expect(name).to_have_accessible_description(re.compile("Name must have 3 to 32 characters"))
    picture = tab.locator("#picture").get_attribute("src")
    name.fill(f"new-{next(NUMBERS)}")
    tab.get_by_role("button", name="Register").click()
    expect(tab.get_by_role("status")).to_contain_text("Your account is open")
    assert UUID4.fullmatch(picture)


def test_errors_are_shown_at_each_field_and_removed_when_sent_again(tab, home):
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


def test_a_name_that_is_taken_is_an_error_and_the_picture_is_a_new_one(tab, home, ada):
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


def test_a_picture_that_does_not_arrive_is_an_error(tab, home):
    tab.route("**/captchas/*", lambda route: route.fulfill(status=503))
    tab.goto(home + "register.html")
    expect(alarm(tab)).to_contain_text("The picture did not arrive")


def test_a_wrong_password_is_an_error_and_after_five_the_page_says_how_long_to_wait(tab, home, ada):
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


def test_after_logging_out_the_back_button_shows_no_cart(inside, home, context):
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
