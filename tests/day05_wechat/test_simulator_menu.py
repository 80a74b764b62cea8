"""The menu of the account, its events, and a person who answers after a transfer.

Begin with test_a_menu_becomes_buttons.
"""

import json
import time
from dataclasses import replace

import pytest
from flask import request

from day05_wechat.messages.app import build
from day05_wechat.simulator.wire import in_process
from tests.day05_wechat.helpers_calls import MENU, Program, number
from tests.day05_wechat.helpers_simulator import (
    MARKUP,
    RAIN,
    elements,
    handler_app,
    message,
    register,
    reply,
    send,
    verdict,
)
from tests.helpers import page


@pytest.fixture
def program():
    return Program()


def press(program, place):
    return program.browser.post("/menu", data={"place": place})


def test_a_menu_becomes_buttons(program):
    assert program.post("menu/create", MENU) == {"errcode": 0, "errmsg": "ok"}
    menu = page(program.browser.get("/")).select_one("#menu")
    assert [each.text for each in menu.select("legend")] == ["Menu", "更多"]
    buttons = [(each.text, each.has_attr("disabled")) for each in menu.select("button")]
    assert buttons == [("今日茶", False), ("Shop", False), ("Help", False), ("Scan", True)]


def test_a_click_sends_its_key(program):
    program.post("menu/create", MENU)
    response = press(program, "0")
    assert (response.status_code, response.location) == (303, "/#sent-1")
    sent = program.phone.exchanges[-1]
    assert sent.label == "Menu: 今日茶"
    assert list(sent.message) == [
        "ToUserName",
        "FromUserName",
        "CreateTime",
        "MsgType",
        "Event",
        "EventKey",
    ]
    assert (sent.message["Event"], sent.message["EventKey"]) == ("CLICK", "TEA_OF_TODAY")
    assert sent.verdict.kind in {"reply", "silence"}


def test_a_view_sends_its_url_and_offers_to_open_it(program):
    program.post("menu/create", MENU)
    press(program, "1.0")
    sent = program.phone.exchanges[-1].message
    assert (sent["Event"], sent["EventKey"]) == ("VIEW", "https://tea.example/shop?a=1&b=2")
    assert isinstance(sent["MenuId"], int)
    link = page(program.browser.get("/")).select_one("#sent-1 .bubble a")
    assert link["href"] == "https://tea.example/shop?a=1&b=2"
    assert link["rel"] == ["noopener", "noreferrer"]


def test_a_button_that_is_gone_or_not_played_sends_nothing(program):
    program.post("menu/create", MENU)
    for place in ("1.2", "2", "1", "x", ""):
        assert press(program, place).status_code == 409
    program.ask("menu/delete")
    assert press(program, "0").status_code == 409
    assert not program.phone.exchanges


def test_the_menu_can_be_read_replaced_and_deleted(program):
    assert number(program.ask("menu/get")) == 46003
    program.post("menu/create", MENU)
    button = program.ask("menu/get")["menu"]["button"]
    assert button[0] == MENU["button"][0] | {"sub_button": []}
    assert [each["name"] for each in button[1]["sub_button"]] == ["Shop", "Help", "Scan"]
    program.post("menu/create", {"button": [{"type": "click", "name": "One", "key": "K"}]})
    assert len(program.ask("menu/get")["menu"]["button"]) == 1
    assert number(program.ask("menu/delete")) == 0
    assert number(program.ask("menu/get")) == 46003


def test_a_letter_written_as_a_number_is_refused(program):
    assert number(program.post("menu/create", json.dumps(MENU).encode())) == 40033
    assert program.office.menu is None


CLICK = {"type": "click", "name": "Tea", "key": "K"}
VIEW = {"type": "view", "name": "Tea", "url": "https://tea.example/"}


