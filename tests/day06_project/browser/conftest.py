"""Fixtures of the tests with a browser: a shop below a prefix, as in the reader, and tabs."""

import pytest

from day06_project.shop.commands import seed
from day06_project.shop.extensions import db
from tests.day06_project.browser.helpers import NUMBERS, log_in, served
from tests.day06_project.helpers import Shopper

TIMEOUT = 120_000
"""A generous end for what a page should do, in milliseconds."""


@pytest.fixture(scope="session", autouse=True)
def be_patient():
    pytest.importorskip("playwright.sync_api").expect.set_options(timeout=TIMEOUT)


@pytest.fixture(scope="module")
def filled(build_empty, tmp_path_factory):
    """Give a function that builds a shop with tables and twelve goods."""

    def build(**settings):
        file = tmp_path_factory.mktemp("shop") / "shop.db"
        app = build_empty(**{"DATABASE_URL": f"sqlite:///{file}"} | settings)
        with app.app_context():
            db.create_all()
            seed()
        return app

    return build


@pytest.fixture(scope="module")
def shop(filled):
    """Give the shop that the tests of a file share; each test has an account of its own."""
    return filled()


@pytest.fixture(scope="module")
def home(shop):
    with served(shop) as address:
        yield address


@pytest.fixture
def tab(page):
    """Give a tab; no error but responses of 400 and more may be in its console at the end."""
    problems = []
    page.set_default_timeout(TIMEOUT)
    page.on(
        "console", lambda message: problems.append(message.text) if message.type == "error" else ""
    )
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    assert [each for each in problems if "Failed to load resource" not in each] == []


@pytest.fixture
def ada(shop):
    """Give a client with an account that does not use the browser."""
    return Shopper(shop).logged_in(f"ada{next(NUMBERS)}")


@pytest.fixture
def inside(tab, home, ada):
    """Give a tab with the account of ada logged in."""
    log_in(tab, home, ada.user["name"])
    tab.get_by_role("status").get_by_text(f"Welcome, {ada.user['name']}.").wait_for()
    return tab
