"""The simulator's script for web pages: it checks the signature of the page."""

import hashlib

import pytest

from tests.day05_wechat.helpers_api import Simulator
from tests.day05_wechat.helpers_simulator import APPID

URL = "http://127.0.0.1:5000/tea?a=1"


@pytest.fixture(scope="module")
def simulator():
    return Simulator()


def signature(simulator, url=URL, **changes):
    given = {"appId": APPID, "timestamp": "1700000000", "nonceStr": "nonce"}
    text = f"jsapi_ticket={simulator.office.ticket().text}&noncestr=nonce&timestamp=1700000000"
    given["signature"] = hashlib.sha1(f"{text}&url={url}".encode()).hexdigest()  # noqa: S324
    return given | changes


def test_a_right_signature_is_accepted(simulator):
    assert simulator.accepts(URL, signature(simulator)) == "config:ok"


@pytest.mark.parametrize(
    ("url", "changes", "verdict"),
    [
        (URL, {"appId": "wxother"}, "invalid appid"),
        (URL, {"nonceStr": "other"}, "invalid signature"),
        (URL, {"signature": "ü"}, "invalid signature"),
        (URL + "#top", {}, "invalid signature"),
        ("https://evil.example/tea", {}, "invalid url domain"),
        ("http://[x", {}, "invalid url domain"),
        ("", {}, "invalid url domain"),
    ],
)
def test_a_wrong_one_is_refused(simulator, url, changes, verdict):
    assert simulator.accepts(url, signature(simulator) | changes) == f"config:{verdict}"


def test_the_script_is_where_wechat_has_it(simulator):
    response = simulator.browser.get("/open/js/jweixin-1.6.0.js")
    assert response.status_code == 200
    assert response.mimetype in {"text/javascript", "application/javascript"}
    assert simulator.browser.get("/open/js/jweixin-9.js").status_code == 404
    response.close()
