import base64
import gzip
import importlib
import inspect
import json
import logging
import re
import socket
import threading
import time
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import pytest
import requests
from flask import Flask, render_template_string, request
from flask.cli import ScriptInfo
from werkzeug.exceptions import BadGateway
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import Client

from day05_wechat.oauth.app import create_app
from day05_wechat.oauth.visits import Visits
from day05_wechat.oauth.wechat import MAX_BYTES, Tokens, WeChat, fetch, picture
from day05_wechat.settings.app import SettingError

APPID, SECRET = "wx0123456789abcdef", "SecretOfNobody42"
OPENID = "oUser-1"
TOKENS = {
    "access_token": "ACCESS-1-\u00e9&=",
    "expires_in": 7200,
    "refresh_token": "REFRESH-1",
    "openid": OPENID,
    "scope": "snsapi_userinfo",
}
PERSON = {
    "openid": OPENID,
    "nickname": "林小雨 😀",
    "sex": 0,
    "province": "",
    "city": "",
    "country": "",
    "headimgurl": "https://avatars.example/rain.png",
    "privilege": [],
}
EXCHANGE, REFRESH, PROFILE = (
    "/sns/oauth2/access_token",
    "/sns/oauth2/refresh_token",
    "/sns/userinfo",
)


class Quiet(WSGIRequestHandler):
    """Serve without a line per request, which would hold the secret."""

    def log(self, *words):
        pass


class FakeWeChat:
    """The API behind a real socket: it answers what a test has put in, and records what it saw."""

    def __init__(self):
        self.answers = {EXCHANGE: TOKENS, REFRESH: TOKENS, PROFILE: PERSON}
        self.seen = []
        self.done = threading.Event()
        app = Flask("fake")
        app.add_url_rule("/<path:path>", "any", self.answer, methods=["GET", "POST"])
        self.server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        self.server.daemon_threads = False  # server_close then waits for them
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.005,))
        self.thread.start()

    def answer(self, path):
        self.seen.append((request.method, f"/{path}", parse_qsl(request.query_string.decode())))
        answer = self.answers[f"/{path}"]
        if callable(answer):
            return answer()
        if isinstance(answer, dict):
            answer = json.dumps(answer, ensure_ascii=False)
        return answer, 200, {"Content-Type": "text/plain"}

    def asked(self, path):
        return [dict(pairs) for _, seen, pairs in self.seen if seen == path]

    def close(self):
        self.done.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def wechat():
    fake = FakeWeChat()
    yield fake
    fake.close()


def site(url="http://127.0.0.1:9", **config):
    given = {"WECHAT_APPID": APPID, "WECHAT_SECRET": SECRET, "WECHAT_API_BASE": url}
    return create_app(given | config)


@pytest.fixture
def client(wechat):
    """A browser in front of a site that knows the fake WeChat."""
    return site(wechat.url).test_client()


def begin(client, scope="snsapi_userinfo"):
    """Press the button; return the parameters of the link."""
    link = client.get(f"/login/{scope}").location
    return dict(parse_qsl(urlsplit(link).query, strict_parsing=True))


def come_back(client, code="CODE-1", **more):
    return client.get(
        "/callback", query_string={"code": code, "state": begin(client)["state"]} | more
    )


def log_in(client):
    answer = come_back(client)
    assert (answer.status_code, answer.location) == (303, "/profile")
    return client.get("/profile")


# The link


@pytest.mark.point("D5-28", "D5-34")
@pytest.mark.parametrize("scope", ["snsapi_base", "snsapi_userinfo"])
def test_the_link_has_wechats_order_and_ends_in_its_fragment(scope):
    client = site().test_client()
    answer = client.get(f"/login/{scope}")
    assert answer.status_code == 302
    pattern = (
        rf"https://open\.weixin\.qq\.com/connect/oauth2/authorize\?appid={APPID}"
        r"&redirect_uri=http%3A%2F%2Flocalhost%2Fcallback&response_type=code"
        rf"&scope={scope}&state=[a-zA-Z0-9]{{32}}#wechat_redirect"
    )
    assert re.fullmatch(pattern, answer.location)


