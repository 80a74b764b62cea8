"""The page's side of a live site, and the archive of a visitor's work."""

import hashlib
import io
import json
import sys
import zipfile
from urllib.parse import urlencode

import pytest
from werkzeug.security import check_password_hash

from course import catalogue
from course.grading.classroom import intake
from course.reader import create_reader
from course.site import bundle as bundling
from course.site.build import build
from course.site.bundle import BundleError
from course.site.inside import Inside, generate_password_hash, pbkdf2_hmac
from course.site.work import PROGRESS, work
from tests.course.browsing import course_copy, problems  # noqa: F401
from tests.course.reading import post
from tests.course.relay import bundle, relaying, write_service_worker
from tests.helpers import AXE

try:
    from playwright.sync_api import expect
except ImportError:  # the tests in a browser are skipped
    expect = None

DONE = {
    "lessons": {"day91/hello": {"read": True, "tried": True, "solved": False}},
    "last": "day91/hello",
}


@pytest.fixture
def client(course):
    reader = create_reader(course, token=None)
    reader.register_blueprint(work)
    return reader.test_client()


def change(client, lesson, file, text):
    """Save a file as the editor of the page does."""
    where = {"lesson": lesson, "file": file}
    version = client.get("/api/file", base_url="http://127.0.0.1:5050", query_string=where).json[
        "version"
    ]
    assert post(client, "file", {**where, "text": text, "version": version}).status_code == 200


def upload(client, data):
    return client.post(
        "/api/work", base_url="http://127.0.0.1:5050", data=data, content_type="application/zip"
    )


def packed(names):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in names.items():
            archive.writestr(name, text)
    return data.getvalue()


# -- Python in the browser, without one


@pytest.mark.parametrize(
    ("url", "body"),
    [("/run/day91/hello/app/", None), ("/api/send", json.dumps({"lesson": "day91/hello"}))],
)
def test_a_request_imports_the_packages_of_its_lesson(course, monkeypatch, tmp_path, url, body):
    for name in ("large_one", "large_two"):
        (tmp_path / f"{name}.py").write_text("", "utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    (course / "day91/hello/app.py").write_text("import large_one, os\nimport no_such", "utf-8")
    (course / "day91/other/app.py").write_text("from large_two import x", "utf-8")
    Inside(course).prepare(url, body)
    assert "large_one" in sys.modules
    assert "large_two" not in sys.modules


# -- the archive


def test_changed_files_come_out_and_go_back(client, course):
    before = (course / "day91/hello/app.py").read_text("utf-8")
    change(client, "day91/hello", "app.py", "app = 1\n")
    response = post(client, "work/zip", DONE)
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        assert sorted(archive.namelist()) == ["day91/hello/app.py", PROGRESS]
        assert archive.read("day91/hello/app.py") == b"app = 1\n"
    change(client, "day91/hello", "app.py", before)
    found = upload(client, response.data).json
    assert found == {"written": ["day91/hello/app.py"], "others": [], "progress": DONE}
    assert (course / "day91/hello/app.py").read_text("utf-8") == "app = 1\n"


def test_without_work_there_is_no_archive(client):
    response = post(client, "work/zip", {})
    assert (response.status_code, response.json["error"][:28]) == (
        404,
        "There is nothing to download",
    )


@pytest.mark.parametrize(
    "name", ["../x.py", "/etc/passwd", "day91/hello/new.py", "day91/hello/../other/app.py"]
)
def test_only_files_of_the_course_are_written(client, course, name):
    assert upload(client, packed({name: "x"})).json["others"] == [name]
    assert not (course / "day91/hello/new.py").exists()
    assert "helper" in (course / "day91/other/app.py").read_text("utf-8")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"not a zip", "not a download of your work"),
        (packed({"day91/hello/app.py": "x" * 300_000}), "too large: 300000 bytes"),
        (packed({"day91/hello/app.py": b"\xff"}), "not a download of your work"),
        (packed({PROGRESS: "{"}), "not a download of your work"),
    ],
)
def test_what_is_no_archive_of_work_is_refused(client, course, data, words):
    response = upload(client, data)
    assert response.status_code == 400
    assert words in response.json["error"]
    assert "count" in (course / "day91/hello/app.py").read_text("utf-8")


def test_strange_progress_is_left_out(client):
    strange = {"lessons": {"day91/hello": {"read": "<b>"}, "x": {}, "day91/other": 1}, "last": "x"}
    nothing = {"read": False, "tried": False, "solved": False}
    found = upload(client, packed({PROGRESS: json.dumps(strange)})).json
    assert found["progress"] == {"lessons": {"day91/hello": nothing}, "last": ""}


