"""A key of two columns: a line of a cart has a customer and goods, and the pair is unique.

``carts`` returns what the database holds. Begin with test_a_line_is_read_by_both_parts_of_its_key.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import IntegrityError, InvalidRequestError, SAWarning
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from day03.composite_key import app as lesson
from day03.composite_key import first
from day03.composite_key.models import CartLine, db
from tests.day03.helpers import app_in_memory, apps_in_folder, texts
from tests.helpers import page, status_and_message

SAMPLES = {(1, 1): 2, (1, 2): 1, (2, 1): 5}
HUGE = 2**63


@pytest.fixture(scope="module")
def shop():
    with app_in_memory(lesson.create_app, db) as app_and_restore:
        yield app_and_restore


@pytest.fixture
def app(shop):
    """Give the app with its samples as new."""
    app, restore = shop
    restore()
    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "shop"


@pytest.fixture
def build(folder):
    """Give a function that builds the app with its file in the folder."""
    with apps_in_folder(lesson.create_app, db, folder) as build:
        yield build


def carts(app):
    """Return what the database holds, as amounts by key."""
    with app.app_context():
        lines = db.session.scalars(select(CartLine)).all()
        return {(line.customer_id, line.goods_id): line.amount for line in lines}


def test_a_line_is_read_by_both_parts_of_its_key(client):
    assert client.get("/carts/1/2").json == {"customer": 1, "goods": 2, "amount": 1}
    assert client.get("/carts/2/1").json == {"customer": 2, "goods": 1, "amount": 5}


def test_a_second_line_of_the_same_key_is_409(app, client):
    created = client.post("/carts/2/3", json={"amount": 4})
    assert (created.status_code, created.json) == (201, {"customer": 2, "goods": 3, "amount": 4})
    again = client.post("/carts/2/3", json={"amount": 9})
    assert status_and_message(again) == (409, "These goods are in the cart already.")
    assert carts(app) == {**SAMPLES, (2, 3): 4}
    assert client.post("/carts/1/3", json={"amount": 1}).status_code == 201


def test_put_creates_once_and_then_changes(app, client):
    responses = [client.put("/carts/2/3", json={"amount": amount}) for amount in (4, 4, 6)]
    assert [response.status_code for response in responses] == [201, 200, 200]
    assert [response.json["amount"] for response in responses] == [4, 4, 6]
    assert carts(app) == {**SAMPLES, (2, 3): 6}


def test_patch_adds_and_takes_away(app, client):
    assert client.patch("/carts/1/1", json={"by": 3}).json["amount"] == 5
    assert client.patch("/carts/1/1", json={"by": -4}).json["amount"] == 1
    assert client.patch("/carts/1/1", json={"by": 0}).json["amount"] == 1
    assert client.patch("/carts/1/1", json={"by": 98}).json["amount"] == 99
    assert carts(app) == {**SAMPLES, (1, 1): 99}


def test_a_line_is_deleted_once(app, client):
    response = client.delete("/carts/1/1")
    assert (response.status_code, response.data) == (204, b"")
    assert client.delete("/carts/1/1").status_code == 404
    assert carts(app) == {(1, 2): 1, (2, 1): 5}


# The first program


@pytest.fixture
def first_client(folder):
    """Give a client of the first program, with its file in the folder."""
    with apps_in_folder(first.create_app, first.db, folder) as build:
        yield build().test_client()


def test_the_first_program_stores_a_pair_once(first_client):
    tea = {"customer": "Ann", "goods": "tea", "amount": 1}
    assert first_client.get("/carts/Ann/tea").status_code == 404
    for path in ("/carts/Ann/tea", "/carts/Ann/cup", "/carts/Bob/tea"):
        assert first_client.post(path).status_code == 201
    again = first_client.post("/carts/Ann/tea")
    assert status_and_message(again) == (409, "These goods are in the cart already.")
    assert first_client.get("/carts/Ann/tea").json == tea
    assert first_client.get("/carts/tea/Ann").status_code == 404


# The key


def test_the_key_is_both_columns_in_their_order():
    assert [column.name for column in CartLine.__table__.primary_key] == ["customer_id", "goods_id"]


def test_each_part_may_repeat_and_only_the_pair_is_unique(app):
    assert carts(app) == SAMPLES
    with app.app_context():
        db.session.add(CartLine(customer_id=2, goods_id=2, amount=1))
        db.session.commit()
        db.session.add(CartLine(customer_id=1, goods_id=1, amount=1))
        with pytest.raises(IntegrityError, match="UNIQUE constraint failed: cart_line"):
            db.session.commit()
    assert carts(app) == {**SAMPLES, (2, 2): 1}


def test_get_wants_both_values(app):
    with app.app_context():
        assert db.session.get(CartLine, (1, 2)).amount == 1
        assert db.session.get(CartLine, (2, 1)).amount == 5
        assert db.session.get(CartLine, {"goods_id": 1, "customer_id": 2}).amount == 5
        assert db.session.get(CartLine, (2, 2)) is None
        for wrong in (1, (1,), (1, 2, 3), {"goods_id": 1}):
            with pytest.raises(InvalidRequestError, match="Incorrect number of values"):
                db.session.get(CartLine, wrong)


@pytest.mark.parametrize("missing", ["customer_id", "goods_id"])
def test_a_missing_part_is_refused_after_a_warning(app, missing):
    values = {"customer_id": 2, "goods_id": 2, "amount": 1}
    del values[missing]
    with app.app_context():
        with (
            pytest.warns(SAWarning, match="no explicit value is passed"),
            pytest.raises(IntegrityError, match=f"NOT NULL constraint failed: .*{missing}"),
        ):
            db.session.execute(insert(CartLine).values(**values))
        db.session.rollback()
        db.session.add(CartLine(**values))
        with (
            pytest.warns(SAWarning, match="no explicit value is passed"),
            pytest.raises(IntegrityError, match="NOT NULL"),
        ):
            db.session.commit()


def test_the_database_keeps_the_amount_within_its_limits(app):
    for amount in (0, -1, 100):
        with app.app_context():
            db.session.add(CartLine(customer_id=2, goods_id=2, amount=amount))
            with pytest.raises(IntegrityError, match="CHECK constraint failed"):
                db.session.commit()
    assert carts(app) == SAMPLES


def test_the_line_knows_its_goods_and_the_customer_the_lines(app):
    with app.app_context():
        line = db.session.get(CartLine, (2, 1))
        assert (line.goods.name, line.goods.cents, line.amount) == ("Tea", 490, 5)
        ann = db.session.get(lesson.Customer, 1)
        assert [(each.goods.name, each.amount) for each in ann.lines] == [("Tea", 2), ("Cup", 1)]


# Two requests at the same time


@pytest.fixture
def meanwhile(monkeypatch):
    """Give a function that says what another request does just before the first commit."""

    def happens(*statements):
        waiting = list(statements)

        def try_commit():
            while waiting:
                with db.engine.begin() as other:
                    other.execute(text(waiting.pop()))
            return original()

        monkeypatch.setattr(lesson, "try_commit", try_commit)

    original = lesson.try_commit
    return happens


def test_after_a_conflict_the_session_still_works(app):
    with app.app_context():
        db.session.add(CartLine(customer_id=1, goods_id=1, amount=1))
        assert lesson.try_commit() is False
        assert db.session.get(CartLine, (1, 1)).amount == 2


def test_put_looks_again_when_another_request_creates_the_line(app, client, meanwhile):
    meanwhile("INSERT INTO cart_line (customer_id, goods_id, amount) VALUES (2, 3, 50)")
    response = client.put("/carts/2/3", json={"amount": 4})
    assert (response.status_code, response.json["amount"]) == (200, 4)
    assert carts(app) == {**SAMPLES, (2, 3): 4}


def test_put_looks_again_when_another_request_deletes_the_line(app, client, meanwhile):
    meanwhile("DELETE FROM cart_line WHERE customer_id = 1 AND goods_id = 1")
    response = client.put("/carts/1/1", json={"amount": 4})
    assert (response.status_code, response.json["amount"]) == (201, 4)
    assert carts(app) == {**SAMPLES, (1, 1): 4}


@pytest.mark.parametrize("by", [-5, -6, -99, 95, 99])
def test_patch_does_not_leave_the_limits(app, client, by):
    response = client.patch("/carts/2/1", json={"by": by})
    assert status_and_message(response) == (409, "The amount must stay between 1 and 99.")
    assert carts(app) == SAMPLES


def test_patch_counts_what_another_request_added_meanwhile(app, client, meanwhile):
    meanwhile("UPDATE cart_line SET amount = amount + 10 WHERE customer_id = 1 AND goods_id = 1")
    assert client.patch("/carts/1/1", json={"by": 1}).json["amount"] == 13
    assert carts(app) == {**SAMPLES, (1, 1): 13}


def test_patch_of_a_line_that_is_deleted_meanwhile_is_409(app, client, meanwhile):
    meanwhile("DELETE FROM cart_line WHERE customer_id = 1 AND goods_id = 1")
    assert client.patch("/carts/1/1", json={"by": 1}).status_code == 409
    assert (1, 1) not in carts(app)


@pytest.mark.parametrize(
    ("one_more", "amount"),
    [(lambda line: line.amount + 1, 3), (lambda line: CartLine.amount + 1, 4)],
    ids=["calculated in Python", "calculated by the database"],
)
def test_of_two_additions_at_once_only_the_database_keeps_both(build, one_more, amount):
    app = build()
    app.test_client().get("/")
    with app.app_context(), Session(db.engine) as first, Session(db.engine) as second:
        visits = [(each, each.get(CartLine, (1, 1))) for each in (first, second)]
        assert [line.amount for _, line in visits] == [2, 2]
        for session, line in visits:
            line.amount = one_more(line)
            session.commit()
    assert carts(app)[1, 1] == amount


def test_additions_of_several_threads_are_all_counted(build):
    # The timeout says how long a writer waits for the others, in seconds.
    patient = {"poolclass": NullPool, "connect_args": {"timeout": 120}}
    app = build(SQLALCHEMY_ENGINE_OPTIONS=patient)
    app.test_client().get("/")

    def add(_):
        return app.test_client().patch("/carts/1/1", json={"by": 1}).status_code

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(add, range(6))) == [200] * 6
    assert carts(app)[1, 1] == 8


# What is refused


@pytest.mark.parametrize(
    "path", ["/carts/9/1", "/carts/1/9", f"/carts/{HUGE}/1", f"/carts/1/{HUGE}", "/carts/0/0"]
)
def test_an_unknown_customer_or_goods_is_404(app, client, path):
    assert client.get(path).status_code == 404
    assert client.post(path, json={"amount": 1}).status_code == 404
    assert client.put(path, json={"amount": 1}).status_code == 404
    assert client.patch(path, json={"by": 1}).status_code == 404
    assert client.delete(path).status_code == 404
    assert carts(app) == SAMPLES


def test_a_line_that_does_not_exist_is_404_unless_put_or_post_creates_it(app, client):
    assert client.get("/carts/2/2").status_code == 404
    assert client.patch("/carts/2/2", json={"by": 1}).status_code == 404
    assert client.delete("/carts/2/2").status_code == 404
    assert carts(app) == SAMPLES


@pytest.mark.parametrize("path", ["/carts/1", "/carts/1/", "/carts/1/x", "/carts/-1/1"])
def test_half_a_key_is_404(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "7",
        "[7]",
        "null",
        "{}",
        '{"amount": "7", "by": "7"}',
        '{"amount": 7.0, "by": 7.0}',
        '{"amount": true, "by": true}',
        '{"amount": null, "by": null}',
        '{"amount": NaN, "by": 1e999}',
        '{"amount": 100, "by": 100}',
        '{"amount": 0, "by": -100}',
        '{"amount": -1, "by": ' + "9" * 150 + "}",
        '{"amount": ' + "[" * 150,
        b"\xff",
        "\0",
    ],
)
def test_a_body_without_a_number_within_the_limits_is_400(app, client, body):
    for send in (client.put, client.patch):
        assert send("/carts/1/1", data=body, content_type="application/json").status_code == 400
    assert carts(app) == SAMPLES


@pytest.mark.parametrize("amount", ["7", 7.0, True, None, 0, 100])
def test_a_new_line_needs_a_number_within_the_limits(app, client, amount):
    assert client.post("/carts/2/2", json={"amount": amount}).status_code == 400
    assert carts(app) == SAMPLES


def test_the_refusal_says_what_to_send(client):
    message = 'Send JSON such as {"amount": 2}, with a number from 1 to 99.'
    assert status_and_message(client.put("/carts/1/1", json={})) == (400, message)
    message = 'Send JSON such as {"by": 2}, with a number from -99 to 99.'
    assert status_and_message(client.patch("/carts/1/1", json={})) == (400, message)


def test_a_large_body_is_413(client):
    assert client.put("/carts/1/1", json={"amount": 1, "more": "x" * 200}).status_code == 413


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
def test_a_body_that_a_form_can_send_is_refused(app, client, kind):
    response = client.post("/carts/2/2", data='{"amount": 1}', content_type=kind)
    assert response.status_code == 415
    assert carts(app) == SAMPLES


# The page


def test_the_page_shows_every_line_with_its_key(client):
    response = client.get("/")
    assert texts(response, "caption") == ["Ann, customer 1", "Bob, customer 2"]
    assert texts(response, "tbody th, tbody td") == [
        *("Tea", "(1, 1)", "2", "9.80"),
        *("Cup", "(1, 2)", "1", "12.50"),
        *("Tea", "(2, 1)", "5", "24.50"),
    ]
    links = [link["href"] for link in page(response).select("a")]
    assert links == ["/carts/1/1", "/carts/1/2", "/carts/2/1"]


def test_an_empty_cart_says_so_and_names_are_escaped(app, client):
    client.delete("/carts/2/1")
    with app.app_context():
        db.session.get(lesson.Customer, 2).name = "<script>"
        db.session.get(lesson.Goods, 1).name = "<b>Tea"
        db.session.commit()
    response = client.get("/")
    assert texts(response, "td[colspan]") == ["Nothing yet."]
    assert texts(response, "caption") == ["Ann, customer 1", "<script>, customer 2"]
    assert texts(response, "tbody th") == ["<b>Tea", "Cup"]


def test_more_carts_take_no_more_queries(app, client):
    sent = []
    with app.app_context():
        engine = db.engine

    def record(*about):
        sent.append(about[2])

    def selects():
        sent.clear()
        client.get("/")
        return sum(statement.startswith("SELECT") and "FROM c" in statement for statement in sent)

    event.listen(engine, "before_cursor_execute", record)
    before = selects()
    with app.app_context():
        db.session.add(lesson.Customer(name="Cleo"))
        db.session.commit()
    for goods in (1, 2, 3):
        assert client.put(f"/carts/3/{goods}", json={"amount": 1}).status_code == 201
    assert selects() == before
    event.remove(engine, "before_cursor_execute", record)


# Where the data is kept


def test_the_file_is_made_at_the_first_request(build, folder, tmp_path):
    app = build()
    assert list(tmp_path.iterdir()) == []
    assert app.test_client().get("/").status_code == 200
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [folder / "shop.db"]


def test_unless_told_otherwise_the_file_is_in_the_instance_folder():
    app = lesson.create_app()
    folder = Path(app.instance_path) / "day03_composite_key"
    assert app.config["DATA_FOLDER"] == folder
    with app.app_context():
        assert db.engine.url.database == str(folder / "shop.db")


def test_the_data_is_there_after_a_restart_without_new_samples(build):
    client = build().test_client()
    for customer, goods in SAMPLES:
        client.delete(f"/carts/{customer}/{goods}")
    client.put("/carts/2/3", json={"amount": 4})
    again = build()
    assert again.test_client().get("/carts/2/3").json["amount"] == 4
    assert carts(again) == {(2, 3): 4}


def test_a_deleted_file_is_made_again_with_the_samples(build, folder):
    app = build()
    app.test_client().delete("/carts/1/1")
    (folder / "shop.db").unlink()
    assert app.test_client().get("/carts/1/1").json["amount"] == 2
    assert carts(app) == SAMPLES


def test_first_requests_at_the_same_time_fill_the_shop_once(build):
    app = build()
    start = threading.Barrier(4)

    def visit(_):
        start.wait(60)
        return app.test_client().get("/carts/1/1").status_code

    with ThreadPoolExecutor(4) as visitors:
        assert list(visitors.map(visit, range(4))) == [200] * 4
    assert carts(app) == SAMPLES
