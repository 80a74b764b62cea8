"""Play WeChat for one text: sign it, send it to the handler, and show the response.

Run it: flask --app day05_wechat.simulator.first run --debug
"""

import secrets
import time

from flask import Flask, Response, abort, request

from day05_wechat.handler.app import create_app as create_handler
from day05_wechat.messages.app import MessageError, build
from day05_wechat.signature.app import sign

app = Flask(__name__)
token = secrets.token_hex(16)
handler = create_handler({"WECHAT_TOKEN": token}).test_client()


@app.post("/send")
def send():
    """Send a text to the handler, as WeChat does; the test client needs no second server."""
    timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**9))
    query = {"signature": sign(token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
    message = {
        "ToUserName": "gh_0123456789ab",
        "FromUserName": "oSomeone",
        "CreateTime": int(timestamp),
        "MsgType": "text",
        "Content": request.form["text"],
        "MsgId": secrets.randbits(62),
    }
    try:
        body = build(message)
    except MessageError as error:
        abort(400, str(error))
    response = handler.post("/wechat", query_string=query, data=body)
    return Response(response.data, response.status, mimetype=response.mimetype)
