"""Tests of the exercise: mobile numbers in the path."""

import random

import pytest

from course.grading import expect, fail


@pytest.fixture
def digits():
    """Give a number that no solution can know in advance."""
    return f"1{random.choice('3456789')}{random.randrange(10**9):09}"


def grouped(digits):
    return f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("Give the class a `regex`, and enter it in app.url_map.converters['mobile'].")
def test_a_number_in_three_groups_is_found(client, digits):
    """The path of a number in three groups has a view, that of a word has none."""
    expect(client.get(f"/customers/{grouped(digits)}"), 200)
    expect(client.get("/customers/abc"), 404)


@pytest.mark.task(1)
@pytest.mark.needs("test_a_number_in_three_groups_is_found")
@pytest.mark.hint("Look at each character of the pattern: which digits, and how many?")
@pytest.mark.parametrize(
    "path",
    ["128-0013-8000", "238-0013-8000", "138-0013-800", "138-0013-80000", "13-80013-8000", "abc"],
)
def test_anything_else_is_not_found(client, path):
    """Anything else than a mobile number in three groups gets 404."""
    expect(client.get(f"/customers/{path}"), 404)


@pytest.mark.task(1)
@pytest.mark.needs("test_a_number_in_three_groups_is_found")
@pytest.mark.hint(r"In a pattern for text, \d also matches the digits of other scripts.")
def test_digits_of_other_scripts_are_not_found(client):
    """Only the digits 0 to 9 count: ١٣٨ is not a mobile number."""
    expect(client.get("/customers/13٨-0013-8000"), 404)


@pytest.mark.task(1)
@pytest.mark.needs("test_a_number_in_three_groups_is_found")
@pytest.mark.hint("Werkzeug matches the whole part for you; the groups belong into the pattern.")
def test_a_number_without_groups_is_not_found(client, digits):
    """A number in one piece has another address; it gets 404."""
    expect(client.get(f"/customers/{digits}"), 404)


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("to_python receives the text from the path; what it returns goes to the view.")
def test_the_view_receives_the_digits(client, digits):
    """The view receives eleven digits without hyphens."""
    expect(client.get(f"/customers/{grouped(digits)}"), 200, json={"number": digits})


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("to_url receives the value given to url_for and returns the text for the path.")
def test_url_for_writes_three_groups(client, digits):
    """/new redirects to the address with three groups."""
    reply = expect(client.get("/new", query_string={"number": digits}), 302)
    if reply.location != f"/customers/{grouped(digits)}":
        fail(reply, f"the Location /customers/{grouped(digits)}")


@pytest.mark.task(3)
@pytest.mark.needs("test_url_for_writes_three_groups")
@pytest.mark.hint("to_url and to_python undo each other.")
def test_the_redirect_leads_to_the_customer(client, digits):
    """Following the redirect shows the same number."""
    reply = client.get("/new", query_string={"number": digits}, follow_redirects=True)
    expect(reply, 200, json={"number": digits})


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint(
    "Raise werkzeug.routing.ValidationError in to_url for anything else than a number."
)
@pytest.mark.parametrize("number", ["nobody", "", "138001380001", "12800138000", "138-0013-8000"])
def test_what_is_no_number_gets_no_address(client, number):
    """/new responds with 400 if the number is not a mobile number."""
    expect(client.get("/new", query_string={"number": number}), 400)
