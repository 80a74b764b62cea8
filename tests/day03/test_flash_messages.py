import os
import re
import secrets

import pytest
from flask import Flask, flash, get_flashed_messages, render_template_string, session
from markupsafe import Markup

from day03.flash_messages.app import create_app

MONDAY = "We deliver on Monday."
TEA = "tea is in the cart."
ERROR = "Write what you want in 1 to 40 characters."
ATTACK = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module", autouse=True)
def clean_environment():
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if name.startswith("FLASK_"):
                environment.delenv(name)
        yield


@pytest.fixture(scope="module")
def app(clean_environment):
    """Build the app once; it remembers nothing, for the messages lie in each client's cookie."""
    return create_app()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def shop():
    """Give a bare application for what a lesson does not need."""
    shop = Flask("shop")
    shop.secret_key = "only for these tests"
    return shop


def post(client, item="tea", path="/cart"):
    response = client.post(path, data={"item": item})
    assert (response.status_code, response.location) == (303, "/")


def shown(response):
    """Return the messages of a page as (category, text as it stands in the page)."""
    return re.findall(r'<p class="flash (\w+)" role="\w+">(.*)</p>', response.text)


def waiting(client):
    with client.session_transaction() as session:
        return session.get("_flashes", [])


# From one request to the next


@pytest.mark.point("D3-52", "D3-53")
def test_what_a_view_flashes_the_next_page_shows(client):
    assert shown(client.get("/")) == []
    post(client)
    assert shown(client.get("/")) == [("message", MONDAY), ("success", TEA)]


@pytest.mark.point("D3-52", "D3-55")
def test_messages_wait_in_the_session_with_their_category(client):
    post(client)
    assert waiting(client) == [("message", MONDAY), ("success", TEA)]
    assert client.get("/waiting").json == {"waiting": [["message", MONDAY], ["success", TEA]]}


@pytest.mark.point("D3-54")
def test_the_page_after_the_next_has_no_messages(client):
    post(client)
    assert len(shown(client.get("/"))) == 2
    assert waiting(client) == []
    assert shown(client.get("/")) == []


@pytest.mark.point("D3-54")
def test_a_page_that_does_not_ask_keeps_them(client):
    post(client)
    for _ in range(2):
        assert len(client.get("/waiting").json["waiting"]) == 2
        assert client.get("/nowhere").status_code == 404
    assert len(shown(client.get("/"))) == 2


@pytest.mark.point("D3-54")
def test_in_one_request_every_call_gives_the_same(client):
    post(client)
    both = [MONDAY, TEA]
    assert client.get("/twice").json == {"first": both, "second": both}
    assert client.get("/twice").json == {"first": [], "second": []}


@pytest.mark.point("D3-54")
def test_messages_pile_up_in_order_until_somebody_asks(client):
    for item in "tea", "cup":
        post(client, item, "/cart-bold")
    texts = [text for _, text in shown(client.get("/"))]
    assert texts == ["<b>tea</b> is in the cart.", "<b>cup</b> is in the cart."]


@pytest.mark.point("D3-53")
def test_a_message_can_be_shown_by_the_request_that_flashes_it(client):
    response = client.post("/cart", data={"item": ""})
    assert response.status_code == 400
    assert shown(response) == [("error", ERROR)]
    assert shown(client.get("/")) == []


@pytest.mark.point("D3-53")
def test_that_request_also_shows_what_was_waiting(client):
    post(client)
    response = client.post("/cart", data={"item": ""})
    assert shown(response) == [("error", ERROR), ("message", MONDAY), ("success", TEA)]
    assert waiting(client) == []


@pytest.mark.point("D3-54")
def test_what_is_flashed_after_asking_is_for_the_next_request(shop):
    @shop.get("/")
    def index():
        before = get_flashed_messages()
        flash("late")
        return [before, get_flashed_messages()]

    client = shop.test_client()
    assert client.get("/").json == [[], []]
    assert client.get("/").json == [["late"], ["late"]]


# Categories


@pytest.mark.point("D3-52")
def test_the_category_is_message_unless_told_otherwise(shop):
    with shop.test_request_context():
        flash("plain")
        flash("odd", "of my own")
        assert session["_flashes"] == [("message", "plain"), ("of my own", "odd")]


@pytest.mark.point("D3-53")
def test_a_filter_picks_categories_and_pairs_are_on_request(shop):
    with shop.test_request_context():
        flash("a", "error")
        flash("b")
        flash("c", "error")
        assert get_flashed_messages() == ["a", "b", "c"]
        assert get_flashed_messages(category_filter=["error"]) == ["a", "c"]
        assert get_flashed_messages(category_filter=["nobody"]) == []
        assert get_flashed_messages(True, ["message"]) == [("message", "b")]
        pairs = [("error", "a"), ("message", "b"), ("error", "c")]
        assert get_flashed_messages(with_categories=True) == pairs


@pytest.mark.point("D3-53")
def test_templates_know_the_function(shop):
    with shop.test_request_context():
        flash("hello")
        assert render_template_string("{{ get_flashed_messages() | first }}") == "hello"


@pytest.mark.point("D3-54")
def test_a_filter_throws_the_others_away(client):
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


# Whose they are, and how long


@pytest.mark.point("D3-54")
def test_of_several_tabs_the_first_that_asks_gets_them(client):
    post(client)
    second_tab, first_tab = client.get("/"), client.get("/")
    assert len(shown(second_tab)) == 2
    assert shown(first_tab) == []


