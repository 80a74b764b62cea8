"""Flash messages: what one request leaves in the session, and the next page shows.

A test client keeps its cookies, so it is one visitor. ``post`` puts something into the cart, and
``shown`` reads the messages of a page.
Begin with test_after_a_post_the_next_page_shows_the_message.
"""

import re
from runpy import run_path

import pytest
from flask import Flask
from markupsafe import Markup

from day03.flash_messages import app as lesson
from day03.flash_messages import first
from day03.flash_messages.app import app
from tests.helpers import page

MONDAY = "We deliver on Monday."
TEA = "tea is in the cart."
ERROR = "Write what you want in 1 to 40 characters."
ATTACK = "<img src=x onerror=alert(1)>"


@pytest.fixture
def client():
    """Give a new visitor: the messages are in the client's cookie."""
    return app.test_client()


def post(client, item="tea", path="/cart"):
    """Put something into the cart."""
    response = client.post(path, data={"item": item})
    assert (response.status_code, response.location) == (303, "/")


def shown(response):
    """Return the messages of a page as (category, HTML of its text)."""
    return re.findall(r'<p class="flash (\w+)" role="\w+">(.*)</p>', response.text)


def waiting(client):
    """Return the messages in the visitor's session."""
    with client.session_transaction() as session:
        return session.get("_flashes", [])


def test_after_a_post_the_next_page_shows_the_message(client):
    response = client.post("/cart", data={"item": "tea"}, follow_redirects=True)
    assert response.status_code == 200
    assert "tea is in the cart." in response.text


def test_the_page_after_the_next_has_no_messages(client):
    post(client)
    assert len(shown(client.get("/"))) == 2
    assert shown(client.get("/")) == []


def test_each_message_has_its_category(client):
    assert shown(client.get("/")) == []
    post(client)
    assert shown(client.get("/")) == [("message", MONDAY), ("success", TEA)]


def test_a_message_can_be_shown_by_the_request_that_flashes_it(client):
    response = client.post("/cart", data={"item": ""})
    assert response.status_code == 400
    assert shown(response) == [("error", ERROR)]
    assert shown(client.get("/")) == []


def test_another_visitor_sees_nothing(client):
    post(client)
    assert shown(app.test_client().get("/")) == []
    assert len(shown(client.get("/"))) == 2


# The first program


def test_the_first_program_shows_its_message_once():
    client = first.app.test_client()
    assert page(client.get("/")).select("p") == []
    response = client.post("/cart")
    assert (response.status_code, response.location) == (303, "/")
    assert [each.text for each in page(client.get("/")).select("p")] == ["Tea is in the cart."]
    assert page(client.get("/")).select("p") == []
    form = page(client.get("/")).form
    assert (form["method"], form["action"]) == ("post", "/cart")


# From one request to the next


def test_messages_wait_in_the_session_with_their_category(client):
    post(client)
    assert waiting(client) == [("message", MONDAY), ("success", TEA)]
    assert client.get("/waiting").json == {"waiting": [["message", MONDAY], ["success", TEA]]}


def test_messages_wait_until_a_page_asks_for_them(client):
    post(client)
    for _ in range(2):
        assert len(client.get("/waiting").json["waiting"]) == 2
        assert client.get("/nowhere").status_code == 404
    assert len(shown(client.get("/"))) == 2


def test_in_one_request_every_call_gives_the_same(client):
    post(client)
    both = [MONDAY, TEA]
    assert client.get("/twice").json == {"first": both, "second": both}
    assert client.get("/twice").json == {"first": [], "second": []}


def test_messages_of_two_requests_are_shown_in_order(client):
    for item in "tea", "cup":
        post(client, item, "/cart-bold")
    texts = [text for _, text in shown(client.get("/"))]
    assert texts == ["<b>tea</b> is in the cart.", "<b>cup</b> is in the cart."]


def test_a_refused_form_also_shows_the_messages_that_wait(client):
    post(client)
    response = client.post("/cart", data={"item": ""})
    assert shown(response) == [("error", ERROR), ("message", MONDAY), ("success", TEA)]
    assert waiting(client) == []


def test_a_category_filter_drops_the_other_messages(client):
    post(client)
    assert client.get("/errors").json == {"errors": []}
    assert waiting(client) == []
    assert shown(client.get("/")) == []


def test_errors_come_first_and_are_announced(client):
    with client.session_transaction() as session:
        session["_flashes"] = [("success", "one"), ("error", "two"), ("message", "three")]
    assert client.get("/errors").json == {"errors": ["two"]}
    with client.session_transaction() as session:
        session["_flashes"] = [("success", "one"), ("error", "two"), ("message", "three")]
    page = client.get("/")
    assert shown(page) == [("error", "two"), ("success", "one"), ("message", "three")]
    assert '<p class="flash error" role="alert">two' in page.text
    assert '<p class="flash success" role="status">one' in page.text


