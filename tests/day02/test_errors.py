"""Error responses: which status code, and what they look like for people and for programs.

Begin with test_abort_in_a_helper_ends_the_view.
"""

import logging
from pathlib import Path

import pytest
from flask import abort, request
from werkzeug.exceptions import InternalServerError, default_exceptions

from day02.errors import first
from day02.errors.app import app, wants_json

JSON = "application/json"
HTML = "text/html"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
ANN = "Basic YW5uOm9vbG9uZw=="
BOB = "Basic Ym9iOnNlbmNoYQ=="


@pytest.fixture
def client():
    return app.test_client()


def test_abort_in_a_helper_ends_the_view(client):
    assert client.get("/teas/green").json == {"tea": "green", "cups": 3}
    assert client.get("/teas/coffee").status == "404 NOT FOUND"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/teas/coffee", "There is no tea named coffee."),
        ("/cups/coffee", "There is no tea named coffee."),
        ("/abort/404", "The requested URL was not found"),
        ("/nowhere", "The requested URL was not found"),
    ],
)
def test_own_404_page_for_abort_and_for_unknown_urls(client, path, message):
    response = client.get(path)
    assert status_and_type(response) == (404, HTML)
    assert message in response.text
    assert "Perhaps one of our teas?" in response.text
    assert 'href="/teas/oolong"' in response.text


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("/teas/<b>", 404, "There is no tea named <b>."),
        ("/teas/茶", 404, "There is no tea named 茶."),
        ("/teas/black", 409, "The black tea is sold out."),
        ("/abort/410", 410, default_exceptions[410].description),
    ],
)
def test_json_errors_have_a_code_and_a_message(client, path, code, message):
    response = client.get(path, headers={"Accept": JSON})
    assert response.status_code == code
    assert response.json == {"code": code, "error": message}


def test_an_exception_of_our_own_becomes_a_409_everywhere(client):
    response = client.get("/teas/black")
    assert response.status == "409 CONFLICT"
    assert "<p>The black tea is sold out.</p>" in response.text


def test_the_403_names_the_user(client):
    response = client.get("/kitchen", headers={"Authorization": BOB, "Accept": JSON})
    assert response.json["error"] == "I know you, bob, but the kitchen is for Ann."
    assert client.get("/kitchen", headers={"Authorization": ANN}).text == "Mind the steam.\n"


def test_the_small_program_has_its_own_404_page():
    client = first.app.test_client()
    assert client.get("/teas/green").json == {"tea": "green", "cups": 3}
    for path, message in [
        ("/teas/<script>", "There is no tea named &lt;script&gt;."),
        ("/nowhere", "The requested URL was not found"),
    ]:
        response = client.get(path)
        assert response.status == "404 NOT FOUND"
        assert message in response.text
        assert 'href="/teas/oolong"' in response.text


# abort


def test_a_broad_except_swallows_the_abort_and_a_narrow_one_lets_it_pass(client):
    swallowed = client.get("/cups-wrong/coffee")
    assert (swallowed.status_code, swallowed.json) == (200, {"cups": 0})
    assert client.get("/cups/coffee").status_code == 404


@pytest.mark.parametrize(("name", "left"), [("green", 3), ("black", 0), ("oolong", 12)])
def test_both_excepts_return_the_same_for_the_teas_on_the_menu(client, name, left):
    assert client.get(f"/cups-wrong/{name}").json == {"cups": left}
    assert client.get(f"/cups/{name}").json == {"cups": left}


def test_abort_sends_the_code_it_is_given(client):
    codes = set(default_exceptions) - {418}
    assert {code: client.get(f"/abort/{code}").status_code for code in codes} == {
        code: code for code in codes
    }


def test_the_names_of_the_codes(client):
    for code, status in [
        (400, "400 BAD REQUEST"),
        (401, "401 UNAUTHORIZED"),
        (403, "403 FORBIDDEN"),
        (404, "404 NOT FOUND"),
        (405, "405 METHOD NOT ALLOWED"),
        (409, "409 CONFLICT"),
        (500, "500 INTERNAL SERVER ERROR"),
    ]:
        assert client.get(f"/abort/{code}").status == status


@pytest.mark.parametrize("code", [0, 99, 200, 204, 301, 402, 499, 600, 666, 10**30])
def test_abort_refuses_other_codes_and_the_view_says_so(client, code):
    with pytest.raises(LookupError, match=f"^'?no exception for {code}'?$"):
        abort(code)
    response = client.get(f"/abort/{code}", headers={"Accept": JSON})
    assert response.status_code == 400
    assert response.json == {"code": 400, "error": f"Flask has no exception for {code}."}


@pytest.mark.parametrize("text", ["x", "-1", "4.5", "", "9" * 5000])
def test_a_code_that_is_not_a_number_is_404(client, text):
    assert client.get(f"/abort/{text}").status_code == 404


@pytest.mark.parametrize("accept", [HTML, JSON])
def test_abort_takes_a_finished_response_and_no_handler_changes_it(client, accept):
    response = client.get("/ceremony", headers={"Accept": accept})
    assert response.status == "402 PAYMENT REQUIRED"
    assert response.text == "The ceremony is for paying guests.\n"
    assert response.vary.to_header() == ""


