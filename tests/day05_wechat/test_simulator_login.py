"""The simulator's login: the consent page for people, and the API for programs.

Begin with test_the_consent_page_offers_the_people_and_names_the_site. ``link`` writes a login link,
``decide`` sends the consent form, ``logged_in`` returns the tokens for a code.
"""

import json
import re
import threading
from html import unescape
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
import requests

from day05_wechat.simulator import grants
from day05_wechat.simulator.app import create_app
from day05_wechat.simulator.grants import ApiError, Grants
from day05_wechat.simulator.people import SNAPSHOT
from tests.day05_wechat.helpers import WAIT
from tests.day05_wechat.helpers_simulator import (
    APPID,
    CONFIG,
    MARKUP,
    PEOPLE,
    RAIN,
    SAM,
    SECRET,
)
from tests.helpers import serving

app = create_app(CONFIG)


@pytest.fixture
def client():
    return app.test_client()


@pytest.fixture
def fresh():
    """The client of a simulator that has given no code yet."""
    return create_app(CONFIG).test_client()


def link(**changes):
    """Return a login link; None removes a parameter."""
    given = {
        "appid": APPID,
        "redirect_uri": "http://127.0.0.1:5002/callback",
        "response_type": "code",
        "scope": "snsapi_userinfo",
        "state": "abcXYZ123",
    }
    given = {name: value for name, value in (given | changes).items() if value is not None}
    return f"/connect/oauth2/authorize?{urlencode(given)}"


def decide(client, url=None, **form):
    """Send the consent form, and return the URL it leads to, in parts."""
    form = {"person": RAIN.openid, "decision": "allow"} | form
    response = client.post(url or link(), data=form)
    assert response.status_code == 303, response.text
    return urlsplit(response.location), dict(parse_qsl(urlsplit(response.location).query))


def api(client, path, **parameters):
    """Ask the API, and return the data of the response."""
    response = client.get(path, query_string=parameters)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain"
    return json.loads(response.get_data())


def exchange_code(client, code, **changes):
    """Exchange a code for tokens."""
    given = {"appid": APPID, "secret": SECRET, "code": code, "grant_type": "authorization_code"}
    return api(client, "/sns/oauth2/access_token", **(given | changes))


def refreshed(client, tokens, **changes):
    """Exchange a refresh token for new tokens."""
    given = {"appid": APPID, "grant_type": "refresh_token"} | changes
    given.setdefault("refresh_token", tokens["refresh_token"])
    return api(client, "/sns/oauth2/refresh_token", **given)


def logged_in(client, **form):
    """Consent, and return the tokens."""
    return exchange_code(client, decide(client, **form)[1]["code"])


def error(data):
    """Return the number of an error."""
    assert set(data) == {"errcode", "errmsg"}
    assert data["errmsg"]
    return data["errcode"]


def test_the_consent_page_offers_the_people_and_names_the_site(client):
    html = client.get(link(redirect_uri="http://localhost:5002/callback")).text
    assert "<strong>localhost:5002</strong>" in html
    assert re.findall('value="(oSim[^"]+)" checked', html) == [RAIN.openid]
    for person in PEOPLE:
        assert f'value="{person.openid}"' in html
        assert person.nickname in unescape(html)
    assert MARKUP.nickname not in html
    assert "<b>阿明" not in html
    assert "(without a picture)" in html


def test_consent_leads_back_with_a_code_and_the_state(client):
    address, query = decide(client)
    assert address._replace(query="").geturl() == "http://127.0.0.1:5002/callback"
    assert list(query) == ["code", "state"]
    assert query["state"] == "abcXYZ123"
    assert re.fullmatch("[a-zA-Z0-9]{32}", query["code"])
    assert decide(client)[1]["code"] != query["code"]


def test_a_refusal_leads_back_with_the_state_alone(fresh):
    for form in ({"decision": "deny"}, {"decision": "deny", "person": ""}):
        assert decide(fresh, **form)[1] == {"state": "abcXYZ123"}
    assert decide(fresh, link(state=None), decision="deny")[0].query == ""
    assert not fresh.application.extensions["grants"].codes


