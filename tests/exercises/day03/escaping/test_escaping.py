"""Tests of the exercise: make a guest book safe."""

import random

import pytest
from bs4 import BeautifulSoup

from course.grading import expect, fail


def visit(client, **facts):
    """Return the response and the page as a browser reads it."""
    query = {"name": "Ann", "text": "hello", "page": "https://ann.example/", **facts}
    reply = expect(client.get("/", query_string=query), 200)
    return reply, BeautifulSoup(reply.text, "html.parser")


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("Jinja escapes a value, unless a filter says that it is safe.")
def test_tags_of_a_message_are_text(client):
    """The tags of a message are shown as they were typed."""
    text = f"<b>{random.randrange(10**6)}</b> & more"
    reply, page = visit(client, text=text)
    if page.p is None or page.p.get_text().strip() != text:
        fail(reply, f"a paragraph with the text {text}", wanted="<p title")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("Write quotation marks around the value of the attribute.")
@pytest.mark.parametrize("name", ["Ann Lee", "x onclick=alert(1)"])
def test_a_name_stays_in_its_attribute(client, name):
    """The whole name is the value of title, and no other attribute is there."""
    reply, page = visit(client, name=name)
    if page.p is None or page.p.attrs != {"title": name}:
        fail(reply, f"a paragraph with title={name!r} and no other attribute", wanted="<p title")


@pytest.mark.task(2)
@pytest.mark.needs("test_a_name_stays_in_its_attribute")
@pytest.mark.hint("Jinja escapes a quotation mark, unless a filter says that it is safe.")
def test_a_quotation_mark_stays_in_its_attribute(client):
    """A name with a quotation mark in it is the value of title, too."""
    name = '"><script>alert(1)</script>'
    reply, page = visit(client, name=name)
    if page.p is None or page.p.attrs != {"title": name}:
        fail(reply, f"a paragraph with title={name!r} and no other attribute", wanted="<p title")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("Python's f-string escapes nothing. Use escape from markupsafe.")
def test_the_words_of_a_search_are_text(client):
    """The tags of the words are shown as they were typed."""
    words = f"<b>{random.randrange(10**6)}</b>"
    reply = expect(client.get("/search", query_string={"q": words}), 200)
    page = BeautifulSoup(reply.text, "html.parser")
    if page.get_text().strip() != f"Nothing about {words}.":
        fail(reply, f"a page with the text Nothing about {words}.")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.needs("test_a_good_page_is_a_link")
@pytest.mark.hint("text.startswith takes a tuple of beginnings. Escaping does not help here.")
@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "httpx:alert(1)"]
)
def test_a_script_is_not_a_link(client, url):
    """A page that does not begin with https:// or http:// is not a link."""
    reply, page = visit(client, page=url)
    if page.a is not None:
        fail(reply, f"a page without a link to {url}", wanted="<a href")


@pytest.mark.task(4)
@pytest.mark.needs("test_tags_of_a_message_are_text")
@pytest.mark.hint("The link is right as it is; only other beginnings are refused.")
@pytest.mark.parametrize("url", ["https://ann.example/?a=1&b=2", "http://ann.example/"])
def test_a_good_page_is_a_link(client, url):
    """A page that begins with https:// or http:// stays a link."""
    reply, page = visit(client, page=url)
    if page.a is None or page.a.get("href") != url:
        fail(reply, f"a link to {url}", wanted="<a href")
