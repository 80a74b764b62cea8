"""Calling WeChat: the commands, the page, and what they make of WeChat's responses.

Begin with test_a_command_makes_the_menu. The fixture ``wechat`` is the simulator on a socket.
"""

import json
import re
import stat
import sys
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from day05_wechat.api.app import create_app, sign_page
from day05_wechat.settings.app import SettingError
from tests.day05_wechat.helpers import first_program
from tests.day05_wechat.helpers_api import Owner, serve_simulator
from tests.day05_wechat.helpers_calls import PICTURE, TEMPLATE
from tests.day05_wechat.helpers_oauth import Quiet
from tests.day05_wechat.helpers_simulator import APPID, RAIN, SAM, SECRET, send
from tests.helpers import page, serving

MENU = Path(create_app.__globals__["__file__"]).parent / "menu.json"


@pytest.fixture
def wechat():
    """The simulator, with a handler, and Rain who has just written."""
    with serve_simulator() as program:
        send(program.browser, text="hi")
        yield program


@pytest.fixture
def owner(wechat, tmp_path):
    """The owner of the account, who gives commands."""
    return Owner(wechat.url, tmp_path)


def test_a_command_makes_the_menu(owner, wechat):
    assert owner.run("menu", MENU) == "The menu is made.\n"
    names = [each["name"] for each in wechat.office.menu["button"]]
    assert names == ["今日茶", "更多"]


def test_a_message_comes_without_a_question(owner, wechat):
    assert owner.run("write", RAIN.openid, "Your tea is ready. 🍵") == "Sent.\n"
    assert wechat.phone.shown[-1].lines == ("Your tea is ready. 🍵",)


def test_a_follower_who_is_silent_for_long_gets_no_message(owner, wechat):
    output = owner.run("write", SAM.openid, "hello", code=1)
    assert output.startswith("Error: WeChat refused: 45015 ")
    assert "The follower must write first" in output
    assert not wechat.phone.shown


def test_the_token_is_asked_for_once(owner, wechat):
    for _ in range(3):
        owner.run("write", RAIN.openid, "hello")
    Owner(wechat.url, owner.folder).run("write", RAIN.openid, "hello")  # another process
    assert wechat.office.calls["/stable_token"] == 1


def test_the_page_has_a_signature_that_wechat_accepts(owner, wechat):
    url = "http://localhost/tea?kind=%e8%8c%b6&cups=a+b"
    response = owner.app.test_client().get(url)
    signature = json.loads(re.search(r"\.\.\.({.*?})", response.text)[1])
    assert signature.keys() == {"appId", "timestamp", "nonceStr", "signature"}
    assert wechat.accepts(url, signature) == "config:ok"
    assert wechat.accepts(url + "&more=1", signature) == "config:invalid signature"


def test_the_first_program_makes_a_menu(monkeypatch, wechat):
    settings = {"WECHAT_APPID": APPID, "WECHAT_SECRET": SECRET, "WECHAT_API_BASE": wechat.url}
    app = first_program("api", monkeypatch, **settings).app
    result = app.test_cli_runner().invoke(args=["menu"])
    assert result.output == '{"errcode": 0, "errmsg": "ok"}\n'
    assert wechat.office.menu["button"][0]["name"] == "今日茶"


# The other commands


def test_a_template_message_has_the_values_in_its_gaps(owner, wechat):
    owner.run("notify", SAM.openid, TEMPLATE, "phrase2=已发货", "time3=a=b")
    assert wechat.phone.shown[-1].lines[2:] == ("状态：已发货", "时间：a=b")
    output = owner.run("notify", SAM.openid, TEMPLATE, "phrase2", code=1)
    assert output == "Error: 'phrase2' is not of the form name=value.\n"


def test_a_picture_is_uploaded_and_sent(owner, wechat, tmp_path):
    file = tmp_path / "茶.png"
    file.write_bytes(PICTURE)
    media_id = owner.run("picture", RAIN.openid, file).removeprefix("Sent: ").strip()
    assert wechat.office.media[media_id].data == PICTURE
    assert wechat.phone.shown[-1].media_id == media_id


def test_a_picture_is_sent_whole_when_the_token_is_refused(owner, wechat, tmp_path):
    file = tmp_path / "tea.png"
    file.write_bytes(PICTURE)
    owner.run("picture", RAIN.openid, file)
    wechat.office.expire()
    owner.run("picture", RAIN.openid, file)
    assert {each.data for each in wechat.office.media.values()} == {PICTURE}


