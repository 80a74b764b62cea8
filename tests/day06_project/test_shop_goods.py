"""Goods of the shop: a resource with GET, POST, PUT, PATCH and DELETE.

Begin with test_get_reads_the_list_and_one_of_it.
"""

import threading
from datetime import datetime, timedelta, timezone

import pytest
from flask import Blueprint, url_for
from sqlalchemy import delete, event, insert, update
from sqlalchemy.exc import IntegrityError, OperationalError

from day06_project.shop import create_app, models
from day06_project.shop.api_v1 import goods as module
from day06_project.shop.extensions import db
from day06_project.shop.models import Goods
from tests.day06_project.helpers import at_once, close, statements

TEAPOT = {"name": "Teapot", "price": 2750, "description": "Holds a litre.", "stock": 3}


def names(response):
    assert response.status_code == 200
    return [item["name"] for item in response.json["items"]]


@pytest.fixture
def shelf(app, ada):
    """Put 45 goods on sale: names going up, prices going down, with ties."""
    with app.app_context():
        rows = [
            {"owner_id": ada.user["id"], "name": f"Item {i:02}", "price": 100 - i // 10}
            | {"version": 1}
            for i in range(45)
        ]
        db.session.execute(insert(Goods), rows)
        db.session.commit()


# The methods


def test_paths_are_nouns_and_the_method_is_the_verb(app):
    paths = {}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1.0/goods"):
            paths.setdefault(rule.rule, set()).update(rule.methods - {"HEAD", "OPTIONS"})
    assert paths == {
        "/api/v1.0/goods": {"GET", "POST"},
        "/api/v1.0/goods/<id:goods_id>": {"GET", "PUT", "PATCH", "DELETE"},
    }
    words = {word for rule in app.url_map.iter_rules() for word in rule.rule.split("/")}
    for word in words:
        assert not word.startswith(("get", "save", "update", "delete", "create", "add"))


def test_get_reads_the_list_and_one_of_it(ada, visitor, problem):
    teapot = ada.offer(**TEAPOT)
    assert names(visitor.get("/goods")) == ["Teapot"]
    shown = visitor.get(f"/goods/{teapot}")
    assert shown.status_code == 200
    assert shown.json == visitor.get("/goods").json["items"][0]
    assert shown.json == TEAPOT | {
        "id": teapot,
        "owner_id": ada.user["id"],
        "created_at": shown.json["created_at"],
    }
    problem(visitor.get(f"/goods/{teapot + 1}"), 404)


def test_times_are_utc_in_whole_seconds(ada, monkeypatch):
    class Clock:
        @staticmethod
        def now(zone=None):
            local = timezone(timedelta(hours=3))
            return datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=local).astimezone(zone or local)

    monkeypatch.setattr(models, "datetime", Clock)
    assert ada.get(f"/goods/{ada.offer()}").json["created_at"] == "2026-01-02T00:04:05Z"


