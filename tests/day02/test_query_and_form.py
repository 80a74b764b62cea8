import json
import logging
import os
import re
import threading
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask, redirect, request
from werkzeug.exceptions import BadRequestKeyError
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.serving import make_server

from day02.query_and_form import app as lesson
from day02.query_and_form.app import create_app

FORM = "application/x-www-form-urlencoded"
PASSWORD = "open sesame"
ANN = {"name": "ann", "password": PASSWORD}
ORDER = {"drink": "tea", "cups": "2"}
WRONG = (403, "Name or password is wrong.")


def quick(password):
    return generate_password_hash(password, "pbkdf2:sha256:1")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in os.environ:
        if name.startswith("FLASK_"):
            monkeypatch.delenv(name)


@pytest.fixture
def app():
    return create_app({"HASHES": {"ann": quick(PASSWORD)}, "NOBODY": quick("nobody's")})


@pytest.fixture
def client(app):
    return app.test_client()


def said(response):
    """Return status and explanation of a refusal."""
    assert response.mimetype == "text/html"
    return response.status_code, re.search("<p>(.*)</p>", response.text)[1]


def not_once(name, kind="str"):
    return 400, f"Send the field &#39;{name}&#39; exactly once, as {kind}, without zeros."


# The query string


@pytest.mark.point("D2-03", "D2-04", "S2-26", "S2-27")
@pytest.mark.parametrize(
    ("query", "word", "number", "sizes"),
    [
        ("word=tea", "tea", 1, []),
        ("word=tea&word=coffee", "tea", 1, []),
        ("word=&page=", "", 1, []),
        ("word", "", 1, []),
        ("word=a+b%20c%2Bd", "a b c+d", 1, []),
        ("word=%E8%8C%B6", "茶", 1, []),
        ("word=<b>", "<b>", 1, []),
        ("word=7&page=2", "7", 2, []),
        ("word=t&page=2&page=3", "t", 2, []),
        ("word=t&page=two", "t", 1, []),
        ("word=t&page=2.5", "t", 1, []),
        ("word=t&page=" + "9" * 5000, "t", 1, []),
        ("word=t&page=-1", "t", -1, []),
        ("word=t&size=1", "t", 1, ["1"]),
        ("word=t&size=1&size=2", "t", 1, ["1", "2"]),
        ("word=t&size=2&size=1&size=2&size=", "t", 1, ["2", "1", "2", ""]),
        ("word=%ff&size=%ED%A0%80", "%FF", 1, ["%ED%A0%80"]),
        ("word=%00", "\0", 1, []),
    ],
)
def test_a_query_string_is_read_one_value_or_all(client, query, word, number, sizes):
    answer = client.get(f"/search?{query}")
    assert answer.status_code == 200
    assert answer.json == {"word": word, "page": number, "sizes": sizes}


@pytest.mark.point("D2-03", "S2-26")
@pytest.mark.parametrize("query", ["", "page=2", "Word=tea", "word[]=tea"])
def test_a_missing_word_is_a_bad_request(client, query):
    assert said(client.get(f"/search?{query}"))[0] == 400


@pytest.mark.point("D2-03", "D2-04", "D2-06")
@pytest.mark.parametrize("values", ["args", "form"])
def test_a_missing_name_gives_none_the_default_an_empty_list_or_an_error(values):
    with Flask("tea").test_request_context("/?a=1&a=2", method="POST", data={"a": ["1", "2"]}):
        values = getattr(request, values)
        assert values["a"] == values.get("a") == "1"
        assert values.getlist("a") == ["1", "2"]
        assert values.get("b") is None
        assert values.get("b", 1, type=int) == values.get("b", 1) == 1
        assert values.getlist("b") == []
        with pytest.raises(BadRequestKeyError):
            values["b"]
        with pytest.raises(TypeError, match="immutable"):
            values["b"] = "3"


@pytest.mark.point("D2-03", "S2-27")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_query_string_comes_with_any_method(method):
    with Flask("tea").test_request_context("/?a=1", method=method):
        assert request.args.get("a") == "1"


# Headers


@pytest.mark.point("D2-05", "S2-26")
@pytest.mark.parametrize("name", ["X-Name", "x-name", "X-NAME"])
def test_a_header_is_found_in_any_case(client, name):
    assert client.get("/headers", headers={name: "Ann"}).json["name"] == "Ann"


