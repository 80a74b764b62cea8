"""URLs built from endpoints, and redirects to them.

Begin with test_front_page_shows_urls_and_each_of_them_works.
"""

import importlib.metadata
import runpy
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask, redirect, url_for
from packaging.version import Version
from werkzeug.routing import BuildError

from day01.url_building import first
from day01.url_building.app import app
from tests.helpers import page

# The change log of Flask 3.2 announces the new default.
BEFORE_3_2 = Version(importlib.metadata.version("flask")) < Version("3.2.dev0")
DEFAULT_CODE = 302 if BEFORE_3_2 else 303


@pytest.fixture
def client():
    return app.test_client()


@pytest.fixture
def in_request():
    """Give a request context, as a view has it."""
    with app.test_request_context():
        yield


def test_front_page_shows_urls_and_each_of_them_works(client):
    addresses = client.get("/").json
    assert addresses == {
        "anchor": "/plants/7#reviews",
        "external": "http://localhost/plants/7",
        "plain": "/basket",
        "query": "/search?q=red+tulips&page=2",
        "value": "/plants/7",
    }
    assert client.get(addresses["plain"]).text == "Your basket is empty.\n"
    assert client.get(addresses["query"]).json == {"page": "2", "q": "red tulips"}
    for name in ("anchor", "external", "value"):
        assert client.get(addresses[name]).text == "Plant 7\n"


def test_the_first_page_links_to_a_plant():
    client = first.app.test_client()
    link = page(client.get("/")).select_one("a")["href"]
    assert link == "/plants/7"
    assert client.get(link).text == "Plant 7\n"
    below = client.get("/", base_url="http://garden.example/shop/")
    assert page(below).select_one("a")["href"] == "/shop/plants/7"


def test_redirect_has_a_location_and_the_client_follows_it(client):
    response = client.get("/start")
    assert (response.status_code, response.location) == (DEFAULT_CODE, "/")
    followed = client.get("/start", follow_redirects=True)
    assert followed.status_code == 200
    assert followed.request.path == "/"
    assert [step.status_code for step in followed.history] == [DEFAULT_CODE]


def test_after_a_form_303_leads_to_a_page_that_is_fetched_by_get(client):
    response = client.post("/order", data={"flower": "tulip"})
    assert (response.status_code, response.location) == (303, "/thanks")
    followed = client.post("/order", data={"flower": "tulip"}, follow_redirects=True)
    assert followed.request.method == "GET"
    assert followed.text == "Thank you. Your tulips are on the way.\n"
    assert client.get("/order").status_code == 405
    assert client.post("/thanks").status_code == 405


@pytest.mark.parametrize(
    ("endpoint", "values", "address"),
    [
        ("index", {}, "/"),
        ("plant", {"plant_id": 7}, "/plants/7"),
        ("plant", {"plant_id": 7, "tab": "care"}, "/plants/7?tab=care"),
        ("search", {"q": "red tulips", "page": 2}, "/search?q=red+tulips&page=2"),
        ("search", {"q": "salt&pepper#ä"}, "/search?q=salt%26pepper%23%C3%A4"),
        ("search", {"q": ["a", "b"]}, "/search?q=a&q=b"),
        ("search", {"q": None}, "/search"),
        ("plant", {"plant_id": 7, "_anchor": "my reviews"}, "/plants/7#my%20reviews"),
        ("plant", {"plant_id": 7, "_external": True}, "http://localhost/plants/7"),
        ("basket", {"_external": True, "_scheme": "https"}, "https://localhost/basket"),
        ("static", {"filename": "red rose.css"}, "/static/red%20rose.css"),
    ],
)
@pytest.mark.usefixtures("in_request")
def test_url_for_builds_the_url_of_an_endpoint(endpoint, values, address):
    assert url_for(endpoint, **values) == address


@pytest.mark.parametrize("path", ["/plants/seven", "/plants/", "/pass-on/x", "/nowhere"])
def test_path_that_no_rule_fits_is_404(client, path):
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


# Building a URL


def test_urls_follow_the_app_below_another_path(client):
    below = client.get("/", base_url="http://garden.example/shop/").json
    assert below == {
        "anchor": "/shop/plants/7#reviews",
        "external": "http://garden.example/shop/plants/7",
        "plain": "/shop/basket",
        "query": "/shop/search?q=red+tulips&page=2",
        "value": "/shop/plants/7",
    }
    moved = client.get("/start", base_url="http://garden.example/shop/")
    assert moved.location == "/shop/"


@pytest.mark.parametrize("name", ["show_basket", "/basket", "test"])
@pytest.mark.usefixtures("in_request")
def test_url_for_takes_only_endpoints(name):
    with pytest.raises(BuildError, match=f"Could not build url for endpoint '{name}'"):
        url_for(name)


@pytest.mark.usefixtures("in_request")
def test_keyword_must_be_the_name_in_the_rule():
    with pytest.raises(BuildError, match=r"Did you forget to specify values \['plant_id'\]\?"):
        url_for("plant", id=7)
    assert url_for("plant", plant_id=7) == "/plants/7"


