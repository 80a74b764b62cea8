"""Read a message from XML, and write the reply as XML.

Run it: flask --app day05_wechat.messages.first run --debug
"""

import xmltodict
from flask import Flask, Response, request

app = Flask(__name__)


@app.post("/repeat")
def repeat():
    """Reply with the same text; XML that is broken is a 500 here, and a 400 in ``app.py``."""
    message = xmltodict.parse(request.get_data())["xml"]
    reply = {"MsgType": "text", "Content": message["Content"]}
    xml = xmltodict.unparse({"xml": reply}, full_document=False)
    return Response(xml, mimetype="application/xml")
