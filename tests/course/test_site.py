"""The course as a static site: what ``course build`` writes, and what a browser shows of it."""

import json
import re
import threading
from collections import Counter
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urljoin, urlsplit

import pytest
from click.testing import CliRunner

from course import catalogue
from course.cli import main
from course.reader.search import search
from course.site import build as building
from course.site.build import MARKER, SiteError, build
from tests.course.browsing import problems
from tests.course.reading import rewrite
from tests.course.relay import bundle, write_service_worker
from tests.helpers import AXE

try:
    from playwright.sync_api import expect
except ImportError:  # the tests in a browser are skipped
    expect = None

MAX_PAGE = 50_000  # bytes
LISTS = {"reference/index/index.html", "reference/older-notes/index.html"}
"""Pages that list the whole course; a host sends them compressed, as 15 kB."""


@pytest.fixture
def course(course):
    """Give the small course with the pages that each page links to."""
    (course / "reference").mkdir()
    for name in ("index", "glossary"):
        (course / f"reference/{name}.md").write_text(f"# The {name}\n", "utf-8")
    return course


@pytest.fixture
def site(course, tmp_path):
    return build(tmp_path / "site", course)


class Links(HTMLParser):
    """The links of a page, with their tags, and its ids."""

    def __init__(self, page):
        super().__init__()
        self.links, self.ids = [], Counter()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in {"href", "src", "action", "data-run"}:
                self.links.append((tag, name, value))
            elif name == "id":
                self.ids[value] += 1


def file_of(folder, address):
    """Return the file that a host of static files shows for an address below /flask/."""
    path = unquote(urlsplit(address).path)
    assert path.startswith("/flask/"), address
    found = folder / path.removeprefix("/flask/")
    return found / "index.html" if path.endswith("/") else found


def check_links(folder):
    """See that each link of each page is relative and leads to a file of the site, and its id."""
    pages = {page: Links(page) for page in folder.rglob("*.html")}
    count = 0
    for page, found in pages.items():
        here = f"/flask/{page.relative_to(folder).as_posix()}"
        assert not [name for name, times in found.ids.items() if times > 1], page
        for tag, name, link in found.links:
            if re.match("[a-z]+:", link):
                # Other sites are named in the notes; nothing is loaded from one.
                assert tag == "a" or link.startswith("data:"), (page, link)
                continue
            assert not link.startswith("/"), (page, link)
            if name == "data-run" or "/run/day" in link or page.name == "404.html":
                continue
            target = file_of(folder, urljoin(here, link))
            assert target.is_file(), (page, link)
            anchor = urlsplit(link).fragment
            if anchor and target in pages:
                assert unquote(anchor) in pages[target].ids, (page, link)
            count += 1
    return count


# -- the small course


def test_every_page_of_the_reader_is_a_file(site):
    found = {
        path.relative_to(site.folder).as_posix().removesuffix("index.html")
        for path in site.folder.rglob("*.html")
    }
    assert {
        "", "readme/", "search/", "day91/", "day91/hello/", "day91/other/",
        "day91/hello/source/app.py.html", "day91/hello/source/templates/page.html.html",
        "day91/hello/source/static/dot.png.html",
    } <= found  # fmt: skip
    assert site.pages == len(found - {"404.html"})


def test_every_link_is_relative_and_leads_somewhere(site):
    assert check_links(site.folder) > 50


def test_a_link_of_the_notes_leads_to_the_page_it_names(site):
    page = (site.folder / "day91/hello/index.html").read_text("utf-8")
    assert '<a href="../other/">the other</a>' in page
    assert '<a href="../other/source/app.py.html#source-title">its code</a>' in page
    assert '<a href="../">day</a>' in page


def test_a_line_of_a_file_stays_in_the_address():
    href = "/day91/hello/?file=a/b%20c.py&line=7#source-title"
    assert building.place(href) == "day91/hello/source/a/b%20c.py.html?line=7#source-title"


def test_a_page_to_read_has_no_control_that_needs_a_server(site):
    page = (site.folder / "day91/hello/index.html").read_text("utf-8")
    for word in (
        "data-try",
        "pane-try",
        "pane-page",
        "pane-check",
        "data-edit",
        "/run/",
        "<progress",
    ):
        assert word not in page
    assert "$</b> curl http://127.0.0.1:5000/" in page
    assert "for reading" in (site.folder / "index.html").read_text("utf-8")


def test_a_page_names_its_language_and_loads_from_its_own_site_only(site):
    for path in set(site.folder.rglob("*.html")) - {site.folder / "404.html"}:
        page = path.read_text("utf-8")
        assert '<html lang="en">' in page
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
        assert "default-src &#39;self&#39;;" in policy[1]
        assert "unsafe" not in policy[1]


def test_the_builders_own_progress_is_not_in_the_site(course, tmp_path):
    (course / "instance").mkdir()
    done = {"lessons": {"day91/hello": {"read": True}}, "last": "day91/hello"}
    (course / "instance/progress.json").write_text(json.dumps(done), "utf-8")
    built = build(tmp_path / "site", course)
    assert "Go on where" not in (built.folder / "index.html").read_text("utf-8")
    assert 'class="mark' not in (built.folder / "day91/index.html").read_text("utf-8")


def test_the_data_of_the_search_have_each_section_and_file(site):
    data = json.loads((site.folder / "search.json").read_text("utf-8"))
    places = {title: href for title, href, *_ in data["pages"]}
    assert places["Hello notes"] == "day91/hello/"
    sources = {name: (href, text) for name, href, text in data["sources"]}
    href, text = sources["day91/hello/app.py"]
    assert href == "day91/hello/source/app.py.html?line={line}#source-title"
    assert "def index" in text
    assert '<a href="../day91/hello/">Hello notes</a>' in (
        site.folder / "search/index.html"
    ).read_text("utf-8")


