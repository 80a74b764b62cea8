import os
import re
import sys
import time

import pytest

from course.catalogue import ROOT
from course.reader import create_reader

LOCAL = "http://127.0.0.1:5000"


@pytest.fixture
def reader(course):
    return create_reader(course).test_client()


def get(client, path, **options):
    return client.get(path, base_url=LOCAL, **options)


def send(client, text, lesson="day91/hello", cookies=False, **options):
    body = {"lesson": lesson, "request": text, "cookies": cookies}
    return client.post("/api/send", base_url=LOCAL, json=body, **options)


def rewrite(path, old, new):
    """Edit a file and let its time differ, as it does when a person saves it."""
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    later = time.time() + 5
    os.utime(path, (later, later))


# -- pages


def test_index_lists_days_and_lessons(reader):
    page = get(reader, "/").text
    assert 'href="/day91/hello/">Hello notes</a>' in page
    assert "Say &lt;script&gt;hello&lt;/script&gt; &amp; 你好." in page
    assert "Day 92: Later <small>to come</small>" in page


def test_lesson_shows_notes_source_and_requests(reader):
    page = get(reader, "/day91/hello/").text
    assert "<h1>Hello notes</h1>" in page
    assert "Say &lt;script&gt;" in page
    assert '<span class="nf">index</span>' in page
    assert re.findall(r"file=(.+)#source-title", page) == FILES
    assert "GET /count (cookies kept)" in page
    assert 'data-text="GET / HTTP/1.1\nHost: 127.0.0.1:5000' in page
    assert 'href="/run/day91/hello/"' in page
    assert '<a rel="next" href="/day91/other/">' in page
    assert 'rel="prev"' not in page


def test_a_picture_of_the_notes_is_shown(reader, course):
    folder = course / "day91/hello"
    picture = "<svg xmlns='http://www.w3.org/2000/svg'/>"
    (folder / "diagram.svg").write_text(picture, "utf-8")
    rewrite(folder / "README.md", "## Try it", "![A box](diagram.svg)\n\n## Try it")
    assert '<img src="diagram.svg" alt="A box"' in get(reader, "/day91/hello/").text
    with get(reader, "/day91/hello/diagram.svg") as response:
        assert (response.mimetype, response.text) == ("image/svg+xml", picture)
    assert "diagram.svg#source-title" not in get(reader, "/day91/hello/").text
    for path in ("/day91/hello/other.svg", "/day91/nowhere/diagram.svg", "/day91/hello/..%2fx.svg"):
        assert get(reader, path).status_code == 404


@pytest.mark.parametrize("run", ["WORD=x flask --app day91.hello.app run", "flask --app x.y run"])
def test_a_line_for_another_app_or_environment_has_no_request(reader, course, run):
    rewrite(course / "day91/hello/README.md", "flask --app day91.hello.app run", run)
    page = get(reader, "/day91/hello/").text
    assert "curl http://127.0.0.1:5000/" in page
    assert "data-try=" not in page


FILES = ["app.py", "static/dot.png", "templates/page.html"]


def test_each_file_of_a_lesson_can_be_shown(reader):
    shown = [get(reader, "/day91/hello/", query_string={"file": name}).text for name in FILES]
    assert '">index</span>' in shown[0]
    assert '">index</span>' not in shown[1]
    assert "is not a text file: 5 bytes" in shown[1]
    assert "one" in shown[2]
    for name, page in zip(FILES, shown, strict=True):
        assert f'aria-current="page">{name}</a>' in page


@pytest.mark.parametrize(
    "name", ["nothing.py", "../other/app.py", "/etc/passwd", "\0", "README.md"]
)
def test_no_other_file_is_shown(reader, name):
    page = get(reader, "/day91/hello/", query_string={"file": name})
    assert page.status_code == 404