@pytest.mark.usefixtures("in_request")
def test_values_are_given_by_keyword_only():
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        url_for("plant", 7)


@pytest.mark.parametrize(("name", "refused"), [("index", True), ("start", False)])
def test_a_second_function_index_is_refused_when_the_program_starts(tmp_path, name, refused):
    program = tmp_path / "program.py"
    second = f'@app.get("/second")\ndef {name}():\n    return "second"\n'
    program.write_text(Path(first.__file__).read_text("utf-8") + "\n\n" + second, "utf-8")
    if refused:
        with pytest.raises(AssertionError, match="overwriting an existing endpoint function"):
            runpy.run_path(str(program))
    else:
        assert runpy.run_path(str(program))["app"].test_client().get("/second").text == "second"


# Redirects


@pytest.mark.parametrize(
    ("code", "arrived"),
    [
        (301, {"body": "", "method": "GET"}),
        (302, {"body": "", "method": "GET"}),
        (303, {"body": "", "method": "GET"}),
        (307, {"body": "flower=tulip", "method": "POST"}),
        (308, {"body": "flower=tulip", "method": "POST"}),
    ],
)
def test_code_decides_what_becomes_of_a_post(client, code, arrived):
    response = client.post(f"/pass-on/{code}", data={"flower": "tulip"})
    assert (response.status_code, response.location) == (code, "/echo")
    followed = client.post(f"/pass-on/{code}", data={"flower": "tulip"}, follow_redirects=True)
    assert followed.json == arrived


def test_the_default_status_code_is_302_before_flask_3_2(client):
    with app.test_request_context():
        assert redirect("/").status_code == DEFAULT_CODE
    default = client.get("/start").status_code
    after_a_post = client.post(
        f"/pass-on/{default}", data={"flower": "tulip"}, follow_redirects=True
    )
    assert after_a_post.json == {"body": "", "method": "GET"}


@pytest.mark.parametrize("code", [200, 300, 304, 305, 404, 500])
def test_code_that_does_not_redirect_is_404(client, code):
    response = client.post(f"/pass-on/{code}")
    assert response.status_code == 404
    assert "Location" not in response.headers


@pytest.mark.parametrize("body", [b"", b"\xff", "ü".encode()])
def test_echo_takes_any_body(client, body):
    assert client.post("/echo", data=body).json == {
        "body": body.decode("utf-8", "replace"),
        "method": "POST",
    }


# Attacks


def test_an_external_url_trusts_the_host_header_unless_hosts_are_listed(client):
    assert client.get("/", base_url="http://evil.example").json["external"] == (
        "http://evil.example/plants/7"
    )
    garden = Flask("garden")
    garden.config["TRUSTED_HOSTS"] = ["garden.example"]
    garden.get("/", endpoint="index")(lambda: url_for("index", _external=True))
    guarded = garden.test_client()
    assert guarded.get("/", base_url="http://evil.example").status_code == 400
    assert guarded.get("/", base_url="http://garden.example").text == "http://garden.example/"


def host_of(response):
    """Return the host to which a browser at 127.0.0.1 follows the redirect."""
    return urlsplit(urljoin("http://127.0.0.1/leave", response.location)).hostname


def test_a_check_for_a_slash_lets_another_site_pass_and_a_list_of_pages_does_not(client):
    attack = {"next": "//evil.example/login"}
    unsafe = client.get("/leave-unsafe", query_string=attack)
    assert unsafe.status_code == DEFAULT_CODE
    assert host_of(unsafe) == "evil.example"
    safe = client.get("/leave", query_string=attack)
    assert safe.status_code == 400
    assert "Location" not in safe.headers


@pytest.mark.parametrize("name", ["index", "basket", "search"])
def test_listed_page_is_redirected_to_by_its_name(client, name):
    response = client.get("/leave", query_string={"next": name})
    assert response.status_code == DEFAULT_CODE
    assert host_of(response) == "127.0.0.1"
    assert client.get(response.location).status_code == 200
    with app.test_request_context():
        assert response.location == url_for(name)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "/",
        "/basket",
        "plant",
        "nowhere",
        "https://evil.example",
        "///evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\r\nSet-Cookie: a=b",
    ],
)
def test_anything_but_a_listed_name_is_400(client, target):
    assert client.get("/leave", query_string={"next": target}).status_code == 400
    assert client.get("/leave").status_code == 400


@pytest.mark.parametrize("target", ["", "https://evil.example", "javascript:alert(1)"])
def test_the_unsafe_check_stops_the_simple_attacks(client, target):
    assert client.get("/leave-unsafe", query_string={"next": target}).status_code == 400
    assert client.get("/leave-unsafe?next=/basket").location == "/basket"


def test_a_line_break_makes_the_unsafe_redirect_fail(client, caplog):
    response = client.get("/leave-unsafe", query_string={"next": "/\r\nSet-Cookie: a=b"})
    assert response.status_code == 500
    assert "Set-Cookie" not in response.headers
    assert caplog.records[0].exc_info[0] is ValueError
