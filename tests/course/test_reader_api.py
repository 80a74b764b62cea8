"""The reader's interface for its own pages, and who may use it."""

import pytest
from werkzeug.test import Client

from tests.course.reading import LOCAL, get, post, rewrite, send


def test_send_answers_as_flask_run_would(reader):
    result = send(reader, "GET /where HTTP/1.1").json
    assert result["answer"].startswith("HTTP/1.1 302 FOUND\n")
    assert "Location: /\n" in result["answer"]
    assert result["status"] == "302 FOUND"
    assert result["curl"] == "curl -i http://127.0.0.1:5000/where"
    assert result["ms"] >= 0


def count(client, jar):
    """Return how many visits the lesson counts for who has the cookies of that jar."""
    return send(client, "GET /count HTTP/1.1", jar=jar).json["answer"].rsplit("\n", 1)[-1]


def test_send_keeps_cookies_only_when_asked(reader):
    assert [count(reader, jar) for jar in ("jar", "jar", "", "jar")] == ["1", "2", "1", "3"]
    result = send(reader, "GET /count HTTP/1.1", jar="jar").json
    assert result["cookies"][0].startswith("session=")
    assert result["jar"] == "jar"


def test_a_copy_of_a_jar_is_a_jar_of_its_own(reader):
    seen = [count(reader, jar) for jar in (">jar.txt", "jar.txt>copy.txt", "jar.txt", "copy.txt")]
    assert seen == ["1", "2", "2", "3"]
    assert [count(reader, "copy.txt>") for _ in range(2)] == ["4", "4"]
    assert count(reader, ">jar.txt") == "1"


def test_the_curl_line_says_port_cookies_and_type(reader):
    send(reader, "GET /count HTTP/1.1", jar="jar")
    line = send(reader, "GET /count HTTP/1.1", jar="jar").json["curl"]
    assert line.startswith("curl -i -b session=")
    assert line.endswith(" http://127.0.0.1:5000/count")
    line = send(reader, "POST /size HTTP/1.1\n\nname=Ann").json["curl"]
    assert line == "curl -i -H Content-Type: --data-raw name=Ann http://127.0.0.1:5000/size"


def test_redirects_are_followed_and_each_hop_shown(reader):
    result = send(reader, "GET /where HTTP/1.1", follow=True).json
    hops = [(hop["request"], hop["status"], hop["body"]) for hop in result["hops"]]
    assert [hop[:2] for hop in hops] == [("GET /where", "302 FOUND"), ("GET /", "200 OK")]
    assert hops[1][2] == "hello"
    assert result["answer"].count("HTTP/1.1 ") == 2
    assert result["answer"].endswith("\n\nhello")
    assert result["status"] == "200 OK"
    assert result["curl"] == "curl -i -L http://127.0.0.1:5000/where"
    assert len(send(reader, "GET /where HTTP/1.1").json["hops"]) == 1


def test_hops_before_one_that_leaves_the_lesson_are_shown(reader, course):
    rewrite(course / "day91/hello/app.py", 'url_for("index")', '"http://elsewhere.example/"')
    result = send(reader, "GET /where HTTP/1.1", follow=True).json
    assert [hop["status"] for hop in result["hops"]] == ["302 FOUND"]
    assert "leaves the lesson" in result["error"]


@pytest.mark.parametrize(
    ("text", "request_line", "more"),
    [
        ("curl -i http://127.0.0.1:5000/where", "GET /where HTTP/1.1", {}),
        ("$ curl -L http://127.0.0.1:5000/where", "GET /where HTTP/1.1", {"follow": True}),
        ("curl.exe -b a.txt -c a.txt http://x:1/", "GET / HTTP/1.1", {"jar": "a.txt"}),
        ("curl -b a.txt http://x:1/", "GET / HTTP/1.1", {"jar": "a.txt>"}),
        ("curl -d a=1 \\\n  http://127.0.0.1:5000/", "POST / HTTP/1.1", {}),
        ("curl -F f=@a.txt http://127.0.0.1:5000/", "POST / HTTP/1.1", {"files": ["a.txt"]}),
        ("http://127.0.0.1:5000/a?b=c", "GET /a?b=c HTTP/1.1", {}),
        ("127.0.0.1:5000/a", "GET /a HTTP/1.1", {}),
        (
            "http://localhost:5051/run/day91/hello/first/x?y=z",
            "GET /x?y=z HTTP/1.1",
            {"module": "first"},
        ),
        ("GET /a HTTP/1.1", "GET /a HTTP/1.1", {}),
    ],
)
def test_a_curl_line_or_url_is_understood(reader, text, request_line, more):
    found = post(reader, "parse", {"lesson": "day91/hello", "text": text}).json
    assert found.pop("request").splitlines()[0] == request_line
    assert found == {"files": [], "jar": "", "follow": False, "module": "app"} | more


@pytest.mark.parametrize("text", ["curl --nonsense http://x/", "curl 'x", "https://x.example/"])
def test_what_is_not_understood_is_said(reader, text):
    for call, data in (("parse", {"text": text}), ("send", {"request": text})):
        response = post(reader, call, {"lesson": "day91/hello", **data})
        assert (response.status_code, "curl" in response.json["error"]) == (400, True)


def test_a_pasted_curl_line_is_sent_as_it_says(reader):
    result = send(reader, "curl -L -c jar.txt http://127.0.0.1:5000/where").json
    assert [hop["status"] for hop in result["hops"]] == ["302 FOUND", "200 OK"]
    assert result["request"].startswith("GET /where HTTP/1.1\n")
    assert result["jar"] == "jar.txt"


