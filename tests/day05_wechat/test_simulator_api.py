"""The API of the simulator: tokens and their limits, messages, files, the ticket for web pages.

Begin with test_a_program_gets_a_token_and_writes_to_a_follower.
"""

import time

import pytest

from tests.day05_wechat.helpers_calls import CREDENTIALS, PICTURE, TEMPLATE, Program, number
from tests.day05_wechat.helpers_simulator import MARKUP, RAIN, SAM, send
from tests.helpers import page


@pytest.fixture
def program():
    return Program()


@pytest.fixture
def clock(monkeypatch):
    """Give a list with the seconds that have passed; a test adds to them."""
    passed = [0.0]
    real = time.time
    monkeypatch.setattr("time.time", lambda: real() + sum(passed))
    return passed


def shown(program):
    """Return the lines of the last message that is not a reply."""
    return program.phone.shown[-1].lines


def test_a_program_gets_a_token_and_writes_to_a_follower(program):
    send(program.browser, text="hi")
    assert program.write("Your tea is ready. 🍵") == {"errcode": 0, "errmsg": "ok"}
    bubbles = page(program.browser.get("/")).select("#log .bubble")
    assert bubbles[-1].text == "Your tea is ready. 🍵"


def test_the_token_works_for_two_hours(program, clock):
    send(program.browser, text="hi")
    data = program.get("token", **CREDENTIALS)
    assert data["expires_in"] == 7200
    program.token = data["access_token"]
    clock.append(7190)
    assert number(program.write()) == 0
    clock.append(20)
    assert number(program.write()) == 42001


def test_a_new_token_ends_the_one_before_after_five_minutes(program, clock):
    send(program.browser, text="hi")
    program.get("token", **CREDENTIALS)
    clock.append(290)
    assert number(program.write()) == 0
    clock.append(20)
    assert number(program.write()) == 40001


def test_the_stable_token_is_the_same_for_all_who_ask(program, clock):
    send(program.browser, text="hi")
    one, two = (program.post("stable_token", CREDENTIALS) for _ in range(2))
    assert one == two
    assert one["access_token"] != program.token
    assert number(program.write()) == 0  # it ends no other token
    clock.append(7000)
    three = program.post("stable_token", CREDENTIALS)
    assert three["access_token"] != one["access_token"]
    program.token = one["access_token"]
    assert number(program.write()) == 0


def test_a_forced_stable_token_ends_the_one_before_at_once(program):
    program.token = program.post("stable_token", CREDENTIALS)["access_token"]
    assert number(program.ask("ticket/getticket", type="jsapi")) == 0
    program.post("stable_token", CREDENTIALS | {"force_refresh": True})
    assert number(program.ask("ticket/getticket", type="jsapi")) == 40001


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"appid": "wx0"}, 40013),
        ({"secret": "guessed"}, 40125),
        ({"secret": "ü"}, 40125),
        ({"grant_type": "password"}, 40002),
    ],
)
def test_wrong_credentials_get_no_token(program, change, wanted):
    assert number(program.get("token", **CREDENTIALS | change)) == wanted
    assert number(program.post("stable_token", CREDENTIALS | change)) == wanted


def test_stable_token_takes_json_only(program):
    for body, wanted in ((b"", 44002), (b"appid=x", 47001), (b"[]", 47001), (b"[" * 9999, 47001)):
        assert number(program.post("stable_token", body)) == wanted
    assert number(program.post("stable_token", CREDENTIALS | {"secret": 7})) == 40125


def test_a_call_needs_a_token(program):
    assert number(program.get("menu/get")) == 41001
    assert number(program.get("menu/get", access_token="guessed")) == 40001
    assert number(program.get("menu/get", access_token="ü")) == 40001


def test_the_method_must_be_right(program):
    assert number(program.post("token", b"")) == 43001
    assert number(program.ask("menu/create")) == 43002
    assert number(program.ask("user/info")) == 40066


# What a program must expect


def change(program, what):
    assert program.browser.post("/conditions", data={"what": what}).status_code == 303


def test_wechat_is_busy_once(program):
    change(program, "busy")
    assert number(program.get("token", **CREDENTIALS)) == -1
    assert number(program.get("token", **CREDENTIALS)) == 0


def test_the_tokens_expire(program):
    change(program, "expire")
    assert number(program.ask("menu/get")) == 42001


