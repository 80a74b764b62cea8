"""Tests of the exercise: a till that sells nothing twice."""

import random
import string

import pytest

from course.grading import expect, fail

AT_FIRST = {"stalls": 10, "balcony": 4, "box": 1}


@pytest.fixture
def key():
    """Give a key that no solution can know in advance."""
    return "".join(random.choices(string.ascii_lowercase, k=12))


def sell(client, key=None, **lines):
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/sales", json={"lines": lines}, headers=headers)


def expect_left(client, sales, **sold):
    """Fail unless so many seats of each kind are sold, in so many sales."""
    left = {kind: number - sold.get(kind, 0) for kind, number in AT_FIRST.items()}
    expect(client.get("/seats"), 200, json={"left": left, "sales": sales, "others": 0})


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("update(Seat).where(Seat.kind == kind, Seat.left >= number) looks and changes.")
def test_no_seat_is_sold_twice(start):
    """The box has one seat: if another buyer takes it first, it is not sold again."""
    client = start({"OTHERS": 1})
    reply = sell(client, box=1)
    seats = expect(client.get("/seats"), 200).json
    sold = seats["sales"] + seats["others"]
    if sold > 1 or seats["left"]["box"] < 0:
        fail(reply, "one buyer for one seat: another buyer has it already")
    if seats["others"] and seats["sales"] == 0:
        expect(reply, 409)


@pytest.mark.task(1)
@pytest.mark.needs("test_no_seat_is_sold_twice")
@pytest.mark.hint("The number of rows that an UPDATE changed is the rowcount of its result.")
def test_what_is_there_is_sold(client):
    """Two seats of ten leave eight; the eleventh is refused with 409."""
    expect(sell(client, stalls=2), 201)
    expect_left(client, 1, stalls=2)
    expect(sell(client, stalls=9), 409)
    expect_left(client, 1, stalls=2)
    expect(sell(client, stalls=8), 201)
    expect_left(client, 2, stalls=10)


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("Commit once, after the last line; what is not committed is undone.")
def test_a_sale_is_all_or_nothing(client):
    """If the second line is sold out, the first one is not sold either."""
    expect(sell(client, stalls=1, box=2), 409)
    expect_left(client, 0)
    expect(sell(client, stalls=1, box=1), 201)
    expect_left(client, 1, stalls=1, box=1)


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("Look for a Sale with this key first. If there is one, answer with it.")
def test_a_key_sells_once(client, key):
    """The same key again gets the first response, and sells nothing."""
    first = expect(sell(client, key, stalls=1), 201)
    again = expect(sell(client, key, stalls=1), 201, json=first.json)
    if client.get("/seats").json["left"]["stalls"] != 9:
        fail(again, "that nothing is sold by the second request")
    expect_left(client, 1, stalls=1)


@pytest.mark.task(3)
@pytest.mark.needs("test_a_key_sells_once")
@pytest.mark.hint("Without the header the key is None, and each request is new.")
def test_without_a_key_each_request_is_a_sale(client, key):
    """Requests without a key, or with another one, are sales of their own."""
    expect(sell(client, stalls=1), 201)
    expect(sell(client, stalls=1), 201)
    expect(sell(client, key, stalls=1), 201)
    expect(sell(client, f"{key}2", stalls=1), 201)
    expect_left(client, 4, stalls=4)
