import os
import runpy
import time
from datetime import timedelta
from email.message import Message
from http.cookiejar import CookieJar
from types import SimpleNamespace
from urllib.request import Request

import pytest
from flask import Flask, Response, make_response, request
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from werkzeug.exceptions import BadRequestKeyError
from werkzeug.http import parse_date

import day02.cookies.app
from day02.cookies.app import HOUR, app, seal


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in os.environ:
        if name.startswith("FLASK_"):
            monkeypatch.delenv(name)


def set_cookies(response):
    """Return the Set-Cookie headers by the cookie's name: the value and the attributes."""
    found = {}
    for header in response.headers.getlist("Set-Cookie"):
        pair, *attributes = header.split("; ")
        name, _, value = pair.partition("=")
        found[name] = value, dict(each.partition("=")[::2] for each in attributes)
    return found


def browser_jar(response):
    """Keep the cookies of a response as a client does that knows about time and HTTPS."""
    message, jar = Message(), CookieJar()
    for header in response.headers.getlist("Set-Cookie"):
        message["Set-Cookie"] = header
    jar.extract_cookies(SimpleNamespace(info=lambda: message), Request("https://shop.test/"))
    return jar


def sent(jar, url):
    carrier = Request(url)
    jar.add_cookie_header(carrier)
    return carrier.get_header("Cookie", "")


@pytest.mark.point("D2-38", "D2-40", "D2-41", "S2-33")
def test_a_cookie_is_set_on_the_response_and_read_from_the_next_request(client):
    assert 'data-theme="light"' in client.get("/").text
    response = client.post("/theme", data={"theme": "dark"})
    assert (response.status_code, response.location) == (303, "/")
    value, attributes = set_cookies(response)["theme"]
    expires = parse_date(attributes.pop("Expires"))
    assert value == "dark"
    assert attributes == {"Max-Age": "31536000", "Path": "/", "SameSite": "Lax"}
    assert abs(expires.timestamp() - time.time() - 31536000) < 60
    page = client.get("/").text
    assert 'data-theme="dark"' in page
    assert "<option selected>dark</option>" in page
    assert "<dt>theme</dt>" in page


@pytest.mark.parametrize("form", [{}, {"theme": ""}, {"theme": "<b>"}, {"theme": "dark; Path=/x"}])
def test_a_theme_that_does_not_exist_is_no_cookie(client, form):
    response = client.post("/theme", data=form)
    assert response.status_code == 400
    assert "Choose light or dark." in response.text
    assert set_cookies(response) == {}


@pytest.mark.point("D2-41", "S2-33")
def test_a_cookie_that_is_set_is_not_in_the_request_that_sets_it():
    shop = Flask("shop")

    @shop.get("/")
    def index():
        response = make_response()
        response.set_cookie("theme", "dark")
        response.set_data(request.cookies.get("theme", "none"))
        return response

    client = shop.test_client()
    assert [client.get("/").text, client.get("/").text] == ["none", "dark"]
    assert not hasattr(Flask.request_class, "set_cookie")


@pytest.mark.point("D2-41", "S2-36")
def test_reading_by_index_demands_the_cookie_and_get_does_not():
    shop = Flask("shop")
    shop.add_url_rule("/index", view_func=lambda: request.cookies["username"], endpoint="index")
    shop.add_url_rule("/get", view_func=lambda: [request.cookies.get("username")], endpoint="get")

    client = shop.test_client()
    assert client.get("/index").status_code == 400
    assert client.get("/get").json == [None]
    shop.debug = True
    with pytest.raises(BadRequestKeyError):
        client.get("/index")
    client.set_cookie("username", "Ann")
    assert client.get("/index").text == "Ann"
    assert client.get("/get").json == ["Ann"]


@pytest.mark.point("D2-41")
def test_the_cookies_of_a_request_cannot_be_changed():
    with app.test_request_context(headers={"Cookie": "theme=dark"}):
        with pytest.raises(TypeError, match="immutable"):
            request.cookies["theme"] = "light"
        assert request.cookies["theme"] == "dark"


@pytest.mark.point("D2-39", "D2-40")
def test_max_age_takes_seconds_or_a_timedelta_and_its_absence_names_no_end(client):
    response = client.get("/lifetimes")
    cookies = set_cookies(response)
    assert cookies["visit"] == ("short", {"Path": "/"})
    for name, seconds in [("hour", 3600), ("day", 86400)]:
        attributes = cookies[name][1]
        assert attributes["Max-Age"] == str(seconds)
        ends = parse_date(attributes["Expires"]).timestamp()
        assert abs(ends - time.time() - seconds) < 60