def test_of_several_tabs_the_first_that_asks_gets_them(client):
    post(client)
    second_tab, first_tab = client.get("/"), client.get("/")
    assert len(shown(second_tab)) == 2
    assert shown(first_tab) == []


def test_a_head_request_takes_them_too(client):
    post(client)
    client.head("/")
    assert shown(client.get("/")) == []


# Forms that are refused


@pytest.mark.parametrize("path", ["/cart", "/cart-bold", "/cart-unsafe"])
@pytest.mark.parametrize("item", ["", "   ", "x" * 41, "te\0a", "te\na", "x" * 400_000])
def test_an_item_that_does_not_fit_is_refused_with_a_message(client, path, item):
    response = client.post(path, data={"item": item})
    assert response.status_code == 400
    assert shown(response) == [("error", ERROR)]
    assert waiting(client) == []


@pytest.mark.parametrize("path", ["/cart", "/cart-bold", "/cart-unsafe"])
def test_a_form_without_the_field_is_refused(client, path):
    for response in client.post(path), client.post(path, json=["tea"]):
        assert response.status_code == 400
        assert shown(response) == [("error", ERROR)]
    assert client.get(path).status_code == 405


@pytest.mark.parametrize("item", ["x" * 40, "王小明", "  x  ", "{{ 7 * 7 }}", "100 %"])
def test_an_item_that_fits_is_in_the_message(client, item):
    post(client, item)
    assert shown(client.get("/"))[-1] == ("success", f"{item.strip()} is in the cart.")


def test_a_refused_form_keeps_what_was_typed(client):
    assert page(client.get("/")).select_one("#item")["value"] == "tea"
    item = '"><b>' + "x" * 40
    response = client.post("/cart", data={"item": item})
    assert page(response).select_one("#item")["value"] == item


def test_the_page_has_a_label_and_a_button_for_each_way(client):
    found = page(client.get("/"))
    assert found.label["for"] == found.select_one("input[name=item]")["id"] == "item"
    assert (found.form["method"], found.form["action"]) == ("post", "/cart")
    buttons = [each.get("formaction") for each in found.select("button")]
    assert buttons == [None, "/cart-bold", "/cart-unsafe"]
    assert found.h1.text == "Flash messages"


def test_below_a_mount_the_form_and_the_redirect_begin_with_it(client):
    below = {"base_url": "http://localhost/below"}
    assert page(client.get("/", **below)).form["action"] == "/below/cart"
    assert client.post("/cart", data={"item": "tea"}, **below).location == "/below/"


# Attacks


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/cart", "&lt;img src=x onerror=alert(1)&gt; is in the cart."),
        ("/cart-bold", "<b>&lt;img src=x onerror=alert(1)&gt;</b> is in the cart."),
        ("/cart-unsafe", f"<b>{ATTACK}</b> is in the cart."),
    ],
)
def test_markup_in_a_message_is_escaped_unless_the_app_says_it_is_safe(client, path, text):
    post(client, ATTACK, path)
    response = client.get("/")
    assert shown(response)[-1] == ("success", text)
    assert (ATTACK in response.text) == (path == "/cart-unsafe")


def test_markup_is_still_markup_after_the_session(client):
    post(client, path="/cart-bold")
    [(_, message)] = waiting(client)
    assert type(message) is Markup
    post(client)
    assert [type(message) for _, message in waiting(client)] == [Markup, str, str]


def test_a_copy_of_the_cookie_shows_them_again(client):
    post(client)
    old = client.get_cookie("session").value
    client.get("/")
    assert shown(client.get("/")) == []
    client.set_cookie("session", old)
    assert len(shown(client.get("/"))) == 2


def test_messages_cannot_be_made_up_without_the_key(client):
    forger = Flask("elsewhere")
    forger.secret_key = "a guess"
    serializer = forger.session_interface.get_signing_serializer(forger)
    client.set_cookie("session", serializer.dumps({"_flashes": [("success", "forged")]}))
    assert shown(client.get("/")) == []


def test_the_key_is_random_or_from_the_environment(monkeypatch):
    def key():
        return run_path(lesson.__file__)["app"].secret_key

    keys = {key(), key()}
    monkeypatch.setenv("FLASK_SECRET_KEY", "")
    keys.add(key())
    assert [len(each) for each in keys] == [64, 64, 64]
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the environment")
    assert key() == "from the environment"


def test_the_cookie_is_not_sent_along_from_other_sites(client):
    response = client.post("/cart", data={"item": "tea"})
    assert response.headers["Set-Cookie"].endswith("; HttpOnly; Path=/; SameSite=Lax")
