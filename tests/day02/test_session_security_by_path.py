"""Visitors without cookies: an id in the path, and why it is a bad idea.

Begin with test_an_id_in_the_path_needs_no_cookie.
"""

import pytest

from day02.session_security import by_path
from day02.session_security.app import create_app


@pytest.fixture
def new_client():
    """Return a function that makes clients of one app, without cookies."""
    app = create_app()
    return lambda: app.test_client(use_cookies=False)


def begin(client):
    """Begin a visit, and return its path."""
    response = client.post("/visits")
    assert response.status_code == 303
    assert "Set-Cookie" not in response.headers
    return response.location


def test_an_id_in_the_path_needs_no_cookie(new_client):
    client = new_client()
    one, other = begin(client), begin(client)
    assert [client.get(one).json["count"] for _ in range(3)] == [1, 2, 3]
    assert client.get(other).json == {"count": 1, "name": None}
    assert len(one.rpartition("/")[2]) == 22


@pytest.mark.parametrize("way", ["login", "login-unsafe"])
def test_a_login_by_path_needs_a_short_name_and_keeps_the_visit_otherwise(new_client, way):
    client = new_client()
    path = begin(client)
    for form in [{}, {"name": ""}, {"name": "x" * 21}]:
        assert client.post(f"{path}/{way}", data=form).status_code == 400
    assert client.get(path).json == {"count": 1, "name": None}


def test_the_oldest_visit_is_forgotten(new_client, monkeypatch):
    monkeypatch.setattr(by_path, "MAX_VISITS", 2)
    client = new_client()
    first, second, third = begin(client), begin(client), begin(client)
    codes = [client.get(path).status_code for path in (first, second, third)]
    assert codes == [404, 200, 200]


# Attacks


@pytest.mark.parametrize("way", ["", "/login", "/login-unsafe"])
def test_an_invented_id_is_unknown(new_client, way):
    send = new_client().post if way else new_client().get
    response = send(f"/visits/made-up{way}", data={"name": "Ann"})
    assert response.status_code == 404
    assert "There is no such visit." in response.text


def test_a_shared_link_gives_the_visit_away_and_a_cookie_is_not_in_the_link(new_client):
    ann = new_client()
    path = ann.post(f"{begin(ann)}/login", data={"name": "Ann"}).location
    assert new_client().get(path).json["name"] == "Ann"

    client = create_app().test_client()
    client.post("/login", data={"name": "Ann"})
    friend = client.application.test_client()
    assert "Hello Ann" in client.get("/").text
    assert "Hello stranger" in friend.get("/").text


def test_a_planted_id_catches_the_login_unless_the_login_brings_a_new_one(new_client):
    attacker, victim = new_client(), new_client()
    planted = begin(attacker)
    response = victim.post(f"{planted}/login-unsafe", data={"name": "Ann"})
    assert (response.status_code, response.location) == (303, planted)
    assert attacker.get(planted).json["name"] == "Ann"

    planted = begin(attacker)
    assert victim.get(planted).json["count"] == 1
    response = victim.post(f"{planted}/login", data={"name": "Ann"})
    new = response.location
    assert response.status_code == 303
    assert new != planted
    assert attacker.get(planted).status_code == 404
    assert victim.get(new).json == {"count": 2, "name": "Ann"}
