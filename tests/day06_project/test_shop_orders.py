"""Orders of the shop: a cart becomes an order, and the stock decreases, or nothing happens.

Begin with test_an_order_takes_the_cart_and_the_stock.
"""

import pytest
from sqlalchemy import event, func, select, update

from day06_project.shop.api_v1 import orders as module
from day06_project.shop.extensions import db
from day06_project.shop.models import CartItem, Goods, Order, OrderItem
from tests.day06_project.helpers import Shopper, at_once, statements


def fill(shopper, **quantities):
    """Put goods in the cart by their ids, such as ``g1=2``."""
    for name, quantity in quantities.items():
        response = shopper.send("PUT", f"/cart/{name.removeprefix('g')}", {"quantity": quantity})
        assert response.status_code in {200, 201}


def order(shopper, total=None, **more):
    if total is None:
        total = shopper.get("/cart").json["total"]
    return shopper.send("POST", "/orders", {"total": total}, **more)


@pytest.fixture
def teapot(ada):
    return ada.offer("Teapot", 2750, stock=3)


@pytest.fixture
def cup(ada):
    return ada.offer("Cup", 990, stock=6)


def test_an_order_takes_the_cart_and_the_stock(ada, bob, teapot, cup):
    fill(bob, **{f"g{teapot}": 1, f"g{cup}": 4})
    response = order(bob)
    assert response.status_code == 201
    assert response.location == f"/api/v1.0/orders/{response.json['id']}"
    assert response.json["total"] == 2750 + 4 * 990
    assert response.json["items"] == [
        {"goods_id": teapot, "name": "Teapot", "price": 2750, "quantity": 1},
        {"goods_id": cup, "name": "Cup", "price": 990, "quantity": 4},
    ]
    assert bob.get("/cart").json["items"] == []
    assert [ada.get(f"/goods/{each}").json["stock"] for each in (teapot, cup)] == [2, 2]


def test_an_order_keeps_the_name_and_the_price_of_its_moment(ada, bob, teapot):
    fill(bob, **{f"g{teapot}": 1})
    placed = order(bob)
    ada.send("PATCH", f"/goods/{teapot}", {"name": "Pot", "price": 1})
    assert bob.client.get(placed.location).json == placed.json
    ada.send("DELETE", f"/goods/{teapot}")
    assert bob.client.get(placed.location).json == placed.json


def test_an_order_changes_the_version_of_the_goods(ada, bob, teapot):
    seen = {"If-Match": ada.get(f"/goods/{teapot}").headers["ETag"]}
    fill(bob, **{f"g{teapot}": 1})
    order(bob)
    assert ada.send("PATCH", f"/goods/{teapot}", {"stock": 3}, headers=seen).status_code == 412


def test_orders_are_listed_for_their_owner_only(ada, bob, visitor, problem, teapot):
    fill(bob, **{f"g{teapot}": 1})
    number = order(bob).json["id"]
    (item,) = bob.get("/orders").json["items"]
    assert (item["id"], item["total"]) == (number, 2750)
    assert ada.get("/orders").json == {"items": [], "more": False}
    problem(ada.get(f"/orders/{number}"), 404)
    problem(bob.get(f"/orders/{number + 1}"), 404)
    for path in "/orders", f"/orders/{number}":
        problem(visitor.get(path), 401)
    problem(visitor.send("POST", "/orders", {"total": 0}), 401)


def test_the_list_has_twenty_orders_and_says_how_to_go_on(app, bob):
    with app.app_context():
        db.session.add_all(Order(user_id=bob.user["id"], total=n) for n in range(45))
        db.session.commit()
    totals, before = [], ""
    while True:
        page = bob.get(f"/orders{before}").json
        totals += [item["total"] for item in page["items"]]
        if not page["more"]:
            break
        assert len(page["items"]) == 20
        before = f"?before={page['items'][-1]['id']}"
    assert totals == list(reversed(range(45)))


@pytest.mark.parametrize("query", ["before=0", "before=x", "before=1000000000"])
def test_a_wrong_query_of_the_list_is_400(bob, problem, query):
    assert "before must be an integer" in problem(bob.get(f"/orders?{query}"), 400)["detail"]


# What is refused changes nothing


def unchanged(bob, *goods):
    """Tell what an order would change."""
    stocks = [bob.get(f"/goods/{each}").json["stock"] for each in goods]
    return stocks, bob.get("/cart").json["items"], bob.get("/orders").json["items"]


def test_an_empty_cart_cannot_be_ordered(bob, problem):
    assert "0 lines" in problem(order(bob, 0), 409)["detail"]
    assert bob.get("/orders").json["items"] == []


def test_if_one_of_the_goods_is_sold_out_the_others_stay(ada, bob, problem, teapot, cup):
    fill(bob, **{f"g{teapot}": 1, f"g{cup}": 4})
    ada.send("PATCH", f"/goods/{cup}", {"stock": 3})
    before = unchanged(bob, teapot, cup)
    assert "Cup: 3 left" in problem(order(bob), 409)["detail"]
    assert unchanged(bob, teapot, cup) == before


