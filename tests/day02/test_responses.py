import json
import logging
import re
import socket
import threading
from itertools import count

import pytest
from flask import Flask, Response, jsonify, make_response, redirect
from werkzeug.exceptions import NotFound
from werkzeug.serving import make_server

from day02.responses.app import TEAS, WRONG, app

HTML = "text/html; charset=utf-8"
JSON = "application/json"


@pytest.fixture(autouse=True)
def no_debug_mode(monkeypatch):
    """Keep the FLASK_DEBUG of the machine out: in debug mode exceptions are not answered."""
    monkeypatch.delenv("FLASK_DEBUG", raising=False)
    monkeypatch.setitem(app.config, "DEBUG", False)


def returning(value):
    """Return the client of an app whose only view returns the value."""
    small = Flask("small")
    small.testing = True
    small.add_url_rule("/", "view", lambda: value)
    return small.test_client()


def wsgi_app(environ, start_response):
    start_response("202 Taken", [("Content-Type", "text/plain")])
    return [b"tea"]


@pytest.mark.point("S2-42", "S2-43", "S2-44", "S2-45")
@pytest.mark.parametrize(
    ("value", "status", "content_type", "body"),
    [
        ("茶", 200, HTML, "茶".encode()),
        ("", 200, HTML, b""),
        (b"\xff\x00", 200, HTML, b"\xff\x00"),
        (bytearray(b"tea"), 200, HTML, b"tea"),
        ({"tea": 1}, 200, JSON, b'{"tea":1}\n'),
        ({}, 200, JSON, b"{}\n"),
        ([1, "tea"], 200, JSON, b'[1,"tea"]\n'),
        (iter(["te", "a"]), 200, HTML, b"tea"),
        ((part for part in [b"te", b"a"]), 200, HTML, b"tea"),
        (("tea", 202), 202, HTML, b"tea"),
        (({"tea": 1}, 202), 202, JSON, b'{"tea":1}\n'),
        (Response("tea", 418, mimetype="text/plain"), 418, "text/plain; charset=utf-8", b"tea"),
        ((Response("tea", 418), 202), 202, HTML, b"tea"),
        (wsgi_app, 202, "text/plain", b"tea"),
        (NotFound("no tea").get_response(), 404, HTML, NotFound("no tea").get_body().encode()),
        (NotFound("no tea"), 404, HTML, NotFound("no tea").get_body().encode()),
    ],
)
def test_what_a_view_may_return(value, status, content_type, body):
    response = returning(value).get("/")
    assert response.status_code == status
    assert response.content_type == content_type
    assert response.data == body


@pytest.mark.point("S2-42")
@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "either returned None or ended without a return statement"),
        ((None, 204), "either returned None"),
        (42, "it was a int"),
        (True, "it was a bool"),
        (1.5, "it was a float"),
        ({1, 2}, "it was a set"),
        (range(3), "it was a range"),
        (object(), "it was a object"),
        ((), "not return a valid response tuple"),
        (("tea",), "not return a valid response tuple"),
    ],
)
def test_what_a_view_may_not_return(value, words):
    with pytest.raises(TypeError, match=words):
        returning(value).get("/")


@pytest.mark.point("D2-31", "D2-32", "S2-44")
@pytest.mark.parametrize(
    ("value", "status", "reasons"),
    [
        (("tea", 403), 403, []),
        (("tea", {"X-Reason": "steam"}), 200, ["steam"]),
        (("tea", [("X-Reason", "steam")]), 200, ["steam"]),
        (("tea", 403, {"X-Reason": "steam"}), 403, ["steam"]),
        (("tea", 403, [("X-Reason", "steam")]), 403, ["steam"]),
        (("tea", 403, [("X-Reason", "steam"), ("X-Reason", "knives")]), 403, ["steam", "knives"]),
        (("tea", 403, {"X-Reason": ["steam", "knives"]}), 403, ["steam", "knives"]),
        (("tea", "403 Go away"), 403, []),
        (("tea", None, {"X-Reason": "steam"}), 200, ["steam"]),
    ],
)
def test_tuples_that_work(value, status, reasons):
    response = returning(value).get("/")
    assert (response.status_code, response.text) == (status, "tea")
    assert response.headers.getlist("x-reason") == reasons


