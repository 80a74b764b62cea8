"""The shop: a back end that speaks JSON, and pages that use it.

Begin with test_the_list_of_goods_is_json. The first five tests use nothing but Flask's test
client. Each topic has a file of its own beside this one: test_shop_accounts.py, test_shop_goods.py,
test_shop_cart.py and so on. Their tests use ``Shopper`` of helpers.py, a client with a CSRF token.
"""

import pytest

from day06_project.shop import first
from tests.day06_project.helpers import PASSWORD

CAPTCHA_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture
def client(app):
    return app.test_client()


def test_the_list_of_goods_is_json(client):
    response = client.get("/api/v1.0/goods")
    assert response.status_code == 200
    assert response.json["items"] == []


def test_the_first_page_is_html(client):
    with client.get("/") as response:
        assert response.status_code == 200
        assert response.mimetype == "text/html"


def test_an_error_of_the_api_is_json_too(client):
    response = client.get("/api/v1.0/goods/1")
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"
    assert response.json["title"] == "Not Found"


def test_a_request_that_changes_something_needs_the_csrf_token(client):
    response = client.post("/api/v1.0/session", json={"name": "ada", "password": PASSWORD})
    assert response.status_code == 400
    assert response.json["code"] == "csrf"


def test_a_visitor_registers_and_logs_in(client):
    client.get("/api/v1.0/session")
    client.get(f"/api/v1.0/captchas/{CAPTCHA_ID}")
    account = {"name": "ada", "password": PASSWORD}
    response = client.post(
        "/api/v1.0/users",
        json=account | {"captcha_id": CAPTCHA_ID, "captcha_text": "TEST"},
        headers={"X-CSRFToken": client.get_cookie("csrf_token").value},
    )
    assert response.status_code == 201
    response = client.post(
        "/api/v1.0/session",
        json=account,
        headers={"X-CSRFToken": client.get_cookie("csrf_token").value},
    )
    assert response.status_code == 200
    assert client.get("/api/v1.0/session").json["user"]["name"] == "ada"


def test_a_client_offers_goods_buys_them_and_logs_out(ada):
    teapot = ada.offer("Teapot", 2750)
    assert ada.send("PUT", f"/cart/{teapot}", {"quantity": 2}).status_code == 201
    assert ada.get("/cart").json == {
        "items": [{"goods_id": teapot, "name": "Teapot", "price": 2750, "quantity": 2}],
        "total": 5500,
    }
    assert ada.send("DELETE", "/session").status_code == 204
    assert ada.get("/cart").status_code == 401
    assert ada.get(f"/goods/{teapot}").json["name"] == "Teapot"


def test_the_health_check_and_the_openapi_document(client):
    assert client.get("/api/v1.0/health").json == {"status": "ok"}
    with client.get("/api/v1.0/openapi.json") as response:
        assert response.mimetype == "application/json"
        assert response.json["openapi"].startswith("3.")


def test_the_first_program_has_an_environment_and_a_version(monkeypatch):
    app = first.create_app()
    assert app.test_client().get("/api/v1.0/health").json == {"status": "ok"}
    assert app.config["SESSION_COOKIE_SECURE"] is False
    monkeypatch.setenv("SECRET_KEY", "")
    assert len({app.secret_key, first.create_app().secret_key, first.create_app().secret_key}) == 3
    monkeypatch.setenv("SECRET_KEY", "my own")
    monkeypatch.setenv("FLASK_CONFIG", "production")
    app = first.create_app({"OTHER": "given"})
    assert (app.secret_key, app.config["OTHER"]) == ("my own", "given")
    assert app.config["SESSION_COOKIE_SECURE"] is True