@pytest.mark.parametrize("content", ["{", "", "\ufeff{}"])
def test_a_menu_that_is_not_json_is_said_to_be_so(owner, tmp_path, content):
    file = tmp_path / "menu.json"
    file.write_text(content, "utf-8")
    assert "menu.json is not JSON" in owner.run("menu", file, code=1)


def test_a_missing_file_is_said_to_be_so(owner, tmp_path):
    assert "No such file" in owner.run("menu", tmp_path / "none.json", code=2)


def test_what_wechat_says_of_a_menu_is_shown(owner, tmp_path):
    file = tmp_path / "menu.json"
    file.write_text('{"button": []}')
    assert owner.run("menu", file, code=1) == "Error: WeChat refused: 40016 invalid button size.\n"


# The signature


def test_the_example_of_the_documentation():
    ticket = (
        "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
    )
    signature = sign_page(
        ticket, "Wm3WZYTPz0wzccnW", 1414587457, "http://mp.weixin.qq.com?params=value"
    )
    assert signature == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"


def test_the_page_behind_a_proxy_signs_the_url_of_the_browser(wechat, tmp_path):
    app = Owner(wechat.url, tmp_path, WECHAT_PROXIES="1").app
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "localhost"}
    response = app.test_client().get("/tea?a=1", headers=headers)
    signature = json.loads(re.search(r"\.\.\.({.*?})", response.text)[1])
    assert wechat.accepts("https://localhost/tea?a=1", signature) == "config:ok"


def test_each_page_has_a_nonce_of_its_own_and_the_ticket_is_shared(owner, wechat):
    texts = [owner.app.test_client().get("/tea").text for _ in range(3)]
    assert len({re.search(r'"nonceStr": "(\w+)"', text)[1] for text in texts}) == 3
    assert wechat.office.calls["/ticket/getticket"] == 1
    ticket = wechat.office.ticket().text
    assert not any(secret in text for text in texts for secret in (ticket, SECRET))


def test_the_script_comes_from_wechat_unless_a_setting_says_otherwise(wechat, tmp_path):
    for base in ("https://res.wx.qq.com", wechat.url):
        app = Owner(wechat.url, tmp_path, WECHAT_JS_BASE=base).app
        script = page(app.test_client().get("/tea")).select_one("script[src]")
        assert script["src"] == f"{base}/open/js/jweixin-1.6.0.js"


def test_visitors_learn_nothing_of_a_problem(tmp_path, caplog):
    app = Owner("http://127.0.0.1:9", tmp_path).app
    response = app.test_client().get("/tea")
    assert response.status_code == 502
    assert "127.0.0.1:9" not in response.text
    assert "No response of WeChat at http://127.0.0.1:9" in caplog.text
    assert app.test_client().get("/").status_code == 200


# Settings and places


def test_production_needs_the_secrets(tmp_path):
    with pytest.raises(SettingError, match=r"WECHAT_APPID is not set.*WECHAT_SECRET is not set"):
        create_app({"WECHAT_ENV": "production", "DATA_FOLDER": tmp_path})


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bits")
def test_only_this_user_may_read_the_token(owner):
    owner.run("write", RAIN.openid, "hello")
    (file,) = owner.folder.glob("*.db")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_place_that_cannot_be_used_is_said_to_be_so(wechat, tmp_path):
    (tmp_path / "file").touch()
    output = Owner(wechat.url, tmp_path / "file").run("write", RAIN.openid, "hello", code=1)
    assert "cannot be used" in output
    (tmp_path / f"{APPID}-token.db").write_bytes(b"this is not a database" * 100)
    output = Owner(wechat.url, tmp_path).run("write", RAIN.openid, "hello", code=1)
    assert "file is not a database" in output


def test_accounts_do_not_share_a_token(owner, wechat):
    owner.run("write", RAIN.openid, "hello")
    other = Owner(wechat.url, owner.folder, WECHAT_APPID="wxother")
    assert "40013" in other.run("write", RAIN.openid, "hello", code=1)


def test_the_api_may_be_below_a_path(wechat, tmp_path):
    mounted = DispatcherMiddleware(Flask("reader"), {"/run/simulator": wechat.app})
    with serving(mounted, request_handler=Quiet) as server:
        owner = Owner(f"{server.url}/run/simulator", tmp_path)
        assert owner.run("write", RAIN.openid, "hello") == "Sent.\n"
