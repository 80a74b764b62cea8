"""What the tests of the simulator share: its settings, handlers to try, messages and responses."""

import xmltodict
from flask import Flask

from day05_wechat.messages.app import build
from day05_wechat.simulator.judge import judge
from day05_wechat.simulator.people import PEOPLE
from day05_wechat.simulator.push import Account, Exchange, compose, deliver
from day05_wechat.simulator.samples import EVENTS, MESSAGES
from day05_wechat.simulator.wire import NoResponseError, Response
from tests.day05_wechat.helpers import FOLDER, TOKEN, WAIT

APPID = "wx0123456789abcdef"
SECRET = "Secret4Tests"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CONFIG = {
    "DATA_FOLDER": FOLDER,
    "TESTING": True,
    "WECHAT_TOKEN": TOKEN,
    "WECHAT_APPID": APPID,
    "WECHAT_SECRET": SECRET,
    "WECHAT_AES_KEY": AES_KEY,
    "WECHAT_PATH": "/wechat",
    "PUSH_TIMEOUT": WAIT,
}
GH = "gh_0123456789ab"
RAIN, SAM, MARKUP = PEOPLE
ACCOUNT = Account(TOKEN, GH)
URL = "http://127.0.0.1:9/wechat"
KINDS = [*MESSAGES, *EVENTS]
PREFIX = "/run/day05_wechat/simulator"  # where the reader mounts the lesson


def register(client, place="here", mode="plain"):
    """Register one of the known handlers, and return the page."""
    response = client.post("/register", data={"place": place, "mode": mode})
    assert (response.status_code, response.location) == (303, "/#registration")
    return client.get("/").text


def send(client, kind="text", text="", **form):
    """Send something, and return the exchange."""
    response = client.post("/send", data={"kind": kind, "text": text, **form})
    assert response.status_code == 303, response.text
    exchange = client.application.extensions["phone"].exchanges[-1]
    assert response.location == f"/#sent-{exchange.number}"
    return exchange


def message(kind="text", text="hi"):
    """Return a message or event as WeChat sends it."""
    return compose(kind, text, ACCOUNT, RAIN.openid)[1]


def handler_app(view, methods=("GET", "POST")):
    """Return an app with one view at /wechat."""
    app = Flask("handler")
    app.add_url_rule("/wechat", view_func=view, endpoint="wechat", methods=methods)
    return app


def elements(xml):
    """Return the fields of a message."""
    return xmltodict.parse(xml)["xml"]


def tried(transport, forged=False, sent=None, seconds=WAIT, account=ACCOUNT):
    """Send a message over ``transport``, and return the exchange."""
    exchange = Exchange(1, "hi", sent or message(), forged)
    deliver(exchange, URL, account, transport, seconds, 3)
    return exchange


def success(*_):
    return Response(200, (), b"success")


def never(*_):
    raise NoResponseError("no response")


def reply(sent=None, **fields):
    sent = sent or message()
    header = {"ToUserName": sent["FromUserName"], "FromUserName": sent["ToUserName"]}
    return header | {"CreateTime": 1700000000, "MsgType": "text", "Content": "x"} | fields


def verdict(body, sent=None, status=200):
    """Return what the simulator makes of a response."""
    body = build(body) if isinstance(body, dict) else body
    body = body.encode() if isinstance(body, str) else body
    return judge(Response(status, (), body), sent or message())
