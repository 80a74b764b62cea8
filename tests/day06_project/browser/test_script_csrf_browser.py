"""The page of the lesson script_csrf in a real browser."""

from uuid import UUID

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from day06_project.script_csrf.app import create_app
from tests.helpers import SECOND_HALF, serving

expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect
pytestmark = pytest.mark.browser


@pytest.fixture
def lesson():
    return create_app()


@pytest.fixture
def url(lesson):
    """Give the URL of a server that has the lesson below a prefix, as the reader has it."""
    with serving(DispatcherMiddleware(Flask("reader"), {"/run/it": lesson})) as server:
        yield f"{server.url}/run/it/"


def ask(tab, lesson, text):
    """Fill the form with the right letters, and send it."""
    picture = tab.locator("#picture")
    picture.evaluate("image => image.decode()")
    captcha_id = UUID(picture.get_attribute("src").rpartition("/")[2])
    tab.get_by_label("Your question").fill(text)
    tab.get_by_label("The letters").fill(lesson.extensions["captchas"].letters[captcha_id][0])
    tab.get_by_role("button", name="Ask").click()


def test_a_question_is_sent_and_markup_stays_text(tab, lesson, url):
    tab.goto(url)
    ask(tab, lesson, "<img src=x> warm?")
    expect(tab.get_by_role("status")).to_have_text("Thank you!")
    expect(tab.locator("#questions li")).to_have_text(["<img src=x> warm?"])


def test_wrong_letters_are_refused_and_there_is_another_picture(tab, url):
    tab.goto(url)
    first = tab.locator("#picture").get_attribute("src")
    tab.get_by_label("Your question").fill("Is it warm?")
    tab.get_by_label("The letters").fill("....")
    tab.get_by_role("button", name="Ask").click()
    expect(tab.get_by_role("status")).to_contain_text("The letters do not fit")
    expect(tab.locator("#picture")).not_to_have_attribute("src", first)


def test_a_lost_session_is_replaced_without_a_word(tab, lesson, url):
    tab.goto(url)
    tab.context.clear_cookies()
    ask(tab, lesson, "Is it warm?")
    expect(tab.get_by_role("status")).to_have_text("Thank you!")