@pytest.mark.point("D2-31")
@pytest.mark.parametrize(
    "value",
    [
        (403, "tea"),
        ("tea", {"X-Reason": "steam"}, 403),
        ("tea", 403, {"X-Reason": "steam"}, "more"),
        (("tea", 403), 404),
    ],
)
def test_tuples_that_do_not(value):
    with pytest.raises(TypeError):
        returning(value).get("/")


@pytest.mark.point("D2-31")
def test_brackets_around_a_tuple_change_nothing():
    small = Flask("small")

    @small.get("/with")
    def with_brackets():
        return ("tea", 403)

    @small.get("/without")
    def without_brackets():
        return "tea", 403

    client = small.test_client()
    assert {client.get(path).status for path in ("/with", "/without")} == {"403 FORBIDDEN"}


def test_a_content_type_among_the_headers_replaces_the_usual_one():
    response = returning(("<b>tea", {"Content-Type": "text/plain"})).get("/")
    assert response.headers.getlist("Content-Type") == ["text/plain"]


@pytest.mark.point("S2-43")
def test_text_becomes_the_body(client):
    response = client.get("/")
    assert response.status == "200 OK"
    assert response.content_type == HTML
    assert response.text == "Welcome to the tea house.\n"


@pytest.mark.point("D2-31", "S2-44")
def test_body_and_status(client):
    response = client.get("/order")
    assert response.status == "202 ACCEPTED"
    assert response.text == "Your tea is on its way.\n"


@pytest.mark.point("D2-32", "D2-33", "S2-44")
def test_body_status_and_a_header_that_comes_twice(client):
    response = client.get("/kitchen")
    assert response.status == "403 FORBIDDEN"
    assert response.text == "Staff only.\n"
    assert response.headers.getlist("X-Reason") == ["steam", "knives"]


@pytest.mark.point("S2-42")
def test_lists_and_dicts_are_sent_as_json(client):
    response = client.get("/teas")
    assert (response.status_code, response.content_type) == (200, JSON)
    assert response.json == ["green", "black", "oolong"]
    for name, chinese in TEAS.items():
        response = client.get(f"/teas/{name}")
        assert (response.status_code, response.content_type) == (200, JSON)
        assert response.json == {"name": name, "chinese": chinese}


@pytest.mark.point("D2-34", "D2-36", "S2-45", "S2-46", "D7-19")
def test_a_page_with_404_and_a_header_of_its_own(client):
    response = client.get("/teas/mint")
    assert response.status == "404 NOT FOUND"
    assert response.content_type == HTML
    assert response.headers["x-teas"] == "green, black, oolong"
    assert "We have no mint tea." in response.text
    assert 'href="/teas"' in response.text
    mounted = client.get("/teas/mint", base_url="http://localhost/run/responses")
    assert 'href="/run/responses/teas"' in mounted.text


def test_the_page_escapes_what_the_visitor_wrote(client):
    response = client.get("/teas/<script>alert(1)")
    assert response.status_code == 404
    assert "We have no &lt;script&gt;alert(1) tea." in response.text


@pytest.mark.point("D2-35", "S2-45")
def test_a_response_object_is_sent_as_it_was_changed(client):
    response = client.get("/teapot")
    assert response.status == "418 I'M A TEAPOT"
    assert response.content_type == JSON
    assert response.json == {"short": True, "stout": True}


@pytest.mark.point("D2-34")
@pytest.mark.parametrize(
    ("arguments", "status", "body"),
    [
        ((), 200, b""),
        (("tea",), 200, b"tea"),
        (("tea", 404), 404, b"tea"),
        (("tea", 404, {"X-A": "1"}), 404, b"tea"),
        ((("tea", 404),), 404, b"tea"),
        (({"tea": 1}, 201), 201, b'{"tea":1}\n'),
    ],
)
def test_make_response_takes_what_a_view_may_return(arguments, status, body):
    with Flask("small").test_request_context():
        response = make_response(*arguments)
    assert type(response) is Response
    assert (response.status_code, response.data) == (status, body)
    assert response.headers.get("X-A") == ("1" if len(arguments) == 3 else None)