@pytest.mark.second_half
def test_the_archive_of_a_solved_exercise_is_a_submission(course_copy, tmp_path):  # noqa: F811
    reader = create_reader(course_copy, token=None, instance=tmp_path / "instance")
    reader.register_blueprint(work)
    client = reader.test_client()
    solution = catalogue.TESTS / "day01/custom_converter/solution.py"
    before = (course_copy / "day01/custom_converter/exercise.py").read_text("utf-8")
    try:
        change(client, "day01/custom_converter", "exercise.py", solution.read_text("utf-8"))
        folder = tmp_path / "class"
        folder.mkdir()
        (folder / "Ada Lovelace.zip").write_bytes(post(client, "work/zip", {}).data)
        [found] = intake.collect([folder], tmp_path / "unpacked")
        assert (found.problem, found.notes) == ("", ())
        [exercise] = found.path.rglob("exercise.py")
        assert exercise.read_text("utf-8") == solution.read_text("utf-8")
    finally:
        (course_copy / "day01/custom_converter/exercise.py").write_text(before, "utf-8")


# -- the page


@pytest.fixture
def live(course, tmp_path, monkeypatch):
    """Serve a live site of the small course; give its address, and what its worker was asked."""
    (course / "reference").mkdir()
    for name in ("index", "glossary"):
        (course / f"reference/{name}.md").write_text(f"# The {name}\n", "utf-8")
    monkeypatch.setattr("course.site.build.bundle", bundle)
    monkeypatch.setattr("course.site.build.write_service_worker", write_service_worker)
    build(tmp_path / "top" / "flask", course, live=True)
    with relaying(tmp_path / "top", course, tmp_path / "instance") as (base, log):
        yield base, log


def starts(log):
    return [data for what, data in log if what == "start"]


def send(page, text="GET / HTTP/1.1"):
    page.get_by_label("Request as the server reads it").fill(f"{text}\nHost: 127.0.0.1:5000\n\n")
    page.get_by_role("button", name="Send", exact=True).click()


def save(page, file, text):
    page.get_by_role("tab", name="Source").click()
    page.locator(".files").get_by_role("link", name=file).click()
    expect(page.locator("#pane-file")).to_have_attribute("data-file", file)
    page.get_by_role("button", name="edit", exact=True).click()
    page.get_by_label("Tab indents").fill(text)
    page.get_by_role("button", name="save", exact=True).click()
    expect(page.locator("#pane-saved")).to_contain_text("Saved.")


@pytest.mark.browser
def test_a_lesson_says_what_does_not_run(page, live):
    base, _ = live
    page.goto(f"{base}day91/other/")
    words = "One of the 3 examples in these notes does not run in the browser"
    expect(page.locator(".needs")).to_contain_text(words)
    page.get_by_role("link", name="What runs where").click()
    row = page.get_by_role("row", name="Other 2 of 3")
    expect(row).to_contain_text("can't start new thread")


@pytest.mark.browser
def test_to_read_starts_no_worker(page, live):
    base, log = live
    page.goto(base)
    page.get_by_role("link", name="Hello notes").first.click()
    page.get_by_role("tab", name="Source").click()
    page.locator(".files summary", has_text="templates").click()
    page.locator(".files").get_by_role("link", name="page.html").click()
    expect(page.locator("#code")).to_contain_text("one")
    assert page.url == f"{base}day91/hello/?file=templates%2Fpage.html#source-title"
    page.reload()
    expect(page.locator("#code")).to_contain_text("one")
    assert log == []


@pytest.mark.browser
def test_a_request_starts_the_worker_and_is_remembered(page, live):
    base, log = live
    page.goto(f"{base}day91/hello/")
    send(page)
    expect(page.locator("#pane-answer")).to_contain_text("hello")
    expect(page.locator(".starting")).to_have_count(0)
    expect(page.locator("header .mark")).to_be_visible()
    page.goto(base)
    expect(page.locator("main li .mark")).to_have_text("read")
    expect(page.locator(".progress small").first).to_contain_text("1 of 2 lessons read")
    expect(page.locator(".go-on")).to_contain_text("Hello notes")
    assert (len(starts(log)), ("POST", "/api/progress") in log) == (1, False)


