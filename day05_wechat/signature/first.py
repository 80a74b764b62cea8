"""Accept only requests that are signed with the token.

Run it: flask --app day05_wechat.signature.first run --debug
"""

import hashlib
import hmac
import os
import secrets

from flask import Flask, abort, request

app = Flask(__name__)
app.config["WECHAT_TOKEN"] = os.environ.get("WECHAT_TOKEN") or secrets.token_hex(16)


def sign(token, timestamp, nonce):
    """Return the signature: the SHA-1 of the three texts, sorted and joined."""
    joined = "".join(sorted([token, timestamp, nonce]))
    return hashlib.sha1(joined.encode()).hexdigest()  # noqa: S324 - WeChat accepts only SHA-1


@app.get("/wechat")
def check():
    """Compute the signature, and compare it with the one of the request."""
    right = sign(app.config["WECHAT_TOKEN"], request.args["timestamp"], request.args["nonce"])
    if not hmac.compare_digest(right.encode(), request.args["signature"].encode()):
        abort(403, "The signature is wrong.")
    return "The signature is right.\n"