def test_a_code_becomes_tokens_and_a_profile(client):
    tokens = logged_in(client)
    names = ["access_token", "expires_in", "refresh_token", "openid", "scope"]
    assert list(tokens) == names
    assert tokens["expires_in"] == 7200
    assert (tokens["openid"], tokens["scope"]) == (RAIN.openid, "snsapi_userinfo")
    who = {"access_token": tokens["access_token"], "openid": RAIN.openid}
    profile = api(client, "/sns/userinfo", **who, lang="zh_CN")
    names = ["openid", "nickname", "sex", "province", "city", "country", "headimgurl", "privilege"]
    assert list(profile) == names
    assert (profile["openid"], profile["nickname"]) == (RAIN.openid, "林小雨")
    assert profile["privilege"] == []
    assert api(client, "/sns/auth", **who) == {"errcode": 0, "errmsg": "ok"}


def test_a_code_works_once(client):
    code = decide(client)[1]["code"]
    assert "access_token" in exchange_code(client, code)
    assert error(exchange_code(client, code)) == 40163
    assert error(exchange_code(client, code)) == 40163


# The consent page


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://localhost/cb?a=b&c=%20d", "http://localhost/cb?a=b&c=%20d&code=X&state=s"),
        ("http://localhost/cb#part", "http://localhost/cb?code=X&state=s#part"),
        ("https://localhost:8443", "https://localhost:8443?code=X&state=s"),
    ],
)
def test_the_redirect_uri_keeps_what_it_has(client, uri, expected):
    response = client.post(
        link(redirect_uri=uri, state="s"),
        data={"person": RAIN.openid, "decision": "allow"},
    )
    assert re.sub("code=[^&#]*", "code=X", response.location) == expected


def test_without_a_person_or_a_decision_nothing_happens(client):
    for form in (
        {},
        {"decision": "allow"},
        {"decision": "allow", "person": "x"},
        {"person": RAIN.openid},
        {"decision": "maybe", "person": RAIN.openid},
    ):
        assert client.post(link(), data=form).status_code == 400


def test_the_base_scope_is_silent(fresh):
    fresh.post("/phone", data={"person": SAM.openid})
    response = fresh.get(link(scope="snsapi_base"))
    assert response.status_code == 303
    query = dict(parse_qsl(urlsplit(response.location).query))
    assert query["state"] == "abcXYZ123"
    tokens = exchange_code(fresh, query["code"])
    assert (tokens["openid"], tokens["scope"]) == (SAM.openid, "snsapi_base")


def test_the_parameters_must_be_in_wechats_order(client):
    path, _, query = link().partition("?")
    parts = query.split("&")
    orders = [[*parts[n:], *parts[:n]] for n in range(1, 5)] + [parts[::-1]]
    for order in [
        *orders,
        parts[1:],
        parts[:3],
        [*parts, parts[0]],
        [*parts[:2], "x=1", *parts[2:]],
    ]:
        assert order != parts
        response = client.get(f"{path}?{'&'.join(order)}")
        assert response.status_code == 200
        assert "in this order" in response.text
        assert "You are" not in response.text
    for order in (parts, parts[:4], [*parts, "connect_redirect=1"]):
        assert "You are" in client.get(f"{path}?{'&'.join(order)}").text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"appid": "wxother"}, "no account with this appid"),
        ({"response_type": "token"}, "response_type must be code"),
        ({"scope": "snsapi_usrinfo"}, "scope must be"),
        ({"scope": "snsapi_login"}, "scope must be"),
        ({"scope": ""}, "scope must be"),
        ({"state": "a-b"}, "letters and digits"),
        ({"state": "x" * 129}, "letters and digits"),
        ({"state": "你"}, "letters and digits"),
    ],
)
def test_a_wrong_link_is_a_page_that_says_so(client, changes, problem):
    for response in (client.get(link(**changes)), client.post(link(**changes))):
        assert response.status_code == 200
        assert response.mimetype == "text/html"
        assert problem in response.text
        assert "Location" not in response.headers


