import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import unittest
from base64 import urlsafe_b64encode
from io import BytesIO
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import requests
from flask import session
from werkzeug.security import check_password_hash
from werkzeug.serving import make_server

from day04.login import app as lesson
from day04.login.app import INCOMPLETE, REFUSED, create_app

ROOT = Path(lesson.__file__).parents[2]
LOGIN = {"name": "ann", "password": "green tea"}
CONFIG = {"TESTING": True, "WTF_CSRF_ENABLED": False, "PASSWORD_METHOD": "pbkdf2:sha256:1"}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in os.environ:
        if name.startswith("FLASK_"):
            monkeypatch.delenv(name)


@pytest.fixture
def app():
    return create_app(CONFIG)


@pytest.fixture
def client(app):
    return app.test_client()


def content(client):
    """Return all that the visitor's session holds."""
    with client.session_transaction() as held:
        return dict(held)


# -- the login itself --------------------------------------------------------------------------


@pytest.mark.point("D4-23")
def test_the_interface_logs_in(client):
    response = client.post("/api/login", json=LOGIN)
    assert response.status_code == 200
    assert response.json == {"code": "welcome", "message": "Hello ann"}
    assert content(client) == {"name": "ann"}


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "ann", "password": "black tea"},
        {"name": "ann", "password": "green tea "},
        {"name": "ann", "password": "é" * 300},
        {"name": "Ann", "password": "green tea"},
        {"name": "bob", "password": "green tea"},
        {"name": "ann' --", "password": "green tea"},
    ],
)
def test_a_refusal_says_the_same_whatever_was_wrong(client, sent):
    response = client.post(
        "/api/login",
        data=json.dumps(sent, ensure_ascii=False).encode() + b" ",
        content_type="application/json",
    )
    assert response.status_code == 401
    assert response.json == {"code": "refused", "message": REFUSED}
    assert content(client) == {}
    page = client.post("/login", data=sent)
    assert page.status_code == 401
    assert REFUSED in page.text
    assert "name" not in content(client)


def test_an_unknown_name_takes_the_same_work(client, monkeypatch):
    hashes = []

    def check(kept, password):
        hashes.append(kept)
        return check_password_hash(kept, password)

    monkeypatch.setattr(lesson, "check_password_hash", check)
    for name in ("ann", "bob"):
        client.post("/api/login", json={"name": name, "password": "x"})
    assert len(hashes) == 2
    assert hashes[0] != hashes[1]
    # Method, salt and hash: with less, the check would give up before it begins to work.
    assert [kept.split("$")[0] for kept in hashes] == [CONFIG["PASSWORD_METHOD"]] * 2
    assert [len(kept.split("$")[2]) for kept in hashes] == [64, 64]


def test_the_password_is_kept_as_a_scrypt_hash_unless_a_test_is_in_a_hurry(monkeypatch):
    methods = []

    def check(kept, password):
        methods.append(kept.partition("$")[0])
        return check_password_hash(kept, password)

    monkeypatch.setattr(lesson, "check_password_hash", check)
    for config in ({}, CONFIG):
        assert create_app(config).test_client().post("/api/login", json=LOGIN).status_code == 200
    assert methods == ["scrypt:32768:8:1", "pbkdf2:sha256:1"]


@pytest.mark.parametrize(
    "way", [{"path": "/api/login", "json": LOGIN}, {"path": "/login", "data": LOGIN}]
)
def test_a_session_begins_empty(client, way):
    with client.session_transaction() as held:
        held["cart"] = ["planted"]
        held["name"] = "bob"
    client.post(**way)
    assert content(client) == {"name": "ann"}