def test_post_stores_a_new_one_each_time(ada, visitor):
    first, second = (ada.send("POST", "/goods", TEAPOT) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.location == f"/api/v1.0/goods/{first.json['id']}"
    assert visitor.client.get(first.location).json == first.json
    assert first.headers["ETag"] == visitor.client.get(first.location).headers["ETag"]
    assert first.json["id"] != second.json["id"]
    assert visitor.get("/goods").json["total"] == 2


def test_put_replaces_what_is_there_and_creates_nothing(ada, visitor, problem):
    teapot = ada.offer(**TEAPOT)
    for _ in range(2):
        response = ada.send("PUT", f"/goods/{teapot}", {"name": "Pot", "price": 1})
        assert response.status_code == 200
        assert response.json["description"] == ""
        assert response.json["stock"] == 0
        assert "ETag" not in response.headers
        assert visitor.get(f"/goods/{teapot}").json == response.json
    assert visitor.get("/goods").json["total"] == 1
    problem(ada.send("PUT", f"/goods/{teapot + 1}", TEAPOT), 404)
    response = ada.send("PUT", "/goods", TEAPOT)
    problem(response, 405)
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_patch_changes_what_it_names(ada, visitor):
    teapot = ada.offer(**TEAPOT)
    for kind in "application/json", "application/merge-patch+json":
        response = ada.send("PATCH", f"/goods/{teapot}", {"stock": 1}, content_type=kind)
        assert response.status_code == 200
        assert {name: response.json[name] for name in TEAPOT} == TEAPOT | {"stock": 1}
    assert ada.send("PATCH", f"/goods/{teapot}", {}).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_goods_that_are_deleted_right_after_a_change_were_changed(app, ada, method):
    teapot = ada.offer(**TEAPOT)

    def delete_them(session):
        with db.engine.begin() as connection:
            connection.execute(delete(Goods))

    event.listen(db.session, "after_commit", delete_them)
    response = ada.send(method, f"/goods/{teapot}", TEAPOT | {"price": 1})
    event.remove(db.session, "after_commit", delete_them)
    assert (response.status_code, response.json["price"]) == (200, 1)
    assert ada.get(f"/goods/{teapot}").status_code == 404


def test_merge_patch_is_for_patch_only(ada, problem):
    teapot = ada.offer()
    kind = "application/merge-patch+json"
    problem(ada.send("PUT", f"/goods/{teapot}", TEAPOT, content_type=kind), 415)
    problem(ada.send("POST", "/goods", TEAPOT, content_type=kind), 415)


def test_delete_wants_an_id_and_succeeds_once(ada, problem):
    teapot = ada.offer()
    cup = ada.offer("Cup")
    problem(ada.send("DELETE", "/goods"), 405)
    response = ada.send("DELETE", f"/goods/{teapot}")
    assert (response.status_code, response.data) == (204, b"")
    problem(ada.send("DELETE", f"/goods/{teapot}"), 404)
    assert [item["id"] for item in ada.get("/goods").json["items"]] == [cup]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_goods_are_changed_by_their_owner_only(ada, bob, visitor, problem, method):
    teapot = ada.offer(**TEAPOT)
    body = None if method == "DELETE" else TEAPOT | {"price": 1}
    problem(bob.send(method, f"/goods/{teapot}", body), 403)
    problem(visitor.send(method, f"/goods/{teapot}", body), 401)
    assert visitor.get(f"/goods/{teapot}").json["price"] == TEAPOT["price"]


def test_a_visitor_who_is_not_logged_in_offers_nothing(visitor, problem):
    problem(visitor.send("POST", "/goods", TEAPOT), 401)
    assert visitor.get("/goods").json["total"] == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_path_without_a_proper_id_is_404_for_each_method(visitor, problem, method):
    for text in "0", "007", "-1", "1.0", "x", "9999999999", "1" * 99, "\u0661":
        problem(visitor.send(method, f"/goods/{text}", {}), 404)


def test_the_largest_id_is_looked_up(visitor, problem):
    problem(visitor.get("/goods/999999999"), 404)


# Fields


WRONG = {
    "name": ["", "x" * 65, " x", "x ", "a\nb", "a\0b", 7, None, ["x"], {"a": 1}],
    "price": [-1, 100_000_001, 2**40, 1.5, 1e300, "1", True, None],
    "description": ["x" * 1001, "a\nb", "\0", None, 7],
    "stock": [-1, 1_000_001, 2**31, None],
    "unknown": [1],
    "id": [77],
    "owner_id": [77],
    "version": [77],
    "metadata": [77],
}


@pytest.mark.parametrize("field", WRONG)
def test_a_field_that_is_wrong_is_named_by_each_method(ada, problem, field):
    teapot = ada.offer(**TEAPOT)
    before = ada.get(f"/goods/{teapot}").json
    first, *others = [{field: value} for value in WRONG[field]]
    for method, path, body in [
        ("PUT", f"/goods/{teapot}", TEAPOT | first),
        ("PATCH", f"/goods/{teapot}", first),
        ("POST", "/goods", TEAPOT | first),
        *(("POST", "/goods", TEAPOT | change) for change in others),
    ]:
        errors = problem(ada.send(method, path, body), 422)["errors"]
        assert [error["field"] for error in errors] == [field]
    assert ada.get(f"/goods/{teapot}").json == before
    assert ada.get("/goods").json["total"] == 1


def test_the_limits_themselves_are_allowed_and_come_back_unchanged(ada):
    for body in (
        {"name": "x", "price": 0, "description": "", "stock": 0},
        {"name": "\U0001f375" * 64, "price": 100_000_000}
        | {"description": "\u8336" * 1000, "stock": 1_000_000},
        {"name": "'; DROP TABLE goods --", "price": 1, "description": "<b>", "stock": 1},
    ):
        response = ada.send("POST", "/goods", body)
        assert response.status_code == 201
        assert {name: ada.get(f"/goods/{response.json['id']}").json[name] for name in body} == body


# Pages


def test_a_page_has_twenty_and_says_how_many_there_are(shelf, visitor):
    response = visitor.get("/goods")
    items = response.json["items"]
    assert names(response) == [f"Item {i:02}" for i in range(20)]
    assert response.json == {"items": items, "page": 1, "per_page": 20, "total": 45, "pages": 3}
    assert response.headers["Link"] == (
        '</api/v1.0/goods?page=1>; rel="first", </api/v1.0/goods?page=2>; rel="next", '
        '</api/v1.0/goods?page=3>; rel="last"'
    )


def test_the_links_lead_through_all_pages(shelf, visitor):
    found, path = [], "/api/v1.0/goods?per_page=7&sort=-name"
    while path:
        response = visitor.client.get(path)
        found += names(response)
        links = dict(
            reversed(part.split("; rel=")) for part in response.headers["Link"].split(", ")
        )
        path = links.get('"next"', "").strip("<>")
    assert found == [f"Item {i:02}" for i in reversed(range(45))]
    assert '"prev"' in links


def test_links_work_below_a_prefix(shelf, visitor):
    response = visitor.get("/goods", environ_overrides={"SCRIPT_NAME": "/run/shop"})
    assert "</run/shop/api/v1.0/goods?page=2>" in response.headers["Link"]


def test_a_page_beyond_the_last_is_empty_and_still_counts(shelf, visitor):
    response = visitor.get("/goods?page=4")
    assert (names(response), response.json["total"], response.json["pages"]) == ([], 45, 3)
    assert 'page=3>; rel="prev"' in response.headers["Link"]
    assert "next" not in response.headers["Link"]


def test_an_empty_shop_has_one_empty_page(visitor):
    response = visitor.get("/goods")
    assert response.json == {"items": [], "page": 1, "per_page": 20, "total": 0, "pages": 1}


def test_an_exact_last_page_is_the_last(shelf, visitor):
    response = visitor.get("/goods?page=9&per_page=5")
    assert (len(names(response)), response.json["pages"]) == (5, 9)
    assert "next" not in response.headers["Link"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("id", lambda i: i),
        ("-id", lambda i: -i),
        ("name", lambda i: i),
        ("price", lambda i: (100 - i // 10, i)),
        ("-price", lambda i: (i // 10 - 100, -i)),
    ],
)
def test_goods_are_sorted_as_asked_and_ties_by_id(shelf, visitor, sort, order):
    response = visitor.get(f"/goods?per_page=100&sort={sort}")
    assert names(response) == [f"Item {i:02}" for i in sorted(range(45), key=order)]


WRONG_QUERIES = [
    "page=0",
    "page=-1",
    "page=abc",
    "page=",
    "page=1.5",
    "page=01",
    "page=1000001",
    "page=%D9%A1",
    f"page={10**20}",
    "per_page=0",
    "per_page=101",
    "sort=",
    "sort=-",
    "sort=--id",
    "sort=metadata",
    "sort=owner_id",
    "sort=ID",
    "sort=(case%20when%201%20then%20id%20end)",
]


def test_a_query_that_is_wrong_is_400_and_not_corrected(visitor, problem):
    for query in WRONG_QUERIES:
        problem(visitor.get(f"/goods?{query}"), 400)


def test_the_list_takes_one_query(app, shelf, visitor):
    with statements(app) as seen:
        visitor.get("/goods?page=2&sort=-price")
    assert len(seen) == 1
    assert "ORDER BY goods.price DESC, goods.id DESC" in seen[0]  # an index alone promises no order
    with statements(app) as seen:
        visitor.get("/goods?page=9")
    assert len(seen) == 2


# Versions


def test_a_client_with_the_newest_version_gets_304(ada, visitor):
    teapot = ada.offer(**TEAPOT)
    etag = visitor.get(f"/goods/{teapot}").headers["ETag"]
    again = visitor.get(f"/goods/{teapot}", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    ada.send("PATCH", f"/goods/{teapot}", {"stock": 9})
    changed = visitor.get(f"/goods/{teapot}", headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_client_that_has_seen_an_older_version_gets_412(ada, problem, method):
    teapot = ada.offer(**TEAPOT)
    body = None if method == "DELETE" else TEAPOT | {"stock": 1}
    old = {"If-Match": ada.get(f"/goods/{teapot}").headers["ETag"]}
    ada.send("PATCH", f"/goods/{teapot}", {"stock": 9})
    problem(ada.send(method, f"/goods/{teapot}", body, headers=old), 412)
    problem(ada.send(method, f"/goods/{teapot}", body, headers={"If-Match": '"nonsense"'}), 412)
    assert ada.get(f"/goods/{teapot}").json["stock"] == 9
    new = {"If-Match": ada.get(f"/goods/{teapot}").headers["ETag"]}
    assert ada.send(method, f"/goods/{teapot}", body, headers=new).status_code in {200, 204}


def test_a_star_means_any_version(ada):
    teapot = ada.offer()
    response = ada.send("PATCH", f"/goods/{teapot}", {"stock": 1}, headers={"If-Match": "*"})
    assert response.status_code == 200


def test_an_id_is_not_given_twice_so_an_old_etag_fits_nothing(ada):
    teapot = ada.offer()
    ada.send("DELETE", f"/goods/{teapot}")
    assert ada.offer("Cup") > teapot


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_change_between_read_and_write_is_a_conflict(app, ada, problem, monkeypatch, method):
    teapot = ada.offer(**TEAPOT)
    look = module.own_goods

    def slow(goods_id):
        found = look(goods_id)
        with db.engine.begin() as connection:
            connection.execute(update(Goods).values(stock=5, version=Goods.version + 1))
        return found

    monkeypatch.setattr(module, "own_goods", slow)
    problem(ada.send(method, f"/goods/{teapot}", {"stock": 1}), 409)
    assert ada.get(f"/goods/{teapot}").json["stock"] == 5


def test_of_eight_changes_to_one_version_one_is_made(workers, ada):
    teapot = ada.offer(**TEAPOT)
    seen = {"If-Match": ada.get(f"/goods/{teapot}").headers["ETag"]}
    shoppers = [ada.elsewhere(workers[number % 2]) for number in range(8)]

    def change(number):
        body = {"stock": 100 + number}
        response = shoppers[number].send("PATCH", f"/goods/{teapot}", body, headers=seen)
        return response.status_code

    statuses = at_once(change, range(8))
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 409, 412}
    assert ada.get(f"/goods/{teapot}").json["stock"] == 100 + statuses.index(200)


def test_the_database_itself_refuses_a_negative_price(app, ada):
    with app.app_context():
        row = {"owner_id": ada.user["id"], "name": "x", "price": -1, "version": 1}
        with pytest.raises((IntegrityError, OperationalError), match="price_not_negative"):
            db.session.execute(insert(Goods), [row])


# A second version, and two connections


def test_a_second_version_can_stand_beside_the_first(tmp_path):
    app = create_app("testing", DATA_FOLDER=tmp_path)
    goods = Blueprint("goods", __name__)
    goods.get("")(lambda: {"version": 2, "self": url_for(".<lambda>")})
    second = Blueprint("api_v2", __name__)
    second.register_blueprint(goods, url_prefix="/goods")
    app.register_blueprint(second, url_prefix="/api/v2.0")
    with app.app_context():
        db.create_all()
    client = app.test_client()
    assert client.get("/api/v1.0/goods").json["items"] == []
    assert client.get("/api/v2.0/goods").json == {"version": 2, "self": "/api/v2.0/goods"}
    assert client.get("/api/v2.0/cups").content_type == "application/problem+json"
    close(app)


def test_writers_do_not_stop_readers(app, ada, visitor):
    """WAL on SQLite, versions of rows on the others: a reader sees what was there before."""
    teapot = ada.offer(**TEAPOT)
    inside, done = threading.Event(), threading.Event()

    def write():
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(update(Goods).values(stock=99))
            inside.set()
            done.wait(120)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert inside.wait(120)
        assert visitor.get(f"/goods/{teapot}").json["stock"] == 3
    finally:
        done.set()
        writer.join()
    assert visitor.get(f"/goods/{teapot}").json["stock"] == 99
