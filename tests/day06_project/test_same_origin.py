"""Origins: which URLs share one, and what a server says to pages of other origins.

Begin with test_the_lesson_compares_two_urls.
"""

import http.cookiejar
import urllib.request

import pytest

from day06_project.same_origin import first
from day06_project.same_origin.app import create_app
from day06_project.same_origin.origins import UnclearAddressError, as_header, origin, same_origin
from tests.day06_project.pairs import PAIRS
from tests.helpers import page, serving

OURS = "http://127.0.0.1:5000"
EVIL = "http://evil.example"

UNCLEAR = [
    "http://",
    "http:shop.example",
    "http:///shop.example",
    "http://shop.example\\@evil.example",
    "http:\\\\shop.example",
    "http://127.1",
    "http://127.0.0.01",
    "http://127.0.0.1.",
    "http://2130706433",
    "http://0x7f000001",
    "http://shop.example:x",
    "http://shop.example:65536",
    "http://shop.example:-1",
    "http://[::1",
    "http://[fe80::1%25eth0]",
    "http://b\u00fccher.example",
    "http://\uff53hop.example",
    "http://%73hop.example",
    "http://sh op.example",
    "http://shop..example",
]


@pytest.fixture(scope="module")
def app():
    return create_app()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def new_client():
    """Give a client of an app that no request has reached yet."""
    return create_app().test_client()


def allowed(response):
    """Return the headers that allow pages of another origin to read."""
    return {name: value for name, value in response.headers if name.startswith("Access-Control")}


def test_the_lesson_compares_two_urls(client):
    urls = {"a": "http://shop.example", "b": "http://shop.example:80/goods"}
    assert client.get("/compare", query_string=urls).json == {
        "a": "http://shop.example",
        "b": "http://shop.example",
        "same_origin": True,
    }
    urls["b"] = "https://shop.example"
    assert client.get("/compare", query_string=urls).json["same_origin"] is False


def test_the_page_compares_them_too(client):
    urls = {"a": "http://shop.example", "b": "https://shop.example"}
    assert page(client.get("/", query_string=urls)).strong.text == "not the same origin"


def test_a_page_of_an_allowed_origin_may_read_the_response(client):
    response = client.get("/shared", headers={"Origin": OURS})
    assert response.json["origin"] == OURS
    assert response.headers["Access-Control-Allow-Origin"] == OURS


def test_a_request_of_another_origin_reaches_the_view(new_client):
    new_client.set_cookie("visitor", "Ann")
    for count in 1, 2:
        response = new_client.post("/private", headers={"Origin": EVIL})
        assert response.json == {"seen": "POST /private", "origin": EVIL, "visitor": "Ann"}
        assert new_client.get("/reached").json == {"POST /private": count}


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(client):
    response = client.post("/visitor")
    assert response.status_code == 303
    assert response.headers["Set-Cookie"] == "visitor=Ann; HttpOnly; Path=/; SameSite=Lax"


# Comparing URLs


@pytest.mark.parametrize(("a", "b", "same"), PAIRS)
def test_protocol_host_and_port_make_an_origin(a, b, same):
    assert same_origin(a, b) is same
    assert same_origin(b, a) is same


@pytest.mark.parametrize("url", UNCLEAR)
def test_a_url_that_could_be_read_in_two_ways_is_refused(url):
    with pytest.raises(UnclearAddressError, match="not a clear address"):
        same_origin(url, "http://shop.example")
    with pytest.raises(UnclearAddressError):
        same_origin("http://shop.example", url)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://Shop.example:80/a", "http://shop.example"),
        ("https://shop.example:80", "https://shop.example:80"),
        ("http://[0::1]:5000", "http://[::1]:5000"),
        ("http://shop.example:0", "http://shop.example:0"),
        ("data:,", "null"),
    ],
)
def test_an_origin_is_written_as_the_header_has_it(url, text):
    assert as_header(origin(url)) == text


@pytest.mark.parametrize("path", ["/compare", "/"])
def test_urls_that_cannot_be_compared_are_400(client, path):
    response = client.get(path, query_string={"a": "http://<b>", "b": "x"})
    assert response.status_code == 400
    assert response.mimetype == "text/plain"
    assert client.get("/compare?a=x").status_code == 400
    assert client.get("/?a=x").status_code == 200


def test_the_page_escapes_the_urls(client):
    text = client.get("/", query_string={"a": '"><script>', "b": "<b>"}).text
    assert '"><script>' not in text
    assert "<b>" not in text


