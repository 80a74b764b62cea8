"""The pages of the reader."""

import re
from html import unescape
from urllib.parse import urljoin

import pytest

from course import catalogue
from course.catalogue import ROOT
from course.reader import create_reader
from tests.course.reading import get, rewrite


def test_index_lists_days_and_lessons(reader):
    page = get(reader, "/").text
    assert 'href="/day91/hello/">Hello notes</a>' in page
    assert "Say &lt;script&gt;hello&lt;/script&gt; &amp; 你好." in page


def test_lesson_shows_notes_source_and_requests(reader):
    page = get(reader, "/day91/hello/").text
    assert '<h1 id="hello-notes">Hello notes</h1>' in page
    assert "Say &lt;script&gt;" in page
    assert "def</i> <i" in page
    assert set(re.findall(r'file=([^"]+)#source-title', page)) >= set(FILES)
    assert re.search(r"<option [^>]*>\s*GET /count\b", page)
    assert 'data-text="GET / HTTP/1.1\nHost: 127.0.0.1:5000' in page
    assert 'href="http://127.0.0.1:5051/run/day91/hello/app/"' in page
    assert '<a rel="next" href="/day91/other/">' in page
    assert 'rel="prev"' not in page


def test_a_picture_of_the_notes_is_shown(reader, course):
    folder = course / "day91/hello"
    picture = "<svg xmlns='http://www.w3.org/2000/svg'/>"
    (folder / "diagram.svg").write_text(picture, "utf-8")
    rewrite(folder / "README.md", "## Try it", "![A box](diagram.svg)\n\n## Try it")
    assert '<img src="/day91/hello/diagram.svg" alt="A box"' in get(reader, "/day91/hello/").text
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
    assert "def</i> <i" in shown[0]
    assert "def</i> <i" not in shown[1]
    assert "is not a text file: 5 bytes" in shown[1]
    assert "one" in shown[2]
    for name, page in zip(FILES, shown, strict=True):
        assert f'{name}#source-title" aria-current="page"' in page


@pytest.mark.parametrize(
    "name", ["nothing.py", "../other/app.py", "/etc/passwd", "\0", "README.md"]
)
def test_no_other_file_is_shown(reader, name):
    page = get(reader, "/day91/hello/", query_string={"file": name})
    assert page.status_code == 404


@pytest.mark.parametrize(
    ("home", "paths", "opened"),
    [
        ("/", ("/count", "/where"), "/"),
        ("/count", ("/where", "/"), "/"),
        ("/home", ("/count", "/where"), "/count"),
        ("/home", (), "/"),
    ],
)
def test_the_lesson_opens_at_its_first_page(reader, course, home, paths, opened):
    rewrite(course / "day91/hello/app.py", '@app.get("/")', f'@app.get("{home}")')
    run = "$ flask --app day91.hello.app run\n"
    curls = "".join(f"$ curl http://127.0.0.1:5000{path}\n" for path in paths)
    (course / "day91/hello/README.md").write_text(f"# Hello\n\n```console\n{run}{curls}```\n")
    assert f'/run/day91/hello/app{opened}"' in get(reader, "/day91/hello/").text


def test_the_source_pane_shows_the_file_as_it_is_now(reader, course):
    assert "hullo" not in get(reader, "/day91/hello/").text
    rewrite(course / "day91/hello/app.py", "hello", "hullo")
    assert "hullo" in get(reader, "/day91/hello/").text


EXERCISE = '''"""Exercise: greet.

A shop greets its guests.

Tasks:

1. Answer ``GET /hi``. It says hi,
   and no more.
2. Answer ``GET /bye``.

Run it:   flask --app day91.hello.exercise run
Try it:   curl -i http://127.0.0.1:5000/hi
Check it: course check hello
"""
'''


def test_the_exercise_box_has_the_whole_tasks_and_requests(reader, course):
    (course / "day91/hello/exercise.py").write_text(EXERCISE)
    page = get(reader, "/day91/hello/").text
    assert "A shop greets its guests." in page
    assert "Answer <code>GET /hi</code>. It says hi, and no more." in page
    assert 'data-text="GET /hi HTTP/1.1' in page
    assert "--hint" not in page
    assert "--all" not in page


def test_each_curl_line_has_its_own_request(reader):
    page = get(reader, "/day91/hello/").text
    assert re.findall(r'data-try="(\d)"', page) == ["0", "1"]


def test_a_quote_from_inside_a_function_loses_its_indentation(reader, course):
    quote = '```python\n    session["n"] = 1\n    return x\n```\n\nSee'
    rewrite(course / "day91/hello/README.md", "See", quote)
    page = get(reader, "/day91/hello/").text
    assert "<pre><code>session[" in page


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
        "/reference/nowhere/",
        "/reference/%2e%2e/",
        "/file/nowhere.md",
        "/file/.gitignore",
        "/file/day91/hello/app.py",
        "/file/../secret.md",
        "/file/%00.md",
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
    page = page.replace("http://127.0.0.1:5051/run/", "/run/")
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", page)