def test_a_refused_login_leaves_the_visitor_as_before(client):
    client.post("/api/login", json=LOGIN)
    client.post("/api/login", json=LOGIN | {"password": "x"})
    assert content(client) == {"name": "ann"}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff", b"null", b"[]", b"0", b'"ann"', b"true", b"{}",
        b'{"name": "ann"}', b'{"password": "x"}', b'{"name": "", "password": "x"}',
        b'{"name": "ann", "password": ""}', b'{"name": "ann", "password": null}',
        b'{"name": ["ann"], "password": "x"}', b'{"name": {}, "password": "x"}',
        b'{"name": "ann", "password": 1}', b'{"name": true, "password": "x"}',
        b'{"name": "\\ud800", "password": "x"}', b'{"name": "ann", "password": "\\udfff"}',
        b'{"name": "ann", "password": "green tea\\u0000"}',
        b"[" * 9_999, b'{"a":' * 1_900, b"1" * 9_000,
    ],
    ids=range(24),
)  # fmt: skip
def test_anything_but_an_object_with_two_texts_is_400(client, body):
    response = client.post("/api/login", data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.json == {"code": "incomplete", "message": INCOMPLETE}
    assert content(client) == {}


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "é"])
def test_json_under_another_name_is_415(client, kind):
    response = client.post("/api/login", data=json.dumps(LOGIN), content_type=kind)
    assert response.status_code == 415
    assert response.json["code"] == "not_json"
    assert content(client) == {}


@pytest.mark.parametrize("path", ["/api/login", "/login"])
def test_too_much_is_413_and_another_method_405(client, path):
    sent = {"name": "ann", "password": "x" * 10_000}
    way = {"json": sent} if path.startswith("/api") else {"data": sent}
    assert client.post(path, **way).status_code == 413
    assert client.put(path).status_code == 405


@pytest.mark.parametrize(
    "form",
    [{}, {"name": "ann"}, {"password": "green tea"}, {"name": "ann", "password": ""},
     {"name": "", "password": "green tea"}],
)  # fmt: skip
def test_a_form_with_a_gap_is_400_and_shown_again(client, form):
    response = client.post("/login", data=form)
    assert response.status_code == 400
    assert INCOMPLETE in response.text
    assert "<form" in response.text


def test_a_file_in_place_of_a_name_is_400(client):
    form = {"name": (BytesIO(b"ann"), "ann"), "password": "green tea"}
    assert client.post("/login", data=form).status_code == 400


def test_the_page_brings_a_stranger_to_the_login_and_back(client):
    login = client.get("/account", follow_redirects=True)
    assert [each.status_code for each in login.history] == [302]
    assert 'action="/login?next=account"' in login.text
    account = client.post("/login?next=account", data=LOGIN, follow_redirects=True)
    assert [each.status_code for each in account.history] == [303]
    assert account.request.path == "/account"
    assert "The account of ann" in account.text


@pytest.mark.parametrize(
    "target",
    ["", "nowhere", "logout", "/account", "//evil.example", "https://evil.example/",
     "/\\evil.example", "\taccount", "static", "\0"],
)  # fmt: skip
def test_the_login_leads_to_no_place_but_its_own_pages(client, target):
    response = client.post("/login", query_string={"next": target}, data=LOGIN)
    assert (response.status_code, response.location) == (303, "/")
    form = client.get("/login", query_string={"next": target}).text
    assert 'action="/login?next=index"' in form


def test_a_logout_forgets_the_visitor_and_can_be_repeated(client):
    client.post("/api/login", json=LOGIN)
    for _ in range(2):
        response = client.post("/logout")
        assert (response.status_code, response.location) == (303, "/")
        assert content(client) == {}
    assert client.get("/logout").status_code == 405
    assert "Hello stranger" in client.get("/").text


def test_without_the_token_a_form_changes_nothing_and_json_needs_none():
    client = create_app(CONFIG | {"WTF_CSRF_ENABLED": True}).test_client()
    assert client.post("/api/login", json=LOGIN).status_code == 200
    for path in ("/login", "/logout"):
        response = client.post(path, data=LOGIN)
        assert response.status_code == 400
        assert "The CSRF token is missing." in response.text
    assert content(client) == {"name": "ann"}

    def token(path):
        return re.search('name="csrf_token" value="(.+)"', client.get(path).text)[1]

    assert client.post("/logout", data={"csrf_token": token("/")}).status_code == 303
    form = LOGIN | {"csrf_token": token("/login")}
    assert client.post("/login", data=form).status_code == 303
    assert content(client)["name"] == "ann"


