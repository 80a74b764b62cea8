import pytest
from sqlalchemy import delete, event, insert, inspect

from day06_project.shop.extensions import db
from day06_project.shop.models import CartItem, Goods, User


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


def test_everybody_has_a_cart_of_their_own(ada, bob):
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


def test_strangers_have_no_cart(ada, stranger, problem):
    teapot = ada.offer()
    problem(stranger.get("/cart"), 401)
    problem(stranger.send("PUT", f"/cart/{teapot}", {"quantity": 1}), 401)
    problem(stranger.send("DELETE", f"/cart/{teapot}"), 401)


def test_there_is_no_line_for_what_is_not_on_sale(ada, problem):
    problem(ada.send("PUT", "/cart/999999999", {"quantity": 1}), 404)
    problem(ada.send("PUT", "/cart/9999999999", {"quantity": 1}), 404)


def test_a_quantity_is_a_number_from_1_to_999(ada, problem):
    teapot = ada.offer()
    for quantity in 0, -1, 1000, 1.0, "1", True, None, 2**63, [1]:
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


def test_the_pair_is_the_key(app):
    with app.app_context():
        key = inspect(db.engine).get_pk_constraint("cart_items")["constrained_columns"]
    assert key == ["user_id", "goods_id"]


def test_of_eight_first_puts_of_a_line_one_creates_it(app, build, ada, shopper, parallel):
    teapot = ada.offer()
    workers = [app, build()]
    people = [shopper(workers[number % 2]) for number in range(8)]
    for person in people:
        assert person.login("ada").status_code == 200

    def put(number):
        path = f"/cart/{teapot}"
        return people[number].send("PUT", path, {"quantity": number + 1}).status_code

    statuses = parallel(put, range(8))
    assert sorted(statuses) == [200] * 7 + [201]
    (item,) = ada.get("/cart").json["items"]
    assert 1 <= item["quantity"] <= 8


@pytest.mark.parametrize("meanwhile", ["added", "deleted"])
def test_what_happens_between_look_and_write_is_noticed(app, ada, meanwhile):
    teapot = ada.offer()

    def be_quicker(session, *rest):
        with db.engine.begin() as connection:
            if meanwhile == "added":
                values = {"user_id": ada.user["id"], "goods_id": teapot, "quantity": 1}
                connection.execute(insert(CartItem).values(values))
            else:
                connection.execute(delete(Goods))

    event.listen(db.session, "before_flush", be_quicker, once=True)
    response = ada.send("PUT", f"/cart/{teapot}", {"quantity": 7})
    assert response.status_code == (200 if meanwhile == "added" else 404)
    items = ada.get("/cart").json["items"]
    assert [item["quantity"] for item in items] == ([7] if meanwhile == "added" else [])