@pytest.mark.point("D5-28")
@pytest.mark.parametrize("scope", ["snsapi_userinf", "sns_userinfo", "SNSAPI_BASE", "base", ""])
def test_a_misspelt_scope_is_not_sent_to_wechat(scope):
    client = site().test_client()
    assert client.get(f"/login/{scope}").status_code == 404


@pytest.mark.point("D5-34")
def test_a_fragment_is_not_sent_to_the_server(wechat):
    wechat.answers["/x"] = "seen"
    assert requests.get(f"{wechat.url}/x?a=b#wechat_redirect", timeout=5).text == "seen"
    assert wechat.seen == [("GET", "/x", [("a", "b")])]
    # In the wrong place it swallows what follows.
    assert urlsplit("https://open.example/authorize#wechat_redirect?appid=1").query == ""


@pytest.mark.point("D5-32")
@pytest.mark.parametrize(
    "uri",
    [
        "https://shop.example/callback",
        "https://shop.example/a b/%E4%BD%A0?x=1&y=2#z",
        "https://shop.example/你好?q=a+b%20c",
    ],
)
def test_the_address_comes_out_of_the_link_as_it_went_in(uri):
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


@pytest.mark.point("D5-32")
def test_quote_of_old_has_moved_and_leaves_slashes():
    import urllib

    assert not hasattr(urllib, "quote")
    uri = "https://shop.example/callback?a=1&b=2"
    assert quote(uri) == "https%3A//shop.example/callback%3Fa%3D1%26b%3D2"
    assert quote(uri, safe="") == urlencode({"": uri}).removeprefix("=")
    # Pasted in without any quoting, it loses its tail; quoted twice, it is another address.
    assert parse_qs(f"redirect_uri={uri}&state=1")["redirect_uri"] == [uri.removesuffix("&b=2")]
    assert parse_qs(urlencode({"u": quote(uri)}))["u"] != [uri]


def test_the_address_follows_a_mount_and_a_proxy():
    mounted = Client(DispatcherMiddleware(Flask("outer"), {"/run/oauth": site()}))
    link = mounted.get("/run/oauth/login/snsapi_base").location
    assert parse_qs(urlsplit(link).query)["redirect_uri"] == ["http://localhost/run/oauth/callback"]
    page = mounted.get("/run/oauth/").text
    assert 'href="/run/oauth/login/snsapi_userinfo"' in page
    assert "http://localhost/run/oauth/callback" in page
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
    answer = client.get(f"{prefix}/callback?code=1&state={state}")
    assert answer.location == f"{prefix}/profile"
    page = client.get(answer.location).text
    assert f'action="{prefix}/logout"' in page
    assert client.post(f"{prefix}/logout").location == f"{prefix}/"


def test_the_pages_of_wechat_are_a_setting():
    client = site(WECHAT_OPEN_BASE="http://127.0.0.1:5001/run/simulator").test_client()
    link = client.get("/login/snsapi_base").location
    assert link.startswith("http://127.0.0.1:5001/run/simulator/connect/oauth2/authorize?appid=")


# The state


@pytest.mark.point("D5-33")
def test_each_login_has_a_state_of_its_own():
    client = site().test_client()
    states = {begin(client)["state"] for _ in range(5)}
    assert len(states) == 5
    assert all(re.fullmatch("[a-zA-Z0-9]{32}", state) for state in states)


@pytest.mark.point("D5-33")
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
    ids=["missing", "empty", "case", "short", "long", "other letters", "no text"],
)
def test_a_wrong_state_is_forbidden_and_ends_the_login(wechat, client, change):
    state = begin(client)["state"]
    query = {"code": "CODE-1", "state": change(state)}
    query = {name: value for name, value in query.items() if value is not None}
    assert client.get("/callback", query_string=query).status_code == 403
    # One guess is all there is.
    assert client.get("/callback", query_string=query | {"state": state}).status_code == 403
    assert wechat.seen == []
    assert client.get("/profile").location == "/"


@pytest.mark.point("D5-33")
def test_a_state_works_once(wechat, client):
    state = begin(client)["state"]
    query = {"code": "CODE-1", "state": state}
    assert client.get("/callback", query_string=query).status_code == 303
    assert client.get("/callback", query_string=query).status_code == 403
    assert len(wechat.asked(EXCHANGE)) == 1
    assert client.get("/profile").status_code == 200


