"""Open one encrypted message: check its signature, then decrypt it.

Run it: flask --app day05_wechat.safe_mode.first run --debug
"""

import os

from flask import Flask, Response, abort, request

from day05_wechat.messages.app import MessageError, parse, read_body
from day05_wechat.safe_mode.cipher import Cipher, CipherError
from day05_wechat.settings.app import letters_and_digits
from day05_wechat.signature.app import is_signed

app = Flask(__name__)
token = os.environ.get("WECHAT_TOKEN") or letters_and_digits(32)
key = os.environ.get("WECHAT_AES_KEY") or letters_and_digits(43)
cipher = Cipher(key, os.environ.get("WECHAT_APPID") or "wx0123456789abcdef")


@app.post("/wechat")
def receive():
    """Show the message; ``app.py`` replies to it."""
    signature, *parts = (request.args.get(name) for name in ("msg_signature", "timestamp", "nonce"))
    try:
        encrypted = parse(read_body()).get("Encrypt")
        if not is_signed(signature, token, *parts, encrypted):
            abort(403)
        return Response(cipher.decrypt(encrypted), mimetype="text/plain")
    except (MessageError, CipherError):
        abort(400, "The message cannot be opened.")