@pytest.mark.parametrize(
    ("paths", "opened"),
    [(("/count", "/"), "/"), (("/count", "/where"), "/count"), ((), "/")],
)
def test_the_lesson_opens_at_its_first_page(reader, course, paths, opened):
    run = "$ flask --app day91.hello.app run\n"
    curls = "".join(f"$ curl http://127.0.0.1:5000{path}\n" for path in paths)
    (course / "day91/hello/README.md").write_text(f"# Hello\n\n```console\n{run}{curls}```\n")
    assert f'href="/run/day91/hello{opened}"' in get(reader, "/day91/hello/").text


def test_each_curl_line_has_its_own_request(reader):
    page = get(reader, "/day91/hello/").text
    assert re.findall(r'data-try="(\d)"', page) == ["0", "1"]


def test_a_quote_from_inside_a_function_loses_its_indentation(reader, course):
    quote = '```python\n    session["n"] = 1\n    return x\n```\n\nSee'
    rewrite(course / "day91/hello/README.md", "See", quote)
    page = get(reader, "/day91/hello/").text
    assert '<pre tabindex="0"><code>session[' in page


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("/day91/README.md", "/day91/"),
        ("/day91/other/README.md", "/day91/other/"),
        ("/day91/other/app.py", "/day91/other/?file=app.py#source-title"),
    ],
)
def test_links_of_the_notes_lead_to_pages(reader, link, target):
    assert get(reader, link).location == target


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere/",
        "/day92/",
        "/day91/nowhere/",
        "/%00/",
        "/day91/%00/",
        "/run/day91/nowhere/",
        "/run/nowhere/x/",
        "/run/day91/%00/",
        "/static/..%2fapp.py",
        "/static/../app.py",
    ],
)
def test_unknown_addresses_are_404(reader, path):
    assert get(reader, path).status_code == 404


@pytest.mark.parametrize(
    "path", ["../README.md", "..%2f..%2f..%2fetc/passwd", "/etc/passwd", "%00", ".env"]
)
def test_a_file_is_shown_only_inside_its_lesson(reader, path):
    response = get(reader, f"/day91/hello/{path}", follow_redirects=True)
    assert "root:" not in response.text


def test_pages_forbid_everything_from_elsewhere(reader):
    headers = get(reader, "/").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/day91/hello/", "/search?q=hello"])
def test_pages_load_nothing_from_elsewhere_and_run_no_inline_script(reader, path):
    page = get(reader, path).text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", page)


# -- search


@pytest.mark.parametrize(
    ("query", "lessons"),
    [
        ("zebra", ["other"]),
        ("ZEBRA elsewhere", ["other"]),
        ("换器", ["other"]),
        ("你好", ["hello"]),
        ("zebra hello", []),
        ("ZeroDivision", []),
        ("def boom", ["hello"]),
        ("<script>", ["hello"]),
        ("", []),
        ("   ", []),
    ],
)
def test_search_finds_files_with_every_word(reader, query, lessons):
    page = get(reader, "/search", query_string={"q": query}).text
    assert re.findall(r'href="/day91/(\w+)/[^"]*">(?!<)', page) == lessons
    assert "<script>" not in page.replace("<script src=", "")


def test_search_puts_titles_first_then_notes_then_code(reader, course):
    rewrite(course / "day91/other/README.md", "# Other", "# Count")
    page = get(reader, "/search?q=count").text
    found = re.findall(r"<small>(day91/\S+),", page)
    assert found == ["day91/other/README.md", "day91/hello/README.md", "day91/hello/app.py"]


# -- sending


def test_send_answers_as_flask_run_would(reader):
    result = send(reader, "GET /where HTTP/1.1").json
    assert result["answer"].startswith("HTTP/1.1 302 FOUND\n")
    assert "Location: /\n" in result["answer"]
    assert result["status"] == "302 FOUND"
    assert result["curl"] == "curl -i http://127.0.0.1:5000/where"
    assert result["ms"] >= 0


