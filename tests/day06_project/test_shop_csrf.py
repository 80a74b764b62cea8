"""The shop against forged requests: the CSRF token.

Begin with test_the_cookie_carries_the_token_which_counts_in_the_header_only.
"""

from day06_project.shop import create_app
from tests.day06_project.helpers import Shopper, close


def refused(problem, response):
    details = problem(response, 400)
    assert details["code"] == "csrf"
    return details["detail"]


def test_the_cookie_carries_the_token_which_counts_in_the_header_only(app, problem):
    client = app.test_client()
    response = client.get("/api/v1.0/session")
    cookie = next(c for c in response.headers.getlist("Set-Cookie") if "csrf_token=" in c)
    response.close()
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "HttpOnly" not in cookie  # the script reads it
    path = "/api/v1.0/session"
    alone = client.delete(path)
    assert "missing" in refused(problem, alone)
    token = client.get_cookie("csrf_token").value
    in_json = client.delete(path, json={"csrf_token": token})
    assert "missing" in refused(problem, in_json)
    assert client.delete(path, headers={"X-CSRFToken": token}).status_code == 204


def test_behind_https_the_cookie_is_secure(tmp_path):
    app = create_app("production", SECRET_KEY="k" * 32, DATA_FOLDER=tmp_path)
    response = app.test_client().get("/api/v1.0/session", base_url="https://shop.example")
    cookies = response.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    assert all("Secure" in cookie for cookie in cookies)
    response.close()
    close(app)


def test_each_method_that_changes_something_wants_the_token(visitor, problem):
    assert visitor.token  # it has a session and the cookie
    for method, path in [
        ("POST", "/users"),
        ("POST", "/session"),
        ("DELETE", "/session"),
        ("POST", "/goods"),
        ("PUT", "/goods/1"),
        ("PATCH", "/goods/1"),
        ("DELETE", "/goods/1"),
        ("PUT", "/cart/1"),
        ("DELETE", "/cart/1"),
    ]:
        response = visitor.client.open(f"/api/v1.0{path}", method=method, json={})
        refused(problem, response)
        assert "Set-Cookie" not in response.headers


def test_tokens_of_others_and_made_up_ones_are_refused(app, ada, bob, problem):
    secret, rest = ada.token.split(".", 1)
    forged = f"{secret[::-1]}.{rest}"
    for token in bob.token, forged, "x", "", "\x00", ada.token.split(".")[0]:
        refused(problem, ada.send("DELETE", "/session", token=token))
    ada.client.set_cookie("csrf_token", bob.token)  # as a subdomain could do
    refused(problem, ada.send("DELETE", "/session", token=bob.token))
    assert ada.get("/session").json["user"]["name"] == "ada"


def test_a_token_from_before_the_login_does_not_count_after_it(app, ada, problem):
    shopper = Shopper(app)
    old = shopper.token
    shopper.login("ada")
    refused(problem, shopper.send("DELETE", "/session", token=old))


def test_a_client_that_was_refused_fetches_a_new_token_and_tries_again(ada, problem):
    refused(problem, ada.send("DELETE", "/session", token="stale"))
    ada.get("/session")
    assert ada.send("DELETE", "/session", token=ada.cookie("csrf_token")).status_code == 204


def test_a_token_lives_as_long_as_its_session(app):
    assert app.config["WTF_CSRF_TIME_LIMIT"] is None


def test_over_https_the_referer_must_be_the_shop(visitor, problem):
    def leave(referer):
        return visitor.send(
            "DELETE", "/session", base_url="https://localhost", headers={"Referer": referer}
        )

    visitor.client.get("/api/v1.0/session", base_url="https://localhost")
    assert "referrer" in refused(problem, leave(""))
    assert "referrer" in refused(problem, leave("https://elsewhere.example/"))
    assert leave("https://localhost/cart.html").status_code == 204


def test_goods_may_be_read_without_a_token(app):
    assert app.test_client().get("/api/v1.0/goods").status_code == 200


def test_the_check_is_a_request_hook(app):
    assert "csrf_protect" in [hook.__name__ for hook in app.before_request_funcs[None]]