@pytest.mark.point("D5-33")
def test_a_login_that_somebody_else_began_is_forbidden(wechat, client):
    """Otherwise a link would log the victim in as the attacker."""
    attacker = client.application.test_client()
    state = begin(attacker)["state"]
    assert client.get("/callback", query_string={"code": "X", "state": state}).status_code == 403
    begin(client)
    assert client.get("/callback", query_string={"code": "X", "state": state}).status_code == 403
    assert wechat.seen == []


@pytest.mark.point("D5-33")
@pytest.mark.parametrize("state", ["STATE", "1", "", None])
def test_a_constant_state_proves_nothing(wechat, client, state):
    query = {"code": "CODE-1"} | ({} if state is None else {"state": state})
    assert client.get("/callback", query_string=query).status_code == 403
    assert wechat.seen == []


# The code


@pytest.mark.point("D5-29")
@pytest.mark.parametrize("code", [None, ""])
def test_a_refusal_comes_back_without_a_code(wechat, client, code):
    query = {"state": begin(client)["state"]} | ({} if code is None else {"code": code})
    answer = client.get("/callback", query_string=query)
    assert answer.status_code == 400
    assert "You did not allow it" in answer.text
    assert 'href="/"' in answer.text
    assert wechat.seen == []
    assert client.get("/profile").location == "/"


@pytest.mark.point("D5-29")
def test_a_missing_code_was_once_the_text_none():
    args = {}
    assert "code=%s" % args.get("code") == "code=None"  # noqa: UP031


@pytest.mark.point("D5-30", "D5-38")
def test_the_code_is_exchanged_and_the_visitor_sent_to_a_clean_address(wechat, client):
    answer = come_back(client, "CODE-1")
    assert (answer.status_code, answer.location) == (303, "/profile")
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


@pytest.mark.point("D5-30")
@pytest.mark.parametrize(
    "code", ["x&appid=evil", "x#y", "a b+c%20", "你好", "x&secret=guess", "None"]
)
def test_a_code_stays_one_value(wechat, client, code):
    assert come_back(client, code).status_code == 303
    (asked,) = wechat.asked(EXCHANGE)
    assert asked["code"] == code
    assert (asked["appid"], asked["secret"]) == (APPID, SECRET)
    assert len(wechat.seen[0][2]) == 4


@pytest.mark.point("D5-30")
def test_a_glued_query_is_changed_by_its_parts(wechat):
    wechat.answers["/x"] = "seen"
    requests.get(f"{wechat.url}/x?code=%s&appid=%s" % ("x&appid=evil", APPID), timeout=5)
    assert wechat.seen[0][2] == [("code", "x"), ("appid", "evil"), ("appid", APPID)]


@pytest.mark.point("D5-36")
def test_urllib2_is_gone():
    with pytest.raises(ModuleNotFoundError, match="urllib2"):
        importlib.import_module("urllib2")


# What WeChat may answer


def failing(client, caplog):
    """Come back with a code; return status and page, after looking for secrets everywhere."""
    with caplog.at_level(logging.DEBUG):
        answer = come_back(client, "CODE-of-the-visitor")
    everything = answer.text + str(answer.headers) + caplog.text
    for record in caplog.records:
        everything += str(record.exc_info) + str(record.args)
    for secret in (SECRET, "CODE-of-the-visitor", "ACCESS-1", "REFRESH-1"):
        assert secret not in everything
    assert "Traceback" not in everything
    assert client.get("/profile").location == "/"
    return answer


NO_JSON = {
    "html": "<html>busy</html>",
    "nothing": "",
    "broken": '{"access_token": "ACCESS-1", ',
    "array": '["ACCESS-1"]',
    "text": '"ACCESS-1"',
    "null": "null",
    "number": "1" * 5000,
    "deep": "[" * 90_000,
    "no UTF-8": b'{"access_token": "ACCESS-1", "openid": "\xff"}',
    "UTF-16": json.dumps(TOKENS).encode("utf-16"),
    "long": json.dumps(TOKENS) + " " * MAX_BYTES,
    "no openid": json.dumps(TOKENS | {"openid": ""}),
    "no token": json.dumps({"openid": OPENID}),
    "wrong types": json.dumps(TOKENS | {"openid": None, "access_token": ["ACCESS-1"]}),
    "empty": "{}",
}