def test_send_keeps_cookies_only_when_asked(reader):
    request = "GET /count HTTP/1.1"
    bodies = [
        send(reader, request, cookies=keeps).json["answer"].rsplit("\n", 1)[-1]
        for keeps in (True, True, False, True)
    ]
    assert bodies == ["1", "2", "1", "3"]
    assert send(reader, request, cookies=True).json["cookies"][0].startswith("session=")


def test_kept_cookies_can_be_forgotten(reader):
    send(reader, "GET /count HTTP/1.1", cookies=True)
    forgotten = reader.post("/api/forget", base_url=LOCAL, json={"lesson": "day91/hello"})
    assert forgotten.json == {"cookies": []}
    assert send(reader, "GET /count HTTP/1.1", cookies=True).json["answer"].endswith("\n1")
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
        ({"lesson": "day91/hello", "request": "nonsense", "cookies": False}, 400),
        ({"lesson": "day91/hello", "request": "GET / HTTP/1.1\na: b\x00c", "cookies": False}, 200),
        ({"lesson": "day91/hello", "request": "GET / HTTP/1.1\na: b\rc", "cookies": False}, 400),
        ({"lesson": "day91/nowhere", "request": "GET / HTTP/1.1", "cookies": False}, 404),
        ({"lesson": "day91/hello", "request": "GET / HTTP/1.1"}, 400),
        ({"lesson": 1, "request": [], "cookies": "yes"}, 400),
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
    own = send(reader, text.format("day91/hello/templates/page.html"))
    assert own.json["answer"].endswith("\n11")
    for name in ("README.md", "day91/hello/../../README.md", "/etc/passwd", "day91/other/app.py"):
        refused = send(reader, text.format(name))
        assert (refused.status_code, name in refused.json["error"]) == (400, True)


def test_a_huge_answer_is_cut(reader, course):
    rewrite(course / "day91/hello/app.py", '"hello"', '"x" * 3_000_000')
    answer = send(reader, "GET / HTTP/1.1").json["answer"]
    assert len(answer) < 210_000
    assert "more characters" in answer[-40:]


# -- safe by construction


@pytest.mark.parametrize("path", ["/", "/run/day91/hello/", "/static/reader.css", "/search?q=x"])
@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:5000", 200), ("localhost:80", 200), ("evil.example", 400), ("", 400)],
)
def test_only_local_names_are_answered_mounts_included(reader, path, host, status):
    response = reader.get(path, headers={"Host": host})
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
    body = '{"lesson": "day91/hello", "request": "GET / HTTP/1.1", "cookies": false}'
    response = reader.post("/api/send", base_url=LOCAL, data=body, content_type="text/plain")
    assert response.status_code == 415


def test_another_site_cannot_reach_into_a_lesson(reader):
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert get(reader, "/run/day91/hello/", headers=headers).status_code == 403
    assert get(reader, "/", headers=headers).status_code == 200


# -- mounted lessons


def test_a_mounted_lesson_answers_under_its_path(reader):
    assert get(reader, "/run/day91/hello/").text == "hello"
    assert get(reader, "/run/day91/hello/where").location == "/run/day91/hello/"
    assert get(reader, "/run/day91/hello").location == f"{LOCAL}/run/day91/hello/"


def test_mounted_lessons_do_not_see_each_others_cookies(reader):
    assert get(reader, "/run/day91/hello/count").text == "1"
    first = get(reader, "/run/day91/other/").headers["Set-Cookie"]
    assert "Path=/run/day91/other/" in first
    assert get(reader, "/run/day91/hello/count").text == "2"
    assert reader.get_cookie("session", path="/") is None