def test_a_refused_login_is_logged_without_what_was_typed(client, caplog):
    client.post("/api/login", json=LOGIN)
    assert caplog.messages == []
    client.post("/api/login", json={"name": "bob\nann", "password": "black tea"})
    assert caplog.messages == ["A login from 127.0.0.1 was refused."]


def test_pages_escape_the_name_and_work_under_a_mount(client):
    with client.session_transaction() as held:
        held["name"] = "<b>Ann"
    for path in ("/", "/account"):
        page = client.get(path, base_url="http://localhost/run/login").text
        assert "&lt;b&gt;Ann" in page
        assert "<b>" not in page
        assert all(
            link.startswith("/run/login/") for link in re.findall('(?:href|action)="(.*?)"', page)
        )
    login = client.get("/login", base_url="http://localhost/run/login").text
    assert 'action="/run/login/login?next=index"' in login


def test_the_cookie_and_the_key_are_those_of_a_careful_app(monkeypatch):
    response = create_app(CONFIG).test_client().post("/api/login", json=LOGIN)
    assert response.headers["Set-Cookie"].endswith("; HttpOnly; Path=/; SameSite=Lax")
    assert create_app(CONFIG).secret_key != create_app(CONFIG).secret_key
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the environment")
    assert create_app(CONFIG).secret_key == "from the environment"
    assert create_app({**CONFIG, "SECRET_KEY": "given"}).secret_key == "given"


# -- the three files of tests ------------------------------------------------------------------

FILES = ["example_http.py", "example_pytest.py", "example_unittest.py"]

# Runs the example files in each folder that it is given, and prints which of them failed in it.
DRIVER = """
import json, os, sys, threading
import pytest

class Outcomes:
    def __init__(self):
        self.ran, self.failed = {}, {}
    def pytest_runtest_logreport(self, report):
        name = report.location[0].replace(os.sep, "/").rpartition("/")[2]
        self.ran[name] = self.ran.get(name, 0) + (report.when == "call")
        if report.failed:
            self.failed.setdefault(name, []).append(report.location[2])

result = {}
for folder in sys.argv[1:]:
    os.chdir(folder)
    sys.path.insert(0, folder)
    for name in [name for name in sys.modules if name.partition(".")[0] == "day04"]:
        del sys.modules[name]
    outcomes = Outcomes()
    options = ["-c", os.devnull, "--rootdir", folder, "--import-mode=importlib", "-W", "error"]
    paths = [f"day04/login/{name}" for name in FILES]
    code = pytest.main([*options, "-q", "-p", "no:cacheprovider", *paths], plugins=[outcomes])
    sys.path.remove(folder)
    threads = [each.name for each in threading.enumerate()]
    result[folder] = {"code": code, "threads": threads, **vars(outcomes)}
print()
print(json.dumps(result))
""".replace("FILES]", f"{FILES}]")