def test_a_price_that_the_buyer_has_not_seen_is_refused(ada, bob, problem, teapot):
    fill(bob, **{f"g{teapot}": 1})
    ada.send("PATCH", f"/goods/{teapot}", {"price": 275_000})
    before = unchanged(bob, teapot)
    assert "have changed" in problem(order(bob, 2750), 409)["detail"]
    assert unchanged(bob, teapot) == before
    assert order(bob).json["total"] == 275_000


def test_more_than_are_in_stock_do_not_go_into_the_cart(bob, problem, teapot):
    assert "3 left" in problem(bob.send("PUT", f"/cart/{teapot}", {"quantity": 4}), 409)["detail"]
    fill(bob, **{f"g{teapot}": 3})


def test_an_order_has_at_most_a_hundred_lines(app, ada, bob, problem, monkeypatch, teapot, cup):
    monkeypatch.setattr(module.schemas, "MAX_LINES", 1)
    fill(bob, **{f"g{teapot}": 1, f"g{cup}": 1})
    assert "2 lines" in problem(order(bob), 409)["detail"]
    with statements(app) as seen:
        order(bob, 0)
    assert not any("UPDATE" in each for each in seen)


def test_a_total_is_an_integer(bob, problem):
    for total in -1, 1.5, None, "1", True:
        errors = problem(bob.send("POST", "/orders", {"total": total}), 422)["errors"]
        assert [each["field"] for each in errors] == ["total"]


# At the same time


@pytest.fixture
def crowd(app, workers):
    """Give a function that makes logged-in clients, half of them on each worker."""

    def make(count):
        people = [
            Shopper(workers[number % 2]).logged_in(f"buyer-{number}") for number in range(count)
        ]
        for each in people:
            assert each.token
        return people

    return make


def test_of_32_buyers_of_the_last_piece_one_gets_it(app, ada, crowd):
    last = ada.offer("Violin", 90_000, stock=1)
    buyers = crowd(32)
    for buyer in buyers:
        fill(buyer, **{f"g{last}": 1})
    statuses = [each.status_code for each in at_once(lambda each: order(each, 90_000), buyers)]
    assert sorted(statuses) == [201] + [409] * 31
    assert ada.get(f"/goods/{last}").json["stock"] == 0
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(OrderItem)) == 1


def test_buyers_of_the_same_goods_in_another_order_do_not_wait_for_each_other(app, ada, crowd):
    """Each has the same goods, put into the cart in another order: no deadlock, none is lost."""
    goods = [ada.offer(f"Item {number}", 1, stock=100) for number in range(6)]
    buyers = crowd(8)
    for number, buyer in enumerate(buyers):
        for each in goods[number % 6 :] + goods[: number % 6]:
            fill(buyer, **{f"g{each}": 2})
    statuses = [each.status_code for each in at_once(lambda each: order(each, 12), buyers)]
    assert statuses == [201] * 8
    assert [ada.get(f"/goods/{each}").json["stock"] for each in goods] == [100 - 16] * 6


def test_a_cart_is_ordered_once_from_two_tabs(app, bob, workers, teapot):
    fill(bob, **{f"g{teapot}": 1})
    tabs = [bob.elsewhere(workers[number % 2]) for number in range(4)]
    statuses = [each.status_code for each in at_once(lambda each: order(each, 2750), tabs)]
    assert sorted(statuses) == [201, 409, 409, 409]
    assert bob.get(f"/goods/{teapot}").json["stock"] == 2
    assert len(bob.get("/orders").json["items"]) == 1


@pytest.mark.parametrize("meanwhile", ["quantity", "added"])
def test_a_cart_that_changes_while_it_is_ordered_loses_nothing(
    app, bob, problem, monkeypatch, teapot, cup, meanwhile
):
    """On SQLite a second writer waits, so the change is made by the same connection."""
    fill(bob, **{f"g{teapot}": 1})
    take = module.take_from_stock

    def slow(*arguments):
        take(*arguments)
        mine = {"user_id": bob.user["id"]}
        if meanwhile == "quantity":
            db.session.execute(update(CartItem).filter_by(**mine).values(quantity=2))
        else:
            db.session.add(CartItem(**mine, goods_id=cup, quantity=1))

    monkeypatch.setattr(module, "take_from_stock", slow)
    response = order(bob, 2750)
    if meanwhile == "quantity":
        problem(response, 409)
        assert bob.get("/orders").json["items"] == []
    else:
        assert response.status_code == 201
        assert [item["goods_id"] for item in bob.get("/cart").json["items"]] == [cup]


def test_the_owner_does_not_overwrite_what_was_sold_meanwhile(app, ada, bob, problem, teapot):
    """A change of the whole row by its owner, and an order: the version of the row decides."""
    fill(bob, **{f"g{teapot}": 1})

    def sell_first(session, *rest):
        with db.engine.begin() as connection:
            connection.execute(update(Goods).values(stock=2, version=Goods.version + 1))

    event.listen(db.session, "before_flush", sell_first, once=True)
    problem(ada.send("PATCH", f"/goods/{teapot}", {"stock": 9}), 409)
    assert ada.get(f"/goods/{teapot}").json["stock"] == 2
