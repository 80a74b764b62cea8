"""Tests of the exercise: the list of a library."""

import html
import random
import re

import pytest

from course.grading import expect, fail


def has_line(reply, tag, text):
    """Fail unless the page has an element with exactly that text."""
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", expect(reply, 200).text, re.DOTALL)
    if text not in [" ".join(html.unescape(each).split()) for each in found]:
        fail(reply, f"<{tag}>{text}</{tag}>", wanted=text)


def book(client, **facts):
    return client.get("/", query_string={"title": "sea", "price": "1", **facts})


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("A filter comes after the value: {{ value|name }}. One makes titles.")
@pytest.mark.parametrize("title", ["the old man", "a ROOM of one's own"])
def test_the_title_is_in_title_case(client, title):
    """Each word of the title begins in upper case and goes on in lower case."""
    has_line(book(client, title=title), "h1", title.title().replace("'S", "'s"))


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("The filter join takes the text between the values.")
def test_the_authors_are_joined(client):
    """Two authors are shown with a comma and a space between them."""
    names = random.sample(["Ann", "Bob", "Cleo", "Dan"], 2)
    has_line(book(client, author=names), "p", f"by {', '.join(names)}")


@pytest.mark.task(2)
@pytest.mark.needs("test_the_authors_are_joined")
@pytest.mark.hint(
    "The filter default replaces what is not there; its second argument, true, what is empty."
)
def test_no_author_is_unknown(client):
    """Without an author, the page shows unknown."""
    has_line(book(client), "p", "by unknown")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint('The filter format works on the pattern: {{ "%.2f"|format(value) }}.')
@pytest.mark.parametrize(("price", "text"), [("12.5", "12.50"), ("3", "3.00"), ("7.125", "7.12")])
def test_the_price_has_two_digits(client, price, text):
    """The price has two digits after the dot."""
    has_line(book(client, price=price), "p", f"for {text}")
