"""The cart of the shop: what a client that is logged in wants to buy.

Begin with test_a_cart_holds_a_line_for_each_of_the_goods.
"""

import pytest
from sqlalchemy import delete, event, insert, inspect

from day06_project.shop.extensions import db
from day06_project.shop.models import CartItem, Goods, User
from tests.day06_project.helpers import at_once


def test_a_cart_holds_a_line_for_each_of_the_goods(ada, bob):
    cup, teapot = ada.offer("Cup", 990), ada.offer("Teapot", 2750)
    first = bob.send("PUT", f"/cart/{teapot}", {"quantity": 1})
    assert (first.status_code, first.json) == (201, {"goods_id": teapot, "quantity": 1})
    again = bob.send("PUT", f"/cart/{teapot}", {"quantity": 3})
    assert (again.status_code, again.json) == (200, {"goods_id": teapot, "quantity": 3})
    assert bob.send("PUT", f"/cart/{cup}", {"quantity": 999}).status_code == 201
    assert bob.get("/cart").json == {
        "items": [
            {"goods_id": cup, "name": "Cup", "price": 990, "quantity": 999},
            {"goods_id": teapot, "name": "Teapot", "price": 2750, "quantity": 3},
        ],
        "total": 999 * 990 + 3 * 2750,
    }


def test_each_account_has_a_cart_of_its_own(ada, bob):
    teapot = ada.offer()
    ada.send("PUT", f"/cart/{teapot}", {"quantity": 1})
    assert bob.get("/cart").json == {"items": [], "total": 0}
    assert bob.send("DELETE", f"/cart/{teapot}").status_code == 404
    bob.send("PUT", f"/cart/{teapot}", {"quantity": 2})
    assert ada.get("/cart").json["items"][0]["quantity"] == 1


def test_a_line_is_deleted_once(ada, problem):
    teapot = ada.offer()
    ada.send("PUT", f"/cart/{teapot}", {"quantity": 1})
    assert ada.send("DELETE", f"/cart/{teapot}").status_code == 204
    problem(ada.send("DELETE", f"/cart/{teapot}"), 404)
    assert ada.get("/cart").json["items"] == []


def test_a_visitor_who_is_not_logged_in_has_no_cart(ada, visitor, problem):
    teapot = ada.offer()
    problem(visitor.get("/cart"), 401)
    problem(visitor.send("PUT", f"/cart/{teapot}", {"quantity": 1}), 401)
    problem(visitor.send("DELETE", f"/cart/{teapot}"), 401)


def test_goods_that_do_not_exist_cannot_be_put_in_the_cart(ada, problem):
    problem(ada.send("PUT", "/cart/999999999", {"quantity": 1}), 404)
    problem(ada.send("PUT", "/cart/9999999999", {"quantity": 1}), 404)


def test_a_quantity_is_a_number_from_1_to_999(ada, problem):
    teapot = ada.offer()
    for quantity in 0, -1, 1000, 1.5, "1", True, None, 2**63, [1]:
        response = ada.send("PUT", f"/cart/{teapot}", {"quantity": quantity})
        assert problem(response, 422)["errors"][0]["field"] == "quantity"
    assert ada.get("/cart").json["items"] == []


def test_goods_that_are_deleted_leave_the_carts(app, ada, bob):
    teapot, cup = ada.offer(), ada.offer("Cup")
    for goods in teapot, cup:
        bob.send("PUT", f"/cart/{goods}", {"quantity": 1})
    assert ada.send("DELETE", f"/goods/{teapot}").status_code == 204
    assert [item["goods_id"] for item in bob.get("/cart").json["items"]] == [cup]
    with app.app_context():
        assert db.session.query(CartItem).count() == 1


def test_a_cart_goes_with_its_owner(app, ada, bob):
    bob.send("PUT", f"/cart/{ada.offer()}", {"quantity": 1})
    with app.app_context():
        db.session.execute(delete(User).where(User.id == bob.user["id"]))
        db.session.commit()
        assert db.session.query(CartItem).count() == 0


def test_account_and_goods_are_the_primary_key(app):
    with app.app_context():
        key = inspect(db.engine).get_pk_constraint("cart_items")["constrained_columns"]
    assert key == ["user_id", "goods_id"]


# At the same time


def test_of_eight_first_puts_of_a_line_one_creates_it(workers, ada):
    teapot = ada.offer()
    shoppers = [ada.elsewhere(workers[number % 2]) for number in range(8)]

    def put(number):
        path = f"/cart/{teapot}"
        return shoppers[number].send("PUT", path, {"quantity": number + 1}).status_code

    statuses = at_once(put, range(8))
    assert sorted(statuses) == [200] * 7 + [201]
    (item,) = ada.get("/cart").json["items"]
    assert 1 <= item["quantity"] <= 8


@pytest.mark.parametrize(
    ("meanwhile", "status"), [("added", 200), ("removed", 201), ("deleted", 404)]
)
def test_a_change_between_read_and_write_is_noticed(app, ada, meanwhile, status):
    """Two tabs: one puts goods in the cart, the other one is quicker."""
    teapot = ada.offer()
    line = {"user_id": ada.user["id"], "goods_id": teapot}
    if meanwhile == "removed":
        ada.send("PUT", f"/cart/{teapot}", {"quantity": 2})
    with app.app_context():
        # On SQLite no one else writes after the first statement that does.
        early = meanwhile == "removed" or db.engine.dialect.name == "sqlite"
    other = {
        "added": insert(CartItem).values(**line, quantity=1),
        "removed": delete(CartItem),
        "deleted": delete(Goods),
    }[meanwhile]

    done = []

    def write_first(context):
        if not done and (context.is_update if early else context.is_insert):
            done.append(other)
            with db.engine.begin() as connection:
                connection.execute(other)

    event.listen(db.session, "do_orm_execute", write_first)
    response = ada.send("PUT", f"/cart/{teapot}", {"quantity": 7})
    event.remove(db.session, "do_orm_execute", write_first)
    assert done
    assert response.status_code == status
    items = ada.get("/cart").json["items"]
    assert [item["quantity"] for item in items] == ([] if status == 404 else [7])
