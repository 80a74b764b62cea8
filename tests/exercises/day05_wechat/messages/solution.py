"""A solution of the exercise."""

from xml.parsers.expat import ExpatError

import xmltodict
from flask import Flask, Response, abort, request

app = Flask(__name__)


@app.post("/count")
def count():
    """Reply with the number of characters."""
    try:
        message = xmltodict.parse(request.get_data())["xml"]
    except (ExpatError, KeyError):
        abort(400, "Send a message in <xml>.")
    reply = {
        "ToUserName": message.get("FromUserName"),
        "FromUserName": message.get("ToUserName"),
        "MsgType": "text",
        "Content": len(message["Content"] or ""),
    }
    xml = xmltodict.unparse({"xml": reply}, full_document=False)
    return Response(xml, mimetype="application/xml")