DEEP = "[" * 100_000


@pytest.mark.parametrize("call", ["send", "parse", "forget", "check", "file", "undo", "progress"])
@pytest.mark.parametrize(
    "body", [DEEP, DEEP + "]" * 100_000, '{"lesson": ' + DEEP, "{", "[]", "null"]
)
def test_strange_json_is_a_400(reader, call, body):
    response = reader.post(
        f"/api/{call}", base_url=LOCAL, data=body, content_type="application/json"
    )
    assert (response.status_code, list(response.json)) == (400, ["error"])


def test_kept_cookies_can_be_forgotten(reader):
    send(reader, "GET /count HTTP/1.1", jar="jar")
    forgotten = reader.post("/api/forget", base_url=LOCAL, json={"lesson": "day91/hello"})
    assert forgotten.json == {"cookies": []}
    assert send(reader, "GET /count HTTP/1.1", jar="jar").json["answer"].endswith("\n1")
    never_opened = reader.post("/api/forget", base_url=LOCAL, json={"lesson": "day91/other"})
    assert never_opened.status_code == 200
    assert reader.post("/api/forget", base_url=LOCAL, json=[]).status_code == 400
    foreign = {"Origin": "http://evil.example"}
    refused = reader.post("/api/forget", base_url=LOCAL, json={"lesson": "x"}, headers=foreign)
    assert refused.status_code == 403


def test_a_failing_view_comes_with_its_traceback(reader):
    result = send(reader, "GET /boom HTTP/1.1").json
    assert result["status"] == "500 INTERNAL SERVER ERROR"
    assert "Internal Server Error" in result["answer"]
    assert "return 1 // 0" in result["failure"]
    assert "ZeroDivisionError" in result["failure"]
    assert "course/reader" not in result["failure"]
    assert send(reader, "GET / HTTP/1.1").json["failure"] == ""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"lesson": "day91/hello", "request": "nonsense", "jar": ""}, 400),
        ({"lesson": "day91/hello", "request": "GET / HTTP/1.1\na: b\x00c", "jar": ""}, 200),
        ({"lesson": "day91/hello", "request": "GET / HTTP/1.1\na: b\rc", "jar": ""}, 400),
        ({"lesson": "day91/nowhere", "request": "GET / HTTP/1.1", "jar": ""}, 404),
        ({"lesson": "day91/hello", "request": "GET / HTTP/1.1", "files": [1]}, 400),
        ({"lesson": "day91/hello", "request": "GET / HTTP/1.1", "jar": None}, 400),
        ({"lesson": "day91/hello", "request": "GET / HTTP/1.1", "module": "nowhere"}, 404),
        ({"lesson": "day91/hello", "request": "GET / HTTP/1.1"}, 200),
        ({"lesson": 1, "request": [], "jar": "yes"}, 400),
        ([], 400),
        ("x" * 1_100_000, 413),
    ],
)
def test_bad_requests_are_answered_with_a_reason(reader, body, status):
    response = reader.post("/api/send", base_url=LOCAL, json=body)
    assert response.status_code == status
    assert response.is_json
    assert ("error" in response.json) == (status != 200)


def test_only_the_lessons_own_files_can_be_sent(reader):
    text = "POST /size HTTP/1.1\nContent-Type: text/plain\n\n< {}"
    name = "day91/hello/templates/page.html"
    assert send(reader, text.format(name), files=[name]).json["answer"].endswith("\n11")
    for name in ("README.md", "day91/hello/../../README.md", "/etc/passwd", "day91/other/app.py"):
        refused = send(reader, text.format(name), files=[name])
        assert (refused.status_code, name in refused.json["error"]) == (400, True)


@pytest.mark.parametrize("body", ["< 3 apples", "< day91/hello/templates/page.html"])
def test_a_body_that_begins_with_the_sign_of_a_file_is_a_body(reader, body):
    text = f"POST /size HTTP/1.1\nContent-Type: text/plain\n\n{body}"
    assert send(reader, text).json["answer"].endswith(f"\n{len(body)}")


def test_a_huge_answer_is_cut(reader, course):
    rewrite(course / "day91/hello/app.py", '"hello"', '"x" * 3_000_000')
    answer = send(reader, "GET / HTTP/1.1").json["answer"]
    assert len(answer) < 210_000
    assert "more characters" in answer[-40:]


@pytest.mark.parametrize(
    "path", ["/", "/run/day91/hello/app/", "/static/reader.css", "/search?q=x"]
)
@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:5050", 200), ("localhost:80", 200), ("evil.example", 400), ("", 400)],
)
def test_only_local_names_are_answered_mounts_included(reader, path, host, status):
    client = reader
    if path.startswith("/run/"):
        client = Client(reader.application.extensions["worker"].worker)
    response = client.get(path, headers={"Host": host})
    assert response.status_code == status
    response.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": LOCAL, "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_only_the_readers_own_pages_may_send(reader, headers, status):
    assert send(reader, "GET / HTTP/1.1", headers=headers).status_code == status


def test_send_wants_json(reader):
    body = '{"lesson": "day91/hello", "request": "GET / HTTP/1.1"}'
    response = reader.post("/api/send", base_url=LOCAL, data=body, content_type="text/plain")
    assert response.status_code == 415


def test_another_site_cannot_reach_into_a_lesson(reader):
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert get(reader, "/run/day91/hello/app/", headers=headers).status_code == 403
    assert get(reader, "/", headers=headers).status_code == 200
