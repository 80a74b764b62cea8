"""Tests of the exercise: the paths of a library."""

import random

import pytest

from course.grading import expect


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("Write the name of the converter and a colon before the name of the parameter.")
def test_a_book_has_a_number(client):
    """The view of a book receives a number, not a text."""
    number = random.randrange(1, 10**6)
    expect(client.get(f"/books/{number}"), 200, json={"book": number})


@pytest.mark.task(1)
@pytest.mark.needs("test_a_book_has_a_number")
@pytest.mark.hint("The converter refuses what is not a number; the view must not do it.")
@pytest.mark.parametrize("word", ["seven", "7a", "-7", "7.5"])
def test_a_word_is_not_a_book(client, word):
    """Anything but digits gets 404."""
    expect(client.get(f"/books/{word}"), 404)


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("The parameter of the function has the name that is in the rule.")
def test_a_shelf_has_a_name(client):
    """The view of a shelf receives its two characters."""
    shelf = random.choice("abcdefgh") + random.choice("123456789")
    expect(client.get(f"/shelves/{shelf}"), 200, json={"shelf": shelf})


@pytest.mark.task(2)
@pytest.mark.needs("test_a_shelf_has_a_name")
@pytest.mark.hint("The converter string has an argument for the number of characters.")
@pytest.mark.parametrize("shelf", ["a", "a12", "a1/b"])
def test_other_lengths_are_not_a_shelf(client, shelf):
    """A name of another length gets 404."""
    expect(client.get(f"/shelves/{shelf}"), 404)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("One converter takes text with slashes.")
@pytest.mark.parametrize("scan", ["1984/page/3", "cover"])
def test_a_scan_has_a_path(client, scan):
    """The view of a scan receives the rest of the path, with its slashes."""
    expect(client.get(f"/scans/{scan}"), 200, json={"scan": scan})