@pytest.mark.point("D5-39")
@pytest.mark.parametrize("name", NO_JSON)
def test_an_answer_that_is_none_is_a_bad_gateway(wechat, client, caplog, name):
    wechat.answers[EXCHANGE] = lambda: (NO_JSON[name], 200, {"Content-Type": "text/plain"})
    answer = failing(client, caplog)
    assert answer.status_code == 502
    assert "WeChat does not answer as it should" in answer.text
    assert 'href="/"' in answer.text
    assert any(record.levelname == "WARNING" for record in caplog.records)


ERRORS = [
    {"errcode": 40029, "errmsg": "invalid code, rid: 1-2"},
    {"errcode": 40163, "errmsg": "code been used"},
    {"errcode": -1, "errmsg": "system error"},
    {"errcode": "40029"},
    {"errcode": None},
    {"errcode": [[]], "errmsg": "nested"},
    {
        "errcode": 40001,
        "errmsg": f"wrong secret {SECRET} for CODE-of-the-visitor\nINFO all is well",
    },
    {"errcode": 40001, "errmsg": {"secret": SECRET, "text": "x" * 5000}},
    TOKENS | {"errcode": 40029},
]


@pytest.mark.point("D5-40")
@pytest.mark.parametrize("error", ERRORS)
def test_an_error_with_status_200_is_a_bad_gateway(wechat, client, caplog, error):
    wechat.answers[EXCHANGE] = error
    answer = failing(client, caplog)
    assert answer.status_code == 502
    assert "WeChat refused" in answer.text
    assert "errmsg" not in answer.text
    assert "1-2" not in answer.text
    (record,) = [record for record in caplog.records if "refused" in record.getMessage()]
    number = error["errcode"]
    assert isinstance(number, list | None) or str(number) in record.getMessage()
    assert "\n" not in record.getMessage()
    assert len(record.getMessage()) < 300


@pytest.mark.point("D5-40")
def test_the_errmsg_is_logged_for_the_developer(wechat, client, caplog):
    wechat.answers[EXCHANGE] = {"errcode": 40029, "errmsg": "invalid code, rid: 1-2"}
    failing(client, caplog)
    assert "invalid code, rid: 1-2" in caplog.text


@pytest.mark.point("D5-40")
def test_errcode_0_is_a_success(wechat, client):
    wechat.answers[EXCHANGE] = {"errcode": 0, "errmsg": "ok"} | TOKENS
    wechat.answers[PROFILE] = {"errcode": 0, "errmsg": "ok"} | PERSON
    assert "林小雨" in log_in(client).text


@pytest.mark.point("D5-39")
@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 403, 404, 500, 503])
def test_another_status_is_a_bad_gateway(wechat, client, caplog, status):
    body = json.dumps(TOKENS)
    wechat.answers[EXCHANGE] = lambda: (body, status, {"Location": f"{wechat.url}{EXCHANGE}"})
    assert failing(client, caplog).status_code == 502
    assert len(wechat.seen) == 1


def test_a_broken_redirect_is_a_bad_gateway(wechat, client, caplog):
    wechat.answers[EXCHANGE] = lambda: ("", 302, {"Location": "http://*/"})
    assert failing(client, caplog).status_code == 502


@pytest.mark.point("D5-39")
def test_wechat_away_is_a_bad_gateway(caplog):
    with socket.socket() as probe:  # bound and not listening: nobody answers
        probe.bind(("127.0.0.1", 0))
        client = site(f"http://127.0.0.1:{probe.getsockname()[1]}").test_client()
        answer = failing(client, caplog)
    assert answer.status_code == 502
    assert "ConnectionError" in caplog.text


def slow(wechat, before, interval=None):
    """Return an answer that says ``before`` and then nothing, or a blank now and then."""

    def pieces():
        yield before
        end = time.monotonic() + 5
        while time.monotonic() < end and not wechat.done.wait(interval or 5):
            yield " "

    return lambda: (pieces(), 200, {"Content-Type": "text/plain"})


@pytest.mark.point("D5-39")
@pytest.mark.parametrize(
    ("before", "interval"),
    [("", None), ('{"access_token":', None), (" ", 0.05)],
    ids=["silent", "stalled", "dripping"],
)
def test_wechat_slow_is_a_gateway_timeout(wechat, caplog, before, interval):
    wechat.answers[EXCHANGE] = slow(wechat, before, interval)
    client = site(wechat.url, API_TIMEOUT=0.2).test_client()
    start = time.monotonic()
    answer = failing(client, caplog)
    assert answer.status_code == 504
    assert time.monotonic() - start < 2
    assert "WeChat takes too long" in answer.text