def test_another_visitor_sees_nothing(app, client):
    post(client)
    assert shown(app.test_client().get("/")) == []
    assert len(shown(client.get("/"))) == 2


@pytest.mark.point("D3-54")
def test_a_head_request_takes_them_too(client):
    post(client)
    client.head("/")
    assert shown(client.get("/")) == []


@pytest.mark.point("D3-54", "D3-55")
def test_a_copy_of_the_cookie_shows_them_again(client):
    post(client)
    old = client.get_cookie("session").value
    client.get("/")
    assert shown(client.get("/")) == []
    client.set_cookie("session", old)
    assert len(shown(client.get("/"))) == 2


@pytest.mark.point("D3-55", "D3-56")
def test_messages_cannot_be_made_up_without_the_key(client):
    forger = Flask("elsewhere")
    forger.secret_key = "a guess"
    serializer = forger.session_interface.get_signing_serializer(forger)
    client.set_cookie("session", serializer.dumps({"_flashes": [("success", "forged")]}))
    assert shown(client.get("/")) == []


@pytest.mark.point("D3-55")
def test_a_long_message_is_too_much_for_the_cookie(shop):
    @shop.get("/<int:size>")
    def index(size):
        flash(secrets.token_hex(size))
        return "flashed"

    client = shop.test_client()
    assert client.get("/500").status_code == 200
    with pytest.warns(UserWarning, match="cookie is too large.* the limit is 4093 bytes"):
        assert client.get("/4000").status_code == 200


@pytest.mark.point("D3-55")
def test_many_messages_are_too_much_for_the_cookie(shop):
    @shop.get("/")
    def index():
        flash(secrets.token_hex(500))
        return "flashed"

    client = shop.test_client()
    for _ in range(3):
        client.get("/")
    with pytest.warns(UserWarning, match="cookie is too large"):
        [client.get("/") for _ in range(5)]


@pytest.mark.point("D3-56")
@pytest.mark.parametrize("key", [None, ""])
def test_without_a_secret_key_there_is_nothing_to_flash_with(key):
    app = Flask("shop")
    app.secret_key = key
    with app.test_request_context():
        assert get_flashed_messages() == []
        with pytest.raises(RuntimeError, match="no secret key"):
            flash("hello")


@pytest.mark.point("D3-56")
def test_the_key_is_random_or_from_the_environment(monkeypatch):
    assert create_app().secret_key != create_app().secret_key
    assert len(create_app().secret_key) == 64
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the environment")
    assert create_app().secret_key == "from the environment"
    assert create_app({"SECRET_KEY": "from the caller"}).secret_key == "from the caller"


def test_the_cookie_is_not_sent_along_from_other_sites(client):
    response = client.post("/cart", data={"item": "tea"})
    assert response.headers["Set-Cookie"].endswith("; HttpOnly; Path=/; SameSite=Lax")


# What visitors type


@pytest.mark.point("D3-53")
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/cart", "&lt;img src=x onerror=alert(1)&gt; is in the cart."),
        ("/cart-bold", "<b>&lt;img src=x onerror=alert(1)&gt;</b> is in the cart."),
        ("/cart-unsafe", f"<b>{ATTACK}</b> is in the cart."),
    ],
)
def test_markup_in_a_message_is_escaped_unless_it_was_vouched_for(client, path, text):
    post(client, ATTACK, path)
    page = client.get("/")
    assert shown(page)[-1] == ("success", text)
    assert (ATTACK in page.text) == (path == "/cart-unsafe")


def test_markup_stays_markup_on_its_way_through_the_session(client):
    post(client, path="/cart-bold")
    [(_, message)] = waiting(client)
    assert type(message) is Markup
    post(client)
    assert [type(message) for _, message in waiting(client)] == [Markup, str, str]


@pytest.mark.parametrize("path", ["/cart", "/cart-bold", "/cart-unsafe"])
@pytest.mark.parametrize("item", ["", "   ", "x" * 41, "te\0a", "te\na", "x" * 400_000])
def test_what_does_not_fit_is_refused_and_said(client, path, item):
    response = client.post(path, data={"item": item})
    assert response.status_code == 400
    assert shown(response) == [("error", ERROR)]
    assert waiting(client) == []


@pytest.mark.parametrize("path", ["/cart", "/cart-bold", "/cart-unsafe"])
def test_a_form_without_the_field_is_refused(client, path):
    assert client.post(path).status_code == 400
    assert client.post(path, json=["tea"]).status_code == 400
    assert client.get(path).status_code == 405


@pytest.mark.parametrize("item", ["x" * 40, "王小明", "  x  ", "{{ 7 * 7 }}", "100 %"])
def test_what_fits_is_repeated(client, item):
    post(client, item)
    assert shown(client.get("/"))[-1] == ("success", f"{item.strip()} is in the cart.")


def test_a_refused_form_keeps_what_was_typed(client):
    assert 'value="tea"' in client.get("/").text
    page = client.post("/cart", data={"item": '"><b>' + "x" * 40}).text
    assert f'value="&#34;&gt;&lt;b&gt;{"x" * 40}"' in page


def test_the_page_has_a_label_and_a_button_for_each_way(client):
    page = client.get("/").text
    assert '<label for="item">' in page
    assert '<input id="item" name="item"' in page
    assert '<form method="post" action="/cart">' in page
    assert re.findall('formaction="(.*?)"', page) == ["/cart-bold", "/cart-unsafe"]
    assert page.count("<h1>Flash messages</h1>") == 1
