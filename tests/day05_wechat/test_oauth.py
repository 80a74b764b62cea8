"""The login with WeChat: the link, the state, the code, and who is logged in afterwards.

Begin with test_the_button_leads_to_wechat. The test client plays the browser; the fixture
``wechat`` is a server that plays WeChat's API and records the requests that the app sends.
"""

import base64
import json
import os
import re
import stat
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.cli import ScriptInfo
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from day05_wechat.oauth.app import create_app
from day05_wechat.oauth.visits import Visits
from day05_wechat.oauth.wechat import Tokens, WeChat
from day05_wechat.settings.app import SettingError
from tests.day05_wechat.helpers import first_program
from tests.day05_wechat.helpers_oauth import (
    APPID,
    EXCHANGE,
    OPENID,
    SECRET,
    begin,
    come_back,
    log_in,
    site,
)
from tests.helpers import page


@pytest.fixture(scope="module")
def app(shared_wechat):
    return site(shared_wechat.url)


@pytest.fixture
def client(app, wechat):
    """A browser in front of a site that knows the fake WeChat."""
    return app.test_client()


def test_the_button_leads_to_wechat(client):
    button = page(client.get("/")).select_one("a.button")
    response = client.get(button["href"])
    assert response.status_code == 302
    assert response.location.startswith("https://open.weixin.qq.com/connect/oauth2/authorize?")


def test_a_visitor_who_comes_back_with_a_code_is_logged_in(client):
    state = begin(client)["state"]
    response = client.get("/callback", query_string={"code": "CODE-1", "state": state})
    assert (response.status_code, response.location) == (303, "/profile")
    profile = client.get("/profile")
    assert profile.status_code == 200
    assert page(profile).h1.text == "Hello 林小雨 😀"


def test_the_profile_is_for_those_who_are_logged_in(client):
    response = client.get("/profile")
    assert (response.status_code, response.location) == (303, "/")


def test_a_login_that_was_begun_elsewhere_is_forbidden(client):
    begin(client)
    response = client.get("/callback?code=CODE-1&state=ofSomeoneElse")
    assert response.status_code == 403
    assert "was not begun in this browser" in response.text


def test_after_the_logout_the_profile_is_gone(client):
    log_in(client)
    response = client.post("/logout")
    assert (response.status_code, response.location) == (303, "/")
    assert client.get("/profile").location == "/"


def test_the_first_program_logs_a_visitor_in(monkeypatch, wechat):
    settings = {"WECHAT_APPID": APPID, "WECHAT_SECRET": SECRET, "WECHAT_API_BASE": wechat.url}
    client = first_program("oauth", monkeypatch, **settings).app.test_client()
    for query in ({"code": "1"}, {"code": "1", "state": "guessed"}):
        assert client.get("/callback", query_string=query).status_code == 403
    link = urlsplit(client.get("/login").location)
    assert link.fragment == "wechat_redirect"
    names = ["appid", "redirect_uri", "response_type", "scope", "state"]
    assert list(parse_qs(link.query)) == names
    state = parse_qs(link.query)["state"][0]
    response = client.get("/callback", query_string={"code": "x&appid=evil", "state": state})
    assert response.text == f"Your openid is {OPENID}.\n"
    assert wechat.asked(EXCHANGE)[0]["code"] == "x&appid=evil"
    assert client.get("/callback", query_string={"code": "1", "state": state}).status_code == 403


# The link


@pytest.mark.parametrize("scope", ["snsapi_base", "snsapi_userinfo"])
def test_the_link_has_wechats_order_and_ends_in_its_fragment(client, scope):
    response = client.get(f"/login/{scope}")
    assert response.status_code == 302
    pattern = (
        rf"https://open\.weixin\.qq\.com/connect/oauth2/authorize\?appid={APPID}"
        r"&redirect_uri=http%3A%2F%2Flocalhost%2Fcallback&response_type=code"
        rf"&scope={scope}&state=[a-zA-Z0-9]{{32}}#wechat_redirect"
    )
    assert re.fullmatch(pattern, response.location)


@pytest.mark.parametrize("scope", ["snsapi_userinf", "sns_userinfo", "SNSAPI_BASE", "base", ""])
def test_a_misspelt_scope_is_not_sent_to_wechat(client, scope):
    assert client.get(f"/login/{scope}").status_code == 404


