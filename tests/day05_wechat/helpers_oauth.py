"""What the tests of the login share: a WeChat that answers what a test wants, and a visitor."""

import contextlib
import json
import threading
from urllib.parse import parse_qsl, urlsplit

from flask import Flask, request
from werkzeug.serving import WSGIRequestHandler

from day05_wechat.oauth.app import create_app
from tests.day05_wechat.helpers import FOLDER, WAIT
from tests.helpers import serving

APPID, SECRET = "wx0123456789abcdef", "Secret4Tests"

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

EXCHANGE = "/sns/oauth2/access_token"
REFRESH = "/sns/oauth2/refresh_token"
PROFILE = "/sns/userinfo"


class Quiet(WSGIRequestHandler):
    """Serve without a line per request, which would hold the secret."""

    def log(self, *words):
        pass


class FakeWeChat:
    """The API of WeChat: it sends the responses that a test wants, and records the requests."""

    def __init__(self):
        self.app = Flask("fake")
        self.app.add_url_rule("/<path:path>", view_func=self.respond, methods=["GET", "POST"])
        self.forget()

    def forget(self):
        self.responses = {EXCHANGE: TOKENS, REFRESH: TOKENS, PROFILE: PERSON}
        self.seen = []
        self.done = threading.Event()

    def respond(self, path):
        self.seen.append((request.method, f"/{path}", parse_qsl(request.query_string.decode())))
        response = self.responses[f"/{path}"]
        if callable(response):
            return response()
        if isinstance(response, dict):
            response = json.dumps(response, ensure_ascii=False)
        return response, 200, {"Content-Type": "text/plain"}

    def fetch(self, url, params, seconds):
        """Do the work of the lesson's function ``fetch`` without a socket."""
        path = urlsplit(url).path
        return self.app.test_client().get(path, query_string=params).data

    def asked(self, path):
        """Return the parameters of each request to a path."""
        return [dict(pairs) for _, seen, pairs in self.seen if seen == path]


@contextlib.contextmanager
def fake_wechat():
    """Serve a fake WeChat on a real socket."""
    fake = FakeWeChat()
    with serving(fake.app, request_handler=Quiet) as server:
        fake.url = server.url
        yield fake
        fake.done.set()


def site(url="http://127.0.0.1:9", **config):
    """Build the lesson's app, which finds WeChat's API at ``url``."""
    given = {"WECHAT_APPID": APPID, "WECHAT_SECRET": SECRET, "WECHAT_API_BASE": url}
    return create_app(given | {"API_TIMEOUT": WAIT, "DATA_FOLDER": FOLDER} | config)


def begin(client, scope="snsapi_userinfo"):
    """Press the button; return the parameters of the link."""
    link = client.get(f"/login/{scope}").location
    return dict(parse_qsl(urlsplit(link).query, strict_parsing=True))


def come_back(client, code="CODE-1"):
    """Begin a login, and come back from WeChat with a code; return the response."""
    state = begin(client)["state"]
    return client.get("/callback", query_string={"code": code, "state": state})


def log_in(client):
    """Log in, and return the profile page."""
    response = come_back(client)
    assert (response.status_code, response.location) == (303, "/profile")
    return client.get("/profile")
