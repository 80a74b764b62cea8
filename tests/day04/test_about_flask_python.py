"""Facts about Python, unittest and pytest that the notes state.

The lessons themselves are tested in the other files.
"""

import importlib
import os
import runpy
import subprocess
import sys
import unittest

import pytest

from tests.day04.helpers import run_pytest

# Imports that go around in a circle


# The same in two plain files each, ``a.py`` and ``b.py``; ``a`` is imported first.
PAIRS = {
    "names": ("from b import two\none = 1", "from a import one\ntwo = 2"),
    "late": (
        "from b import two\none = 1",
        "two = 2\ndef f():\n    from a import one\n    return one",
    ),
    "module": (
        "import b\none = 1",
        "import a\ntwo = 2\ndef f():\n    return a.one",
    ),
    "module, used at once": ("import b\none = 1", "import a\ntwo = a.one + 1"),
    "bottom": (
        "one = 1\nfrom b import two",
        "from a import one\ntwo = 2\ndef f():\n    return one",
    ),
    "third file": (
        "from b import two\nfrom c import one",
        "from c import one\ntwo = 2\ndef f():\n    return one",
    ),
}


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """Give a function that writes two files, and the file c, where Python finds them."""

    def write(name):
        for file, text in zip("abc", [*PAIRS[name], "one = 1"], strict=True):
            (tmp_path / f"{file}.py").write_text(text, "utf-8")

    monkeypatch.syspath_prepend(tmp_path)
    yield write
    for file in "abc":
        sys.modules.pop(file, None)


@pytest.mark.parametrize(
    ("name", "first", "error", "message"),
    [
        (
            "names",
            "a",
            ImportError,
            "cannot import name 'one' from partially initialized module 'a'",
        ),
        (
            "names",
            "b",
            ImportError,
            "cannot import name 'two' from partially initialized module 'b'",
        ),
        (
            "bottom",
            "b",
            ImportError,
            "cannot import name 'two' from partially initialized module 'b'",
        ),
        (
            "module, used at once",
            "a",
            AttributeError,
            "partially initialized module 'a' has no attribute 'one'",
        ),
    ],
)
def test_a_name_that_is_wanted_too_early_is_an_error(pair, name, first, error, message):
    pair(name)
    with pytest.raises(error, match=f"^{message}"):
        importlib.import_module(first)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("late", "a"),
        ("late", "b"),
        ("module", "a"),
        ("module", "b"),
        ("bottom", "a"),
        ("third file", "a"),
        ("third file", "b"),
    ],
)
def test_a_name_that_is_wanted_later_is_there(pair, name, first):
    pair(name)
    importlib.import_module(first)
    assert importlib.import_module("b").f() == 1


