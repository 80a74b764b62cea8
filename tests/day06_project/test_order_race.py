"""Transactions and races: the last piece is sold once, and an order is taken whole or not at all.

Begin with test_an_order_is_taken_from_the_stock.
"""

import pytest

from day06_project.order_race import app as lesson
from day06_project.order_race import first
from day06_project.order_race.app import create_app
from day06_project.order_race.race import before_the_next_write
from tests.day06_project.helpers import at_once

VIOLIN = {"Violin": 1}


@pytest.fixture
def app(tmp_path):
    return create_app({"DATA_FOLDER": tmp_path / "data", "TESTING": True})


@pytest.fixture
def client(app):
    return app.test_client()


def test_an_order_is_taken_from_the_stock(client):
    assert client.get("/").json == {"stock": {"Violin": 1, "Bow": 5}, "sold": []}
    response = client.post("/orders", json={"Bow": 2, "Violin": 1})
    assert response.status_code == 201
    assert response.json == {"id": 1, "lines": {"Bow": 2, "Violin": 1}}
    assert client.get("/").json == {
        "stock": {"Violin": 0, "Bow": 3},
        "sold": [{"Bow": 2, "Violin": 1}],
    }


@pytest.mark.parametrize("path", ["/orders", "/careless_orders"])
def test_an_order_is_taken_whole_or_not_at_all(client, path):
    before = client.get("/").json
    for lines in {"Bow": 5, "Violin": 2}, {"Violin": 1, "Bow": 6}:
        response = client.post(path, json=lines)
        assert response.status_code == 409
        assert "not enough left" in response.text
        assert client.get("/").json == before


@pytest.mark.parametrize(
    ("path", "statuses", "sold"),
    [
        ("/careless_orders", [201, 201], 2),
        ("/orders", [201, 409], 1),
    ],
)
def test_a_second_buyer_just_before_the_first_one_writes(app, client, path, statuses, sold):
    found = []

    def bob():
        found.append(app.test_client().post(path, json=VIOLIN).status_code)

    client.get("/")
    before_the_next_write(app, bob)
    found.append(client.post(path, json=VIOLIN).status_code)
    assert found == statuses
    after = client.get("/").json
    assert after["sold"] == [VIOLIN] * sold
    assert after["stock"]["Violin"] == 0


def test_what_the_second_buyer_took_stays_taken(app, client):
    client.get("/")
    before_the_next_write(app, lambda: app.test_client().post("/orders", json={"Bow": 2}))
    assert client.post("/orders", json={"Bow": 1}).status_code == 201
    assert client.get("/").json["stock"]["Bow"] == 2


def test_of_eight_buyers_at_once_one_gets_the_violin(app, client):
    client.get("/")
    clients = [app.test_client() for _ in range(8)]
    responses = at_once(lambda each: each.post("/orders", json=VIOLIN), clients)
    assert sorted(each.status_code for each in responses) == [201] + [409] * 7


def test_the_goods_are_taken_in_one_order_whatever_the_order_says(client, monkeypatch):
    taken = []
    monkeypatch.setattr(lesson, "take", lambda name, quantity: taken.append(name))
    for body in '{"Violin": 1, "Bow": 1}', '{"Bow": 1, "Violin": 1}':  # json= would sort them
        client.post("/orders", data=body, content_type="application/json")
    assert taken == ["Bow", "Violin"] * 2


BAD = [
    *([], {}, "Violin", 7, {"Violin": 0}, {"Violin": -1}, {"Violin": 100}),
    *({"Violin": 1.0}, {"Violin": "1"}, {"Violin": True}, {"Violin": None}, {"Drum": 1}),
]


@pytest.mark.parametrize("body", BAD, ids=str)
def test_an_order_names_goods_and_quantities(client, body):
    assert client.post("/orders", json=body).status_code == 400
    assert client.get("/").json["sold"] == []


def test_a_body_that_is_not_a_short_json_text_is_refused(client):
    assert client.post("/orders", data=b"Violin").status_code == 415
    for data, status in (b"{", 400), (b"[" * 499, 400), (b" " * 501, 413):
        response = client.post("/orders", data=data, content_type="application/json")
        assert response.status_code == status


def test_two_first_requests_make_the_tables_once(app):
    clients = [app.test_client() for _ in range(8)]
    responses = at_once(lambda each: each.get("/"), clients)
    assert [each.status_code for each in responses] == [200] * 8
    assert clients[0].get("/").json["stock"] == {"Violin": 1, "Bow": 5}


def test_the_first_program_sells_too_much_if_someone_comes_between(monkeypatch):
    monkeypatch.setitem(first.stock, "Violin", 1)
    monkeypatch.setattr(first, "orders", [])
    ada, bob = first.app.test_client(), first.app.test_client()

    def bob_comes():
        monkeypatch.setattr(first, "pay", lambda: None)
        assert bob.post("/orders").status_code == 201

    monkeypatch.setattr(first, "pay", bob_comes)
    assert ada.post("/orders").json == {"left": -1}
    assert ada.post("/orders").status_code == 409
    assert first.orders == ["Violin", "Violin"]