def test_a_second_build_replaces_the_first(site, course):
    (site.folder / "day91/old.html").write_text("old", "utf-8")
    rewrite(course / "day91/hello/README.md", "# Hello notes", "# Good morning")
    build(site.folder, course)
    assert not (site.folder / "day91/old.html").exists()
    assert "Good morning" in (site.folder / "index.html").read_text("utf-8")
    assert not list(site.folder.parent.glob(".site-*"))


@pytest.mark.parametrize("is_file", [True, False])
def test_files_of_someone_are_left_alone(tmp_path, is_file):
    out = tmp_path / "thesis"
    path = out if is_file else out / "chapter.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine", "utf-8")
    result = CliRunner().invoke(main, ["build", "--out", str(out)])
    assert (result.exit_code, path.read_text("utf-8")) == (1, "mine")
    assert f"{out} is a file" in result.output or f"{MARKER} is missing" in result.output
    assert "new or empty" in result.output


def test_a_link_that_leads_nowhere_is_named_and_nothing_is_replaced(site, course):
    rewrite(course / "day91/hello/README.md", "../other/app.py", "../other/none.py")
    with pytest.raises(SiteError, match=r"/day91/hello/ links to \S+none.py, which is 404"):
        build(site.folder, course)
    assert (site.folder / "day91/hello/index.html").is_file()


# -- the whole course, served below a path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    top = tmp_path_factory.mktemp("host")
    done = CliRunner().invoke(main, ["build", "--out", str(top / "flask")])
    assert done.exit_code == 0, done.output
    return top / "flask"


@pytest.mark.second_half
def test_every_link_of_the_whole_course_leads_somewhere(whole):
    assert check_links(whole) > 10_000
    for lesson in catalogue.lessons():
        assert (whole / lesson.id / "index.html").is_file()


@pytest.mark.second_half
@pytest.mark.parametrize("live", [False, True])
def test_a_page_is_small(whole, tmp_path, monkeypatch, live):
    if live:
        monkeypatch.setattr(building, "bundle", lambda out, root: bundle(out, root) and {})
        monkeypatch.setattr(building, "write_service_worker", write_service_worker)
        whole = build(tmp_path / "live", live=True).folder
        assert check_links(whole) > 10_000
    large = {
        path.relative_to(whole).as_posix()
        for path in whole.rglob("*.html")
        if path.stat().st_size > MAX_PAGE
    }
    assert large == LISTS


class Quiet(SimpleHTTPRequestHandler):
    """What ``python -m http.server`` answers with, without its lines in the terminal."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def base(whole):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=whole.parent)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/flask/"
        server.shutdown()
        thread.join()


@pytest.fixture
def quiet(page):
    """Give a page, and fail if it logs an error or asks another site for something."""
    said, asked = [], []
    page.on("console", lambda each: said.append(each.text) if each.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    assert said == []
    assert {urlsplit(url).hostname for url in asked if not url.startswith("data:")} == {"127.0.0.1"}


@pytest.mark.browser
def test_the_site_is_read_and_searched_below_a_path(quiet, base):
    page = quiet
    page.goto(base)
    page.get_by_role("link", name="Converters", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Converters")
    expect(page.get_by_role("tab")).to_have_text(["Exercise", "Source"])
    page.keyboard.press("ArrowRight")
    expect(page).to_have_title("URL building · Flask in six days")
    page.keyboard.press("/")
    page.keyboard.type("render_template(")
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text("places with render_template(")
    page.locator(".hits a", has_text="app.py").first.click()
    expect(page.locator(".band")).to_be_visible()
    expect(page.locator(".gutter")).to_contain_text("1\n2\n3")
    page.get_by_role("heading", level=1).get_by_role("link").click()
    expect(page.locator(".notes .console").first).to_be_visible()


@pytest.mark.browser
def test_the_search_finds_what_the_readers_own_search_finds(quiet, base):
    for words in ("mobile regex", "set cookie", "auth"):
        quiet.goto(f"{base}search/?q={quote(words)}")
        first = quiet.locator(".hits a").first
        assert first.text_content() == search(words, catalogue.ROOT).hits[0].title
    quiet.goto(f"{base}search/?q=<b>qqq</b>")
    expect(quiet.locator("#found")).to_contain_text("Nothing contains <b>qqq</b>")


@pytest.mark.browser
def test_the_site_is_read_without_javascript(browser, base):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base)
    page.get_by_role("link", name="Converters", exact=True).click()
    expect(page.locator(".notes .console").first).to_be_visible()
    expect(page.locator("#code")).to_contain_text("Flask(__name__)")
    page.get_by_role("navigation", name="Files of the lesson").get_by_role(
        "link", name="exercise.py"
    ).click()
    expect(page.locator("#code")).to_contain_text("TODO")
    page.get_by_role("searchbox").fill("anything")
    page.keyboard.press("Enter")
    expect(page.locator("#every")).to_contain_text("Converters")
    page.get_by_role("link", name="Converters", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Converters")
    context.close()


PAGES = [
    "",
    "day01/",
    "day01/converters/",
    "day01/converters/source/app.py.html",
    "search/?q=cookie",
]


@pytest.mark.browser
@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is missing: npm install --prefix tests")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_have_no_problem_that_axe_finds(browser, base, scheme):
    context = browser.new_context(
        color_scheme=scheme, bypass_csp=True, viewport={"width": 390, "height": 800}
    )
    page = context.new_page()
    for path in PAGES:
        page.goto(base + path)
        if "q=" in path:
            expect(page.locator(".hits")).to_be_visible()
        assert problems(page) == [], path
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path
    context.close()
