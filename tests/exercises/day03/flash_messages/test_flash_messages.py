"""Tests of the exercise: a shop list that says what it did."""

import random

import pytest
from bs4 import BeautifulSoup

from course.grading import expect, fail


@pytest.fixture
def item():
    """Give an item that no solution can know in advance."""
    return f"tea {random.randrange(10**6)}"


def messages(reply):
    """Return the class and the text of each message of a page."""
    page = BeautifulSoup(expect(reply, 200).text, "html.parser")
    return [(" ".join(tag["class"]), tag.get_text().strip()) for tag in page.select("p.flash")]


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("After the form, return redirect(url_for(...), 303).")
def test_the_browser_is_redirected(client, item):
    """POST /items redirects to / with 303."""
    expect(client.post("/items", data={"item": item}), 303, headers={"Location": "/"})


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("get_flashed_messages() in the template returns the messages: repeat over them.")
def test_the_next_page_has_the_message(client, item):
    """The page after the redirect shows what is on the list now."""
    client.post("/items", data={"item": item})
    reply = client.get("/")
    if f"{item} is on the list." not in [text for _, text in messages(reply)]:
        fail(reply, f'a <p class="flash"> with {item} is on the list.', wanted="<p")


@pytest.mark.task(2)
@pytest.mark.needs("test_the_next_page_has_the_message")
@pytest.mark.hint("flash stores a message until a page has shown it.")
def test_a_message_is_shown_once(client, item):
    """The page after that shows no message."""
    client.post("/items", data={"item": item})
    client.get("/")
    reply = client.get("/")
    if messages(reply):
        fail(reply, 'a page without <p class="flash">', wanted="<p")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint(
    'flash("...", "error"); in the template get_flashed_messages(with_categories=true).'
)
@pytest.mark.parametrize("data", [{"item": "  "}, {}], ids=["spaces", "nothing"])
def test_without_an_item_there_is_an_error(client, data):
    """Without an item the page has a message of the category error."""
    client.post("/items", data=data)
    reply = client.get("/")
    if messages(reply) != [("flash error", "Write something first.")]:
        fail(reply, 'one <p class="flash error"> with Write something first.', wanted="<p")


@pytest.mark.task(3)
@pytest.mark.needs("test_without_an_item_there_is_an_error")
@pytest.mark.hint("The second argument of flash is the category.")
def test_an_item_is_a_success(client, item):
    """The message about an item has the category success."""
    client.post("/items", data={"item": item})
    reply = client.get("/")
    if messages(reply) != [("flash success", f"{item} is on the list.")]:
        fail(reply, 'one <p class="flash success">', wanted="<p")