def test_the_quota_is_used_up_and_comes_back(program):
    change(program, "quota")
    assert number(program.ask("menu/get")) == 45009
    assert page(program.browser.get("/")).select_one("[value=quota]")["aria-pressed"] == "true"
    change(program, "quota")
    assert number(program.ask("menu/get")) == 46003


def test_each_endpoint_has_its_own_quota_for_a_day(clock):
    program = Program(API_QUOTA=2)
    assert [number(program.ask("menu/get")) for _ in range(3)] == [46003, 46003, 45009]
    assert number(program.ask("ticket/getticket", type="jsapi")) == 0
    clock.append(24 * 3600)
    assert number(program.ask("menu/get")) == 42001


def test_no_token_for_an_address_that_is_not_on_the_list(program):
    change(program, "ip")
    data = program.get("token", **CREDENTIALS)
    assert data["errcode"] == 40164
    assert "invalid ip 127.0.0.1" in data["errmsg"]
    assert number(program.ask("menu/get")) == 46003  # a token works from everywhere
    change(program, "ip")
    assert number(program.get("token", **CREDENTIALS)) == 0


def test_an_unknown_condition_is_refused(program):
    assert program.browser.post("/conditions", data={"what": "x"}).status_code == 400


# Who may be written to


def test_no_one_is_written_to_who_has_done_nothing(program):
    assert number(program.write()) == 45015
    send(program.browser, text="hi")
    assert number(program.write()) == 0
    assert number(program.write(to=SAM)) == 45015


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("image", 0), ("subscribe", 0), ("scan", 0), ("click", 0), ("view", 45015), ("report", 45015)],
)
def test_which_actions_open_the_48_hours(program, kind, wanted):
    send(program.browser, kind=kind)
    assert number(program.write()) == wanted


def test_after_48_hours_the_account_is_silent(program, clock):
    send(program.browser, text="hi")
    program.token = program.post("stable_token", CREDENTIALS)["access_token"]
    change(program, "late")
    assert number(program.write()) == 45015
    send(program.browser, text="hi")
    clock.append(48 * 3600 - 5)
    program.token = program.post("stable_token", CREDENTIALS)["access_token"]
    assert number(program.write()) == 0
    clock.append(10)
    assert number(program.write()) == 45015


def test_a_follower_who_has_left_gets_nothing(program):
    send(program.browser, text="hi")
    send(program.browser, kind="unsubscribe")
    assert number(program.write()) == 45015
    template = {"touser": RAIN.openid, "template_id": TEMPLATE, "data": {}}
    assert number(program.post("message/template/send", template)) == 43004
    send(program.browser, kind="subscribe")
    assert number(program.write()) == 0


def test_a_forged_message_opens_nothing(program):
    send(program.browser, kind="forged")
    assert number(program.write()) == 45015


# Messages


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ({"touser": "oNoOne"}, 40003),
        ({"touser": None}, 40003),
        ({"msgtype": "wish"}, 40008),
        ({"msgtype": None}, 40008),
        ({"text": {"content": ""}}, 47001),
        ({"text": "hello"}, 47001),
        ({"text": {"content": "茶" * 683}}, 45002),
        ({"text": {"content": "茶" * 682}}, 0),
        ({"msgtype": "image", "image": {"media_id": "x"}}, 40007),
        ({"msgtype": "image", "image": {"media_id": ["x"]}}, 40007),
        ({"msgtype": "news", "news": {"articles": [{"title": "a"}, {"title": "b"}]}}, 47001),
        ({"msgtype": "news", "news": {"articles": [{"title": "a", "url": "b"}]}}, 0),
    ],
)
def test_what_a_customer_service_message_may_be(program, message, wanted):
    send(program.browser, text="hi")
    assert number(program.write(**message)) == wanted
    assert program.browser.get("/").status_code == 200


def test_half_a_character_is_refused(program):
    body = b'{"touser": "x", "text": {"content": "\\ud83d"}}'
    assert number(program.post("message/custom/send", body)) == 47001


def test_markup_in_a_message_is_text(program):
    send(program.browser, text="hi")
    assert number(program.write("<script>alert(1)</script>")) == 0
    html = page(program.browser.get("/"))
    assert html.select_one("#log .got:last-child bdi").text == "<script>alert(1)</script>"


