"""Tests of the exercise: a desk where parcels are fetched and handed in."""

import pytest

from course.grading import expect


@pytest.mark.task(1)
@pytest.mark.hint("The decorator for GET is @app.get.")
def test_get_shows_the_hours(client):
    """GET /parcels responds with the opening hours."""
    expect(client.get("/parcels"), 200, text="Open from 9 to 17.")


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("The decorator for POST is @app.post. The function needs a name of its own.")
def test_post_takes_a_parcel(client):
    """POST /parcels responds with the thanks."""
    expect(client.post("/parcels"), 200, text="Thank you.")


@pytest.mark.task(2)
@pytest.mark.needs("test_post_takes_a_parcel")
@pytest.mark.hint("Name only the methods that a view handles.")
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_other_methods_are_refused(client, method):
    """Another method gets 405."""
    expect(client.open("/parcels", method=method), 405)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("A view may have two routes: write one decorator above the other.")
def test_the_older_path_shows_the_hours(client):
    """GET /packages responds with the opening hours."""
    expect(client.get("/packages"), 200, text="Open from 9 to 17.")


@pytest.mark.task(3)
@pytest.mark.needs("test_the_older_path_shows_the_hours")
@pytest.mark.hint("Task 3 is about GET alone.")
def test_nothing_is_handed_in_at_the_older_path(client):
    """POST /packages gets 405."""
    expect(client.post("/packages"), 405)
