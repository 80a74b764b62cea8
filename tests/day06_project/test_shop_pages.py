"""The pages of the shop: finished files, sent with the CSRF token of the visitor's session.

Begin with test_a_page_is_a_file_and_comes_with_the_token.
"""

import mimetypes
import re
from pathlib import Path

import pytest
from flask import Flask, current_app, make_response
from werkzeug.exceptions import NotFound

from day06_project import shop

STATIC = Path(shop.__file__).parent / "static"
NAMES = ["index", "register", "login", "cart", "offer", "api"]


@pytest.mark.parametrize("path", ["/", *(f"/{name}.html" for name in NAMES)])
def test_a_page_is_a_file_and_comes_with_the_token(app, path):
    client = app.test_client()
    client.get("/api/v1.0/session")
    client.delete_cookie("csrf_token")
    response = client.get(path)
    name = path.removeprefix("/") or "index.html"
    with open(f"{app.static_folder}/html/{name}", "rb") as file:
        assert response.data == file.read()
    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert response.headers["ETag"]
    assert response.headers["Last-Modified"]
    assert "no-cache" in response.headers["Cache-Control"]
    assert client.get_cookie("csrf_token").value
    response.close()


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere.html",
        "/Index.html",
        "/index.htm",
        "/a/index.html",
        "/index.html/",
        "/..%2fconfig.html",
        "/../../config.py",
        "/%2e%2e/%2e%2e/config.py",
        "/html/index.html",
        f"/{'a' * 33}.html",
        "/index.html%0a",
    ],
)
def test_other_paths_are_404(visitor, path):
    response = visitor.client.get(path)
    assert response.status_code == 404
    assert response.mimetype == "text/html"
    assert '<a class="brand" href="/">The shop</a>' in response.text


def test_the_page_of_an_error_finds_its_style_below_a_prefix_too(visitor):
    response = visitor.client.get("/a/b/c", base_url="http://localhost/shop")
    assert 'href="/shop/static/css/base.css"' in response.text
    assert "To the goods" in response.text
    text = visitor.client.get("/<script>alert(1)</script>").text
    assert "<script" not in text


def test_a_host_that_is_not_trusted_gets_a_page_without_an_error_of_its_own(build):
    client = build(TRUSTED_HOSTS=["shop.example"]).test_client()
    response = client.get("/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "The shop" in response.text


def test_a_page_is_not_sent_again_but_its_token_is(visitor):
    assert visitor.token
    first = visitor.client.get("/")
    again = visitor.client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert "csrf_token=" in again.headers["Set-Cookie"]
    first.close()
    again.close()


def test_pages_hold_no_data(ada):
    ada.offer("Astrolabe")
    response = ada.client.get("/")
    assert "Astrolabe" not in response.text
    assert "ada" not in response.text
    assert "Astrolabe" in ada.get("/goods").text
    response.close()


def test_these_are_all_the_pages():
    assert {path.stem for path in (STATIC / "html").iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_no_inline_code_and_loads_nothing_from_elsewhere(name):
    text = (STATIC / "html" / f"{name}.html").read_text("utf-8")
    assert text.startswith("<!doctype html>\n<html lang=")
    assert 'name="viewport"' in text
    assert "<noscript>" in text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|://|src=\"/|href=\"/", text)
    linked = re.findall(r'(?:src|href)="((?:static/)?[\w/]+\.(?:js|css|svg|html))"', text)
    assert len(linked) > 5
    for address in linked:
        below = address.removeprefix("static/") if "/" in address else f"html/{address}"
        assert (STATIC / below).exists(), address


def test_scripts_never_turn_text_into_markup():
    for path in (STATIC / "js").iterdir():
        text = path.read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


def test_modules_are_javascript_even_if_the_machine_says_text(build_empty):
    before = mimetypes.guess_type("a.js")[0]
    mimetypes.add_type("text/plain", ".js")  # as Windows' registry may say
    try:
        response = build_empty().test_client().get("/static/js/api.js")
        assert response.mimetype == "text/javascript"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        response.close()
    finally:
        mimetypes.add_type(before, ".js")


def test_the_rule_for_pages_does_not_match_paths_of_the_api(app):
    adapter = app.url_map.bind("localhost")
    assert adapter.match("/api/v1.0/goods")[0] == "api_v1.goods.index"
    assert adapter.match("/cart.html") == ("pages.page", {"name": "cart"})
    for path in "/A.html", "/a.b.html", "/...html", "/.html", "/a%2fb.html", "/api/v1.0/x.html":
        with pytest.raises(NotFound):
            adapter.match(path)


def test_send_static_file_stays_in_its_folder(app):
    with app.test_request_context():
        response = current_app.send_static_file("html/index.html")
        assert response.mimetype == "text/html"
        response.close()
        for name in "../config.py", "html/../../config.py", "nowhere.html", "/etc/passwd", "html":
            with pytest.raises(NotFound):
                current_app.send_static_file(name)
    without = Flask("small", static_folder=None)
    with without.test_request_context(), pytest.raises(RuntimeError, match="static_folder"):
        without.send_static_file("index.html")
    with pytest.raises(RuntimeError, match="outside of application context"):
        current_app.send_static_file("index.html")


def test_make_response_takes_a_body_and_not_the_name_of_a_file(app):
    with app.test_request_context():
        assert make_response("index.html").data == b"index.html"
        response = make_response(current_app.send_static_file("html/index.html"))
        response.direct_passthrough = False
        assert response.data.startswith(b"<!doctype html>")
        response.close()


def test_pages_work_below_a_prefix(visitor):
    response = visitor.client.get("/login.html", environ_overrides={"SCRIPT_NAME": "/run/shop"})
    assert response.status_code == 200
    response.close()
