"""Idempotency-Key: a POST that is sent again does nothing, and gets the first response.

Begin with test_a_repeated_post_gets_the_first_response.
"""

import pytest
from sqlalchemy import func, select, update

from day06_project.shop.api_v1 import goods as goods_module
from day06_project.shop.extensions import db
from day06_project.shop.models import Goods, IdempotencyKey, Order
from day06_project.shop.utils import idempotency
from tests.day06_project.helpers import at_once

KITE = {"name": "Kite", "price": 1250, "stock": 5}
KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


def offer(shopper, body=KITE, key=KEY):
    return shopper.send("POST", "/goods", body, headers=key)


def count(app, model):
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model))


def same(first, second):
    names = "ETag", "Location", "Content-Type"
    return (first.status_code, first.json, [first.headers.get(name) for name in names]) == (
        second.status_code,
        second.json,
        [second.headers.get(name) for name in names],
    )


def test_a_repeated_post_gets_the_first_response(app, ada):
    first = offer(ada)
    assert first.status_code == 201
    ada.send("PATCH", f"/goods/{first.json['id']}", {"price": 1})
    assert same(first, offer(ada))
    assert count(app, Goods) == 1


def test_without_a_key_each_post_creates(app, ada):
    assert [offer(ada, key={}).status_code for _ in range(2)] == [201, 201]
    assert count(app, Goods) == 2
    assert count(app, IdempotencyKey) == 0


def test_an_order_is_placed_once(app, ada, bob):
    kite = offer(ada).json["id"]
    bob.send("PUT", f"/cart/{kite}", {"quantity": 2})
    first, second = (bob.send("POST", "/orders", {"total": 2500}, headers=KEY) for _ in range(2))
    assert first.status_code == 201
    assert same(first, second)
    assert count(app, Order) == 1
    assert bob.get(f"/goods/{kite}").json["stock"] == 3


def test_the_same_key_with_another_request_is_422(app, ada, problem):
    offer(ada)
    for body in KITE | {"price": 1}, KITE | {"name": "Lute"}:
        assert "another request" in problem(offer(ada, body), 422)["detail"]
    problem(ada.send("POST", "/orders", {"total": 0}, headers=KEY), 422)
    assert count(app, Goods) == 1


def test_keys_of_two_users_are_two_keys(app, ada, bob):
    assert offer(ada).json["owner_id"] == ada.user["id"]
    assert offer(bob).json["owner_id"] == bob.user["id"]
    assert count(app, Goods) == 2


def test_keys_differ_in_the_case_of_their_letters(app, ada):
    """MariaDB compares texts without it: so the key is stored as a hash."""
    for key in '"a"', '"A"', '"a "':
        assert offer(ada, key={"Idempotency-Key": key}).status_code == 201
    assert count(app, Goods) == 3


@pytest.mark.parametrize("key", ["abc", '""', '"', '"a', '"a"b"', '"ü"', f'"{"x" * 256}"', "7"])
def test_a_key_is_a_text_in_double_quotes(app, ada, problem, key):
    key = key.encode("utf-8").decode("latin-1")
    problem(offer(ada, key={"Idempotency-Key": key}), 400)
    assert count(app, Goods) == 0


def test_a_request_that_was_refused_may_be_sent_again(app, ada, bob, problem):
    kite = offer(ada).json["id"]
    bob.send("PUT", f"/cart/{kite}", {"quantity": 2})
    ada.send("PATCH", f"/goods/{kite}", {"stock": 1})
    problem(bob.send("POST", "/orders", {"total": 2500}, headers=KEY), 409)
    ada.send("PATCH", f"/goods/{kite}", {"stock": 2})
    assert bob.send("POST", "/orders", {"total": 2500}, headers=KEY).status_code == 201


def test_a_key_is_kept_for_24_hours(app, ada):
    def older(seconds):
        with app.app_context():
            old = idempotency.now() - idempotency.KEPT - idempotency.timedelta(seconds=seconds)
            db.session.execute(update(IdempotencyKey).values(created_at=old))
            db.session.commit()

    assert idempotency.KEPT.total_seconds() == 24 * 3600
    first = offer(ada)
    older(-60)
    assert same(first, offer(ada))
    older(60)
    assert offer(ada).json["id"] != first.json["id"]
    assert count(app, IdempotencyKey) == 1


def test_of_eight_equal_requests_at_once_one_creates(app, ada, workers):
    assert ada.token
    tabs = [ada.elsewhere(workers[number % 2]) for number in range(8)]
    responses = at_once(offer, tabs)
    assert [each.status_code for each in responses] == [201] * 8
    assert len({each.json["id"] for each in responses}) == 1
    assert count(app, Goods) == 1


def test_the_key_and_what_it_created_are_stored_together(app, ada, monkeypatch):
    """A worker that dies between the two would leave one without the other."""

    def die(*arguments, **more):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(goods_module, "url_for", die)
        assert offer(ada).status_code == 500
    assert (count(app, Goods), count(app, IdempotencyKey)) == (0, 0)
    assert offer(ada).status_code == 201
