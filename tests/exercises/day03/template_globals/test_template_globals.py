"""Tests of the exercise: pages that know the shop without being told."""

import random

import pytest

from course.grading import expect

PATHS = ["/", "/tea/290"]


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("Every template knows config, which is app.config.")
@pytest.mark.parametrize("path", PATHS)
def test_the_heading_is_the_shop(client, path):
    """The heading of both pages is The Teapot."""
    expect(client.get(path), 200, contains="<h1>The Teapot</h1>")


@pytest.mark.task(1)
@pytest.mark.needs("test_the_heading_is_the_shop")
@pytest.mark.hint("Read the setting in the template: {{ config.SHOP_NAME }}.")
@pytest.mark.parametrize("path", PATHS)
def test_another_shop_has_another_heading(start, path):
    """An app with another SHOP_NAME shows that one."""
    name = f"Shop {random.randrange(10**6)}"
    expect(start({"SHOP_NAME": name}).get(path), 200, contains=f"<h1>{name}</h1>")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("A context processor returns a dict of names: the name, and the function.")
def test_the_first_page_shows_a_price(client):
    """The first page says 4.90 EUR."""
    expect(client.get("/"), 200, contains="A pot of tea costs 4.90 EUR.")


@pytest.mark.task(2)
@pytest.mark.hint("The template calls the function: {{ price(cents) }}.")
def test_the_tea_shows_its_price(client):
    """The page of a tea shows the cents of its path in EUR."""
    cents = random.randrange(100, 10**5)
    reply = client.get(f"/tea/{cents}")
    expect(reply, 200, contains=f"This tea costs {cents / 100:.2f} EUR.")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("The template is your own text, with {{ name }} in it. Pass name as a value.")
def test_a_sum_is_not_calculated(client):
    """If the name is a sum in two braces, the page shows the sum and not its value."""
    name = f"{{{{ {random.randrange(100, 999)} * {random.randrange(100, 999)} }}}}"
    reply = client.get("/greet", query_string={"name": name})
    expect(reply, 200, contains=f"<p>Hello {name}</p>")


@pytest.mark.task(3)
@pytest.mark.needs("test_a_sum_is_not_calculated")
@pytest.mark.hint("Jinja escapes a value by itself. An f-string and |safe do not.")
def test_a_tag_is_escaped(client):
    """A tag in the name is shown as text."""
    reply = client.get("/greet", query_string={"name": "<b>Ann"})
    expect(reply, 200, contains="<p>Hello &lt;b&gt;Ann</p>")
