"""Log a visitor in with WeChat, in two views.

Run it: flask --app day05_wechat.oauth.first run --debug
"""

import os
import secrets
from urllib.parse import urlencode

import requests
from flask import Flask, abort, redirect, request, session, url_for

app = Flask(__name__)
app.secret_key = os.environ.get("FLASK_SECRET_KEY") or secrets.token_hex()
appid = os.environ.get("WECHAT_APPID") or "wx0123456789abcdef"
secret = os.environ.get("WECHAT_SECRET") or secrets.token_hex(16)
pages = os.environ.get("WECHAT_OPEN_BASE") or "https://open.weixin.qq.com"
api = os.environ.get("WECHAT_API_BASE") or "https://api.weixin.qq.com"


@app.get("/login")
def login():
    """Send the browser to WeChat, with a random text that it must bring back."""
    session["state"] = secrets.token_hex(16)
    back = url_for("callback", _external=True)
    params = {"appid": appid, "redirect_uri": back, "response_type": "code"}
    params |= {"scope": "snsapi_base", "state": session["state"]}
    return redirect(f"{pages}/connect/oauth2/authorize?{urlencode(params)}#wechat_redirect")


@app.get("/callback")
def callback():
    """Take the code that the browser brings, and ask WeChat whose it is."""
    state = session.pop("state", None)
    if state is None or request.args.get("state") != state:
        abort(403)
    params = {"appid": appid, "secret": secret, "code": request.args["code"]}
    params |= {"grant_type": "authorization_code"}
    response = requests.get(f"{api}/sns/oauth2/access_token", params=params, timeout=5)
    return f"Your openid is {response.json()['openid']}.\n"
