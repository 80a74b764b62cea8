"""Tests of the exercise: a label for a parcel."""

import html
import re

import pytest

from course.grading import expect, fail

PLACES = {"Ada": "London, 12 St James's Square", "Grace": "New York, 8 Wall Street"}


def lines_of(reply):
    """Return the words of each paragraph."""
    return [
        " ".join(html.unescape(text).split())
        for text in re.findall(r"<p>(.*?)</p>", expect(reply, 200).text, re.DOTALL)
    ]


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("render_template takes the values by name; {{ name }} prints one.")
@pytest.mark.parametrize("name", ["Ada", "Grace"])
def test_the_label_has_the_name(client, name):
    """The label shows To: and the name of the path."""
    reply = client.get(f"/labels/{name}")
    if f"To: {name}" not in lines_of(reply):
        fail(reply, f"a paragraph <p>To: {name}</p>", wanted="To:")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("addresses[name] is a dict, too. Its keys are city and street.")
@pytest.mark.parametrize("name", ["Ada", "Grace"])
def test_the_label_has_the_address(client, name):
    """The label shows the city, a comma and the street."""
    reply = client.get(f"/labels/{name}")
    if PLACES[name] not in lines_of(reply):
        fail(reply, f"a paragraph <p>{PLACES[name]}</p>")