@pytest.mark.point("D2-34")
@pytest.mark.parametrize("value", [None, 404, {1, 2}])
def test_make_response_refuses_what_a_view_may_not_return(value):
    with Flask("small").test_request_context(), pytest.raises(TypeError):
        make_response(value)


@pytest.mark.point("D2-35")
@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ("404 oops", "404 oops", 404),
        ("404", "404 NOT FOUND", 404),
        (404, "404 NOT FOUND", 404),
        ("oops 404", "0 oops 404", 0),
        ("oops", "0 oops", 0),
    ],
)
def test_a_status_text_begins_with_the_number(given, status, code):
    response = Response()
    response.status = given
    assert (response.status, response.status_code) == (status, code)


@pytest.mark.point("D2-35")
def test_status_code_completes_the_status_and_an_empty_text_is_refused():
    by_code, by_text = Response(), Response()
    by_code.status_code = 404
    by_text.status = "404"
    assert by_code.status == by_text.status == "404 NOT FOUND"
    with pytest.raises(ValueError, match="Empty status argument"):
        by_code.status = ""


@pytest.mark.point("D2-36")
def test_headers_are_used_like_a_dict_in_which_capitals_do_not_count():
    headers = Response().headers
    headers["X-Tea"] = "green"
    headers["x-tea"] = "black"
    assert headers.getlist("X-TEA") == ["black"]
    headers.add("X-Tea", "oolong")
    assert headers.getlist("X-Tea") == ["black", "oolong"]


@pytest.mark.point("D2-36", "D7-19")
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_line_break_is_refused_in_a_value_but_not_in_a_name_or_status(end):
    attack = f"x{end}X-Evil: yes"
    response = Response()
    with pytest.raises(ValueError, match="must not contain newline"):
        response.headers["X-Tea"] = attack
    with pytest.raises(ValueError, match="must not contain newline"):
        response.headers.add("X-Tea", attack)
    response.headers[attack] = "tea"
    assert attack in response.headers
    response.status = f"409 {attack}"
    assert response.status == f"409 {attack}"


@pytest.mark.point("D2-37")
@pytest.mark.parametrize(
    ("arguments", "keywords", "body"),
    [
        ((), {"tea": 1, "cup": 2}, b'{"cup":2,"tea":1}\n'),
        (({"tea": 1, "cup": 2},), {}, b'{"cup":2,"tea":1}\n'),
        (([1, 2],), {}, b"[1,2]\n"),
        ((1, 2), {}, b"[1,2]\n"),
        (((1, 2),), {}, b"[1,2]\n"),
        ((None,), {}, b"null\n"),
        (("茶",), {}, b'"\\u8336"\n'),
    ],
)
def test_jsonify_serialises_and_sets_the_type(arguments, keywords, body):
    with Flask("small").test_request_context():
        response = jsonify(*arguments, **keywords)
    assert response.content_type == JSON
    assert response.data == body


@pytest.mark.point("D2-37")
def test_jsonify_takes_values_or_keywords():
    with Flask("small").test_request_context(), pytest.raises(TypeError, match="not both"):
        jsonify(1, tea=2)


@pytest.mark.point("D2-37")
def test_three_ways_to_send_json_and_one_that_sends_a_page():
    data = {"tea": 1, "cup": [2]}
    with Flask("small").test_request_context():
        by_jsonify = jsonify(data)
        by_text = make_response(json.dumps(data))
    by_dict = returning(data).get("/")
    by_list = returning([data]).get("/")
    assert by_jsonify.content_type == by_dict.content_type == by_list.content_type == JSON
    assert by_jsonify.data == by_dict.data
    assert by_text.content_type == HTML


