"""Read a message from XML, and write the reply as XML.

Run it: flask --app day05_wechat.messages.first run --debug
"""

import xmltodict
from flask import Flask, Response, abort, request

app = Flask(__name__)


@app.post("/repeat")
def repeat():
    """Reply with the same text, or with 400 if the body is not a message."""
    try:
        message = xmltodict.parse(request.get_data())["xml"]
        reply = {"MsgType": "text", "Content": message["Content"]}
        xml = xmltodict.unparse({"xml": reply}, full_document=False)
    except Exception:  # noqa: BLE001 - many kinds are possible
        abort(400, "This is not a message.")
    return Response(xml, mimetype="application/xml")
