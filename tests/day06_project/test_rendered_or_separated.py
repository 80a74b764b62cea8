"""The same goods twice: as a finished page, and as a page whose script fetches them as JSON.

Begin with test_the_rendered_page_holds_the_goods.
"""

import re

import pytest

from day06_project.rendered_or_separated import app as lesson
from day06_project.rendered_or_separated import first
from day06_project.rendered_or_separated.app import GOODS, Goods, app
from tests.helpers import page


@pytest.fixture
def client():
    return app.test_client()


def text_of(client, path):
    with client.get(path) as response:
        return response.text


def test_the_rendered_page_holds_the_goods(client):
    response = client.get("/rendered")
    assert response.mimetype == "text/html"
    rows = [row.text for row in page(response).select("li")]
    assert rows == ["Green tea, 100 g: 6.90", "Mug, I <3 tea: 12.50", "Teapot: 27.50"]
    assert page(response).script is None


def test_the_separated_page_holds_no_goods(client):
    with client.get("/separated") as response:
        assert response.mimetype == "text/html"
        assert page(response).select_one("#goods").text.strip() == ""
        for goods in GOODS:
            assert goods.name not in response.text


def test_the_goods_are_json(client):
    response = client.get("/api/goods")
    assert response.mimetype == "application/json"
    assert response.json == {
        "items": [
            {"id": 1, "name": "Green tea, 100 g", "price": 690},
            {"id": 2, "name": "Mug, I <3 tea", "price": 1250},
            {"id": 3, "name": "Teapot", "price": 2750},
        ]
    }


def test_one_of_the_goods_is_json_too(client):
    assert client.get("/api/goods/2").json == {"id": 2, "name": "Mug, I <3 tea", "price": 1250}


def test_the_first_page_links_to_both(client):
    links = [link["href"] for link in page(client.get("/")).select("main a")]
    assert {"/rendered", "/separated"} <= set(links)


def test_the_first_program_has_the_goods_in_both_forms():
    client = first.app.test_client()
    assert [row.text for row in page(client.get("/rendered")).select("li")] == [
        "Green tea",
        "Teapot",
    ]
    assert [goods["price"] for goods in client.get("/api/goods").json["items"]] == [690, 2750]


# Edges


@pytest.mark.parametrize(
    "path",
    ["/api/goods/0", "/api/goods/4", "/api/goods/99999999999999999999", "/api/goods/x", "/nothing"],
)
def test_what_does_not_exist_is_404(client, path):
    assert client.get(path).status_code == 404


def test_goods_can_only_be_read(client):
    assert client.post("/api/goods").status_code == 405


def test_the_separated_page_is_the_same_for_other_goods(client, monkeypatch):
    before = text_of(client, "/separated")
    rendered = text_of(client, "/rendered")
    monkeypatch.setattr(lesson, "GOODS", GOODS[:1])
    assert text_of(client, "/separated") == before
    assert text_of(client, "/rendered") != rendered


def test_a_browser_that_has_the_separated_page_gets_304(client):
    with client.get("/separated") as response:
        etag = response.headers["ETag"]
    with client.get("/separated", headers={"If-None-Match": etag}) as again:
        assert again.status_code == 304


# Attacks


def test_markup_in_a_name_stays_text_in_the_rendered_page(client, monkeypatch):
    attack = Goods(4, "<img src=x onerror='document.title=1'>", 100)
    monkeypatch.setattr(lesson, "GOODS", [attack])
    response = client.get("/rendered")
    assert page(response).img is None
    assert page(response).li.text == f"{attack.name}: 1.00"
    assert client.get("/api/goods").mimetype == "application/json"


@pytest.mark.parametrize("path", ["/", "/rendered", "/separated", "/api/goods", "/nothing"])
def test_only_own_files_are_allowed(client, path):
    with client.get(path) as response:
        text = response.text
    policy = dict(
        rule.strip().split(" ", 1)
        for rule in response.headers["Content-Security-Policy"].split(";")
    )
    nowhere = ["default-src", "base-uri", "form-action", "frame-ancestors"]
    own = ["script-src", "style-src", "connect-src"]
    assert policy == dict.fromkeys(nowhere, "'none'") | dict.fromkeys(own, "'self'")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", text)
