"""Tests of the exercise: tea is moved, and nothing is lost."""

import random

import pytest

from course.grading import expect, fail

AT_FIRST = {"warehouse": 100, "shop": 10}


def move(client, source, target, kilos):
    return client.post("/moves", data={"from": source, "to": target, "kilos": kilos})


def expect_places(client, **changes):
    """Fail unless each place has what it had at first, with these changes."""
    wanted = {name: kilos + changes.get(name, 0) for name, kilos in AT_FIRST.items()}
    expect(client.get("/"), 200, json=wanted)


@pytest.mark.task(1)
@pytest.mark.points(2)
@pytest.mark.hint("update(Place).where(...).values(kilos=Place.kilos - kilos) calculates itself.")
def test_what_a_colleague_brings_is_not_lost(start):
    """A colleague brings 30 kilos to each place during a move, and all of it is there."""
    client = start({"BRINGS": 30})
    kilos = random.randrange(2, 9)
    reply = expect(move(client, "warehouse", "shop", kilos), 200)
    found = expect(client.get("/"), 200).json
    brought = sum(found.values()) - sum(AT_FIRST.values())
    if brought not in {0, 60}:
        fail(reply, f"no tea is lost: a colleague has brought 60 kilos, and {brought} are there")
    each = brought // 2
    expect_places(client, warehouse=each - kilos, shop=each + kilos)


@pytest.mark.task(1)
@pytest.mark.needs("test_what_a_colleague_brings_is_not_lost")
@pytest.mark.hint("Both places change, and one commit keeps both changes.")
def test_tea_is_moved_both_ways(client):
    """Tea goes from the warehouse to the shop, and back."""
    expect(move(client, "warehouse", "shop", 40), 200)
    expect_places(client, warehouse=-40, shop=40)
    expect(move(client, "shop", "warehouse", 15), 200)
    expect_places(client, warehouse=-25, shop=25)


@pytest.mark.task(2)
@pytest.mark.points(2)
@pytest.mark.hint("Place.kilos >= kilos in where(): then rowcount is 0 if there is too little.")
def test_too_little_is_409_and_nothing_moves(client):
    """Of 10 kilos 11 cannot be moved: 409, and both places keep what they have."""
    expect(move(client, "shop", "warehouse", 11), 409)
    expect_places(client)


@pytest.mark.task(2)
@pytest.mark.needs("test_too_little_is_409_and_nothing_moves")
@pytest.mark.hint("Exactly what is there can be moved: >= and not >.")
def test_all_of_it_can_be_moved(client):
    """Of 10 kilos 10 can be moved."""
    expect(move(client, "shop", "warehouse", 10), 200)
    expect_places(client, shop=-10, warehouse=10)