@pytest.mark.point("D2-40")
@pytest.mark.parametrize(
    ("later", "left"),
    [
        (timedelta(0), {"visit", "hour", "day"}),
        (timedelta(minutes=61), {"visit", "day"}),
        (timedelta(hours=25), {"visit"}),
    ],
)
def test_a_client_that_knows_the_time_drops_what_has_expired(client, later, left):
    jar = browser_jar(client.get("/lifetimes"))
    now = time.time() + later.total_seconds()
    assert {cookie.name for cookie in jar if not cookie.is_expired(now)} == left
    # What has no end is thrown away with the browser's session.
    assert {cookie.name for cookie in jar if cookie.discard} == {"visit"}


@pytest.mark.point("D2-38")
def test_no_protection_is_the_default_and_all_three_can_be_asked_for(client):
    cookies = set_cookies(client.get("/protections"))
    assert cookies["bare"] == ("open", {"Path": "/"})
    attributes = {"Secure": "", "HttpOnly": "", "Path": "/", "SameSite": "Strict"}
    assert cookies["guarded"] == ("shut", attributes)


@pytest.mark.point("D2-38")
def test_a_secure_cookie_travels_over_https_only(client):
    jar = browser_jar(client.get("/protections"))
    assert sent(jar, "http://shop.test/") == "bare=open"
    assert "guarded=shut" in sent(jar, "https://shop.test/")


def test_a_cookie_with_a_path_is_sent_there_and_below(client):
    response = client.post("/cart")
    assert (response.status_code, response.location) == (303, "/cart")
    assert set_cookies(response)["cart"] == ("tea", {"Path": "/cart"})
    assert client.get("/cart").json == {"cart": "tea"}
    assert "<dt>cart</dt>" not in client.get("/").text
    jar = browser_jar(response)
    addresses = ["/", "/cart", "/cart/empty", "/carts"]
    reached = [sent(jar, f"https://shop.test{address}") != "" for address in addresses]
    assert reached == [False, True, True, False]


@pytest.mark.point("D2-42", "D2-43")
def test_deleting_with_another_path_keeps_the_cookie(client):
    client.post("/cart")
    response = client.post("/cart/empty-wrong")
    expired = {"Expires": "Thu, 01 Jan 1970 00:00:00 GMT", "Max-Age": "0"}
    assert set_cookies(response)["cart"] == ("", expired | {"Path": "/"})
    assert client.get("/cart").json == {"cart": "tea"}
    assert client.get_cookie("cart", path="/cart").value == "tea"

    response = client.post("/cart/empty")
    assert (response.status_code, response.location) == (303, "/cart")
    assert set_cookies(response)["cart"] == ("", expired | {"Path": "/cart"})
    assert client.get("/cart").json == {"cart": "empty"}
    assert client.get_cookie("cart", path="/cart") is None


@pytest.mark.point("D2-42")
def test_deleting_with_another_domain_is_another_cookie_too():
    response = Response()
    response.delete_cookie("theme", domain="shop.test")
    assert set_cookies(response)["theme"][1]["Domain"] == "shop.test"
    assert not hasattr(Flask.request_class, "delete_cookie")


@pytest.mark.point("D2-43")
def test_a_lifetime_is_no_text_and_a_lifetime_of_zero_deletes():
    response = Response()
    with pytest.raises(TypeError):
        response.set_cookie("theme", "", max_age="value")
    assert set_cookies(response) == {}
    response.set_cookie("theme", "", max_age=0)
    assert set_cookies(response)["theme"][1]["Max-Age"] == "0"
    assert list(browser_jar(response)) == []


@pytest.mark.point("S2-34", "S2-35")
def test_a_cookie_is_a_header_and_leaves_the_body_empty():
    shop = Flask("shop")

    @shop.get("/")
    def index():
        response = make_response()
        response.set_cookie("username", "the username")
        return response

    @shop.get("/no-body")
    def no_body():
        response = make_response("", 204)
        response.set_cookie("username", "Ann")
        return response

    response = shop.test_client().get("/")
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Set-Cookie"] == 'username="the username"; Path=/'
    response = shop.test_client().get("/no-body")
    assert (response.status_code, response.headers["Set-Cookie"]) == (204, "username=Ann; Path=/")


def open_vault(client, address, **cookies):
    for name, value in cookies.items():
        client.set_cookie(name, value)
    response = client.get(address)
    return response.status_code, "The vault is open." in response.text


@pytest.mark.point("D2-41")
def test_the_unsafe_vault_opens_for_a_word_that_the_client_wrote(client):
    assert open_vault(client, "/vault-unsafe") == (403, False)
    client.get("/welcome")
    assert open_vault(client, "/vault-unsafe") == (403, False)
    assert open_vault(client, "/vault-unsafe", role="admin") == (200, True)


