"""The simulator in a real browser, below a prefix as in the reader: chat, forgery and login."""

import contextlib
import re
import threading
from urllib.parse import urlencode

import pytest
from flask import Flask, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from day05_wechat.messages.app import build, parse
from day05_wechat.simulator.app import create_app
from day05_wechat.simulator.judge import FAULT
from day05_wechat.simulator.menus import checked_menu
from day05_wechat.simulator.people import PEOPLE, SNAPSHOT
from tests.day05_wechat.helpers import FOLDER, TOKEN, WAIT
from tests.day05_wechat.helpers_calls import MENU
from tests.helpers import AXE, SECOND_HALF, serving

expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect
pytestmark = pytest.mark.browser

PREFIX = "/run/day05_wechat/simulator"
RAIN, SAM, MARKUP = PEOPLE


@pytest.fixture(scope="module", autouse=True)
def patience():
    """Wait for the page as long as a busy machine needs."""
    expect.set_options(timeout=WAIT * 1000)
    yield
    expect.set_options(timeout=None)


@pytest.fixture
def serve():
    """Give a function that serves an app until the end of the test and returns its URL."""
    with contextlib.ExitStack() as servers:
        yield lambda app: servers.enter_context(serving(app)).url


@pytest.fixture
def simulator(serve):
    """Give a function that runs a simulator and returns the URL of its page."""

    def start(**config):
        given = {"WECHAT_TOKEN": TOKEN, "PUSH_TIMEOUT": WAIT, "DATA_FOLDER": FOLDER}
        app = start.app = create_app(given | config)
        return serve(DispatcherMiddleware(Flask("reader"), {PREFIX: app})) + PREFIX + "/"

    return start


@pytest.fixture
def tab(page):
    """Give a page that must end without an error in its console."""
    problems = []
    page.set_default_timeout(WAIT * 1000)
    page.on(
        "console",
        lambda message: (
            problems.append(f"{message.text} {message.location['url']}")
            if message.type == "error"
            else None
        ),
    )
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    # The pictures of the fake users do not exist, the site has no icon, and a refusal is a 400.
    # The page may ask for news when the server of the test has ended.
    expected = ("avatars.example", "favicon.ico", "status of 400", "/news")
    assert [each for each in problems if not any(words in each for words in expected)] == []


@pytest.fixture
def chat(tab, simulator):
    """Give the page of a simulator whose handler is the lesson's."""
    tab.goto(simulator())
    register(tab)
    expect(tab.get_by_role("status")).to_contain_text("Verified")
    return tab


def register(page):
    """Register the handler that is chosen, and wait until the page with its script is back."""
    with page.expect_navigation():
        page.get_by_role("button", name="Register and verify").click()


def say(page, text):
    page.get_by_label("Message", exact=True).fill(text)
    page.keyboard.press("Enter")


