"""WeChat's script for web pages: it checks the page's signature, and does little more.

The protocol: https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html
"""

import hashlib
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, request

from .calls import office
from .login import same, send_json

jssdk = Blueprint("jssdk", __name__)


@jssdk.get("/open/js/jweixin-1.6.0.js")
def script() -> Response:
    """Send the script, at the path that it has at WeChat."""
    return current_app.send_static_file("jweixin.js")


@jssdk.get("/open/js/check")
def check() -> Response:
    """Say whether the signature of a page is right; WeChat's app does this by itself."""
    response = send_json({"errMsg": f"config:{verdict()}"})
    response.headers["Access-Control-Allow-Origin"] = "*"  # the page is on another origin
    return response


def verdict() -> str:
    """Return ``ok``, or what is wrong with the signature."""
    given = {name: request.args.get(name, "") for name in ("appId", "timestamp", "nonceStr", "url")}
    if given["appId"] != current_app.config["WECHAT_APPID"]:
        return "invalid appid"
    try:
        host = urlsplit(given["url"]).hostname
    except ValueError:
        host = None
    if host not in current_app.config["LOGIN_DOMAINS"]:
        return "invalid url domain"
    text = "jsapi_ticket={}&noncestr={nonceStr}&timestamp={timestamp}&url={url}"
    text = text.format(office().ticket().text, **given)
    right = hashlib.sha1(text.encode(errors="replace")).hexdigest()  # noqa: S324 - WeChat's protocol
    return "ok" if same(request.args.get("signature", ""), right) else "invalid signature"