def test_nothing_is_wrong_with_a_quick_answer_in_small_pieces(wechat, client):
    text = json.dumps(TOKENS, ensure_ascii=False)
    wechat.answers[EXCHANGE] = lambda: (iter(text), 200, {"Content-Type": "text/plain"})
    assert log_in(client).status_code == 200


def raw(*pieces):
    """Answer one connection with these very bytes; return the address and the thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def work():
        with listener:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"".join(pieces))

    thread = threading.Thread(target=work)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", thread


HEAD = b"HTTP/1.1 200 OK\r\n"
RAW = {
    "no http": b"hello\r\n\r\n",
    "nothing": b"",
    "cut off": HEAD + b"Content-Length: 500\r\n\r\n{}",
    "wrong length": HEAD + b"Content-Length: 1, 2\r\n\r\n{}",
    "wrong chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "wrong gzip": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "wrong header": HEAD + b"Content-Length: 2\r\nno colon here\r\nX-A: b\r\n\r\n[]",
    "endless header": HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n{}",
}


@pytest.mark.parametrize("name", RAW)
def test_what_is_no_http_is_a_bad_gateway(caplog, name):
    url, thread = raw(RAW[name])
    answer = failing(site(url).test_client(), caplog)
    thread.join(10)
    assert answer.status_code == 502


def test_a_compressed_answer_is_read(wechat, client):
    body = gzip.compress(json.dumps(TOKENS).encode())
    wechat.answers[EXCHANGE] = lambda: (body, 200, {"Content-Encoding": "gzip"})
    assert log_in(client).status_code == 200


def test_no_error_carries_the_address_along(caplog):
    with pytest.raises(BadGateway) as caught:
        fetch("http://127.0.0.1:9/x", {"secret": SECRET}, 5)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    # What requests itself raises would have told.
    with pytest.raises(requests.ConnectionError, match=SECRET):
        requests.get("http://127.0.0.1:9/x", params={"secret": SECRET}, timeout=5)


@pytest.mark.point("D5-39")
def test_text_plain_without_a_charset_is_read_as_utf_8(wechat, client):
    wechat.answers["/x"] = {"nickname": "林小雨"}
    answer = requests.get(f"{wechat.url}/x", timeout=5)
    assert answer.encoding == "ISO-8859-1"
    assert answer.json()["nickname"] != "林小雨"
    assert json.loads(answer.content)["nickname"] == "林小雨"
    assert "Hello <bdi>林小雨 😀</bdi>" in log_in(client).text


@pytest.mark.point("D5-39")
def test_requests_waits_for_ever_unless_told():
    assert inspect.signature(requests.Session.request).parameters["timeout"].default is None


# The profile


@pytest.mark.point("D5-41")
def test_token_and_openid_fetch_the_profile_with_a_language(wechat, client):
    log_in(client)
    assert [(method, path) for method, path, _ in wechat.seen] == [
        ("GET", EXCHANGE),
        ("GET", PROFILE),
    ]
    assert wechat.asked(PROFILE) == [
        {"access_token": TOKENS["access_token"], "openid": OPENID, "lang": "zh_CN"}
    ]


@pytest.mark.point("D5-43", "D5-45")
def test_the_page_shows_nickname_and_openid(client):
    page = log_in(client).text
    assert "<title>林小雨 😀</title>" in page
    assert f'<th scope="row">openid</th><td><code>{OPENID}</code></td>' in page
    assert '<th scope="row">nickname</th><td><bdi>林小雨 😀</bdi></td>' in page
    assert 'src="https://avatars.example/rain.png" alt="Picture of 林小雨 😀"' in page


@pytest.mark.point("D5-45")
def test_an_openid_is_shown_to_its_owner_only(client):
    log_in(client)
    stranger = client.application.test_client()
    for path in ("/", "/profile"):
        assert OPENID not in stranger.get(path).text
    assert stranger.get("/profile").location == "/"


@pytest.mark.point("D5-43")
def test_a_name_full_of_markup_is_escaped(wechat, client):
    name = "<b>阿明</b> & \"'<script>alert(1)</script>"
    wechat.answers[PROFILE] = PERSON | {"nickname": name, "city": name, "openid": name}
    wechat.answers[EXCHANGE] = TOKENS | {"openid": name}
    page = log_in(client).text
    assert "<script" not in page
    assert "<b>" not in page
    assert page.count("&lt;b&gt;阿明&lt;/b&gt; &amp; &#34;&#39;&lt;script&gt;") == 6


@pytest.mark.point("D5-42")
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
    wechat.answers[PROFILE] = person
    page = log_in(client).text
    assert "Hello <bdi>somebody</bdi>" in page
    assert "<img" not in page
    assert page.count('<th scope="row">') == 1


@pytest.mark.point("D5-42")
def test_only_known_fields_are_shown(wechat, client):
    wechat.answers[PROFILE] = PERSON | {"unionid": "oUnion-1", "privilege": ["chinaunicom"]}
    page = log_in(client).text
    assert "oUnion-1" not in page
    assert "chinaunicom" not in page


def test_half_a_character_does_not_break_the_page(wechat, client):
    body = '{"nickname": "a\\ud83d", "headimgurl": "https://x.example/\\ud83d"}'
    wechat.answers[PROFILE] = lambda: (body, 200, {"Content-Type": "text/plain"})
    assert "Hello <bdi>a?</bdi>" in log_in(client).text
    wechat.answers[EXCHANGE] = lambda: (json.dumps(TOKENS | {"access_token": "\ud83d"}), 200)
    log_in(client)
    assert wechat.asked(PROFILE)[-1]["access_token"] == "?"


@pytest.mark.point("D5-44")
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
    wechat.answers[PROFILE] = PERSON | {"headimgurl": url}
    page = log_in(client).text
    assert "<img" not in page
    assert "javascript" not in page.lower()
    assert '<div class="face" aria-hidden="true">林</div>' in page


@pytest.mark.point("D5-44")
def test_escaping_alone_lets_javascript_pass():
    app = Flask("old")
    with app.app_context():
        page = render_template_string('<img src="{{ url }}">', url="javascript:alert(1)")
    assert page == '<img src="javascript:alert(1)">'
    assert picture("https://a.example/x?a=1&b=2") == "https://a.example/x?a=1&b=2"


def test_a_picture_cannot_leave_its_attribute(wechat, client):
    url = 'https://a.example/" onload="alert(1)'
    wechat.answers[PROFILE] = PERSON | {"headimgurl": url}
    assert 'src="https://a.example/&#34; onload=&#34;alert(1)"' in log_in(client).text


@pytest.mark.point("D5-46")
@pytest.mark.parametrize(
    ("sex", "word"),
    [(1, "male"), (2, "female"), ("1", "male"), ("2", "female"), (0, ""), (3, ""), (None, "")],
)
def test_the_sex_is_a_number_or_a_text_or_nothing(wechat, client, sex, word):
    wechat.answers[PROFILE] = PERSON | {"sex": sex}
    page = log_in(client).text
    row = f'<th scope="row">sex</th><td><bdi>{word}</bdi></td>'
    assert (row in page) == bool(word)
    assert ('scope="row">sex<' in page) == bool(word)


@pytest.mark.point("D5-46")
def test_comparing_with_numbers_misses_the_text():
    words = "{{ 'male' if sex == 1 else 'female' if sex == 2 else 'unknown' }}"
    with Flask("old").app_context():
        assert render_template_string(words, sex=1) == "male"
        assert render_template_string(words, sex="1") == "unknown"


@pytest.mark.point("D5-47")
def test_the_region_is_a_row_where_there_is_one(wechat, client):
    page = log_in(client).text
    assert not re.search("province|city|country", page)
    wechat.answers[PROFILE] = PERSON | {"city": "Xi’an"}
    page = client.get("/profile").text
    assert '<th scope="row">city</th><td><bdi>Xi’an</bdi></td>' in page
    assert "country" not in page


@pytest.mark.parametrize("scope", ["snsapi_base", "", "snsapi_userinfo_x", None])
def test_without_consent_the_profile_is_not_asked_for(wechat, client, scope):
    wechat.answers[EXCHANGE] = {k: v for k, v in TOKENS.items() if k != "scope"} | (
        {} if scope is None else {"scope": scope}
    )
    page = log_in(client).text
    assert wechat.asked(PROFILE) == []
    assert OPENID in page
    assert 'href="/login/snsapi_userinfo"' in page


def test_with_consent_no_more_is_asked_for(wechat, client):
    wechat.answers[EXCHANGE] = TOKENS | {"scope": "snsapi_base,snsapi_userinfo"}
    page = log_in(client).text
    assert "林小雨" in page
    assert "/login/" not in page


@pytest.mark.parametrize(("flag", "shown"), [(1, True), (0, False), (None, False)])
def test_a_made_up_user_is_announced(wechat, client, flag, shown):
    wechat.answers[EXCHANGE] = TOKENS | ({} if flag is None else {"is_snapshotuser": flag})
    assert ("made-up user" in log_in(client).text) == shown


@pytest.mark.parametrize(
    ("answer", "status"),
    [({"errcode": 48001, "errmsg": "api unauthorized"}, 502), ("<html>", 502), (None, 504)],
)
def test_a_profile_that_does_not_come_can_be_asked_for_again(wechat, caplog, answer, status):
    client = site(wechat.url, API_TIMEOUT=0.3).test_client()
    assert come_back(client).status_code == 303
    wechat.answers[PROFILE] = slow(wechat, "") if answer is None else lambda: answer
    with caplog.at_level(logging.DEBUG):
        page = client.get("/profile")
    assert page.status_code == status
    for text in (page.text, caplog.text):
        assert "ACCESS-1" not in text
        assert SECRET not in text
    wechat.answers[PROFILE] = PERSON
    assert client.get("/profile").status_code == 200
    assert len(wechat.asked(EXCHANGE)) == 1


# The refresh


@pytest.mark.parametrize("lifetime", [0, 59, -5, None, "7200", 1.5, -(10**400)])
def test_an_old_token_is_refreshed(wechat, client, lifetime):
    wechat.answers[EXCHANGE] = TOKENS | {"expires_in": lifetime}
    wechat.answers[REFRESH] = TOKENS | {"access_token": "ACCESS-2", "refresh_token": "REFRESH-2"}
    assert log_in(client).status_code == 200
    assert wechat.asked(REFRESH) == [
        {"appid": APPID, "grant_type": "refresh_token", "refresh_token": "REFRESH-1"}
    ]
    assert wechat.asked(PROFILE)[0]["access_token"] == "ACCESS-2"
    assert client.get("/profile").status_code == 200
    assert len(wechat.asked(REFRESH)) == 1
    assert wechat.asked(PROFILE)[1]["access_token"] == "ACCESS-2"


@pytest.mark.parametrize("lifetime", [61, 7200, 10**400])
def test_a_good_token_is_not_refreshed_before_its_time(wechat, client, monkeypatch, lifetime):
    wechat.answers[EXCHANGE] = TOKENS | {"expires_in": lifetime}
    log_in(client)
    assert wechat.asked(REFRESH) == []
    now = time.time() + min(lifetime, 7200)
    monkeypatch.setattr(time, "time", lambda: now)
    client.get("/profile")
    assert len(wechat.asked(REFRESH)) == 1


def test_a_base_login_is_refreshed_too(wechat, client):
    wechat.answers[EXCHANGE] = TOKENS | {"expires_in": 0, "scope": "snsapi_base"}
    wechat.answers[REFRESH] = TOKENS | {"scope": "snsapi_base"}
    assert log_in(client).status_code == 200
    assert [path for _, path, _ in wechat.seen] == [EXCHANGE, REFRESH]


@pytest.mark.parametrize("refresher", ["REFRESH-1", ""])
def test_when_the_refresh_is_refused_one_logs_in_again(wechat, client, caplog, refresher):
    wechat.answers[EXCHANGE] = TOKENS | {"expires_in": 0, "refresh_token": refresher}
    wechat.answers[REFRESH] = {"errcode": 40030, "errmsg": "invalid refresh_token REFRESH-1"}
    page = log_in(client)
    assert page.status_code == 502
    assert "Log in again" in page.text
    assert ("REFRESH-1" in caplog.text) == (not refresher)
    assert "40030" in caplog.text
    wechat.answers[EXCHANGE] = TOKENS
    assert log_in(client).status_code == 200


def test_a_refresh_may_keep_the_refresh_token(wechat, client):
    short = TOKENS | {"expires_in": 0}
    wechat.answers[EXCHANGE] = short
    wechat.answers[REFRESH] = {k: v for k, v in short.items() if k != "refresh_token"}
    log_in(client)
    client.get("/profile")
    assert [asked["refresh_token"] for asked in wechat.asked(REFRESH)] == ["REFRESH-1"] * 2


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
        session["cart"] = "of who sat here before"
    log_in(client)
    with client.session_transaction() as session:
        assert list(session) == ["visit"]
    first = client.get_cookie("session").value
    log_in(client)
    second = client.get_cookie("session").value
    assert first != second
    # The visit before is over, even for who has a copy of its cookie.
    client.set_cookie("session", first)
    assert client.get("/profile").location == "/"
    client.set_cookie("session", second)
    assert client.get("/profile").status_code == 200


def test_a_failed_login_leaves_the_visit_alone(wechat, client):
    log_in(client)
    wechat.answers[EXCHANGE] = {"errcode": 40029}
    assert come_back(client).status_code == 502
    assert client.get("/profile").status_code == 200


def test_a_logout_is_final(client):
    log_in(client)
    copy = client.get_cookie("session").value
    assert "Your profile" in client.get("/").text
    assert client.get("/logout").status_code == 405
    answer = client.post("/logout")
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/profile").location == "/"
    client.set_cookie("session", copy)
    assert client.get("/profile").location == "/"
    assert "Your profile" not in client.get("/").text
    assert client.post("/logout").status_code == 303


def test_a_cookie_that_was_changed_is_nobodys(client):
    log_in(client)
    client.set_cookie("session", client.get_cookie("session").value[:-2] + "xx")
    assert client.get("/profile").location == "/"


def tokens(name="a"):
    return Tokens(name, f"access-{name}", f"refresh-{name}", "snsapi_base", 0.0, False)


def test_the_memory_is_bounded_and_forgets_the_oldest():
    visits = Visits(size=2)
    numbers = [visits.begin(tokens(name)) for name in "abc"]
    assert len(set(numbers)) == 3
    assert [visits.find(number) and visits.find(number).openid for number in numbers] == [
        None,
        "b",
        "c",
    ]
    assert all(len(number) >= 43 for number in numbers)


def test_a_visit_that_ended_is_not_renewed():
    visits = Visits()
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
    for answer, status in [
        (client.get("/nowhere"), 404),
        (client.put("/logout"), 405),
        (client.get("/callback"), 403),
    ]:
        assert answer.status_code == status
        assert answer.content_type == "text/html; charset=utf-8"
        assert '<a href="/">Back to the login</a>' in answer.text
    assert "POST" in client.put("/logout").headers["Allow"]
    page = client.get("/<script>alert(1)</script>").text
    assert "<script" not in page


def test_a_host_that_is_not_trusted_gets_no_link():
    client = site(TRUSTED_HOSTS=["shop.example"]).test_client()
    assert client.get("/login/snsapi_base").status_code == 400
    answer = client.get("/login/snsapi_base", headers={"Host": "shop.example"})
    assert "redirect_uri=http%3A%2F%2Fshop.example%2Fcallback&" in answer.location


def test_production_wants_the_secret(monkeypatch, capsys):
    monkeypatch.setenv("WECHAT_ENV", "production")
    with pytest.raises(SettingError, match=r"WECHAT_APPID is not set.+WECHAT_SECRET is not set"):
        create_app()
    monkeypatch.setenv("WECHAT_APPID", APPID)
    monkeypatch.setenv("WECHAT_SECRET", SECRET)
    assert begin(create_app().test_client())["appid"] == APPID
    assert capsys.readouterr() == ("", "")


def test_the_flask_command_finds_the_app_and_its_key(monkeypatch):
    monkeypatch.setenv("FLASK_SECRET_KEY", "of the tests")
    app = ScriptInfo("day05_wechat.oauth.app").load_app()
    assert app.secret_key == "of the tests"
    monkeypatch.delenv("FLASK_SECRET_KEY")
    assert len(create_app().secret_key) == 64
    assert create_app().secret_key != create_app().secret_key