def test_a_started_file_that_is_imported_as_well_is_read_twice(tmp_path, monkeypatch, capsys):
    shop = [
        "from flask import Flask",
        "app = Flask(__name__)",
        "import pages",
        "if __name__ == '__main__':",
        "    import shop",
        "    print(app is shop.app)",
        "    for each in (app, shop.app):",
        "        print(each.test_client().get('/').status_code)",
    ]
    pages = ["from shop import app", "@app.get('/')", "def index():", "    return 'Hello'"]
    (tmp_path / "shop.py").write_text("\n".join(shop), "utf-8")
    (tmp_path / "pages.py").write_text("\n".join(pages), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    runpy.run_path(str(tmp_path / "shop.py"), run_name="__main__")
    assert capsys.readouterr().out.split() == ["False", "404", "200"]
    for name in "shop", "pages":
        del sys.modules[name]


# Asserting


@pytest.mark.parametrize(("option", "code"), [([], 1), (["-O"], 0)])
def test_python_with_o_leaves_assert_out(option, code):
    command = [sys.executable, *option, "-c", "assert 1 == 2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert ("AssertionError" in done.stderr) == bool(code)


@pytest.fixture
def two_files(tmp_path):
    """Write a test with an assert, and one that leaves it to a module that pytest does not read."""
    (tmp_path / "test_sum.py").write_text("def test_sum():\n    total = 1\n    assert total == 2\n")
    (tmp_path / "helper.py").write_text("def check(total):\n    assert total == 2\n")
    (tmp_path / "test_help.py").write_text(
        "import helper\n\ndef test_help():\n    helper.check(1)\n"
    )
    return tmp_path


def test_pytest_shows_the_values_of_an_assert(two_files, monkeypatch):
    monkeypatch.syspath_prepend(two_files)
    outcome, printed = run_pytest("--rootdir", two_files, two_files)
    assert outcome.failed == {"test_sum.py": {"test_sum"}, "test_help.py": {"test_help"}}
    # Above the summary, which tells the assert once more where a CI server runs pytest.
    details = printed.partition("short test summary")[0]
    assert details.count("assert 1 == 2") == 1
    del sys.modules["helper"]


@pytest.mark.second_half
@pytest.mark.parametrize(("option", "failed"), [([], 2), (["-O"], 1)])
def test_pytest_translates_assert_in_test_files_even_with_o(two_files, option, failed):
    done = subprocess.run(
        [sys.executable, *option, "-m", "pytest", "-c", os.devnull, "--rootdir", ".", "-q"],
        cwd=two_files,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "assert 1 == 2" in done.stdout
    assert f"{failed} failed" in done.stdout
    assert ("PytestConfigWarning" in done.stdout) == bool(option)


METHODS = {
    "assertEqual": ((1, 1), (1, 2)),
    "assertIn": (("code", {"code": 0}), ("code", {})),
    "assertTrue": ((1,), (0,)),
    "assertIsInstance": (("a", str), (1, str)),
    "assertIsNone": ((None,), (0,)),
    "assertRaises": ((ValueError, int, "x"), (ValueError, int, "1")),
}


@pytest.mark.parametrize("name", METHODS)
def test_the_assertion_methods_of_unittest(name):
    method = getattr(unittest.TestCase(), name)
    good, bad = METHODS[name]
    method(*good)
    with pytest.raises(AssertionError):
        method(*bad)


def test_isinstance_is_a_builtin_that_only_answers():
    assert isinstance("a", str)
    assert isinstance(1, str) is False
    assert not hasattr(unittest.TestCase, "isinstance")
    with pytest.raises(ValueError, match="invalid literal"):
        int("x")


def test_a_key_is_asserted_in_both_styles():
    sent = {"code": "welcome"}
    assert "code" in sent
    unittest.TestCase().assertIn("code", sent)  # noqa: PT009
    with pytest.raises(AssertionError):
        unittest.TestCase().assertIn("token", sent)  # noqa: PT009


# Before and after a test


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


def test_setup_runs_before_each_test_and_setupclass_once():
    assert order() == ["setUpClass", *ONE_BY_ONE, "tearDownClass"]
    assert order(["setUpClass"]) == ["setUpClass"]


def test_teardown_runs_after_each_test_also_after_one_that_failed():
    assert order(["a"]) == ["setUpClass", *ONE_BY_ONE, "tearDownClass"]


def test_after_a_setup_that_failed_there_is_no_teardown_but_the_cleanup():
    once = ["setUp", "cleanup"]
    assert order(["setUp"]) == ["setUpClass", *once, *once, "tearDownClass"]


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
    outcome, printed = run_pytest("--rootdir", tmp_path, tmp_path)
    assert outcome.failed == {"test_order.py": {"test_a"}}
    assert outcome.ran == {"test_order.py": 2}
    [line] = [line for line in printed.splitlines() if "LOG|" in line]
    assert line.partition("LOG|")[2].split("|") == [
        "before all",
        *["before each", "a", "after each"],
        *["before each", "b", "after each"],
        "after all",
    ]
