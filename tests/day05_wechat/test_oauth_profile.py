"""The login's profile page: what WeChat tells about a visitor, escaped; and newer tokens for old.

Begin with test_the_page_shows_nickname_and_openid.
"""

import json
import re
import time

import pytest

from day05_wechat.oauth import wechat as lesson
from day05_wechat.oauth.wechat import picture
from tests.day05_wechat.helpers_oauth import (
    APPID,
    EXCHANGE,
    OPENID,
    PERSON,
    PROFILE,
    REFRESH,
    TOKENS,
    FakeWeChat,
    come_back,
    log_in,
    site,
)

fake = FakeWeChat()


@pytest.fixture(scope="module")
def app():
    return site()


@pytest.fixture
def wechat(monkeypatch):
    """A fake WeChat that has seen nothing yet, reached without a socket."""
    fake.forget()
    monkeypatch.setattr(lesson, "fetch", fake.fetch)
    return fake


@pytest.fixture
def client(app, wechat):
    return app.test_client()


def test_the_page_shows_nickname_and_openid(client):
    html = log_in(client).text
    assert "<title>林小雨 😀</title>" in html
    assert f'<th scope="row">openid</th><td><code>{OPENID}</code></td>' in html
    assert '<th scope="row">nickname</th><td><bdi>林小雨 😀</bdi></td>' in html
    assert 'src="https://avatars.example/rain.png" alt="Picture of 林小雨 😀"' in html


def test_token_and_openid_fetch_the_profile_with_a_language(wechat, client):
    log_in(client)
    assert [(method, path) for method, path, _ in wechat.seen] == [
        ("GET", EXCHANGE),
        ("GET", PROFILE),
    ]
    assert wechat.asked(PROFILE) == [
        {"access_token": TOKENS["access_token"], "openid": OPENID, "lang": "zh_CN"}
    ]


def test_the_region_is_a_row_where_there_is_one(wechat, client):
    html = log_in(client).text
    assert not re.search("province|city|country", html)
    wechat.responses[PROFILE] = PERSON | {"city": "Xi’an"}
    html = client.get("/profile").text
    assert '<th scope="row">city</th><td><bdi>Xi’an</bdi></td>' in html
    assert "country" not in html


def test_with_consent_no_more_is_asked_for(wechat, client):
    wechat.responses[EXCHANGE] = TOKENS | {"scope": "snsapi_base,snsapi_userinfo"}
    html = log_in(client).text
    assert "林小雨" in html
    assert "/login/" not in html


def test_a_name_full_of_markup_is_escaped(wechat, client):
    name = "<b>阿明</b> & \"'<script>alert(1)</script>"
    wechat.responses[PROFILE] = PERSON | {"nickname": name, "city": name, "openid": name}
    wechat.responses[EXCHANGE] = TOKENS | {"openid": name}
    html = log_in(client).text
    assert "<script" not in html
    assert "<b>" not in html
    assert html.count("&lt;b&gt;阿明&lt;/b&gt; &amp; &#34;&#39;&lt;script&gt;") == 6


# What WeChat may leave out


@pytest.mark.parametrize(
    "person",
    [
        {},
        {"nickname": None, "headimgurl": None, "sex": None},
        {"nickname": 7.5, "headimgurl": ["https://x.example/"], "sex": {}, "city": ["x"]},
        {"nickname": ""},
    ],
)
def test_a_profile_may_be_empty(wechat, client, person):
    wechat.responses[PROFILE] = person
    html = log_in(client).text
    assert "Hello <bdi>visitor</bdi>" in html
    assert "<img" not in html
    assert html.count('<th scope="row">') == 1


def test_only_known_fields_are_shown(wechat, client):
    wechat.responses[PROFILE] = PERSON | {"unionid": "oUnion-1", "privilege": ["chinaunicom"]}
    html = log_in(client).text
    assert "oUnion-1" not in html
    assert "chinaunicom" not in html


@pytest.mark.parametrize(
    ("sex", "word"),
    [(1, "male"), (2, "female"), ("1", "male"), ("2", "female"), (0, ""), (3, ""), (None, "")],
)
def test_the_sex_is_a_number_or_a_text_or_nothing(wechat, client, sex, word):
    wechat.responses[PROFILE] = PERSON | {"sex": sex}
    html = log_in(client).text
    row = f'<th scope="row">sex</th><td><bdi>{word}</bdi></td>'
    assert (row in html) == bool(word)
    assert ('scope="row">sex<' in html) == bool(word)


@pytest.mark.parametrize("scope", ["snsapi_base", "", "snsapi_userinfo_x", None])
def test_without_consent_the_profile_is_not_asked_for(wechat, client, scope):
    wechat.responses[EXCHANGE] = {k: v for k, v in TOKENS.items() if k != "scope"} | (
        {} if scope is None else {"scope": scope}
    )
    html = log_in(client).text
    assert wechat.asked(PROFILE) == []
    assert OPENID in html
    assert 'href="/login/snsapi_userinfo"' in html


@pytest.mark.parametrize(("flag", "shown"), [(1, True), (0, False), (None, False)])
def test_a_made_up_user_is_announced(wechat, client, flag, shown):
    wechat.responses[EXCHANGE] = TOKENS | ({} if flag is None else {"is_snapshotuser": flag})
    assert ("made-up user" in log_in(client).text) == shown


# Attacks, and text that cannot be shown


def test_an_openid_is_shown_to_its_owner_only(client):
    log_in(client)
    stranger = client.application.test_client()
    for path in ("/", "/profile"):
        assert OPENID not in stranger.get(path).text
    assert stranger.get("/profile").location == "/"