@pytest.mark.point("D2-05")
def test_headers_may_be_missing(client):
    answer = client.get("/headers?X-Name=Ann&name=Ann").json
    assert answer == {"name": "nobody", "content_type": None, "mimetype": ""}
    with Flask("tea").test_request_context(headers={"x-name": "Ann"}):
        assert request.headers.get("X-nAmE") == request.headers["X-NAME"] == "Ann"
        assert request.headers.get("X-Other") is None


@pytest.mark.point("D2-05")
def test_a_missing_header_read_by_index_is_an_error_of_the_server():
    bare = Flask("tea")
    bare.get("/")(lambda: request.headers["X-Name"])
    assert bare.test_client().get("/", headers={"X-Name": "Ann"}).text == "Ann"
    assert bare.test_client().get("/").status_code == 500


@pytest.mark.point("D2-05")
def test_the_shortcuts_for_the_type_of_the_body(client):
    answer = client.post("/headers", data="x", content_type="Text/HTML; charset=utf-8").json
    assert answer["content_type"] == "Text/HTML; charset=utf-8"
    assert answer["mimetype"] == "text/html"


# A form


@pytest.mark.point("D2-06", "D2-07", "S2-28")
@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data"])
def test_a_form_is_read_whatever_brings_it(client, method, content_type):
    data = {"drink": "tea", "cups": "2", "extra": ["milk", "sugar"], "other": "ignored"}
    answer = client.open("/order", method=method, data=data, content_type=content_type)
    assert answer.json == {"drink": "tea", "cups": 2, "extras": ["milk", "sugar"]}


def test_a_form_may_come_without_extras(client):
    assert client.post("/order", data=ORDER).json == {"drink": "tea", "cups": 2, "extras": []}


@pytest.mark.point("D2-07")
def test_the_method_is_written_in_small_letters():
    with Flask("tea").test_request_context(method="POST", data={"d": ["1", "2"]}):
        assert request.form.getlist("d") == ["1", "2"]
        with pytest.raises(AttributeError, match="getList"):
            request.form.getList("d")


@pytest.mark.point("D2-06", "S2-28")
@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        ({}, not_once("drink")),
        ({"cups": "2"}, not_once("drink")),
        ({"drink": ["tea", "tea"], "cups": "2"}, not_once("drink")),
        ({"drink": "tea\0", "cups": "2"}, not_once("drink")),
        ({"drink": "tea"}, not_once("cups", "int")),
        ({"drink": "tea", "cups": ""}, not_once("cups", "int")),
        ({"drink": "tea", "cups": "two"}, not_once("cups", "int")),
        ({"drink": "tea", "cups": "2.0"}, not_once("cups", "int")),
        ({"drink": "tea", "cups": "9" * 5000}, not_once("cups", "int")),
        ({"drink": "tea", "cups": ["2", "20"]}, not_once("cups", "int")),
        ({"drink": "tea", "cups": ["2", "x"]}, not_once("cups", "int")),
    ],
)
def test_a_field_has_to_come_once_and_to_be_readable(client, data, refusal):
    assert said(client.post("/order", data=data)) == refusal


@pytest.mark.parametrize("cups", [1, 20])
@pytest.mark.parametrize("drink", lesson.DRINKS)
def test_the_edges_of_what_can_be_ordered(client, drink, cups):
    data = {"drink": drink, "cups": cups, "extra": list(lesson.EXTRAS)}
    answer = client.post("/order", data=data)
    assert answer.json == {"drink": drink, "cups": cups, "extras": list(lesson.EXTRAS)}


@pytest.mark.parametrize(
    "change",
    [
        {"cups": "0"},
        {"cups": "21"},
        {"cups": "-5"},
        {"drink": "rum"},
        {"drink": ""},
        {"drink": "TEA"},
        {"extra": "salt"},
        {"extra": ["milk", "salt"]},
        {"extra": "\0"},
    ],
)
def test_values_that_are_not_on_the_menu_are_refused(client, change):
    answer = client.post("/order", data=ORDER | change)
    assert said(answer) == (
        400,
        "Order tea or coffee, 1 to 20 cups, with milk, sugar or lemon.",
    )


@pytest.mark.point("S2-28")
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_json_body_is_no_form(client, method):
    assert said(client.open("/order", method=method, json=ORDER)) == not_once("drink")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"drink=tea&cups=2", "text/plain"),
        (b"drink=tea&cups=2", None),
        (b"drink=tea&cups=2", "multipart/form-data; boundary=x"),
        (b"drink=tea&cups=2", "multipart/form-data"),
        (b"drink=tea&cups=2&extra=\xff", FORM),
    ],
)
def test_a_body_that_cannot_be_read_as_a_form_has_no_fields(client, body, content_type):
    answer = client.post("/order", data=body, content_type=content_type)
    assert said(answer) == not_once("drink")


