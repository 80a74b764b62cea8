"""A REST resource: methods, status codes, checked values, versions.

Begin with test_the_list_has_one_teapot. Each test has an app with goods of its own.
"""

import pytest

from day06_project.rest_resource import first
from day06_project.rest_resource.app import MAX_PRICE, create_app

TEAPOT = {"id": 1, "name": "Teapot", "price": 2750}


@pytest.fixture
def app():
    return create_app()


@pytest.fixture
def client(app):
    return app.test_client()


def test_the_list_has_one_teapot(client):
    assert client.get("/goods").json == {"items": [TEAPOT]}
    assert client.get("/goods/1").json == TEAPOT


def test_post_adds_and_location_says_where(client):
    cup = {"name": "Cup", "price": 990}
    for goods_id in 2, 3:
        response = client.post("/goods", json=cup)
        assert (response.status_code, response.location) == (201, f"/goods/{goods_id}")
        assert response.json == {"id": goods_id, **cup}
        assert client.get(response.location).json == response.json
    assert len(client.get("/goods").json["items"]) == 3


def test_put_replaces_and_the_second_time_changes_nothing(client):
    for _ in range(2):
        response = client.put("/goods/1", json={"name": "Pot", "price": 1})
        assert response.status_code == 200
        assert response.json == {"id": 1, "name": "Pot", "price": 1}
        assert client.get("/goods").json["items"] == [response.json]


def test_put_creates_only_where_the_client_chooses_the_path(client):
    assert client.put("/goods/7", json={"name": "Pot", "price": 1}).status_code == 404
    assert client.put("/goods", json={"name": "Pot", "price": 1}).status_code == 405
    statuses = [client.put("/wishes/ada", json={"goods_ids": [1]}).status_code for _ in range(3)]
    assert statuses == [201, 200, 200]


def test_patch_changes_what_is_named(client):
    assert client.patch("/goods/1", json={"price": 3}).json == {**TEAPOT, "price": 3}
    assert client.patch("/goods/1", json={"name": "Pot"}).json == {
        "id": 1,
        "name": "Pot",
        "price": 3,
    }


def test_delete_is_204_and_then_404(client):
    response = client.delete("/goods/1")
    assert (response.status_code, response.data) == (204, b"")
    assert client.delete("/goods/1").status_code == 404
    assert client.get("/goods").json == {"items": []}
    response = client.delete("/goods")
    assert (response.status_code, "DELETE" in response.allow) == (405, False)


def test_an_id_is_not_used_twice(client):
    client.delete("/goods/1")
    assert client.post("/goods", json={"name": "Cup", "price": 1}).json["id"] == 2


def test_no_path_has_a_verb(app):
    paths = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"}
    assert paths == {"/goods", "/goods/<int:goods_id>", "/wishes/<name>"}
    methods = {
        method
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/goods")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert methods == {"GET", "POST", "PUT", "PATCH", "DELETE"}


def test_the_first_program_reads_and_adds():
    client = first.app.test_client()
    response = client.post("/goods", json={"name": "Cup", "price": 990})
    assert response.status_code == 201
    assert client.get(response.location).json == response.json
    assert client.get("/goods/99").status_code == 404
    assert client.get("/goods").json["items"][0] == TEAPOT


# Versions


def test_a_client_that_has_this_version_gets_304(client):
    etag = client.get("/goods/1").headers["ETag"]
    response = client.get("/goods/1", headers={"If-None-Match": etag})
    assert (response.status_code, response.data) == (304, b"")
    client.patch("/goods/1", json={"price": 3})
    response = client.get("/goods/1", headers={"If-None-Match": etag})
    assert (response.status_code, response.json["price"]) == (200, 3)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_who_has_seen_an_older_version_changes_nothing(client, method):
    etag = client.get("/goods/1").headers["ETag"]
    client.patch("/goods/1", json={"price": 3})

    def change(etag):
        body = None if method == "DELETE" else {"name": "Pot", "price": 4}
        return client.open("/goods/1", method=method, json=body, headers={"If-Match": etag})

    assert change(etag).status_code == 412
    assert client.get("/goods/1").json == {**TEAPOT, "price": 3}
    assert change(client.get("/goods/1").headers["ETag"]).status_code in (200, 204)


# What is wrong


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name", "price"}),
        ({"name": "Cup"}, {"price"}),
        ({"name": "", "price": 1}, {"name"}),
        ({"name": " ", "price": 1}, {"name"}),
        ({"name": "x" * 65, "price": 1}, {"name"}),
        ({"name": "a\nb", "price": 1}, {"name"}),
        ({"name": 7, "price": 1}, {"name"}),
        ({"name": "Cup", "price": "1"}, {"price"}),
        ({"name": "Cup", "price": 1.5}, {"price"}),
        ({"name": "Cup", "price": True}, {"price"}),
        ({"name": "Cup", "price": -1}, {"price"}),
        ({"name": "Cup", "price": MAX_PRICE + 1}, {"price"}),
        ({"name": "Cup", "price": 1, "id": 7}, {"id"}),
        ({"name": "Cup", "price": 1, "version": 7}, {"version"}),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_stored(client, body, fields):
    for method, path in ("POST", "/goods"), ("PUT", "/goods/1"):
        response = client.open(path, method=method, json=body)
        assert response.status_code == 422
        assert set(response.json["fields"]) == fields
    assert client.get("/goods").json == {"items": [TEAPOT]}


@pytest.mark.parametrize("values", [("x" * 64, 0), ("x", MAX_PRICE)])
def test_the_limits_themselves_are_allowed(client, values):
    name, price = values
    assert client.post("/goods", json={"name": name, "price": price}).status_code == 201


def test_patch_checks_too(client):
    assert client.patch("/goods/1", json={"price": -1}).status_code == 422
    assert client.patch("/goods/1", json={"id": 7}).status_code == 422
    assert client.get("/goods/1").json == TEAPOT


@pytest.mark.parametrize("body", ["x", {}, [1], {"goods_ids": 1}, {"goods_ids": ["1"]}])
def test_wishes_are_a_list_of_numbers(client, body):
    assert client.put("/wishes/ada", json=body).status_code in (400, 422)
    assert client.put("/wishes/ada", json={"goods_ids": []}).status_code == 201


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        ("{", "application/json", 400),
        ("[1]", "application/json", 400),
        ("null", "application/json", 400),
        ("[" * 9000, "application/json", 400),
        ('{"price": ' + "9" * 6000 + "}", "application/json", 400),
        (" " * 10_001, "application/json", 413),
        ("name=Cup", "application/x-www-form-urlencoded", 415),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(client, data, content_type, status):
    response = client.post("/goods", data=data, content_type=content_type)
    assert response.status_code == status
    assert response.json["error"]


@pytest.mark.parametrize("path", ["/goods/0", "/goods/x", "/goods/99999999999999999999", "/x"])
def test_what_does_not_exist_is_404_as_json(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert response.mimetype == "application/json"


def test_a_wrong_method_is_405_with_the_methods_that_fit(client):
    response = client.post("/goods/1", json={})
    assert response.status_code == 405
    assert response.mimetype == "application/json"
    assert set(response.allow) >= {"GET", "PUT", "PATCH", "DELETE"}