@pytest.mark.parametrize(
    ("path", "confined"),
    [
        ("'/'", "/run/day91/other/"),
        ("'/cart'", "/run/day91/other/cart"),
        ("url_for('index')", "/run/day91/other/"),
        ("'/run/day91/otherwise'", "/run/day91/other/run/day91/otherwise"),
    ],
)
def test_a_cookie_path_begins_with_the_mount_once(reader, course, path, confined):
    source = course / "day91/other/app.py"
    rewrite(source, "import Flask, session", "import Flask, make_response, url_for")
    rewrite(source, 'session["other"] = True', "answer = make_response(helper.WORD)")
    rewrite(
        source, "return helper.WORD", f"answer.set_cookie('a', 'b', path={path}); return answer"
    )
    assert get(reader, "/run/day91/other/").headers["Set-Cookie"] == f"a=b; Path={confined}"


def test_mount_and_send_talk_to_the_same_app(reader, course):
    source = course / "day91/hello/app.py"
    rewrite(source, 'return "hello"', "seen.append(1)\n    return str(len(seen))")
    rewrite(source, "app = Flask(__name__)", "app = Flask(__name__)\nseen = []")
    assert get(reader, "/run/day91/hello/").text == "1"
    assert send(reader, "GET / HTTP/1.1").json["answer"].endswith("\n2")


def test_a_failing_mounted_view_shows_its_traceback_as_text(reader):
    response = get(reader, "/run/day91/hello/boom")
    assert (response.status_code, response.mimetype) == (500, "text/plain")
    assert "ZeroDivisionError" in response.text


def test_a_lessons_own_page_for_500_is_shown(reader, course):
    with (course / "day91/hello/app.py").open("a") as file:
        file.write("\n\n@app.errorhandler(500)\ndef sorry(error):\n    return 'sorry', 500\n")
    assert get(reader, "/run/day91/hello/boom").text == "sorry"


def test_a_view_that_fails_past_all_handlers_harms_nobody(reader, course):
    rewrite(
        course / "day91/hello/app.py",
        "app = Flask(__name__)",
        "app = Flask(__name__)\napp.testing = True",
    )
    response = get(reader, "/run/day91/hello/boom")
    assert (response.status_code, response.mimetype) == (500, "text/plain")
    assert "ZeroDivisionError" in send(reader, "GET /boom HTTP/1.1").json["failure"]
    assert send(reader, "GET / HTTP/1.1").json["failure"] == ""


# -- edits and breakage


def test_an_edit_shows_at_the_next_request(reader, course):
    source = course / "day91/hello/app.py"
    assert get(reader, "/run/day91/hello/").text == "hello"
    rewrite(source, '"hello"', '"hullo"')
    assert get(reader, "/run/day91/hello/").text == "hullo"
    assert "hullo" in get(reader, "/day91/hello/").text
    rewrite(source, '"hullo"', '"hallo"')
    assert send(reader, "GET / HTTP/1.1").json["answer"].endswith("\nhallo")


def test_an_edit_of_a_helper_module_shows(reader, course):
    assert get(reader, "/run/day91/other/").text == "first"
    rewrite(course / "day91/other/helper.py", "first", "later")
    assert get(reader, "/run/day91/other/").text == "later"


def test_an_edit_of_a_template_shows(reader, course):
    assert get(reader, "/run/day91/hello/page").text == "<p>one</p>"
    rewrite(course / "day91/hello/templates/page.html", "one", "two")
    assert get(reader, "/run/day91/hello/page").text == "<p>two</p>"


def test_an_edit_of_the_same_size_in_the_same_second_shows(reader, course, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)  # the old .pyc is what misleads
    source = course / "day91/other/helper.py"
    assert get(reader, "/run/day91/other/").text == "first"
    before = source.stat()
    source.write_text(source.read_text().replace("first", "later"))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert get(reader, "/run/day91/other/").text == "later"


def test_a_mended_lesson_starts_though_its_broken_bytecode_has_the_same_age(
    reader, course, monkeypatch
):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    source = course / "day91/other/app.py"
    good = source.read_text("utf-8")
    source.write_text(good.replace("return helper.WORD", "return helper.WORD\n\n\n1 / 0"))
    assert "ZeroDivisionError" in get(reader, "/run/day91/other/").text
    before = source.stat()
    source.write_text(good.replace("return helper.WORD", "return helper.WORD\n\n\n1 / 1"))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert get(reader, "/run/day91/other/").text == "first"