def test_what_is_no_utf_8_in_percent_signs_stays_as_it_is_written():
    with Flask("tea").test_request_context(method="POST", data=b"a=%ff&b=1%00", content_type=FORM):
        assert request.form.to_dict() == {"a": "%FF", "b": "1\0"}


@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data"])
def test_a_form_that_is_too_long_is_refused(client, content_type):
    data = ORDER | {"extra": "x" * 10_000}
    assert client.post("/order", data=data, content_type=content_type).status_code == 413


def test_without_the_limit_a_form_is_as_long_as_its_sender_likes():
    bare = Flask("tea")
    bare.post("/")(lambda: str(len(request.form["a"])))
    assert bare.test_client().post("/", data={"a": "x" * 2_000_000}).text == "2000000"


@pytest.mark.point("D2-06", "S2-28")
@pytest.mark.parametrize(
    ("debug", "settings", "outcome"),
    [
        (False, {}, 400),
        (True, {}, "KeyError: 'x'"),
        (True, {"TRAP_BAD_REQUEST_ERRORS": False}, 400),
    ],
)
def test_a_missing_key_is_400_but_stops_in_the_debugger(debug, settings, outcome):
    bare = Flask("tea")
    bare.debug = debug
    bare.config.from_mapping(settings)
    bare.post("/")(lambda: request.form["x"])
    if outcome == 400:
        answer = bare.test_client().post("/")
        assert answer.status_code == 400
        assert ("KeyError: &#39;x&#39;" in answer.text) == debug
    else:
        with pytest.raises(BadRequestKeyError, match=outcome):
            bare.test_client().post("/")


@pytest.mark.point("S2-28")
def test_the_lesson_answers_400_in_debug_mode_too(app, client):
    app.debug = True
    answer = client.get("/search")
    assert answer.status_code == 400
    assert "KeyError: &#39;word&#39;" in answer.text
    assert client.post("/login-unsafe", data={"name": "ann"}).status_code == 400


# The pages


def test_the_page_asks_with_get_and_orders_with_post(client):
    page = client.get("/").text
    assert re.findall("<form.*>", page) == [
        '<form action="/search">',
        '<form method="post" action="/order">',
    ]
    assert 'href="/login"' in page
    for name in ["word", "size", "drink", "cups", "extra"]:
        assert f' name="{name}"' in page


def test_the_link_to_the_login_carries_where_to_go_on(client):
    page = client.get("/").text
    link = re.search(r'href="(/login\?next=[^"]*)"', page)[1]
    assert client.post(link, data=ANN).location == "/search?word=tea"


def test_every_order_that_the_page_can_send_is_taken(client):
    page = client.get("/").text
    drinks = re.findall("<option>(.*)</option>", page)
    extras = re.findall('name="extra" value="(.*?)"', page)
    assert (drinks, extras) == (["tea", "coffee"], ["milk", "sugar", "lemon"])


# The login


@pytest.mark.point("S2-29")
def test_the_unsafe_login_prints_the_password_back(client):
    by_address = client.get("/login-unsafe", query_string=ANN)
    assert by_address.text == "Hello ann, your password is open sesame."
    assert client.post("/login-unsafe", data=ANN).text == by_address.text
    assert "<b>" not in client.post("/login-unsafe", data=ANN | {"name": "<b>"}).text
    assert "<b>" not in client.post("/login-unsafe", data=ANN | {"password": "<b>"}).text


@pytest.mark.point("S2-29")
def test_the_log_of_a_server_holds_the_password_of_a_get_but_not_of_a_post(app, caplog):
    sent = "name=ann&password=open+sesame"
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with caplog.at_level(logging.INFO, "werkzeug"):
            for method, query, body in [("GET", f"?{sent}", None), ("POST", "", sent)]:
                there = HTTPConnection("127.0.0.1", server.server_port)
                there.request(method, f"/login-unsafe{query}", body, {"Content-Type": FORM})
                assert "your password is open sesame" in there.getresponse().read().decode()
                there.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    get, post = caplog.messages
    assert "GET /login-unsafe?name=ann&password=open+sesame" in get
    assert "POST /login-unsafe" in post
    assert "sesame" not in post