def test_the_old_address_of_a_lesson_leads_to_the_worker(reader):
    moved = get(reader, "/search").headers  # pages are not moved
    assert "Location" not in moved
    asked = reader.get("/run/day91/hello/app/x?y=z", base_url="http://localhost:5050")
    assert asked.location == "http://localhost:5051/run/day91/hello/app/x?y=z"


@pytest.fixture(scope="module")
def real():
    return create_reader(ROOT, token=None).test_client()


MAX_PAGE = 50_000  # bytes


@pytest.mark.second_half
def test_every_page_of_the_course_is_there_and_small(real):
    links = set(re.findall(r'href="(/day\w+/(?:\w+/)?)"', get(real, "/").text))
    assert links
    for link in [*links, "/", "/readme/", "/reference/glossary/", "/search?q=the"]:
        page = get(real, link)
        assert page.status_code == 200
        assert len(page.data) < MAX_PAGE, link


@pytest.mark.second_half
@pytest.mark.parametrize("lesson", catalogue.lessons(ROOT), ids=lambda lesson: lesson.id)
def test_a_lesson_with_any_of_its_files_is_a_small_page(real, lesson):
    for path in lesson.files():
        name = path.relative_to(lesson.folder).as_posix()
        page = get(real, f"/{lesson.id}/", query_string={"file": name})
        assert page.status_code == 200
        assert len(page.data) < MAX_PAGE, name


def shown(page):
    """Return what the page says about its file, and the file's text in it."""
    about = re.search(r"<small>day91/hello/(.+?)</small>", page)[1]
    return about, unescape(re.search(r'<code id="code">(.*?)</code>', page, re.DOTALL)[1])


def test_a_long_file_is_shown_without_its_colours_and_then_in_part(reader, course):
    source = course / "day91/hello/app.py"
    dense = "x = [1, 'a', None]\n" * 450
    source.write_text(dense)
    source.with_name("README.md").write_text("# Hello\n\n" + "Long notes. " * 2_500)
    page = get(reader, "/day91/hello/")
    assert len(page.data) < MAX_PAGE
    assert shown(page.text) == ("app.py, 450 lines", dense.rstrip())
    assert 'data-cut="yes"' not in page.text
    source.write_text("# <你>\n" * 10_000)
    page = get(reader, "/day91/hello/")
    assert 45_000 < len(page.data) < MAX_PAGE
    about, text = shown(page.text)
    count = len(text.splitlines())
    assert about == f"app.py, the first {count} of 10000 lines"
    assert text.splitlines() == ["# <你>"] * count
    assert 'data-cut="yes"' in page.text


REFERENCE = [f"/reference/{name}/" for name in ("index", "glossary", "older-notes")]


@pytest.mark.second_half
def test_no_link_of_the_course_leads_nowhere(real):
    seen, waiting = set(), ["/", "/readme/", *REFERENCE]
    broken = []
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        page = get(real, path)
        if page.status_code != 200:
            broken.append(path)
        # Files of a lesson are many; that they can be shown is another test's.
        elif page.mimetype == "text/html" and "?" not in path:
            text = page.text
            for href in re.findall(r'(?:<a\b[^>]* href|<img\b[^>]* src)="([^"]+)"', text):
                target = urljoin(path, unescape(href)).partition("#")[0]
                if target.startswith("/") and not target.startswith("//"):
                    waiting.append(target)
        page.close()
    assert broken == []
    assert {"/readme/", "/day06_project/", "/day06_project/shop/", "/file/LICENSE"} <= seen


@pytest.mark.second_half
def test_every_anchor_of_the_course_is_there(real):
    ids = {}
    missing = []
    lessons = [f"/{lesson.id}/" for lesson in catalogue.lessons(ROOT)]
    for path in ["/readme/", *lessons]:
        for href in re.findall(r'<a\b[^>]* href="([^"?]*#[^"]+)"', get(real, path).text):
            page, _, anchor = urljoin(path, unescape(href)).partition("#")
            if page.startswith("http"):
                continue
            if page not in ids:
                ids[page] = set(re.findall(r' id="([^"]+)"', get(real, page).text))
            if anchor not in ids[page]:
                missing.append((path, href))
    assert missing == []


@pytest.mark.parametrize(
    ("lesson", "has_pages"),
    [("day01/converters", False), ("day03/forms", True), ("day06_project/shop", True)],
)
def test_a_lesson_with_pages_has_a_pane_for_them(real, lesson, has_pages):
    page = get(real, f"/{lesson}/").text
    assert ('id="page-pane"' in page) is has_pages