@pytest.mark.browser
def test_an_edit_is_kept_by_the_browser(page, live):
    base, log = live
    page.goto(f"{base}day91/other/")
    save(page, "helper.py", "WORD = 'second'\n")
    page.get_by_role("tab", name="Try it").click()
    send(page)
    expect(page.locator("#pane-answer")).to_contain_text("second")
    page.reload()
    page.get_by_role("tab", name="Source").click()
    expect(page.locator("#code")).to_have_text("WORD = 'second'\n")
    assert starts(log)[-1]["day91/other/helper.py"] == "WORD = 'second'\n"


@pytest.mark.browser
def test_an_endless_loop_is_ended_and_the_worker_started_anew(page, live):
    base, log = live
    page.clock.install()
    page.goto(f"{base}day91/hello/")
    send(page)
    expect(page.locator("#pane-answer")).to_contain_text("hello")
    send(page, "GET /endless HTTP/1.1")
    expect(page.locator("#pane-status")).to_have_text("Sending …")
    page.clock.run_for(11_000)
    expect(page.locator("#pane-status")).to_contain_text("did not end within 10 seconds")
    send(page)
    expect(page.locator("#pane-notice")).to_contain_text(
        "It was stopped. What lessons kept in memory"
    )
    expect(page.locator("#pane-answer")).to_contain_text("hello")
    assert len(starts(log)) == 2


@pytest.mark.browser
def test_the_import_of_packages_is_not_a_lessons_own_time(page, live):
    page.clock.install()
    page.goto(f"{live[0]}day91/hello/")
    send(page)
    expect(page.locator("#pane-answer")).to_contain_text("hello")
    send(page, "GET /import HTTP/1.1")
    page.clock.run_for(50_000)
    expect(page.locator("#pane-status")).to_have_text("Sending …")
    page.clock.run_for(11_000)
    expect(page.locator("#pane-status")).to_contain_text("did not end within 60 seconds")


@pytest.mark.browser
def test_the_page_of_a_lesson_is_at_an_address_of_the_site(page, live):
    base, _ = live
    page.goto(f"{base}day91/hello/")
    page.get_by_role("tab", name="Page").click()
    frame = page.frame_locator("#pane-frame")
    expect(frame.locator("body")).to_have_text("hello")
    page.get_by_label("Path of the page").fill("/where")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_label("Path of the page")).to_have_value("/")
    page.get_by_role("tab", name="Try it").click()
    with page.expect_popup() as popup:
        page.locator(".open").get_by_role("link").or_(page.locator("a.open")).first.click()
    expect(popup.value.locator("body")).to_have_text("hello")
    assert popup.value.url == f"{base}run/day91/hello/app/"


@pytest.mark.browser
def test_without_a_service_worker_the_page_says_so_and_requests_work(page, live):
    base, _ = live
    page.add_init_script("delete Navigator.prototype.serviceWorker")
    page.goto(f"{base}day91/hello/")
    page.get_by_role("tab", name="Page").click()
    expect(page.locator("#pane-page-notice")).to_contain_text("no service worker here")
    page.get_by_role("tab", name="Try it").click()
    expect(page.locator(".open")).to_be_hidden()
    send(page)
    expect(page.locator("#pane-answer")).to_contain_text("hello")


@pytest.mark.browser
def test_two_tabs_share_what_is_saved(context, live):
    base, log = live
    one, two = context.new_page(), context.new_page()
    for page in (one, two):
        page.goto(f"{base}day91/other/")
        send(page)
        expect(page.locator("#pane-answer")).to_contain_text("first")
    save(one, "helper.py", "WORD = 'second'\n")
    send(two)
    expect(two.locator("#pane-answer")).to_contain_text("second")
    assert ("more", {"day91/other/helper.py": "WORD = 'second'\n"}) in log


@pytest.mark.browser
@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is missing: npm install --prefix tests")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_live_pages_have_no_problem_that_axe_finds(browser, live, scheme):
    base, _ = live
    context = browser.new_context(
        color_scheme=scheme, bypass_csp=True, viewport={"width": 390, "height": 800}
    )
    page = context.new_page()
    page.goto(f"{base}day91/hello/")
    send(page)
    expect(page.locator("#pane-answer")).to_contain_text("hello")
    assert problems(page) == []
    page.goto(base)
    expect(page.locator("#work")).to_be_visible()
    assert problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


