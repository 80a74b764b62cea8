import http.client
from http.cookiejar import CookieJar

import pytest
from flask import Flask, Response, request, session

from course import exchange
from course.exchange import Answer, ExchangeError, Request, Session
from tests.helpers import serving


@pytest.fixture
def app():
    app = Flask("exchange", static_folder=None)
    app.config["SECRET_KEY"] = "of this test"

    @app.route("/echo/<path:rest>", methods=["GET", "POST"])
    def echo(rest):
        return {
            "path": rest,
            "query": request.query_string.decode(),
            "type": request.content_type,
            "body": request.get_data(as_text=True),
            "x": request.headers.get("X-Name"),
        }

    @app.get("/count")
    def count():
        session["n"] = session.get("n", 0) + 1
        return str(session["n"])

    @app.post("/upload")
    def upload():
        file = request.files["file"]
        return {"name": file.filename, "size": len(file.read())}

    @app.route("/go/<int:code>", methods=["GET", "POST"])
    def go(code):
        return "", code, {"Location": "/echo/there"}

    @app.get("/loop")
    def loop():
        return "", 302, {"Location": "/loop"}

    @app.get("/away")
    def away():
        return "", 302, {"Location": "http://other.example/"}

    return app


def ask(text, *files):
    return Request.from_text(text, files)


def test_text_and_back():
    text = "POST /echo/a?b=c HTTP/1.1\nHost: 127.0.0.1:5000\nX-Name: Ann\n\nbody\nof two lines"
    assert Request.from_text(text).to_text() == text


def test_request_arrives_as_written(app):
    text = "post /echo/a%20b?q=%E4%BD%A0 HTTP/1.1\nHost: shop.test\nx-name: Ann\n\nhello"
    answer = Session(app).send(ask(text))
    assert answer.status == "200 OK"
    for part in ('"path":"a b"', '"query":"q=%E4%BD%A0"', '"x":"Ann"', '"body":"hello"'):
        assert part in answer.text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "first line"),
        ("GET", "first line"),
        ("GET nowhere", "first line"),
        ("GET http://other.example/ HTTP/1.1", "first line"),
        ("G=T / HTTP/1.1", "method"),
        ("GET / HTTP/1.1\nno colon", "header"),
        ("GET / HTTP/1.1\nBad Name: x", "header"),
        ("GET / HTTP/1.1\nHost: a/b", "host"),
        ("GET / HTTP/1.1\nHost: user@host", "host"),
    ],
)
def test_unreadable_request_says_what_is_wrong(text, word):
    with pytest.raises(ExchangeError, match=word):
        Request.from_text(text)


def test_multipart_typed_with_plain_line_ends_gets_crlf():
    head = "POST / HTTP/1.1\nContent-Type: multipart/form-data; boundary=x\n\n"
    assert ask(head + '--x\nA: "b"\n\nc\n--x--\n').body == b'--x\r\nA: "b"\r\n\r\nc\r\n--x--\r\n'


UPLOAD = """POST /upload HTTP/1.1
Content-Type: multipart/form-data; boundary=x

--x
Content-Disposition: form-data; name="file"; filename="a.bin"

< a.bin
--x--
"""


def test_a_file_line_stands_for_the_file(app):
    content = bytes(range(256)) * 3
    session = Session(app, read_file={"a.bin": content}.__getitem__)
    assert session.send(ask(UPLOAD, "a.bin")).text.strip() == '{"name":"a.bin","size":768}'


def test_a_whole_body_may_be_a_file(app):
    session = Session(app, read_file={"a.txt": b"from the file"}.__getitem__)
    answer = session.send(
        ask("POST /echo/x HTTP/1.1\nContent-Type: text/plain\n\n< a.txt", "a.txt")
    )
    assert '"body":"from the file"' in answer.text


def test_text_that_only_contains_the_sign_stays_text(app):
    session = Session(app, read_file={}.__getitem__)
    answer = session.send(ask("POST /echo/x HTTP/1.1\nContent-Type: text/plain\n\n1 < 2\n< 3"))
    assert '"body":"1 < 2\\n< 3"' in answer.text


@pytest.mark.parametrize("body", ["< a.txt", "< 3 apples"])
def test_a_body_that_begins_with_the_sign_is_a_body(app, body):
    session = Session(app, read_file={"a.txt": b"from the file"}.__getitem__)
    answer = session.send(ask(f"POST /echo/x HTTP/1.1\nContent-Type: text/plain\n\n{body}"))
    assert f'"body":"{body}"' in answer.text


def test_text_and_back_with_files():
    request = ask(UPLOAD, "a.bin")
    assert [file.name for file in request.files] == ["a.bin"]
    assert b"a.bin\r\n--x" not in request.body
    assert ask(request.to_text(), "a.bin") == request


def test_without_files_there_is_nothing_to_send(app):
    with pytest.raises(ExchangeError, match=r"a\.bin"):
        Session(app).send(ask(UPLOAD, "a.bin"))


