"""The shop's front end in a real browser: goods, the cart, and selling."""

import pytest

from tests.day06_project.browser.helpers import (
    NUMBERS,
    alarm,
    card,
    held_back,
    log_in,
    requests_of,
)
from tests.helpers import SECOND_HALF

expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect
pytestmark = [
    pytest.mark.browser,
    # Werkzeug leaves a file to the garbage collector when it sends 304 for it.
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]


# Goods


def test_links_sort_the_goods_and_turn_pages_and_the_back_button_works(tab, home):
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


def test_the_page_shows_what_the_api_says_about_an_unknown_sort(tab, home):
    tab.goto(home + "?sort=colour")
    expect(alarm(tab)).to_contain_text("sort must be one of id")
    expect(alarm(tab).get_by_role("button")).to_have_count(0)  # again would be the same


def test_sold_out_goods_cannot_be_put_in_the_cart(inside, home, ada):
    ada.offer("Sold lute", stock=0)
    inside.goto(f"{home}index.html?sort=-id")
    card = inside.locator("#goods li", has_text="Sold lute")
    expect(card).to_contain_text("Sold out")
    expect(card.get_by_role("button")).to_have_count(0)


def test_an_address_that_does_not_exist_leads_back(tab, home):
    tab.goto(f"{home}goods/of/yesterday")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Not Found")
    tab.get_by_role("link", name="To the goods").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Goods")


def test_markup_in_names_and_descriptions_stays_text(tab, home, ada):
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
    teapot.get_by_label("Quantity").fill("8")
    inside.keyboard.press("Tab")
    expect(inside.get_by_role("status")).to_have_text("Teapot: 8 in the cart. €229.90 in total.")
    expect(inside.locator("#total")).to_have_text("€229.90")
    expect(inside.get_by_role("link", name="Cart (9)")).to_be_visible()
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


def test_a_wrong_quantity_is_an_error_at_its_field(inside, home, ada):
    ada.send("PUT", "/cart/5", {"quantity": 3})
    inside.goto(home + "cart.html")
    field = inside.get_by_label("Quantity")
    for number, found in ("0", "0"), ("1000", "1000"), ("1.5", "1.5"), ("", "null"):
        field.fill(number)
        inside.keyboard.press("Enter")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(
            f"Teapot Quantity must be an integer from 1 to 999, not {found}."
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


def test_goods_that_were_deleted_leave_the_cart(inside, home, ada):
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


def test_a_wrong_price_is_an_error_at_its_field(inside, home):
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


def test_only_the_owner_can_change_goods(tab, home, ada):
    tab.goto(home + "offer.html")
    expect(alarm(tab).get_by_role("link", name="Log in")).to_be_visible()
    expect(tab.locator("form")).to_be_hidden()
    log_in(tab, home, ada.user["name"])
    expect(tab.get_by_role("status")).to_contain_text("Welcome")
    tab.goto(home + "offer.html?id=1")
    expect(alarm(tab)).to_have_text("These goods belong to someone else.")
    expect(tab.locator("form")).to_be_hidden()