@pytest.mark.browser
def test_work_is_downloaded_thrown_away_and_put_back(page, live, tmp_path):
    base, _ = live
    page.goto(f"{base}day91/other/")
    save(page, "helper.py", "WORD = 'mine'\n")
    page.goto(base)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download my work").click()
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("day91/other/helper.py") == b"WORD = 'mine'\n"
    page.once("dialog", lambda dialog: dialog.accept())
    with page.expect_navigation():
        page.get_by_role("button", name="Throw all of it away").click()
    page.goto(f"{base}day91/other/?file=helper.py#source-title")
    expect(page.locator("#code")).to_contain_text("first")
    page.goto(base)
    page.get_by_label("Put back a download").set_input_files(path)
    expect(page.locator("#work-status")).to_contain_text("1 file is back.")
    page.goto(f"{base}day91/other/?file=helper.py#source-title")
    expect(page.locator("#code")).to_contain_text("mine")


# -- the Python side, as it runs in the browser


@pytest.fixture
def inside(course):
    found = Inside(course)
    found.mount("/flask/")
    return found


def test_a_lesson_is_mounted_below_the_site(inside):
    status, headers, _, changed = inside.ask("GET", "/run/day91/hello/app/where", {}, None)
    assert (status, changed) == (302, {})
    assert dict(headers)["Location"] == "/flask/run/day91/hello/app/"


def test_cookies_stay_with_the_lesson(inside):
    counts = [inside.ask("GET", "/run/day91/hello/app/count", {}, None)[2] for _ in range(2)]
    assert counts == [b"1", b"2"]
    theirs = {"Cookie": "session=x", "Origin": "https://a.example", "Host": "a.example"}
    assert inside.ask("GET", "/run/day91/hello/app/count", theirs, None)[::2] == (200, b"3")
    assert inside.ask("GET", "/api/progress", theirs, None)[0] == 200


def test_the_reader_answers_and_what_it_writes_is_told(inside, course):
    where = {"lesson": "day91/other", "file": "helper.py"}
    headers = {"Content-Type": "application/json"}
    _, _, body, _ = inside.ask("GET", f"/api/file?{urlencode(where)}", {}, None)
    data = {**where, "text": "WORD = 'new'\n", "version": json.loads(body)["version"]}
    status, _, _, changed = inside.ask("POST", "/api/file", headers, json.dumps(data))
    assert (status, changed["day91/other/helper.py"]) == (200, "WORD = 'new'\n")
    assert inside.ask("GET", "/run/day91/other/app/", {}, None)[2:] == (b"new", {})
    (course / "day91/other/helper.py").unlink()
    assert inside.ask("GET", "/api/progress", {}, None)[3] == {"day91/other/helper.py": None}


def test_what_was_kept_is_restored(inside, course):
    before = (course / "day91/other/app.py").read_bytes()
    kept = {"day91/other/helper.py": "WORD = 'kept'\n", "instance/a/b.db": b"\0\xff", "x": None}
    inside.restore(kept)
    status, _, body, changed = inside.ask("GET", "/run/day91/other/app/", {}, None)
    assert (status, body, changed) == (200, b"kept", {})
    assert (course / "instance/a/b.db").read_bytes() == b"\0\xff"
    assert (course / "day91/other/app.py").read_bytes() == before


@pytest.mark.parametrize("length", [None, 10, 70])
def test_keys_are_derived_as_openssl_does(length):
    asked = ("sha256", b"green tea", b"salt", 3, length)
    assert pbkdf2_hmac(*asked) == hashlib.pbkdf2_hmac(*asked)


def test_a_password_is_hashed_with_what_there_is():
    hashed = generate_password_hash("green tea", "scrypt:32768:8:3")
    assert hashed.startswith("pbkdf2:sha256:1000$")
    assert check_password_hash(hashed, "green tea")


def test_without_npm_a_live_site_is_refused(tmp_path, monkeypatch, course):
    monkeypatch.setattr("course.site.bundle.shutil.which", lambda name: None)
    with pytest.raises(BundleError, match="npm is not installed"):
        bundling.bundle(tmp_path / "site", course)


def test_the_packages_are_those_that_run_anywhere():
    names = {package.name.lower() for package in bundling._packages(["flask", "captcha", "redis"])}
    assert {"flask", "werkzeug", "markupsafe", "redis"} <= names
    assert not {"pillow", "captcha"} & names
    needed = [bundling._is_needed(name) for name in NAMES]
    assert needed == [True, True, False, False, False, False, False]


NAMES = [
    "flask/app.py",
    "flask-3.1.3.dist-info/METADATA",
    "flask-3.1.3.dist-info/RECORD",
    "markupsafe/_speedups.cpython-311-x86_64-linux-gnu.so",
    "sqlalchemy/testing/fixtures.py",
    "../../../bin/flask",
    "pygments/lexers/cobol_of_no_one.py",
]