@pytest.mark.point("D2-37")
def test_chinese_letters_are_sent_as_they_are(client):
    assert client.get("/teas/green").data == '{"chinese":"绿茶","name":"green"}\n'.encode()
    assert rb"\u7eff" in returning({"chinese": "绿茶"}).get("/").data


@pytest.mark.point("S2-42")
def test_the_stream_comes_in_pieces_and_without_a_length(client):
    response = client.get("/stream")
    assert response.status_code == 200
    assert response.content_length is None
    assert response.is_streamed
    assert list(response.iter_encoded()) == [b"Cup 1\n", b"Cup 2\n", b"Cup 3\n"]


def test_a_generator_is_asked_for_one_piece_at_a_time():
    asked = []

    def endless():
        for number in count(1):
            asked.append(number)
            yield f"{number}\n"

    with returning(endless()).get("/", buffered=False) as response:
        pieces = response.iter_encoded()
        assert [next(pieces), next(pieces)] == [b"1\n", b"2\n"]
        assert asked[-1] < 4


def test_a_generator_that_fails_has_already_sent_its_status():
    def failing():
        yield "first\n"
        yield "second\n"
        raise ZeroDivisionError

    small = Flask("small")
    small.add_url_rule("/", "view", failing)
    response = small.test_client().get("/")
    assert response.status_code == 200
    pieces = response.iter_encoded()
    assert next(pieces) == b"first\n"
    with pytest.raises(ZeroDivisionError):
        list(pieces)


def test_redirect_sends_the_client_elsewhere(client):
    response = client.get("/menu")
    assert response.status == "302 FOUND"
    assert response.location == "/teas"
    assert client.get("/menu", base_url="http://localhost/run/responses").location == (
        "/run/responses/teas"
    )
    assert client.get("/menu", follow_redirects=True).json == list(TEAS)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (301, "301 MOVED PERMANENTLY"),
        (303, "303 SEE OTHER"),
        (308, "308 PERMANENT REDIRECT"),
    ],
)
def test_redirect_takes_another_code(code, status):
    response = redirect("/teas", code)
    assert (response.status, response.location) == (status, "/teas")


@pytest.mark.point("D2-31", "S2-42")
@pytest.mark.parametrize("kind", sorted(WRONG))
def test_a_wrong_value_is_a_type_error_in_the_log_and_500_for_the_visitor(
    client, caplog, monkeypatch, kind
):
    with caplog.at_level(logging.ERROR):
        response = client.get(f"/wrong/{kind}")
    assert response.status == "500 INTERNAL SERVER ERROR"
    assert "TypeError" not in response.text
    assert "TypeError" in caplog.text
    monkeypatch.setitem(app.config, "TESTING", True)
    with pytest.raises(TypeError):
        client.get(f"/wrong/{kind}")


@pytest.mark.point("S2-42", "D2-31")
def test_the_wrong_values_are_those_of_the_notes():
    assert {kind: type(value) for kind, value in WRONG.items()} == {
        "none": type(None),
        "number": int,
        "set": set,
        "status-first": tuple,
        "headers-before-status": tuple,
    }


@pytest.mark.parametrize("kind", ["tea", "None", "NONE", " "])
def test_an_unknown_wrong_value_is_404(client, kind):
    assert client.get(f"/wrong/{kind}").status_code == 404