@pytest.mark.point("S2-29")
def test_the_login_takes_nothing_from_the_address(client):
    page = client.get("/login", query_string=ANN)
    assert page.status_code == 200
    assert page.text == client.get("/login").text
    assert PASSWORD not in page.text
    assert "ann" not in page.text
    assert said(client.post("/login", query_string=ANN)) == not_once("name")


def test_the_form_of_the_login_goes_back_to_its_own_address_by_post(client):
    for path in ["/login", "/login-open"]:
        page = client.get(path).text
        assert re.findall("<form.*>", page) == ['<form method="post">']
        assert 'name="password" type="password"' in page
        assert "<label for=" in page


@pytest.mark.point("S2-29")
@pytest.mark.parametrize("path", ["/login", "/login-open"])
@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"password": "sesame"}, WRONG),
        ({"password": ""}, WRONG),
        ({"password": "open sesame "}, WRONG),
        ({"password": "open sesame\0"}, not_once("password")),
        ({"password": "x" * 9_000}, WRONG),
        ({"password": ["sesame", PASSWORD]}, not_once("password")),
        ({"password": [PASSWORD, "sesame"]}, not_once("password")),
        ({"password": []}, not_once("password")),
        ({"name": "bob"}, WRONG),
        ({"name": "bob", "password": "nobody"}, WRONG),
        ({"name": "admin"}, WRONG),
        ({"name": "Ann"}, WRONG),
        ({"name": ""}, WRONG),
        ({"name": "ann\0"}, not_once("name")),
        ({"name": []}, not_once("name")),
        ({"name": ["ann", "bob"]}, not_once("name")),
        ({"name": ["ann", "ann"]}, not_once("name")),
    ],
)
def test_a_wrong_login_is_refused_and_the_password_not_repeated(client, path, change, refusal):
    data = ANN | change
    answer = client.post(path, data=data)
    assert said(answer) == refusal
    assert "sesame" not in answer.text
    assert "Location" not in answer.headers


def test_whoever_has_read_the_hash_cannot_log_in_with_it(app, client):
    stored = app.config["HASHES"]["ann"]
    assert said(client.post("/login", data=ANN | {"password": stored})) == WRONG


def test_a_password_in_bytes_that_are_no_utf_8_is_refused(client):
    raw = client.post("/login", data=b"name=ann&password=\xff", content_type=FORM)
    assert said(raw) == not_once("name")
    quoted = client.post("/login", data=b"name=ann&password=%ff", content_type=FORM)
    assert said(quoted) == WRONG


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_login_is_a_post_and_nothing_else(client, method):
    assert client.open("/login", method=method, data=ANN).status_code == 405


def test_a_login_that_is_too_long_is_refused(client):
    assert client.post("/login", data=ANN | {"password": "x" * 10_001}).status_code == 413


def test_json_is_no_login(client):
    assert said(client.post("/login", json=ANN)) == not_once("name")


@pytest.mark.parametrize("method", ["pbkdf2:sha256:1", "scrypt:1024:8:1"])
def test_a_hash_does_not_see_zeros_at_the_end_of_a_password(method):
    stored = generate_password_hash(PASSWORD, method)
    assert check_password_hash(stored, PASSWORD)
    assert check_password_hash(stored, PASSWORD + "\0")
    assert not check_password_hash(stored, PASSWORD + " ")


def test_a_name_that_nobody_has_costs_the_same_check(app, client, monkeypatch):
    checked = []
    monkeypatch.setattr(
        lesson, "check_password_hash", lambda stored, _: checked.append(stored) is not None
    )
    assert client.post("/login", data=ANN).status_code == 403
    assert client.post("/login", data=ANN | {"name": "bob"}).status_code == 403
    assert checked == [app.config["HASHES"]["ann"], app.config["NOBODY"]]


@pytest.mark.point("S2-29")
def test_what_is_stored_is_scrypt_and_fits_the_password_of_the_notes():
    text = (Path(lesson.__file__).parent / "users.json").read_text("utf-8")
    users = json.loads(text)
    assert "sesame" not in text
    assert list(users["HASHES"]) == ["ann"]
    for stored in [users["HASHES"]["ann"], users["NOBODY"]]:
        # The same cost: what differs is only the salt, the part between the dollar signs.
        assert re.fullmatch(r"scrypt:32768:8:1\$\w{16}\$[0-9a-f]{128}", stored)
    assert check_password_hash(users["HASHES"]["ann"], PASSWORD)
    assert create_app().config["HASHES"] == users["HASHES"]
    assert not check_password_hash(users["NOBODY"], PASSWORD)


# GET and POST as separate views