@pytest.mark.parametrize(
    "uri",
    [
        "http://example.com/callback",
        "http://127.0.0.1.example.com/",
        "http://sub.localhost/",
        "http://127.0.0.2/",
        "http://example.com\\@127.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "http://127.0.0.1@example.com/",
        "http://127.0.0.1:x/",
        "http://127.0.0.1:99999/",
        "http://[127.0.0.1/",
        "http://127.0.0.1/a\r\nX: y",
        "http://127.0.0.1\t.example.com/",
        " http://127.0.0.1/",
        "javascript://127.0.0.1/%0aalert(1)",
        "//127.0.0.1/callback",
        "/callback",
        "127.0.0.1",
        "",
        quote("http://127.0.0.1/callback", safe=""),
    ],
)
def test_a_code_goes_to_the_configured_domain_only(client, uri):
    before = dict(client.application.extensions["grants"].codes)
    for scope in ("snsapi_userinfo", "snsapi_base"):
        url = link(redirect_uri=uri, scope=scope)
        for response in (client.get(url), client.post(url, data={"decision": "allow"})):
            assert response.status_code == 200
            assert "<p>redirect_uri域名与后台配置不一致: " in response.text
            assert "<p>Error 10003</p>" in response.text
            assert "Location" not in response.headers
    assert client.application.extensions["grants"].codes == before


def test_the_domain_is_a_setting():
    client = create_app(CONFIG | {"LOGIN_DOMAINS": ["shop.example"]}).test_client()
    assert "You are" in client.get(link(redirect_uri="https://shop.example/cb")).text
    assert "10003" in client.get(link()).text


# The API


def test_the_people_are_the_awkward_ones(client):
    profiles = []
    for person in PEOPLE:
        tokens = logged_in(client, person=person.openid)
        who = {"access_token": tokens["access_token"], "openid": person.openid}
        profiles.append(api(client, "/sns/userinfo", **who))
    pictures = [profile["headimgurl"] for profile in profiles]
    assert pictures[1] == ""
    assert all(each.startswith("https://") and ".example/" in each for each in pictures if each)
    assert {"<", ">", "&", '"', "'", "明"} <= {*profiles[2]["nickname"]}


def test_the_answers_mislead_requests_as_wechats_do(client):
    """Text without a charset is ISO-8859-1 to requests, and so is then its JSON."""
    tokens = logged_in(client)
    with serving(client.application) as server:
        who = {"access_token": tokens["access_token"], "openid": RAIN.openid}
        response = requests.get(f"{server.url}/sns/userinfo", params=who, timeout=WAIT)
    assert response.headers["Content-Type"] == "text/plain"
    assert response.encoding == "ISO-8859-1"
    assert response.json()["nickname"] == "林小雨".encode().decode("latin-1")
    assert json.loads(response.content)["nickname"] == "林小雨"


def test_of_many_at_once_one_gets_the_tokens():
    many = Grants()
    code = many.new_code(RAIN, "snsapi_base")
    results, barrier = [], threading.Barrier(8)

    def work():
        barrier.wait()
        try:
            results.append(many.exchange(code)["openid"])
        except ApiError as error:
            results.append(error.errcode)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, key=str) == [40163] * 7 + [RAIN.openid]


def test_a_refused_request_does_not_use_the_code_up(client):
    code = decide(client)[1]["code"]
    assert error(exchange_code(client, code, secret="wrong")) == 40125
    assert error(exchange_code(client, code, appid="wxother")) == 40013
    assert error(exchange_code(client, code, grant_type="x")) == 40002
    assert "access_token" in exchange_code(client, code)


@pytest.mark.parametrize("code", ["", "x", "None", "你好"])
def test_an_unknown_code_is_refused(client, code):
    assert error(exchange_code(client, code)) == 40029


def test_a_code_does_not_survive_a_change_of_case(client):
    code = decide(client)[1]["code"]
    assert error(exchange_code(client, code.lower())) == 40029
    assert error(exchange_code(client, code.swapcase())) == 40029