def forged(key, salt="role"):
    return URLSafeTimedSerializer(key, salt=salt).dumps("admin")


@pytest.mark.point("D2-41")
@pytest.mark.parametrize(
    "value",
    [
        "",
        "admin",
        ".",
        "a.b.c",
        "é",
        "ImFkbWluIg",
        "." * 2000,
        forged("a key that the attacker made up"),
        forged(app.secret_key, salt="newsletter"),
        seal.dumps("customer"),
        seal.dumps("admin")[:-1],
        seal.dumps(["admin"]),
        seal.dumps("admin").upper(),
    ],
    # Signatures differ from run to run, and names of tests should not.
    ids=range(13),
)
def test_the_vault_stays_shut_for_what_the_server_has_not_signed(client, value):
    assert open_vault(client, "/vault", signed_role=value, role="admin") == (403, False)


@pytest.mark.point("D2-41")
def test_a_signature_does_not_fit_another_content(client):
    assert open_vault(client, "/vault") == (403, False)
    client.get("/welcome")
    assert open_vault(client, "/vault") == (403, False)
    signature = client.get_cookie("signed_role").value.split(".", 1)[1]
    admin = seal.dumps("admin").split(".", 1)[0]
    assert open_vault(client, "/vault", signed_role=f"{admin}.{signature}") == (403, False)


def test_the_vault_opens_for_what_the_server_has_signed(client):
    assert open_vault(client, "/vault", signed_role=seal.dumps("admin")) == (200, True)


@pytest.mark.parametrize(("age", "status"), [(HOUR - 60, 200), (HOUR + 60, 403)])
def test_the_server_counts_the_age_of_a_signature_itself(client, monkeypatch, age, status):
    with monkeypatch.context() as earlier:
        earlier.setattr(TimestampSigner, "get_timestamp", lambda self: int(time.time()) - age)
        old = seal.dumps("admin")
    assert open_vault(client, "/vault", signed_role=old)[0] == status


def test_welcome_hands_out_the_role_in_plain_letters_and_signed(client):
    cookies = set_cookies(client.get("/welcome"))
    assert cookies["role"] == ("customer", {"HttpOnly": "", "Path": "/"})
    value, attributes = cookies["signed_role"]
    assert seal.loads(value) == "customer"
    assert attributes["Max-Age"] == "3600"
    assert "HttpOnly" in attributes


@pytest.mark.point("D2-41")
def test_the_page_escapes_what_the_cookies_say(client):
    client.set_cookie("theme", '"><script>alert(1)</script>')
    client.set_cookie("note", "<b>bold</b>")
    page = client.get("/").text
    assert "<script>alert" not in page
    assert "<dd>&lt;b&gt;bold&lt;/b&gt;</dd>" in page
    assert 'data-theme="&#34;&gt;&lt;script' in page


def test_the_page_shows_what_a_script_can_read(client):
    page = client.get("/").text
    assert "<dt>No cookie</dt>" in page
    assert 'getElementById("seen").textContent = document.cookie' in page


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("Three lifetimes", 'href="/run/cookies/lifetimes"'),
        ("Bare and guarded", 'href="/run/cookies/protections"'),
        ("A role, plain and signed", 'href="/run/cookies/welcome"'),
        ("The vault that believes", 'href="/run/cookies/vault-unsafe"'),
        ("The vault that checks", 'href="/run/cookies/vault"'),
        ("The cart", 'href="/run/cookies/cart"'),
        ("Tea into the cart", 'formaction="/run/cookies/cart"'),
        ("Empty it with another path", 'formaction="/run/cookies/cart/empty-wrong"'),
        ("Empty it", 'formaction="/run/cookies/cart/empty"'),
    ],
)
def test_the_page_leads_everywhere_under_any_mount(client, words, target):
    page = client.get("/", base_url="http://localhost/run/cookies").text
    assert f"{target}>{words}<" in page
    assert '<form method="post" action="/run/cookies/theme">' in page


def secret_key_of_a_new_start():
    return runpy.run_path(day02.cookies.app.__file__, run_name="shop")["app"].secret_key


def test_the_key_is_new_at_each_start_unless_the_environment_sets_it(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    one, other = secret_key_of_a_new_start(), secret_key_of_a_new_start()
    assert len(one) == 64
    assert one != other
    monkeypatch.setattr(os, "environ", {"FLASK_SECRET_KEY": ""})
    assert len(secret_key_of_a_new_start()) == 64
    monkeypatch.setattr(os, "environ", {"FLASK_SECRET_KEY": "0123"})
    assert secret_key_of_a_new_start() == "0123"