@pytest.mark.parametrize(
    "uri",
    [
        "https://shop.example/callback",
        "https://shop.example/a b/%E4%BD%A0?x=1&y=2#z",
        "https://shop.example/你好?q=a+b%20c",
    ],
)
def test_the_redirect_uri_comes_out_of_the_link_as_it_went_in(uri):
    link = WeChat("https://open.example", "", APPID, SECRET, 5).login_link(uri, "snsapi_base", "s1")
    assert parse_qs(urlsplit(link).query, strict_parsing=True) == {
        "appid": [APPID],
        "redirect_uri": [uri],
        "response_type": ["code"],
        "scope": ["snsapi_base"],
        "state": ["s1"],
    }
    assert link.endswith("&state=s1#wechat_redirect")
    assert SECRET not in link


def test_the_redirect_uri_follows_a_mount_and_a_proxy():
    mounted = Client(DispatcherMiddleware(Flask("outer"), {"/run/oauth": site()}))
    link = mounted.get("/run/oauth/login/snsapi_base").location
    assert parse_qs(urlsplit(link).query)["redirect_uri"] == ["http://localhost/run/oauth/callback"]
    html = mounted.get("/run/oauth/").text
    assert 'href="/run/oauth/login/snsapi_userinfo"' in html
    assert "http://localhost/run/oauth/callback" in html
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example"}
    for proxies, uri in (
        ("1", "https://shop.example/callback"),
        ("0", "http://localhost/callback"),
    ):
        client = site(WECHAT_PROXIES=proxies).test_client()
        link = client.get("/login/snsapi_base", headers=forwarded).location
        assert parse_qs(urlsplit(link).query)["redirect_uri"] == [uri]


def test_a_login_below_a_prefix_stays_there(wechat):
    prefix = "/run/oauth"
    client = Client(DispatcherMiddleware(Flask("outer"), {prefix: site(wechat.url)}))
    link = client.get(f"{prefix}/login/snsapi_userinfo").location
    state = parse_qs(urlsplit(link).query)["state"][0]
    response = client.get(f"{prefix}/callback?code=1&state={state}")
    assert response.location == f"{prefix}/profile"
    html = client.get(response.location).text
    assert f'action="{prefix}/logout"' in html
    assert client.post(f"{prefix}/logout").location == f"{prefix}/"


def test_the_pages_of_wechat_are_a_setting():
    client = site(WECHAT_OPEN_BASE="http://127.0.0.1:5001/run/simulator").test_client()
    link = client.get("/login/snsapi_base").location
    assert link.startswith("http://127.0.0.1:5001/run/simulator/connect/oauth2/authorize?appid=")


# The state


def test_each_login_has_a_state_of_its_own(client):
    states = {begin(client)["state"] for _ in range(5)}
    assert len(states) == 5
    assert all(re.fullmatch("[a-zA-Z0-9]{32}", state) for state in states)


@pytest.mark.parametrize(
    "change",
    [
        lambda state: None,
        lambda state: "",
        lambda state: state.swapcase(),
        lambda state: state[:-1],
        lambda state: state + "x",
        lambda state: "é" + state,
        lambda state: "wrong\udce9".encode("utf-8", "surrogateescape"),
    ],
    ids=["missing", "empty", "case", "short", "long", "other letters", "not text"],
)
def test_a_wrong_state_is_forbidden_and_ends_the_login(wechat, client, change):
    state = begin(client)["state"]
    query = {"code": "CODE-1", "state": change(state)}
    query = {name: value for name, value in query.items() if value is not None}
    assert client.get("/callback", query_string=query).status_code == 403
    # There is one guess.
    assert client.get("/callback", query_string=query | {"state": state}).status_code == 403
    assert wechat.seen == []
    assert client.get("/profile").location == "/"


def test_a_state_works_once(wechat, client):
    state = begin(client)["state"]
    query = {"code": "CODE-1", "state": state}
    assert client.get("/callback", query_string=query).status_code == 303
    assert client.get("/callback", query_string=query).status_code == 403
    assert len(wechat.asked(EXCHANGE)) == 1
    assert client.get("/profile").status_code == 200


