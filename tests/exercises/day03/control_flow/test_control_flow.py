"""Tests of the exercise: the board of a station."""

import random
import re

import pytest

from course.grading import expect, fail


def board(client, **trains):
    """Return the response for these trains, and the text of each list item."""
    reply = expect(client.get("/", query_string=trains), 200)
    found = re.findall(r"<li>(.*?)</li>", reply.text, re.DOTALL)
    return reply, [" ".join(text.split()) for text in found]


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("{% for train in trains %} ... {% endfor %} repeats what is between them.")
def test_each_train_has_a_line(client):
    """The list has a line for each train, in the order of the view."""
    minutes = random.sample(range(3, 60), 3)
    reply, lines = board(client, S1=minutes[0], S2=minutes[1], U7=minutes[2])
    for name, number in zip(("S1", "S2", "U7"), minutes, strict=True):
        line = f"{name} in {number} min"
        if line not in lines:
            fail(reply, f"<li>{line}</li>", wanted=f"<li>{name}")
    if len(lines) != 3:
        fail(reply, f"3 list items for 3 trains; there are {len(lines)}")


@pytest.mark.task(2)
@pytest.mark.needs("test_each_train_has_a_line")
@pytest.mark.hint("An empty list is false: {% if trains %} ... {% else %} ... {% endif %}.")
def test_without_a_train_there_is_a_sentence(client):
    """Without a train the page has a sentence and no list."""
    expect(client.get("/"), 200, contains="<p>No train today.</p>", lacks="<ul")


@pytest.mark.task(2)
@pytest.mark.needs("test_without_a_train_there_is_a_sentence")
@pytest.mark.hint("The sentence belongs behind {% else %}.")
def test_with_a_train_the_sentence_is_gone(client):
    """With a train the page lacks the sentence."""
    expect(client.get("/?S1=9"), 200, lacks="No train today.")


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("Write {% if train.minutes < 3 %} in the line.")
def test_a_train_that_leaves_soon_says_run(client):
    """A train in less than 3 minutes has run! behind its line; one in 3 minutes has not."""
    reply, lines = board(client, S1=2, S2=3)
    for line in ("S1 in 2 min, run!", "S2 in 3 min"):
        if line not in lines:
            fail(reply, f"<li>{line}</li>", wanted=f"<li>{line[:2]}")