@pytest.mark.parametrize(
    ("buttons", "wanted"),
    [
        ([], 40016),
        ([CLICK] * 4, 40016),
        ({}, 40016),
        ([CLICK] * 3, 0),
        ([CLICK | {"name": ""}], 40018),
        ([CLICK | {"name": " "}], 40018),
        ([CLICK | {"name": "茶" * 6}], 40018),
        ([CLICK | {"name": "茶" * 5}], 0),
        ([CLICK | {"name": "a\ufffeb"}], 40018),
        ([CLICK | {"key": "x" * 129}], 40019),
        ([CLICK | {"key": 7}], 40019),
        ([VIEW | {"url": "https://" + "x" * 1024}], 40020),
        ([VIEW | {"url": "javascript:alert(1)"}], 40055),
        ([VIEW | {"url": "http://[x"}], 40055),
        ([CLICK | {"type": "klick"}], 40017),
        ([CLICK | {"type": []}], 40017),
        (["Tea"], 40018),
        ([{"name": "More", "sub_button": [CLICK] * 6}], 40023),
        ([{"name": "More", "sub_button": CLICK}], 40023),
        ([{"name": "More", "sub_button": [CLICK | {"name": "x" * 61}]}], 40025),
        ([{"name": "More", "sub_button": [CLICK | {"key": ""}]}], 40026),
        ([{"name": "More", "sub_button": [VIEW | {"url": ""}]}], 40027),
        ([{"name": "More", "sub_button": [VIEW | {"url": "x"}]}], 40054),
        ([{"name": "More", "sub_button": [{"name": "Deeper", "sub_button": [CLICK]}]}], 40024),
    ],
)
def test_which_menus_wechat_refuses(program, buttons, wanted):
    assert number(program.post("menu/create", {"button": buttons})) == wanted
    assert program.browser.get("/").status_code == 200


def test_the_page_learns_that_something_has_come(program):
    versions = [program.browser.get("/news").text]
    program.post("menu/create", MENU)
    versions.append(program.browser.get("/news").text)
    send(program.browser, text="hi")
    program.write()
    versions.append(program.browser.get("/news").text)
    assert len(set(versions)) == 3
    assert f'data-version="{versions[-1]}"' in program.browser.get("/").text


# The customer service


TRANSFER = {"MsgType": "transfer_customer_service"}


def test_a_transfer_is_a_reply():
    assert verdict(reply(**TRANSFER)).kind == "transfer"
    named = verdict(reply(**TRANSFER, TransInfo={"KfAccount": "ann@tea"}))
    assert named.why == "Handed over to 'ann@tea'."
    assert verdict(reply(**TRANSFER, TransInfo={"KfAccount": ""})).kind == "fault"
    event = message("click")
    assert verdict(reply(event, **TRANSFER), event).kind == "silence"


@pytest.fixture
def handed_over(program):
    """A program whose handler hands every message over."""
    program.heard = []

    def view():
        if request.method == "GET":
            return request.args["echostr"]
        sent = elements(request.get_data())
        program.heard.append(sent.get("Content") or sent.get("Event"))
        return build(reply(sent, **TRANSFER))

    known = program.app.extensions["handlers"]
    known["here", "plain"] = replace(
        known["here", "plain"], transport=in_process(handler_app(view))
    )
    register(program.browser)
    return program


def answer(program, text="With pleasure.", do="answer", person=RAIN):
    data = {"openid": person.openid, "answer": text, "do": do}
    return program.browser.post("/desk", data=data)


def said(program):
    return [
        each.get_text(" ", strip=True) for each in page(program.browser.get("/")).select(".said")
    ]


def test_a_person_answers_after_a_transfer(handed_over):
    assert send(handed_over.browser, text="May I talk to a person?").verdict.kind == "transfer"
    assert said(handed_over) == ["follower: May I talk to a person?"]
    assert answer(handed_over).location == "/#desk"
    assert handed_over.phone.shown[-1].lines == ("With pleasure.",)
    assert said(handed_over)[-1] == "desk: With pleasure."


def test_messages_go_to_the_handler_until_the_first_answer_and_after_the_end(handed_over):
    for text in ("one", "two"):
        send(handed_over.browser, text=text)
    answer(handed_over)
    assert send(handed_over.browser, text="three").verdict.kind == "desk"
    send(handed_over.browser, kind="click")
    answer(handed_over, do="end")
    send(handed_over.browser, text="four")
    assert handed_over.heard == ["one", "two", "CLICK", "four"]
    assert said(handed_over) == ["follower: four"]


def test_a_conversation_ends_after_half_an_hour(handed_over, monkeypatch):
    real = time.time
    send(handed_over.browser, text="one")
    answer(handed_over)
    monkeypatch.setattr("time.time", lambda: real() + 1801)
    assert send(handed_over.browser, text="two").verdict.kind == "transfer"


def test_a_conversation_is_one_followers(handed_over):
    send(handed_over.browser, text="one")
    answer(handed_over)
    handed_over.browser.post("/phone", data={"person": MARKUP.openid})
    assert send(handed_over.browser, text="two").verdict.kind == "transfer"
    assert said(handed_over) == ["follower: one", "desk: With pleasure.", "follower: two"]


def test_an_answer_needs_a_conversation_and_words(handed_over):
    assert answer(handed_over).status_code == 409
    send(handed_over.browser, text="one")
    assert answer(handed_over, " ").status_code == 400
    assert answer(handed_over, "x" * 2001).status_code == 400
    assert answer(handed_over, person=MARKUP).status_code == 409
    assert not handed_over.phone.shown