def test_a_login_that_another_browser_began_is_forbidden(wechat, client):
    """Otherwise a link would log the victim in as the attacker."""
    attacker = client.application.test_client()
    state = begin(attacker)["state"]
    assert client.get("/callback", query_string={"code": "X", "state": state}).status_code == 403
    begin(client)
    assert client.get("/callback", query_string={"code": "X", "state": state}).status_code == 403
    assert wechat.seen == []


@pytest.mark.parametrize("state", ["STATE", "1", "", None])
def test_a_constant_state_proves_nothing(wechat, client, state):
    query = {"code": "CODE-1"} | ({} if state is None else {"state": state})
    assert client.get("/callback", query_string=query).status_code == 403
    assert wechat.seen == []


# The code


@pytest.mark.parametrize("code", [None, ""])
def test_a_refusal_comes_back_without_a_code(wechat, client, code):
    query = {"state": begin(client)["state"]} | ({} if code is None else {"code": code})
    response = client.get("/callback", query_string=query)
    assert response.status_code == 400
    assert "You did not allow it" in response.text
    assert 'href="/"' in response.text
    assert wechat.seen == []
    assert client.get("/profile").location == "/"


def test_the_code_is_exchanged_and_the_visitor_sent_to_a_clean_url(wechat, client):
    response = come_back(client, "CODE-1")
    assert (response.status_code, response.location) == (303, "/profile")
    assert wechat.seen == [
        (
            "GET",
            EXCHANGE,
            [
                ("appid", APPID),
                ("secret", SECRET),
                ("code", "CODE-1"),
                ("grant_type", "authorization_code"),
            ],
        )
    ]
    assert client.post("/callback").status_code == 405


@pytest.mark.parametrize(
    "code", ["x&appid=evil", "x#y", "a b+c%20", "你好", "x&secret=guess", "None"]
)
def test_a_code_stays_one_value(wechat, client, code):
    assert come_back(client, code).status_code == 303
    (asked,) = wechat.asked(EXCHANGE)
    assert asked["code"] == code
    assert (asked["appid"], asked["secret"]) == (APPID, SECRET)
    assert len(wechat.seen[0][2]) == 4


# Who is logged in


def test_the_cookie_holds_no_token(client):
    log_in(client)
    cookie = client.get_cookie("session")
    content = base64.urlsafe_b64decode(cookie.value.split(".")[0] + "==")
    assert list(json.loads(content)) == ["visit"]
    for text in (content.decode(), cookie.value):
        for secret in ("ACCESS", "REFRESH", OPENID, SECRET):
            assert secret not in text
    assert cookie.http_only
    assert cookie.same_site == "Lax"


def test_a_login_begins_a_new_visit(client):
    with client.session_transaction() as session:
        session["cart"] = "of the visitor before"
    log_in(client)
    with client.session_transaction() as session:
        assert list(session) == ["visit"]
    first = client.get_cookie("session").value
    log_in(client)
    second = client.get_cookie("session").value
    assert first != second
    # The visit before is over, even for a copy of its cookie.
    client.set_cookie("session", first)
    assert client.get("/profile").location == "/"
    client.set_cookie("session", second)
    assert client.get("/profile").status_code == 200


def test_a_failed_login_leaves_the_visit_alone(wechat, client):
    log_in(client)
    wechat.responses[EXCHANGE] = {"errcode": 40029}
    assert come_back(client).status_code == 502
    assert client.get("/profile").status_code == 200


def test_a_logout_is_final(client):
    log_in(client)
    copy = client.get_cookie("session").value
    assert "Your profile" in client.get("/").text
    assert client.get("/logout").status_code == 405
    response = client.post("/logout")
    assert (response.status_code, response.location) == (303, "/")
    assert client.get("/profile").location == "/"
    client.set_cookie("session", copy)
    assert client.get("/profile").location == "/"
    assert "Your profile" not in client.get("/").text
    assert client.post("/logout").status_code == 303


def test_a_changed_cookie_is_not_accepted(client):
    log_in(client)
    client.set_cookie("session", client.get_cookie("session").value[:-2] + "xx")
    assert client.get("/profile").location == "/"


def tokens(name="a"):
    return Tokens(name, f"access-{name}", f"refresh-{name}", "snsapi_base", 0.0, False)