def test_a_handler_is_registered_and_a_message_answered(tab, simulator):
    tab.goto(simulator())
    expect(tab.get_by_role("status")).to_contain_text("None yet")
    expect(tab.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    expect(tab.get_by_role("button", name="Picture")).to_be_disabled()
    register(tab)
    expect(tab.get_by_role("status")).to_contain_text("Verified: http://localhost/wechat, plain")
    say(tab, "你好 <b> & 😀")
    expect(tab.locator(".got.reply .bubble")).to_have_text("你好 <b> & 😀")
    wire = tab.locator("#wire")
    expect(wire.get_by_label("Request")).to_contain_text("POST /wechat?signature=")
    expect(wire.get_by_label("Request")).to_contain_text("<![CDATA[你好 <b> & 😀]]>")
    expect(wire.get_by_label("Response")).to_contain_text("HTTP/1.1 200 OK")


def test_the_keyboard_is_enough(chat):
    box = chat.get_by_label("Message", exact=True)
    box.focus()
    chat.keyboard.type("one")
    chat.keyboard.press("Shift+Enter")
    chat.keyboard.type("two")
    chat.keyboard.press("Enter")
    expect(chat.locator(".got.reply .bubble bdi")).to_have_text("one\ntwo", use_inner_text=True)
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    chat.get_by_role("button", name="Emoji").focus()
    chat.keyboard.press("Enter")
    expect(chat.locator(".got")).to_have_count(2)
    expect(chat.get_by_role("button", name="Emoji")).to_be_focused()
    assert chat.url.endswith(PREFIX + "/#registration")


def test_a_blank_message_stays(chat):
    say(chat, " ")
    expect(chat.get_by_role("alert")).to_have_text("Write something first.")
    say(chat, "now")
    expect(chat.locator(".got.reply")).to_have_count(1)
    expect(chat.locator("#problem")).to_be_hidden()


def test_messages_events_and_tricks(chat):
    for name in ("Picture", "Follow", "Unfollow", "]]> and <tags>"):
        chat.get_by_role("button", name=name, exact=True).click()
    expect(chat.locator(".got.reply")).to_have_count(3)
    expect(chat.locator(".got.silence")).to_contain_text("without a reply")
    expect(chat.locator(".got.reply .bubble").last).to_contain_text("a]]>b <Content>&amp;")


def test_a_forged_message_is_refused(chat):
    chat.get_by_role("button", name="Forged signature").click()
    expect(chat.locator(".got.refused")).to_contain_text("403")
    expect(chat.locator("#wire").get_by_label("Response")).to_contain_text("HTTP/1.1 403 FORBIDDEN")
    expect(chat.locator("#wire .verdict")).to_contain_text("Refused.")


def test_an_older_exchange_is_shown_on_the_wire(chat):
    say(chat, "first")
    expect(chat.locator(".got.reply")).to_have_count(1)
    say(chat, "second")
    expect(chat.locator("#wire")).to_contain_text("second")
    with chat.expect_navigation():
        chat.get_by_role("link", name="no. 1 on the wire").click()
    expect(chat.locator("#wire")).to_contain_text("first")
    say(chat, "third")
    expect(chat.locator("#wire")).to_contain_text("third")
    expect(chat.locator(".got.reply")).to_have_count(3)


def test_tries_are_shown_as_they_happen(tab, serve, simulator):
    """The handler stays silent until it is asked three times, and later for ever."""
    go_on = threading.Event()
    handler = Flask("slow")
    seen = []

    @handler.route("/wechat", methods=["GET", "POST"])
    def wechat():
        if request.method == "GET":
            return request.args["echostr"]
        sent = parse(request.get_data())
        seen.append(sent["MsgId"])
        if sent["Content"] == "never" or len(seen) < 3:
            go_on.wait(WAIT)
        reply = {"ToUserName": sent["FromUserName"], "FromUserName": sent["ToUserName"]}
        return build(reply | {"CreateTime": 1, "MsgType": "text", "Content": "finally"})

    url = serve(handler) + "/wechat"
    tab.goto(simulator(WECHAT_HANDLER_URL=url, PUSH_TIMEOUT=2))
    register(tab)
    say(tab, "slow")
    log = tab.get_by_role("log")
    expect(log).to_contain_text("Waiting for the response to no. 1")
    expect(log).to_contain_text("Try 1 of no. 1: no response within 2 s")
    expect(log).to_contain_text("Waiting for the response to no. 1")
    expect(log).to_contain_text("Try 2 of no. 1")
    expect(tab.locator(".got.reply .bubble")).to_have_text("finally")
    assert len(seen) == 3
    assert len(set(seen)) == 1
    say(tab, "never")
    expect(tab.locator(".got.fault .bubble")).to_have_text(FAULT)
    expect(tab.locator("#wire h3", has_text="No response")).to_have_count(3)
    go_on.set()


def test_chatting_needs_no_script(browser, simulator):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(simulator())
    register(page)
    page.get_by_label("Message", exact=True).fill("hello")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".got.reply .bubble")).to_have_text("hello")
    page.get_by_role("button", name="Picture").click()
    expect(page.locator(".got.reply")).to_have_count(2)
    assert page.url.endswith(PREFIX + "/#sent-2")
    page.get_by_role("link", name="no. 1 on the wire").click()
    expect(page.locator("#wire")).to_contain_text("CDATA[hello]")
    context.close()


def test_encrypted_mode(tab, simulator):
    pytest.importorskip("cryptography")
    tab.goto(simulator())
    tab.get_by_label("encrypted").check()
    register(tab)
    say(tab, "secret")
    expect(tab.locator(".got.reply .bubble")).to_have_text("secret")
    wire = tab.locator("#wire")
    for name in ("Request", "Response"):
        expect(wire.get_by_label(name)).to_contain_text("<Encrypt>")
        expect(wire.get_by_label(name)).not_to_contain_text("secret")
    wire.get_by_text("What is in the envelope").click()
    expect(wire.get_by_label("The message before encryption")).to_contain_text("CDATA[secret]")
    expect(wire.get_by_label("The reply after decryption")).to_contain_text("secret</Content>")


def login_link(page_url, **changes):
    given = {
        "appid": "wx0123456789abcdef",
        "redirect_uri": "http://127.0.0.1:1/callback",
        "response_type": "code",
        "scope": "snsapi_userinfo",
        "state": "abc",
    }
    return f"{page_url}connect/oauth2/authorize?{urlencode(given | changes)}"


