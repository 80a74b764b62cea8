"""Repeat each text that a follower writes to the account.

Run it: flask --app day05_wechat.handler.first run --debug
"""

import os
import secrets
import time

from flask import Flask, Response, abort, request

from day05_wechat.messages.app import MessageError, build, parse, read_body
from day05_wechat.signature.app import is_signed

app = Flask(__name__)
app.config["WECHAT_TOKEN"] = os.environ.get("WECHAT_TOKEN") or secrets.token_hex(16)


@app.route("/wechat", methods=["GET", "POST"])
def wechat():
    """Check the signature; then send the echo back, or reply to a text."""
    signature, *parts = (request.args.get(name) for name in ("signature", "timestamp", "nonce"))
    if not is_signed(signature, app.config["WECHAT_TOKEN"], *parts):
        abort(403)
    if request.method != "POST":
        return Response(request.args.get("echostr"), mimetype="text/plain")
    try:
        message = parse(read_body())
        if message.get("MsgType") != "text" or not message.get("Content"):
            return Response("success", mimetype="text/plain")
        reply = {
            "ToUserName": message.get("FromUserName"),
            "FromUserName": message.get("ToUserName"),
            "CreateTime": int(time.time()),
            "MsgType": "text",
            "Content": message["Content"],
        }
        return Response(build(reply), mimetype="application/xml")
    except MessageError as error:
        abort(400, str(error))