@pytest.fixture
def visits(tmp_path):
    return Visits(tmp_path / "data" / "visits.db")


def test_a_visit_is_forgotten_after_a_month(visits, monkeypatch):
    numbers = [visits.begin(tokens(name)) for name in "ab"]
    assert [visits.find(number).openid for number in numbers] == ["a", "b"]
    assert all(len(number) >= 43 for number in numbers)
    later = time.time() + 31 * 24 * 60 * 60
    monkeypatch.setattr(time, "time", lambda: later)
    numbers.append(visits.begin(tokens("c")))
    assert [visits.find(number) for number in numbers] == [None, None, tokens("c")]


def test_another_process_finds_the_visit(visits):
    number = visits.begin(tokens())
    assert Visits(visits.path).find(number) == tokens()
    assert stat.S_IMODE(visits.path.stat().st_mode) == 0o600 or os.name == "nt"


def test_who_has_no_visit_opens_no_file(visits):
    assert visits.find(None) is None
    visits.end(None)
    assert not visits.path.exists()


def test_a_visit_that_ended_is_not_renewed(visits):
    number = visits.begin(tokens())
    visits.renew(number, tokens("b"))
    assert visits.find(number).openid == "b"
    visits.end(number)
    visits.renew(number, tokens("c"))
    assert visits.find(number) is None
    visits.end(number)


def test_tokens_do_not_show_themselves():
    assert "access" not in repr(tokens())
    assert "refresh" not in repr(tokens())


@pytest.mark.parametrize("path", ["/", "/login/snsapi_base", "/callback", "/profile", "/nowhere"])
def test_no_page_is_kept_on_the_way_or_named_to_others(client, path):
    log_in(client)
    headers = client.get(path).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


# Problems and settings


def test_problems_are_pages_that_lead_back(client):
    for response, status in [
        (client.get("/nowhere"), 404),
        (client.put("/logout"), 405),
        (client.get("/callback"), 403),
    ]:
        assert response.status_code == status
        assert response.content_type == "text/html; charset=utf-8"
        assert '<a href="/">Back to the login</a>' in response.text
    assert "POST" in client.put("/logout").headers["Allow"]
    html = client.get("/<script>alert(1)</script>").text
    assert "<script" not in html


def test_a_host_that_is_not_trusted_gets_no_link():
    client = site(TRUSTED_HOSTS=["shop.example"]).test_client()
    assert client.get("/login/snsapi_base").status_code == 400
    response = client.get("/login/snsapi_base", headers={"Host": "shop.example"})
    assert "redirect_uri=http%3A%2F%2Fshop.example%2Fcallback&" in response.location


def test_production_wants_the_secret(monkeypatch, capsys):
    monkeypatch.setenv("WECHAT_ENV", "production")
    with pytest.raises(SettingError, match=r"WECHAT_APPID is not set.+WECHAT_SECRET is not set"):
        create_app()
    monkeypatch.setenv("WECHAT_APPID", APPID)
    monkeypatch.setenv("WECHAT_SECRET", SECRET)
    for key in ("", "x" * 31):
        monkeypatch.setenv("FLASK_SECRET_KEY", key)
        with pytest.raises(SettingError, match="FLASK_SECRET_KEY must have at least 32 char"):
            create_app()
    monkeypatch.setenv("FLASK_SECRET_KEY", "x" * 32)
    assert begin(create_app().test_client())["appid"] == APPID
    assert capsys.readouterr() == ("", "")


def test_the_flask_command_finds_the_app_and_its_key(monkeypatch):
    monkeypatch.setenv("FLASK_SECRET_KEY", "of the tests")
    app = ScriptInfo("day05_wechat.oauth.app").load_app()
    assert app.secret_key == "of the tests"
    monkeypatch.setenv("FLASK_SECRET_KEY", "12345")  # from_prefixed_env makes a number of it
    assert create_app().secret_key == "12345"
    monkeypatch.delenv("FLASK_SECRET_KEY")
    assert len(create_app().secret_key) == 64
    assert create_app().secret_key != create_app().secret_key
    monkeypatch.setenv("FLASK_SECRET_KEY", "")
    assert len(create_app().secret_key) == 64