def test_an_unchanged_lesson_is_not_loaded_again(reader, course):
    source = course / "day91/hello/app.py"
    rewrite(source, 'return "hello"', "seen.append(1)\n    return str(len(seen))")
    rewrite(source, "app = Flask(__name__)", "app = Flask(__name__)\nseen = []")
    bodies = [get(reader, f"/run/day91/{path}").text for path in ("hello/", "other/", "hello/")]
    assert (bodies[0], bodies[2]) == ("1", "2")


COUNTING = """
from flask import Flask{more}

app = Flask(__name__)
seen = []


@app.get("/")
def index():
    seen.append(1)
    return f"{{len(seen)}}{word}"
"""


@pytest.mark.parametrize(
    ("more", "word", "after"),
    [
        ("", "", "2"),
        ("\nfrom day91.other.helper import word", "{word()}", "1later"),
        ("\nfrom day91.other import helper", "{helper.WORD}", "1later"),
        ("\nfrom day91.other import app as another", "{another.helper.WORD}", "1later"),
    ],
)
def test_an_edit_elsewhere_restarts_only_the_lessons_that_use_it(reader, course, more, word, after):
    source, helper = course / "day91/hello/app.py", course / "day91/other/helper.py"
    helper.write_text("WORD = 'first'\n\n\ndef word():\n    return WORD\n")
    source.write_text(COUNTING.format(more=more, word=word))
    assert get(reader, "/run/day91/other/").text == "first"
    assert get(reader, "/run/day91/hello/").text == after.replace("2", "1").replace(
        "later", "first"
    )
    rewrite(helper, "first", "later")
    assert get(reader, "/run/day91/other/").text == "later"
    assert get(reader, "/run/day91/hello/").text == after


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("def broken(:", "SyntaxError"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("x = 1", "AttributeError"),
        ("app = 'text'", "TypeError"),
        ("def create_app():\n    raise RuntimeError('<b>no</b>')", "RuntimeError"),
    ],
)
def test_a_broken_lesson_shows_why_and_the_others_go_on(reader, course, code, word):
    source = course / "day91/hello/app.py"
    good = source.read_text("utf-8")
    rewrite(source, good, code)
    for _ in range(2):
        mounted = get(reader, "/run/day91/hello/")
        assert (mounted.status_code, mounted.mimetype) == (500, "text/plain")
        assert word in mounted.text
    assert word in send(reader, "GET / HTTP/1.1").json["failure"]
    assert get(reader, "/day91/hello/").status_code == 200
    assert get(reader, "/run/day91/other/").text == "first"
    rewrite(source, code, good)
    assert get(reader, "/run/day91/hello/").text == "hello"


def test_an_edit_that_breaks_a_running_lesson_shows_and_is_mended(reader, course):
    source = course / "day91/hello/app.py"
    assert get(reader, "/run/day91/hello/").text == "hello"
    rewrite(source, '"hello"', '"hello')
    assert "SyntaxError" in get(reader, "/run/day91/hello/").text
    rewrite(source, '"hello', '"hello again"')
    assert get(reader, "/run/day91/hello/").text == "hello again"


def test_notes_that_cannot_be_read_as_commands_are_still_shown(reader, course):
    rewrite(course / "day91/hello/README.md", "$ curl http", "$ curl --nonsense http")
    page = get(reader, "/day91/hello/")
    assert page.status_code == 200
    assert "--nonsense" in page.text


# -- the real course


@pytest.fixture(scope="module")
def real():
    return create_reader(ROOT).test_client()


def test_every_page_of_the_course_is_there_and_small(real):
    links = set(re.findall(r'href="(/day\w+/(?:\w+/)?)"', get(real, "/").text))
    assert links
    for link in links:
        page = get(real, link)
        assert page.status_code == 200
        assert len(page.data) < 50_000, link