# What somebody may get wrong: the file, what stands in it, and what does instead; then, which of
# the files of tests notice.
WRONG = {
    "any password will do": (
        "app.py",
        "if not check_password_hash(accounts.get(name, nobody), password):",
        "if name not in accounts:",
        FILES,
    ),
    "the session does not remember": (
        "app.py",
        'session["name"] = name',
        'session["name"] = name; session.modified = session.accessed = False; session.clear()',
        FILES,
    ),
    "a refusal is 200": ("app.py", "REFUSED}, 401", "REFUSED}, 200", FILES),
    "the code has another name": ("app.py", '"code": "welcome"', '"status": "welcome"', FILES),
    "it says which names exist": (
        "app.py",
        '"message": REFUSED}, 401',
        '"message": REFUSED if sent[0] in accounts else "Who is that?"}, 401',
        ["example_pytest.py", "example_unittest.py"],
    ),
    "bodies are not looked at": (
        "credentials.py",
        "if not isinstance(value, str) or not value or",
        "if",
        ["example_pytest.py", "example_unittest.py"],
    ),
    "the password is logged": (
        "app.py",
        'app.logger.warning("A login from %s was refused.", request.remote_addr)',
        'app.logger.warning("A login from %s was refused. %s", request.remote_addr, password)',
        ["example_unittest.py"],
    ),
    "the session is not emptied": (
        "app.py",
        "session.clear()\n        session[",
        "session[",
        ["example_pytest.py"],
    ),
    "forms are taken as JSON": (
        "app.py",
        "if not request.is_json:",
        "if False:",
        ["example_pytest.py"],
    ),
    "next leads anywhere": (
        "app.py",
        "return redirect(url_for(target), 303)",
        'return redirect(request.args.get("next") or url_for(target), 303)',
        ["example_pytest.py"],
    ),
    "the account is open": (
        "app.py",
        'if "name" not in session:\n',
        "if False:\n",
        ["example_http.py", "example_pytest.py"],
    ),
    "the logout does nothing": (
        "app.py",
        "session.clear()\n        return",
        "return",
        ["example_pytest.py"],
    ),
    "the form has lost its token": (
        "templates/login.html",
        '<input type="hidden" name="csrf_token" value="{{ csrf_token() }}">',
        "",
        ["example_http.py"],
    ),
    "a redirect names the wrong host": (
        "app.py",
        "return redirect(url_for(target), 303)",
        'return redirect("http://localhost" + url_for(target), 303)',
        ["example_http.py", "example_pytest.py"],
    ),
    "scripts can read the cookie": (
        "app.py",
        'SESSION_COOKIE_SAMESITE="Lax",',
        'SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=False,',
        ["example_http.py"],
    ),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Run the three files over the lesson and over each wrong copy of it, in one process."""
    folder = tmp_path_factory.mktemp("wrong")

    def copy(name):
        target = folder / name.replace(" ", "_") / "day04" / "login"
        shutil.copytree(ROOT / "day04/login", target, ignore=shutil.ignore_patterns("__pycache__"))
        (target.parent / "__init__.py").touch()
        return target

    copies = {"right": copy("right")}
    for name, (file, right, wrong, _) in WRONG.items():
        copies[name] = copy(name)
        text = (copies[name] / file).read_text("utf-8")
        assert text.count(right) == 1, name
        (copies[name] / file).write_text(text.replace(right, wrong), "utf-8")
    folders = {name: str(path.parents[1]) for name, path in copies.items()}
    # No plugins: the machine may have some that are of no use here, and take time.
    done = run(
        [sys.executable, "-c", DRIVER, *folders.values()], PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"
    )
    result = json.loads(done.stdout.splitlines()[-1])
    return {name: result[path] for name, path in folders.items()}


def run(command, cwd=ROOT, **environ):
    return subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | {"PYTHONUTF8": "1"} | environ,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_all_examples_pass_on_the_lesson(outcomes):
    right = outcomes["right"]
    assert (right["code"], right["failed"]) == (0, {})
    assert right["ran"] == {"example_http.py": 3, "example_pytest.py": 26, "example_unittest.py": 9}


@pytest.mark.parametrize("wrong", WRONG)
def test_the_examples_that_should_notice_a_wrong_app_do(outcomes, wrong):
    outcome = outcomes[wrong]
    assert outcome["code"] == 1
    assert sorted(outcome["failed"]) == WRONG[wrong][-1]
    assert outcome["ran"].keys() == set(FILES)


def test_the_server_of_the_example_stops_also_after_a_failure(outcomes):
    assert {tuple(outcome["threads"]) for outcome in outcomes.values()} == {("MainThread",)}


def test_each_file_fails_for_five_mistakes_at_least():
    for file in FILES:
        assert sum(file in notice for *_, notice in WRONG.values()) >= 5


def test_the_notes_tell_which_file_notices_what():
    notes = (ROOT / "day04/login/README.md").read_text("utf-8")
    rows = re.findall(r"^\| (.+?) \| (.*?) \| (.*?) \| (.*?) \|$", notes, re.MULTILINE)
    told = {
        name: [file for file, mark in zip(sorted(FILES, reverse=True), marks, strict=True) if mark]
        for name, *marks in rows
        if name in WRONG
    }
    assert {name: sorted(files) for name, files in told.items()} == {
        name: notice for name, (*_, notice) in WRONG.items()
    }


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "unittest", "day04.login.example_unittest"],
        ["-m", "pytest", *[f"day04/login/{name}" for name in FILES]],
    ],
    ids=["unittest", "pytest"],
)
def test_the_examples_run_as_the_notes_say(command):
    done = run([sys.executable, *command])
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Ran 5 tests in|34 passed", done.stdout + done.stderr)


# -- asserting ---------------------------------------------------------------------------------


@pytest.mark.point("D4-21")
@pytest.mark.parametrize(("option", "code"), [([], 1), (["-O"], 0)])
def test_python_with_o_leaves_assert_out(option, code):
    done = run([sys.executable, *option, "-c", "assert 1 == 2"])
    assert done.returncode == code
    assert ("AssertionError" in done.stderr) == bool(code)


@pytest.mark.point("D4-21")
def test_pytest_shows_the_values_of_an_assert_even_with_o(tmp_path):
    (tmp_path / "test_sum.py").write_text("def test_sum():\n    total = 1\n    assert total == 2\n")
    (tmp_path / "helper.py").write_text("def check(total):\n    assert total == 2\n")
    (tmp_path / "test_help.py").write_text(
        "import helper\n\ndef test_help():\n    helper.check(1)\n"
    )
    command = ["-m", "pytest", "-c", os.devnull, "--rootdir", str(tmp_path), "-q"]
    for option, failed in ([], 2), (["-O"], 1):
        done = run(
            [sys.executable, *option, *command], tmp_path, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"
        )
        assert done.returncode == 1
        assert "assert 1 == 2" in done.stdout
        assert f"{failed} failed" in done.stdout
    assert "PytestConfigWarning" in done.stdout


METHODS = {
    "assertEqual": ((1, 1), (1, 2)),
    "assertIn": (("code", {"code": 0}), ("code", {})),
    "assertTrue": ((1,), (0,)),
    "assertIsInstance": (("a", str), (1, str)),
    "assertIsNone": ((None,), (0,)),
    "assertRaises": ((ValueError, int, "x"), (ValueError, int, "1")),
}


@pytest.mark.point("D4-22", "D4-29")
@pytest.mark.parametrize("name", METHODS)
def test_the_assertion_methods_of_unittest(name):
    method = getattr(unittest.TestCase(), name)
    good, bad = METHODS[name]
    method(*good)
    with pytest.raises(AssertionError):
        method(*bad)


@pytest.mark.point("D4-22")
def test_isinstance_is_a_builtin_that_only_answers():
    assert isinstance("a", str)
    assert isinstance(1, str) is False
    assert not hasattr(unittest.TestCase, "isinstance")
    with pytest.raises(ValueError, match="invalid literal"):
        int("x")


@pytest.mark.point("D4-29")
def test_a_key_is_asserted_in_both_styles(client):
    response = client.post("/api/login", json=LOGIN)
    assert "code" in response.json
    unittest.TestCase().assertIn("code", response.json)  # noqa: PT009
    with pytest.raises(AssertionError):
        unittest.TestCase().assertIn("token", response.json)  # noqa: PT009


# -- sending and reading -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def address():
    server = make_server("127.0.0.1", 0, create_app(CONFIG), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.point("D4-24")
def test_urllib2_is_no_more_and_two_others_reach_the_server(address):
    assert importlib.util.find_spec("urllib2") is None
    body, headers = json.dumps(LOGIN).encode(), {"Content-Type": "application/json"}
    with urlopen(Request(f"{address}/api/login", body, headers), timeout=5) as response:
        assert json.load(response)["code"] == "welcome"
    response = requests.post(f"{address}/api/login", json=LOGIN, timeout=5)
    assert response.json()["code"] == "welcome"


@pytest.mark.point("D4-25")
def test_a_client_is_made_by_a_call(app):
    with pytest.raises(AttributeError, match="'function' object has no attribute 'post'"):
        app.test_client.post("/api/login", json=LOGIN)
    client = app.test_client()
    assert client.post("/api/login", json=LOGIN).status_code == 200


@pytest.mark.point("D4-26")
def test_the_body_has_a_name(client):
    with pytest.raises(TypeError, match="unhashable type: 'dict'"):
        client.post("/login", LOGIN)
    assert client.post("/login", data=LOGIN).status_code == 303
    assert client.post("/api/login", json=LOGIN).status_code == 200
    # The second place is that of the address in front of the path.
    with client:
        assert client.get("/login", "http://shop.example").request.host == "shop.example"


@pytest.mark.point("D4-27", "D4-28")
def test_the_body_of_an_answer_is_bytes_and_bytes_cannot_load_themselves(client):
    response = client.post("/api/login", json=LOGIN)
    assert type(response.data) is bytes
    assert response.text == response.data.decode()
    with pytest.raises(AttributeError, match="'bytes' object has no attribute 'loads'"):
        response.data.loads()
    assert json.loads(response.data) == response.json == response.get_json()
    assert client.get("/").json is None


def test_the_client_keeps_cookies_and_another_has_none(app, client):
    client.post("/api/login", json=LOGIN)
    assert client.get("/account").status_code == 200
    assert app.test_client().get("/account").status_code == 302


def test_within_with_the_session_can_be_read_after_the_request(app):
    with app.test_client() as client:
        client.post("/api/login", json=LOGIN)
        assert session["name"] == "ann"
    with pytest.raises(RuntimeError, match="outside of request context"):
        session.get("name")


def test_a_cookie_that_somebody_made_up_is_a_stranger(client):
    made_up = urlsafe_b64encode(b'{"name":"ann"}').decode().rstrip("=")
    client.set_cookie("session", f"{made_up}.aaaaaa.bbbbbb")
    assert client.get("/account").status_code == 302


# -- before and after --------------------------------------------------------------------------


def order(fails=()):
    """Run a class of two tests and return what was called, in order."""
    log = []

    def note(name):
        log.append(name)
        if name in fails:
            raise ZeroDivisionError(name)

    class Order(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            note("setUpClass")

        @classmethod
        def tearDownClass(cls):
            note("tearDownClass")

        def setUp(self):
            self.addCleanup(note, "cleanup")
            note("setUp")

        def tearDown(self):
            note("tearDown")

        def test_a(self):
            note("a")

        def test_b(self):
            note("b")

    unittest.defaultTestLoader.loadTestsFromTestCase(Order).run(unittest.TestResult())
    return log


ONE_BY_ONE = ["setUp", "a", "tearDown", "cleanup", "setUp", "b", "tearDown", "cleanup"]


@pytest.mark.point("D4-30")
def test_setup_runs_before_each_test_and_setupclass_once():
    assert order() == ["setUpClass", *ONE_BY_ONE, "tearDownClass"]
    assert order(["setUpClass"]) == ["setUpClass"]


@pytest.mark.point("D4-31")
def test_teardown_runs_after_each_test_also_after_one_that_failed():
    assert order(["a"]) == ["setUpClass", *ONE_BY_ONE, "tearDownClass"]


@pytest.mark.point("D4-31")
def test_after_a_setup_that_failed_there_is_no_teardown_but_the_cleanup():
    once = ["setUp", "cleanup"]
    assert order(["setUp"]) == ["setUpClass", *once, *once, "tearDownClass"]


@pytest.mark.point("D4-30", "D4-31")
def test_a_fixture_runs_for_each_test_or_once_and_cleans_up_after_yield(tmp_path):
    (tmp_path / "test_order.py").write_text(
        """
import pytest

log = []

@pytest.fixture
def each():
    log.append("before each")
    yield
    log.append("after each")

@pytest.fixture(scope="module")
def once():
    log.append("before all")
    yield
    log.append("after all")
    print("LOG", *log, sep="|")

def test_a(once, each):
    log.append("a")
    assert False

def test_b(once, each):
    log.append("b")
"""
    )
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(tmp_path), "-qs"]
    done = run(command, tmp_path, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert "1 failed, 1 passed" in done.stdout
    [line] = [line for line in done.stdout.splitlines() if "LOG|" in line]
    assert line.partition("LOG|")[2].split("|") == [
        "before all",
        *["before each", "a", "after each"],
        *["before each", "b", "after each"],
        "after all",
    ]