# 401 and 403


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("", 401),
        ("Basic", 401),
        ("Basic not base64", 401),
        ("Basic YW5u", 401),  # ann
        ("Basic YW5uOg==", 401),  # ann:
        ("Basic YW5uOnNlbmNoYQ==", 401),  # ann:sencha
        ("Basic Og==", 401),  # :
        ("Basic ZXZlOm9vbG9uZw==", 401),  # eve:oolong
        ("Bearer oolong", 401),
        ("Bearer username=ann", 401),
        ("Digest username=ann", 401),
        (BOB, 403),
        (ANN, 200),
    ],
)
def test_401_for_unknown_users_and_403_for_users_without_permission(client, authorization, status):
    headers = {} if authorization is None else {"Authorization": authorization}
    response = client.get("/kitchen", headers=headers)
    assert response.status_code == status
    # Only a client that is not logged in is told how to log in.
    assert response.headers.get("WWW-Authenticate") == (
        "Basic realm=kitchen" if status == 401 else None
    )


def test_a_bare_401_does_not_say_how_to_log_in(client):
    response = client.get("/abort/401")
    assert response.status_code == 401
    assert "WWW-Authenticate" not in response.headers


def test_the_notes_say_that_real_passwords_are_hashes():
    """The login of this lesson compares plain passwords; a reader may copy it."""
    notes = Path(first.__file__).with_name("README.md").read_text("utf-8")
    section = notes.partition("## 401 and 403")[2].partition("\n## ")[0]
    assert "a real program stores hashes and checks them with `check_password_hash`" in section


# Page or JSON


def status_and_type(response):
    """Return status code and type of a response, whose type has to depend on Accept."""
    assert response.vary.to_header() == "Accept"
    return response.status_code, response.mimetype


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, HTML),
        ("", HTML),
        ("*/*", HTML),
        (HTML, HTML),
        (BROWSER, HTML),
        ("text/*", HTML),
        ("image/png", HTML),
        ("no type at all", HTML),
        (f"{JSON}, {HTML}", HTML),
        (f"{JSON};q=0.5, {HTML};q=0.9", HTML),
        (f"{JSON};q=0", HTML),
        (JSON, JSON),
        ("application/*", JSON),
        (f"{JSON}, text/plain, */*", JSON),
        (f"{JSON}, {HTML};q=0.9", JSON),
        (f"{HTML};q=0, */*", JSON),
    ],
)
def test_the_client_chooses_between_page_and_json(client, accept, expected):
    headers = {} if accept is None else {"Accept": accept}
    assert status_and_type(client.get("/abort/403", headers=headers)) == (403, expected)
    assert status_and_type(client.get("/nowhere", headers=headers)) == (404, expected)
    assert status_and_type(client.get("/teas/black", headers=headers)) == (409, expected)
    assert status_and_type(client.get("/boom", headers=headers)) == (500, expected)


def test_accept_json_is_true_for_browsers_too():
    with app.test_request_context(headers={"Accept": BROWSER}):
        assert request.accept_mimetypes.accept_json
        assert not wants_json()


@pytest.mark.parametrize("accept", [HTML, JSON])
def test_headers_of_an_error_survive_the_handler(client, accept):
    response = client.get("/kitchen", headers={"Accept": accept})
    assert response.headers["WWW-Authenticate"] == "Basic realm=kitchen"
    assert response.mimetype == accept
    response = client.post("/boom", headers={"Accept": accept})
    assert status_and_type(response) == (405, accept)
    assert set(response.allow) == {"GET", "HEAD", "OPTIONS"}


def test_links_of_the_404_page_follow_the_mount(client):
    page = client.get("/nowhere", base_url="http://localhost/run/errors").text
    assert 'href="/run/errors/teas/green"' in page


@pytest.mark.parametrize("accept", [HTML, JSON])
def test_the_200_trap(client, accept):
    response = client.get("/abort/418", headers={"Accept": accept})
    assert response.status == "200 OK"
    assert response.text == "I am a teapot.\n"


# Attacks, and what an error must not show


ATTACK = "<script>alert(1)</script>"


def test_what_the_visitor_wrote_is_escaped_in_the_page(client):
    response = client.get(f"/teas/{ATTACK.replace('/', '%2F')}")
    assert response.status_code == 404
    assert "<script>" not in response.text
    response = client.get("/teas/<script>alert(1)")
    assert "There is no tea named &lt;script&gt;alert(1)." in response.text


@pytest.mark.parametrize("accept", [HTML, JSON])
def test_a_500_shows_no_details_and_the_log_shows_all_of_them(client, caplog, accept):
    with caplog.at_level(logging.ERROR):
        response = client.get("/boom", headers={"Accept": accept})
    assert status_and_type(response) == (500, accept)
    message = InternalServerError.description
    if accept == JSON:
        assert response.json == {"code": 500, "error": message}
    else:
        assert f"<p>{message}</p>" in response.text
    for secret in ("boiler", "10.0.0.7", "ConnectionError", "Traceback", "app.py"):
        assert secret not in response.text
        assert secret in caplog.text


@pytest.mark.parametrize("mode", ["DEBUG", "TESTING"])
def test_in_debug_and_testing_mode_the_exception_is_raised(client, monkeypatch, mode):
    monkeypatch.setitem(app.config, mode, True)
    with pytest.raises(ConnectionError, match=r"boiler at 10\.0\.0\.7"):
        client.get("/boom")