def test_half_a_character_does_not_break_the_page(wechat, client):
    body = '{"nickname": "a\\ud83d", "headimgurl": "https://x.example/\\ud83d"}'
    wechat.responses[PROFILE] = lambda: (body, 200, {"Content-Type": "text/plain"})
    assert "Hello <bdi>a?</bdi>" in log_in(client).text
    wechat.responses[EXCHANGE] = lambda: (json.dumps(TOKENS | {"access_token": "\ud83d"}), 200)
    log_in(client)
    assert wechat.asked(PROFILE)[-1]["access_token"] == "?"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)//https://",
        " javascript:alert(1)",
        "http://avatars.example/rain.png",
        "//avatars.example/rain.png",
        "/profile",
        "data:image/svg+xml,<svg onload=alert(1)>",
        "https:",
        "https:///rain.png",
        "https://[bad/",
        "",
    ],
)
def test_a_picture_comes_by_https_or_not_at_all(wechat, client, url):
    wechat.responses[PROFILE] = PERSON | {"headimgurl": url}
    html = log_in(client).text
    assert "<img" not in html
    assert "javascript" not in html.lower()
    assert '<div class="face" aria-hidden="true">林</div>' in html


def test_a_picture_by_https_is_left_as_it_is():
    assert picture("https://a.example/x?a=1&b=2") == "https://a.example/x?a=1&b=2"


def test_a_picture_cannot_leave_its_attribute(wechat, client):
    url = 'https://a.example/" onload="alert(1)'
    wechat.responses[PROFILE] = PERSON | {"headimgurl": url}
    assert 'src="https://a.example/&#34; onload=&#34;alert(1)"' in log_in(client).text


# The refresh


@pytest.mark.parametrize("lifetime", [0, 59, -5, None, "7200", 1.5, -(10**400)])
def test_an_old_token_is_refreshed(wechat, client, lifetime):
    wechat.responses[EXCHANGE] = TOKENS | {"expires_in": lifetime}
    wechat.responses[REFRESH] = TOKENS | {"access_token": "ACCESS-2", "refresh_token": "REFRESH-2"}
    assert log_in(client).status_code == 200
    assert wechat.asked(REFRESH) == [
        {"appid": APPID, "grant_type": "refresh_token", "refresh_token": "REFRESH-1"}
    ]
    assert wechat.asked(PROFILE)[0]["access_token"] == "ACCESS-2"
    assert client.get("/profile").status_code == 200
    assert len(wechat.asked(REFRESH)) == 1
    assert wechat.asked(PROFILE)[1]["access_token"] == "ACCESS-2"


@pytest.mark.parametrize(("lifetime", "good"), [(61, 1), (7200, 7140), (10**400, 7140)])
def test_a_good_token_is_refreshed_a_minute_before_its_end(
    wechat, client, monkeypatch, lifetime, good
):
    now = 1_700_000_000
    monkeypatch.setattr(time, "time", lambda: now)
    wechat.responses[EXCHANGE] = TOKENS | {"expires_in": lifetime}
    log_in(client)
    now += good
    client.get("/profile")
    assert wechat.asked(REFRESH) == []
    now += 1
    client.get("/profile")
    assert len(wechat.asked(REFRESH)) == 1


def test_a_base_login_is_refreshed_too(wechat, client):
    wechat.responses[EXCHANGE] = TOKENS | {"expires_in": 0, "scope": "snsapi_base"}
    wechat.responses[REFRESH] = TOKENS | {"scope": "snsapi_base"}
    assert log_in(client).status_code == 200
    assert [path for _, path, _ in wechat.seen] == [EXCHANGE, REFRESH]


@pytest.mark.parametrize("errcode", [40030, 42002])
@pytest.mark.parametrize("refresher", ["REFRESH-1", ""])
def test_a_dead_refresh_token_ends_the_visit(wechat, client, caplog, refresher, errcode):
    wechat.responses[EXCHANGE] = TOKENS | {"expires_in": 0, "refresh_token": refresher}
    wechat.responses[REFRESH] = {"errcode": errcode, "errmsg": "invalid REFRESH-1"}
    assert come_back(client).location == "/profile"
    response = client.get("/profile")
    assert (response.status_code, response.location) == (303, "/")
    assert "Log in with WeChat" in client.get("/").text
    assert client.get("/profile").location == "/"
    assert len(wechat.asked(REFRESH)) == 1
    assert ("REFRESH-1" in caplog.text) == (not refresher)
    assert str(errcode) in caplog.text
    wechat.responses[EXCHANGE] = TOKENS
    assert log_in(client).status_code == 200


def test_a_refresh_that_is_refused_for_another_reason_keeps_the_visit(wechat, client):
    wechat.responses[EXCHANGE] = TOKENS | {"expires_in": 0}
    wechat.responses[REFRESH] = {"errcode": 45009, "errmsg": "reach max api daily quota limit"}
    assert log_in(client).status_code == 502
    wechat.responses[REFRESH] = TOKENS
    assert client.get("/profile").status_code == 200


def test_a_refresh_may_keep_the_refresh_token(wechat, client):
    short = TOKENS | {"expires_in": 0}
    wechat.responses[EXCHANGE] = short
    wechat.responses[REFRESH] = {k: v for k, v in short.items() if k != "refresh_token"}
    log_in(client)
    client.get("/profile")
    assert [asked["refresh_token"] for asked in wechat.asked(REFRESH)] == ["REFRESH-1"] * 2