def test_the_consent_page_misses_the_fragment(tab, simulator):
    url = login_link(simulator(WECHAT_APPID="wx0123456789abcdef"))
    tab.goto(url + "#wechat_redirect")
    expect(tab.get_by_role("heading")).to_have_text("Log in with WeChat")
    expect(tab.locator("#fragment")).to_be_hidden()
    tab.goto("about:blank")
    tab.goto(url)
    expect(tab.get_by_role("alert")).to_contain_text("does not end in #wechat_redirect")


@pytest.mark.parametrize("person", PEOPLE)
def test_log_in_and_land_on_the_profile(tab, simulator, person):
    tab.goto(simulator())
    tab.get_by_role("link", name="Open the site’s login page").click()
    tab.get_by_role("link", name="Log in with WeChat").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Log in with WeChat")
    expect(tab.locator("#fragment")).to_be_hidden()
    expect(tab.get_by_role("radio", checked=True)).to_have_value(RAIN.openid)
    tab.get_by_role("radio", name=person.nickname).check()
    tab.get_by_role("button", name="Allow").click()
    expect(tab).to_have_url(re.compile(rf"{PREFIX}/site/profile(#.*)?$"))
    expect(tab.get_by_role("heading", level=1)).to_contain_text(person.nickname)
    expect(tab.locator("td").first).to_have_text(person.openid)
    assert tab.get_by_role("heading").locator("b, script").count() == 0
    tab.reload()  # The address is clean: no code in it is used a second time.
    expect(tab.get_by_role("heading", level=1)).to_contain_text(person.nickname)


def test_deny(tab, simulator):
    start = simulator()
    tab.goto(start + "site/")
    tab.get_by_role("link", name="Log in with WeChat").click()
    tab.get_by_role("button", name="Deny").click()
    expect(tab).to_have_url(re.compile(r"/site/callback\?state=\w+(#.*)?$"))
    expect(tab.get_by_role("alert")).to_contain_text("not allow")
    tab.goto(start + "site/profile")
    expect(tab).to_have_url(start + "site/")


def test_log_in_silently_as_the_person_with_the_phone(tab, simulator):
    tab.goto(simulator())
    tab.get_by_label("The phone is in the hands of").select_option(SAM.nickname)
    tab.get_by_role("button", name="Hand over").click()
    expect(tab.get_by_role("heading", name="Chat as Sam")).to_be_visible()
    tab.get_by_role("link", name="Open the site’s login page").click()
    tab.get_by_role("link", name="Log in without a name").click()
    expect(tab).to_have_url(re.compile(rf"{PREFIX}/site/profile(#.*)?$"))
    expect(tab.locator("td").first).to_have_text(SAM.openid)


def test_a_snapshot_page(tab, simulator):
    tab.goto(simulator() + "site/")
    tab.get_by_role("link", name="Log in with WeChat").click()
    tab.get_by_label("As a snapshot page").check()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_contain_text(SNAPSHOT.nickname)
    expect(tab.get_by_role("status")).to_contain_text("made-up user")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_accessibility(browser, simulator, scheme, width):
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    page = context.new_page()
    start = simulator(WECHAT_APPID="wx0123456789abcdef")
    page.goto(start)
    assert problems(page, width) == []
    register(page)
    for button in ("Emoji", "Forged signature", "Unfollow"):
        page.get_by_role("button", name=button).click()
    say(page, "x" * 300)
    expect(page.locator(".got.reply")).to_have_count(2)
    page.get_by_role("button", name="Quota used up").click()
    phone = simulator.app.extensions["phone"]
    simulator.app.extensions["office"].menu = checked_menu(MENU)
    phone.desk.hear(MARKUP, "y" * 300)
    phone.show(SAM, "Customer service message", ["z" * 300])
    expect(page.locator("#menu button")).to_have_count(4)
    expect(page.get_by_label("Your answer to")).to_be_visible()
    page.get_by_text("How WeChat asked").click()
    page.get_by_text("Register another").click()
    say(page, " ")
    expect(page.locator("#problem")).to_be_visible()
    assert problems(page, width) == []
    for path in (login_link(start), login_link(start, redirect_uri="x"), start + "nowhere"):
        page.goto(path)
        assert problems(page, width) == []
    context.close()


def problems(page, width):
    """Return what axe-core finds wrong, as (rule, pieces of HTML), and sideways scrolling."""
    page.add_script_tag(path=AXE)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    result = page.evaluate("tags => axe.run({runOnly: tags})", tags)
    assert result["passes"]
    found = [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in result["violations"]]
    wide = page.evaluate("document.documentElement.scrollWidth")
    return found + ([("wide", [str(wide)])] if wide > width else [])