@pytest.mark.point("S2-29")
def test_head_ends_in_the_error_of_the_view_that_branches(client):
    get = client.get("/login-unsafe", query_string=ANN)
    head = client.head("/login-unsafe", query_string=ANN)
    assert (head.status_code, head.data, head.content_length) == (200, b"", len("error"))
    assert get.content_length == len("Hello ann, your password is open sesame.")


@pytest.mark.point("S2-29")
@pytest.mark.parametrize("path", ["/login", "/login-open"])
def test_head_gets_the_headers_of_get_from_separate_views(client, path):
    get, head = client.get(path), client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers == get.headers
    assert get.content_length == len(get.data) > 0


# Where the login leads


@pytest.mark.parametrize("path", ["/login", "/login-open"])
def test_after_the_login_the_browser_goes_on_with_get(client, path):
    answer = client.post(path, data=ANN)
    assert (answer.status_code, answer.location) == (303, "/")
    assert PASSWORD not in answer.text
    end = client.post(f"{path}?next=/search?word=tea", data=ANN, follow_redirects=True)
    assert end.request.method == "GET"
    assert end.json["word"] == "tea"


@pytest.mark.parametrize(
    "target",
    ["/", "/search?word=tea&page=2", "/a/b//c", "/a~b/%E8%8C%B6?x=a+b", "/login?next=/", "/-._~"],
)
def test_the_login_goes_on_within_the_site(client, target):
    answer = client.post("/login", query_string={"next": target}, data=ANN)
    assert (answer.status_code, answer.location) == (303, target)


ELSEWHERE = {
    "//evil.example": "//evil.example",
    "//evil.example/search?word=tea": "//evil.example/search?word=tea",
    "https://evil.example": "https://evil.example",
    "/\t/evil.example": "//evil.example",
    "/\n/evil.example": "//evil.example",
    " //evil.example": "//evil.example",
    "\t//evil.example": "//evil.example",
}


@pytest.mark.point("S2-29")
@pytest.mark.parametrize("target", ELSEWHERE)
def test_an_open_redirect_leads_to_another_site_and_the_checked_one_does_not(client, target):
    attack = client.post("/login-open", query_string={"next": target}, data=ANN)
    assert (attack.status_code, attack.location) == (303, ELSEWHERE[target])
    assert urlsplit(attack.location).netloc == "evil.example"
    defence = client.post("/login", query_string={"next": target}, data=ANN)
    assert (defence.status_code, defence.location) == (303, "/")


@pytest.mark.parametrize(
    "target",
    [
        "/\\evil.example",
        "\\\\evil.example",
        "///evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        "/a\r\nX-Evil: 1",
        "/search\n",
        "/a b",
        "/\0",
        "\0",
        "/茶",
        "/<b>",
        "/[",
        "http://[",
        "http://a:99999999/",
        "http://" + "a" * 70 + "é/",
        "//evil.example:80:80",
        "/" + "\t" * 50 + "/",
    ],
)
def test_odd_targets_end_on_the_first_page_and_never_in_an_error(client, target):
    defence = client.post("/login", query_string={"next": target}, data=ANN)
    assert (defence.status_code, defence.location) == (303, "/")
    attack = client.post("/login-open", query_string={"next": target}, data=ANN)
    assert attack.status_code == 303
    assert "X-Evil" not in attack.headers


def test_of_two_targets_the_first_counts_and_is_checked(client):
    answer = client.post("/login?next=//evil.example&next=/search", data=ANN)
    assert answer.location == "/"


def test_a_target_in_the_form_does_not_count(client):
    assert client.post("/login", data=ANN | {"next": "/search"}).location == "/"


def test_a_wrong_password_leads_nowhere(client):
    answer = client.post("/login-open?next=//evil.example", data=ANN | {"password": "x"})
    assert said(answer) == WRONG


@pytest.mark.parametrize(
    ("looks_local", "target"),
    [
        (lambda text: text.startswith("/"), "//evil.example"),
        (lambda text: text.startswith("/") and not text.startswith("//"), "/\t/evil.example"),
    ],
)
def test_a_list_of_what_is_bad_is_not_enough(looks_local, target):
    bare = Flask("tea")

    @bare.get("/")
    def on():
        assert looks_local(request.args["next"])
        return redirect(request.args["next"])

    answer = bare.test_client().get("/", query_string={"next": target})
    assert answer.location == "//evil.example"


def test_the_first_page_is_found_under_a_mount(client):
    answer = client.post("/login", base_url="http://localhost/run/lesson", data=ANN)
    assert answer.location == "/run/lesson/"