def test_cookies_are_kept_only_when_asked(app):
    session = Session(app)
    request = ask("GET /count HTTP/1.1")
    counts = [
        session.send(request).text,
        session.send(request, "jar", "jar").text,
        session.send(request, "jar", "jar").text,
        session.send(request, "jar").text,
        session.send(request, "jar").text,
        session.send(request).text,
    ]
    assert counts == ["1", "1", "2", "3", "3", "1"]


def test_another_jar_starts_from_the_one_that_was_read(app):
    session = Session(app)
    request = ask("GET /count HTTP/1.1")
    session.send(request, "", "a")
    assert session.send(request, "a", "b").text == "2"
    assert session.send(request, "a").text == "2"
    assert session.send(request, "b").text == "3"


def test_cookie_of_another_path_is_not_sent():
    app = Flask("paths", static_folder=None)

    @app.get("/set")
    def set_it():
        return Response("", headers={"Set-Cookie": "k=v; Path=/deep"})

    @app.get("/<path:rest>")
    def show(rest):
        return request.headers.get("Cookie", "none")

    session = Session(app, jars={"jar": CookieJar()})
    session.send(ask("GET /set HTTP/1.1"), "jar", "jar")
    assert session.send(ask("GET /deep/x HTTP/1.1"), "jar").text == "k=v"
    assert session.send(ask("GET /other HTTP/1.1"), "jar").text == "none"


@pytest.mark.parametrize(
    ("code", "keep", "expected"),
    [
        (302, False, ("GET", '"body":""')),
        (303, False, ("GET", '"body":""')),
        (302, True, ("POST", '"body":""')),
        (307, False, ("POST", '"body":"x"')),
        (308, False, ("POST", '"body":"x"')),
    ],
)
def test_redirects_are_followed_as_curl_does(app, code, keep, expected):
    seen = []
    app.before_request(lambda: seen.append(request.method))
    start = ask(f"POST /go/{code} HTTP/1.1\nContent-Type: text/plain\n\nx")
    answers = list(Session(app).follow(start, keep_method=keep))
    assert [answer.code for answer in answers] == [code, 200]
    assert (seen[-1], expected[1] in answers[-1].text or keep) == (expected[0], True)


@pytest.mark.parametrize(("path", "word"), [("/loop", "redirects"), ("/away", "leaves")])
def test_redirects_that_lead_nowhere_are_errors(app, path, word):
    with pytest.raises(ExchangeError, match=word):
        list(Session(app).follow(ask(f"GET {path} HTTP/1.1")))


def test_a_failing_view_is_answered_500_and_not_raised(app, caplog):
    app.add_url_rule("/boom", view_func=lambda: 1 // 0)
    assert Session(app).send(ask("GET /boom HTTP/1.1")).code == 500


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/plain; charset=utf-8", "你好".encode(), "你好"),
        ("text/plain; charset=gbk", "你好".encode("gbk"), "你好"),
        ("text/plain; charset=nonsense", b"hi", "hi"),
        ("text/plain", b"\xff", "\ufffd"),
        ("image/png", b"\x89PNG", "[4 bytes of image/png]"),
        ("image/svg+xml", b"<svg/>", "<svg/>"),
    ],
)
def test_a_body_is_shown_as_text_where_it_is_text(kind, body, text):
    assert Answer("200 OK", (("Content-Type", kind),), body).text == text


def test_the_head_leaves_out_what_a_server_adds():
    headers = (("Server", "x"), ("Date", "y"), ("X-A", "1"), ("X-A", "2"), ("Connection", "close"))
    assert Answer("200 OK", headers, b"").head == "HTTP/1.1 200 OK\nX-A: 1\nX-A: 2\n"


@pytest.fixture
def ask_both(app):
    """Give a function that asks the app in this process, and over a socket, too."""
    with serving(app) as server:

        def ask_both(request):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
            connection.putrequest(request.method, request.target, skip_host=True)
            connection.putheader("Host", exchange.HOST)
            for name, value in request.headers:
                connection.putheader(name, value)
            if request.body:
                connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body or None)
            response = connection.getresponse()
            headers = tuple(response.getheaders())
            real = Answer(f"{response.status} {response.reason}", headers, response.read())
            connection.close()
            return Session(app).send(request), real

        yield ask_both


@pytest.mark.parametrize(
    "text",
    [
        "GET /echo/plain",
        "GET /echo/a%20b%2Fc",
        "GET /echo/%E4%BD%A0?q=%E5%A5%BD",
        "GET /echo/%ff",
        "GET /echo/a//b",
        "GET //echo/a",
        "GET /echo/a;b=c",
        "GET /echo/a?",
        "GET /echo/a?b?c&d=%2",
        "GET /echo/..%2fx",
        "GET /nowhere",
        "DELETE /echo/a",
        "OPTIONS /echo/a",
        "HEAD /echo/a",
        "POST /echo/a",
        "POST /echo/a HTTP/1.1\nContent-Type: text/plain\n\n你好",
        "GET /go/302",
    ],
)
def test_the_answer_is_the_one_a_real_server_gives(ask_both, text):
    first, _, rest = text.partition("\n")
    here, real = ask_both(ask(f"{first.removesuffix(' HTTP/1.1')} HTTP/1.1\n{rest}"))
    assert sorted(here.head.splitlines()) == sorted(real.head.splitlines())
    assert here.body == real.body
