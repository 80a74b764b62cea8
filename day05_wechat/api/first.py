"""Give the account a menu: get a token, and call one endpoint with it.

Run it: flask --app day05_wechat.api.first menu
"""

import json
import os

import requests
from flask import Flask

app = Flask(__name__)
api = os.environ.get("WECHAT_API_BASE") or "https://api.weixin.qq.com"


@app.cli.command()
def menu():
    """Make a menu with one button."""
    account = {"appid": os.environ["WECHAT_APPID"], "secret": os.environ["WECHAT_SECRET"]}
    account["grant_type"] = "client_credential"
    token = requests.post(f"{api}/cgi-bin/stable_token", json=account, timeout=5).json()
    button = {"type": "click", "name": "今日茶", "key": "TEA_OF_TODAY"}
    body = json.dumps({"button": [button]}, ensure_ascii=False).encode()
    params = {"access_token": token["access_token"]}
    response = requests.post(f"{api}/cgi-bin/menu/create", params=params, data=body, timeout=5)
    print(response.text)