def test_nothing_outlives_its_time(client, monkeypatch):
    now = [1_700_000_000.0]
    monkeypatch.setattr(grants.time, "time", lambda: now[0])
    late, punctual = decide(client)[1]["code"], decide(client)[1]["code"]
    now[0] += 299
    tokens = exchange_code(client, punctual)
    now[0] += 1
    assert error(exchange_code(client, late)) == 40029
    assert error(exchange_code(client, punctual)) == 40029
    who = {"access_token": tokens["access_token"], "openid": RAIN.openid}
    now[0] += 7197
    assert api(client, "/sns/auth", **who)["errcode"] == 0
    now[0] += 3
    assert error(api(client, "/sns/auth", **who)) == 42001
    assert error(api(client, "/sns/userinfo", **who)) == 42001
    again = refreshed(client, tokens)
    assert list(again) == list(tokens)
    assert again["access_token"] != tokens["access_token"]
    assert again["refresh_token"] == tokens["refresh_token"]
    who["access_token"] = again["access_token"]
    assert api(client, "/sns/userinfo", **who)["nickname"] == "林小雨"
    now[0] += 30 * 24 * 3600
    assert error(refreshed(client, tokens)) == 40030


def test_a_refresh_can_fail(client):
    tokens = logged_in(client)
    assert error(refreshed(client, tokens, refresh_token="x")) == 40030
    assert error(refreshed(client, tokens, refresh_token=tokens["access_token"])) == 40030
    assert error(refreshed(client, tokens, appid="wxother")) == 40013
    assert error(refreshed(client, tokens, grant_type="x")) == 40002
    assert error(api(client, "/sns/oauth2/refresh_token")) == 40013


def test_the_base_scope_gives_no_profile(client):
    location = client.get(link(scope="snsapi_base")).location
    tokens = exchange_code(client, dict(parse_qsl(urlsplit(location).query))["code"])
    for each in (tokens, refreshed(client, tokens)):
        who = {"access_token": each["access_token"], "openid": each["openid"]}
        assert error(api(client, "/sns/userinfo", **who)) == 48001
        assert api(client, "/sns/auth", **who)["errcode"] == 0


def test_a_token_speaks_for_one_person(client):
    tokens = logged_in(client)
    for path in ("/sns/userinfo", "/sns/auth"):
        token = tokens["access_token"]
        assert error(api(client, path, access_token=token, openid=SAM.openid)) == 40003
        assert error(api(client, path, access_token=token)) == 40003
        assert error(api(client, path, access_token="x", openid=RAIN.openid)) == 40001
        refresher = tokens["refresh_token"]
        assert error(api(client, path, access_token=refresher, openid=RAIN.openid)) == 40001
        assert error(api(client, path)) == 40001


def test_a_snapshot_page_shows_a_made_up_user(client):
    tokens = logged_in(client, snapshot="on")
    assert tokens["is_snapshotuser"] == 1
    assert tokens["openid"] == SNAPSHOT.openid not in {person.openid for person in PEOPLE}
    who = {"access_token": tokens["access_token"], "openid": tokens["openid"]}
    assert api(client, "/sns/userinfo", **who)["nickname"] == SNAPSHOT.nickname
    assert refreshed(client, tokens)["is_snapshotuser"] == 1
    assert "is_snapshotuser" not in logged_in(client)


def test_the_api_keeps_only_so_much(monkeypatch):
    monkeypatch.setattr(grants, "MOST", 3)
    many = Grants()
    codes = [many.new_code(RAIN, "snsapi_base") for _ in range(5)]
    assert list(many.codes) == codes[2:]
    tokens = [many.exchange(code) for code in codes[2:]]
    for _ in range(5):
        many.refresh(tokens[0]["refresh_token"])
    assert [len(each) for each in (many.codes, many.tokens, many.refreshers)] == [3, 3, 3]


@pytest.mark.parametrize(
    "path", ["/sns/oauth2/access_token", "/sns/oauth2/refresh_token", "/sns/userinfo", "/sns/auth"]
)
def test_the_api_answers_any_query(client, path):
    for query in (
        "",
        "?appid",
        "?appid=%ff&secret=%00",
        "?access_token=%e4%bd%a0&openid=%ff",
        "?&&=",
    ):
        response = client.get(path + query)
        assert response.status_code == 200
        assert json.loads(response.get_data())["errcode"] > 0
    assert client.post(path).status_code == 405
