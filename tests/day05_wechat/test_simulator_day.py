"""A whole day with the simulator in a real browser, with the programs that it is made for.

Verify, text, menu, a message by itself, a person who answers, the encrypted mode, a shared page,
and a login at a site with two gunicorn workers.
"""

import contextlib
import os
import subprocess
import sys
import time
from urllib.request import urlopen

import pytest
from flask import Flask, request

from day05_wechat.api.app import create_app as create_program
from day05_wechat.messages.app import build, parse
from day05_wechat.simulator.app import create_app
from tests.day05_wechat.helpers import TOKEN, WAIT
from tests.day05_wechat.helpers_calls import PICTURE, TEMPLATE
from tests.day05_wechat.helpers_oauth import Quiet
from tests.day05_wechat.helpers_simulator import AES_KEY, APPID, RAIN, SECRET
from tests.helpers import ROOT, SECOND_HALF, free_port, serving

expect = pytest.importorskip("playwright.sync_api", reason=SECOND_HALF).expect
pytestmark = [pytest.mark.browser, pytest.mark.second_half]

SECRETS = {"WECHAT_APPID": APPID, "WECHAT_SECRET": SECRET, "WECHAT_AES_KEY": AES_KEY}


def handler():
    """A handler that hands over to a person who asks for one, and repeats everything else."""
    app = Flask("handler")

    @app.route("/wechat", methods=["GET", "POST"])
    def wechat():
        if request.method == "GET":
            return request.args["echostr"]
        sent = parse(request.get_data())
        reply = {"ToUserName": sent["FromUserName"], "FromUserName": sent["ToUserName"]}
        reply |= {"CreateTime": 1, "MsgType": "text"}
        said = sent.get("Content") or f"You pressed {sent.get('EventKey')}."
        if "person" in said:
            return build(reply | {"MsgType": "transfer_customer_service"})
        return build(reply | {"Content": said})

    return app


@contextlib.contextmanager
def gunicorn(module, **environ):
    """Serve a lesson with two workers; give its address."""
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "-w", "2", "-b", address, f"{module}:create_app()"]
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | environ)
    try:
        while True:  # pytest's own limit ends what never listens
            assert server.poll() is None
            with contextlib.suppress(OSError), urlopen(f"http://{address}/"):
                break
            time.sleep(0.1)
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(WAIT)


@pytest.fixture
def wechat():
    """The URL of the simulator, which knows the handler."""
    with serving(handler(), request_handler=Quiet) as there:
        config = {"WECHAT_TOKEN": TOKEN, "WECHAT_HANDLER_URL": f"{there.url}/wechat"}
        app = create_app(SECRETS | config | {"PUSH_TIMEOUT": WAIT})
        with serving(app, request_handler=Quiet) as server:
            yield server.url


@pytest.fixture
def tab(page):
    expect.set_options(timeout=WAIT * 1000)
    page.set_default_timeout(WAIT * 1000)
    yield page
    expect.set_options(timeout=None)


def register(tab, place, mode):
    if tab.get_by_text("Register another").count():
        tab.get_by_text("Register another").click()
    tab.locator(f"[name=place][value={place}]").check()
    tab.locator(f"[name=mode][value={mode}]").check()
    with tab.expect_navigation():
        tab.get_by_role("button", name="Register and verify").click()
    expect(tab.get_by_role("status")).to_contain_text(f"{mode} mode")


def say(tab, text):
    tab.get_by_label("Message", exact=True).fill(text)
    tab.keyboard.press("Enter")


def last(tab):
    return tab.locator("#log .got").last


def test_a_whole_day(tab, wechat, tmp_path):
    given = SECRETS | {"WECHAT_API_BASE": wechat, "WECHAT_JS_BASE": wechat}
    program = create_program(given | {"DATA_FOLDER": tmp_path, "REDIS_URL": ""})
    picture = tmp_path / "tea.png"
    picture.write_bytes(PICTURE)

    def run(*words):
        result = program.test_cli_runner().invoke(args=[str(word) for word in words])
        assert result.exit_code == 0, result.output

    tab.goto(wechat)
    register(tab, "there", "plain")
    say(tab, "你好 😀")
    expect(last(tab)).to_have_text("你好 😀")

    # The menu and three messages come while the page is open.
    run("menu", ROOT / "day05_wechat" / "api" / "menu.json")
    tab.get_by_role("button", name="今日茶").click()
    expect(last(tab)).to_have_text("You pressed TEA_OF_TODAY.")
    tab.get_by_role("button", name="网店").click()
    expect(tab.get_by_role("link", name="open the page")).to_have_attribute(
        "href", "https://tea.example/shop"
    )
    run("write", RAIN.openid, "Your tea is ready.")
    expect(last(tab)).to_contain_text("Your tea is ready.")
    run("notify", RAIN.openid, TEMPLATE, "phrase2=已发货")
    expect(last(tab)).to_contain_text("状态：已发货")
    run("picture", RAIN.openid, picture)
    expect(last(tab).get_by_role("img")).to_be_attached()

    say(tab, "May I talk to a person?")
    expect(last(tab)).to_contain_text("Handed over to the customer service.")
    tab.get_by_label("Your answer to").fill("With pleasure.")
    tab.get_by_role("button", name="Answer").click()
    expect(last(tab)).to_contain_text("With pleasure.")
    say(tab, "Is there Longjing?")
    expect(last(tab)).to_contain_text("The customer service has it.")
    expect(tab.locator(".said").last).to_contain_text("Is there Longjing?")
    tab.get_by_role("button", name="End", exact=True).click()
    expect(tab.locator("#desk")).to_contain_text("No one waits.")

    register(tab, "here", "encrypted")
    say(tab, "a secret")
    expect(last(tab)).to_have_text("a secret")
    expect(tab.locator("#wire").get_by_label("Request")).to_contain_text("<Encrypt>")

    with serving(program, request_handler=Quiet) as site:
        tab.goto(f"{site.url}/tea?kind=茶#top")
        expect(tab.get_by_role("status")).to_contain_text("WeChat accepts the signature.")


def test_a_login_at_a_site_with_two_workers(tab, wechat, tmp_path):
    bases = {"WECHAT_OPEN_BASE": wechat, "WECHAT_API_BASE": wechat, "NO_PROXY": "127.0.0.1"}
    shared = {"FLASK_SECRET_KEY": "the same in both workers", "FLASK_DATA_FOLDER": str(tmp_path)}
    with gunicorn("day05_wechat.oauth.app", **SECRETS, **bases, **shared) as site:
        tab.goto(site)
        tab.get_by_role("link", name="Log in with WeChat").click()
        tab.get_by_role("radio", name=RAIN.nickname).check()
        tab.get_by_role("button", name="Allow").click()
        tab.wait_for_url(f"{site}/**")
        for _ in range(8):  # both workers know the visit
            tab.goto(f"{site}/profile")
            expect(tab.get_by_role("heading", level=1)).to_have_text(f"Hello {RAIN.nickname}")