@pytest.mark.point("D7-19")
@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/teapot", 418), ("/stream", 200), ("/nowhere", 404), ("/wrong/none", 500)],
)
def test_every_answer_has_a_number_of_its_own(client, path, status):
    answers = [client.get(path) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {status}
    numbers = {answer.headers["X-Request-Id"] for answer in answers}
    assert len(numbers) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", number) for number in numbers)


SCRIPT = "<script>alert(1)</script>"


def test_json_sent_as_text_is_a_page_and_a_dict_is_not(client):
    unsafe = client.get("/sold-out-unsafe", query_string={"tea": SCRIPT})
    assert unsafe.mimetype == "text/html"
    assert SCRIPT in unsafe.text
    safe = client.get("/sold-out", query_string={"tea": SCRIPT})
    assert safe.mimetype == JSON
    assert safe.json == {"sold_out": SCRIPT}


@pytest.mark.parametrize("path", ["/sold-out-unsafe", "/sold-out"])
@pytest.mark.parametrize("tea", ["", "green", "oolong"])
def test_both_answer_harmless_words_alike(client, path, tea):
    response = client.get(path, query_string={"tea": tea})
    assert response.status_code == 409
    assert json.loads(response.text) == {"sold_out": tea}
    assert json.loads(client.get(path).text) == {"sold_out": "green"}


@pytest.mark.point("D2-36")
@pytest.mark.parametrize("end", ["%0d%0a", "%0a", "%0d"])
def test_a_line_break_in_a_header_is_a_500_unless_it_is_quoted(client, caplog, end):
    with caplog.at_level(logging.ERROR):
        unsafe = client.get(f"/cup-unsafe?name=x{end}X-Evil:%20yes")
    assert unsafe.status_code == 500
    assert "ValueError: Header values must not contain newline characters." in caplog.text
    assert "X-Evil" not in unsafe.headers
    safe = client.get(f"/cup?name=x{end}X-Evil:%20yes")
    assert safe.status_code == 200
    assert safe.headers["X-Cup-For"].lower() == f"x{end}x-evil%3a%20yes"
    assert "X-Evil" not in safe.headers


@pytest.mark.parametrize("path", ["/cup-unsafe", "/cup"])
def test_a_harmless_name_reaches_the_header(client, path):
    assert client.get(f"{path}?name=Ann").headers["X-Cup-For"] == "Ann"
    assert client.get(path).headers["X-Cup-For"] == "nobody"
    assert client.get(path).text == "A cup of tea.\n"


@pytest.fixture
def ask():
    """Return a function that sends a path to a real server and returns every byte of the answer."""
    with make_server("127.0.0.1", 0, app, threaded=True) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def send(path):
            with socket.create_connection(server.server_address, timeout=5) as wire:
                line = f"GET {path} HTTP/1.1\r\nHost: tea\r\nConnection: close\r\n\r\n"
                wire.sendall(line.encode())
                return wire.makefile("rb").read().decode()

        yield send
        server.shutdown()
        thread.join()


def head(answer):
    """Return the lines of the head."""
    return answer.partition("\r\n\r\n")[0].split("\r\n")


def test_a_line_break_in_the_status_makes_a_header_on_the_wire(ask):
    attack = "tea=x%0d%0aSet-Cookie:%20visitor=evil;"
    assert head(ask(f"/sold-out-unsafe?{attack}"))[:2] == [
        "HTTP/1.1 409 No x",
        "Set-Cookie: visitor=evil; tea",
    ]
    safe = head(ask(f"/sold-out?{attack}"))
    assert safe[0] == "HTTP/1.1 409 CONFLICT"
    assert not any(line.startswith("Set-Cookie") for line in safe)


@pytest.mark.point("D2-36")
def test_chinese_text_in_the_head_leaves_the_client_without_an_answer(ask):
    assert ask("/cup-unsafe?name=%E8%8C%B6") == ""
    assert "X-Cup-For: %E8%8C%B6" in head(ask("/cup?name=%E8%8C%B6"))
    assert ask("/sold-out-unsafe?tea=%E8%8C%B6") == ""
    assert ask("/sold-out?tea=%E8%8C%B6").endswith('{"sold_out":"茶"}\n')


def test_the_stream_is_sent_in_chunks(ask):
    answer = ask("/stream")
    assert "Transfer-Encoding: chunked" in head(answer)
    body = answer.partition("\r\n\r\n")[2]
    assert body == "6\r\nCup 1\n\r\n6\r\nCup 2\n\r\n6\r\nCup 3\n\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "path", ["/", "/order", "/kitchen", "/teas", "/teapot", "/stream", "/menu", "/cup", "/sold-out"]
)
def test_only_get_is_allowed(client, path):
    response = client.post(path)
    assert response.status_code == 405
    assert set(response.allow) == {"GET", "HEAD", "OPTIONS"}