def test_a_template_message_needs_no_action_of_the_follower(program):
    values = {"character_string1": {"value": "T-7"}, "phrase2": {"value": "已发货"}}
    values |= {"time3": {"value": 12}, "more": {"value": "x"}}
    message = {"touser": MARKUP.openid, "template_id": TEMPLATE, "data": values}
    data = program.post("message/template/send", message)
    assert (data["errcode"], type(data["msgid"])) == (0, int)
    assert shown(program) == ("订单状态通知", "订单号：T-7", "状态：已发货", "时间：12")
    text = program.browser.get("/").text
    assert "Template message" in text
    for message, wanted in (
        ({"template_id": "x"}, 40037),
        ({"template_id": []}, 40037),
        ({"data": None}, 47001),
    ):
        given = {"touser": RAIN.openid, "template_id": TEMPLATE, "data": {}} | message
        assert number(program.post("message/template/send", given)) == wanted


def test_the_templates_can_be_listed(program):
    listed = program.ask("template/get_all_private_template")["template_list"]
    assert [each["template_id"] for each in listed] == [TEMPLATE]


# Files


def test_a_picture_is_uploaded_sent_and_downloaded(program):
    data = program.upload()
    assert (data["type"], type(data["created_at"])) == ("image", int)
    send(program.browser, text="hi")
    media_id = data["media_id"]
    assert number(program.write(msgtype="image", image={"media_id": media_id})) == 0
    picture = page(program.browser.get("/")).select_one("#log img")
    response = program.browser.get(picture["src"])
    assert (response.data, response.mimetype) == (PICTURE, "image/png")
    query = {"access_token": program.token, "media_id": media_id}
    response = program.browser.get("/cgi-bin/media/get", query_string=query)
    assert response.data == PICTURE
    assert response.headers["Content-Disposition"] == "attachment; filename=cat.png"


def test_a_video_is_at_a_url(program):
    media_id = program.upload(b"video", "video", name="tea.mp4")["media_id"]
    url = program.ask("media/get", media_id=media_id)["video_url"]
    response = program.browser.get(url)
    assert response.data == b"video"
    assert response.mimetype == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_a_page_that_is_uploaded_is_never_shown_as_a_page(program):
    media_id = program.upload(b"<script>alert(1)</script>", "voice", name="x.html")["media_id"]
    response = program.browser.get(f"/media/{media_id}")
    assert response.mimetype == "application/octet-stream"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("upload", "wanted"),
    [
        ({"kind": "film"}, 40004),
        ({"kind": ""}, 40004),
        ({"data": b"<svg/>"}, 40005),
        ({"field": "file"}, 41005),
        ({"kind": "thumb", "data": PICTURE + b"x" * 64_000}, 45001),
        ({"kind": "voice", "data": b"x" * 200_000}, 0),
    ],
)
def test_what_can_be_uploaded(program, upload, wanted):
    assert number(program.upload(**upload)) == wanted


def test_a_thumbnail_has_a_number_of_another_name(program):
    thumb = program.upload(kind="thumb")["thumb_media_id"]
    send(program.browser, text="hi")
    music = {"title": "Tea song", "thumb_media_id": thumb}
    assert number(program.write(msgtype="music", music=music)) == 0
    assert shown(program) == ("🎵", "Tea song")


def test_a_file_is_kept_for_three_days(program, clock):
    media_id = program.upload()["media_id"]
    clock.append(3 * 24 * 3600 + 1)
    program.token = program.post("stable_token", CREDENTIALS)["access_token"]
    assert number(program.ask("media/get", media_id=media_id)) == 40007


def test_old_files_make_room(program):
    first = program.upload()["media_id"]
    for _ in range(20):
        program.upload()
    assert number(program.ask("media/get", media_id=first)) == 40007
    assert program.browser.get(f"/media/{first}").status_code == 404


def test_a_body_that_is_too_large_is_413(program):
    response = program.browser.post(
        "/cgi-bin/media/upload",
        query_string={"access_token": program.token, "type": "voice"},
        data=b"x" * 3_000_000,
        content_type="multipart/form-data; boundary=x",
    )
    assert response.status_code == 413


# The ticket


def test_the_ticket_stays_the_same_until_it_ends(program, clock):
    one, two = (program.ask("ticket/getticket", type="jsapi") for _ in range(2))
    assert (one["errcode"], one["expires_in"]) == (0, 7200)
    assert one["ticket"] == two["ticket"]
    clock.append(7201)
    program.token = program.post("stable_token", CREDENTIALS)["access_token"]
    assert program.ask("ticket/getticket", type="jsapi")["ticket"] != one["ticket"]
    assert number(program.ask("ticket/getticket", type="wx_card")) == 40097