# What the server sends


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_only_an_allowed_origin_may_read(client, method):
    response = client.open("/shared", method=method, headers={"Origin": OURS})
    assert response.headers["Access-Control-Allow-Origin"] == OURS
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert response.headers["Vary"] == "Origin"
    others = [EVIL, "null", "*", "http://127.0.0.1:50001", "http://127.0.0.1", OURS + "/", "https:"]
    for origin_sent in [*others, "http://127.0.0.1:500", "p", OURS.upper(), None]:
        headers = {"Origin": origin_sent} if origin_sent else {}
        response = client.open("/shared", method=method, headers=headers)
        assert allowed(response) == {}, origin_sent
        assert response.headers["Vary"] == "Origin"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_private_allows_no_other_origin(client, method):
    response = client.open("/private", method=method, headers={"Origin": OURS})
    assert response.status_code == 200
    assert allowed(response) == {}


@pytest.mark.parametrize("path", ["/private", "/shared"])
def test_a_preflight_request_does_not_reach_the_view(new_client, path):
    headers = {"Origin": OURS, "Access-Control-Request-Method": "PUT"}
    response = new_client.options(path, headers=headers)
    assert response.status_code == 200
    assert new_client.get("/reached").json == {}
    methods = response.headers.get("Access-Control-Allow-Methods")
    assert methods == ("GET, POST, PUT" if path == "/shared" else None)
    names = response.headers.get("Access-Control-Allow-Headers")
    assert names == ("Content-Type" if path == "/shared" else None)


@pytest.mark.parametrize("sender", [EVIL, "null"])
def test_unsafe_allows_every_origin(client, sender):
    assert allowed(client.get("/shared-unsafe", headers={"Origin": sender})) == {
        "Access-Control-Allow-Origin": sender,
        "Access-Control-Allow-Credentials": "true",
    }
    assert client.get("/shared-unsafe").status_code == 200


@pytest.mark.parametrize(
    ("sender", "status"),
    [
        (None, 200),
        ("http://localhost", 200),
        ("http://localhost:80", 200),
        ("http://localhost:5000", 403),
        ("https://localhost", 403),
        (EVIL, 403),
        ("null", 403),
        ("<b>", 403),
        ("http://[", 400),
    ],
)
def test_guarded_changes_nothing_for_another_origin(new_client, sender, status):
    response = new_client.post("/guarded", headers={"Origin": sender} if sender else {})
    assert response.status_code == status
    assert "<b>" not in response.text
    assert new_client.get("/reached").json == ({"POST /guarded": 1} if status == 200 else {})


def test_an_invalid_host_is_400(client):
    response = client.post("/guarded", headers={"Origin": EVIL, "Host": "a b"})
    assert response.status_code == 400


def test_origins_are_settings(monkeypatch):
    monkeypatch.setenv("FLASK_ALLOWED_ORIGINS", f"{EVIL} https://b.example:8443")
    client = create_app().test_client()
    for sender in (EVIL, "https://b.example:8443"):
        response = client.get("/shared", headers={"Origin": sender})
        assert response.headers["Access-Control-Allow-Origin"] == sender
    assert allowed(client.get("/shared", headers={"Origin": OURS})) == {}
    client = create_app({"ALLOWED_ORIGINS": OURS}).test_client()
    assert allowed(client.get("/shared", headers={"Origin": EVIL})) == {}


def test_paths_and_methods_that_do_not_exist_are_refused(client):
    assert client.get("/nothing").status_code == 404
    assert client.delete("/shared").status_code == 405
    assert client.get("/guarded").status_code == 405


# Over sockets: another port is another origin


def test_cookies_ignore_the_port():
    opener = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    with serving(create_app()) as one, serving(create_app()) as two:
        assert not same_origin(one.url, two.url)
        opener.open(f"{one.url}/visitor", data=b"", timeout=60).close()
        with opener.open(f"{two.url}/private", timeout=60) as response:
            assert b'"visitor":"Ann"' in response.read()


# The first program


def test_the_first_program_names_an_allowed_origin_only():
    client = first.app.test_client()
    for sender in first.ALLOWED:
        response = client.get("/shared", headers={"Origin": sender})
        assert allowed(response) == {"Access-Control-Allow-Origin": sender}
    for path in "/shared", "/private":
        response = client.get(path, headers={"Origin": EVIL})
        assert allowed(response) == {}
        assert response.json == {"goods": ["Teapot"]}
    assert client.get("/shared").headers["Vary"] == "Origin"
