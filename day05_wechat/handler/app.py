"""Handle WeChat's requests: prove that the URL is yours, and reply to messages and events.

WeChat calls one URL in two ways. GET asks once whether you know the token. POST brings a message;
the body of the response is the reply. A request without the right signature is refused.

Run it: flask --app day05_wechat.handler.app run --debug
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, abort, current_app, render_template, request

from day05_wechat.handler.bot import on
from day05_wechat.handler.dispatcher import Dispatcher
from day05_wechat.handler.freshness import Bodies, is_fresh
from day05_wechat.handler.service import Service, read
from day05_wechat.messages.app import MAX_BYTES, MessageError, read_body
from day05_wechat.settings.app import in_production, load, trust_proxies
from day05_wechat.signature.app import is_signed


def create_app(config: Mapping[str, Any] | None = None, on: Dispatcher = on) -> Flask:
    """Build the handler; ``on`` has the functions that reply."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    load(app, "WECHAT_TOKEN", "WECHAT_PATH", "WECHAT_FRESH_SECONDS")
    trust_proxies(app)
    # Messages are private: in production, the page shows none.
    app.extensions["service"] = Service(on, kept=0 if in_production(app) else 10)
    app.extensions["bodies"] = Bodies()
    path = app.config["WECHAT_PATH"]
    app.add_url_rule(path, view_func=receive, methods=["POST"])
    app.add_url_rule(path, view_func=verify, methods=["GET"])
    app.add_url_rule("/", view_func=index)
    return app


def check_signature() -> str:
    """Return the signature of the request, or refuse the request with 400 or 403."""
    args, config = request.args, current_app.config
    signature, timestamp, nonce = args.get("signature"), args.get("timestamp"), args.get("nonce")
    if not (signature and timestamp and nonce):
        abort(400, "A request of WeChat has a signature, a timestamp and a nonce.")
    if not is_signed(signature, config["WECHAT_TOKEN"], timestamp, nonce):
        abort(403, "The signature is wrong.")
    seconds = int(config["WECHAT_FRESH_SECONDS"])
    if seconds and not is_fresh(timestamp, seconds):
        abort(403, "The timestamp of the signature is too far from now.")
    return signature


def verify():
    """Prove to WeChat that this program knows the token: send the echo back."""
    check_signature()
    echo = request.args.get("echostr")
    if not echo:
        abort(400, "There is no echostr to send back.")
    # Not as HTML: the text comes from the client, and a browser would run a script in it.
    return Response(echo, mimetype="text/plain")


def check_length() -> None:
    """Refuse a body that is too long.

    With MAX_CONTENT_LENGTH, Flask counts all bodies while it reads them, which takes longer. But
    WeChat says the length, and a server reads no more than that.
    """
    length = request.content_length
    if length is None:  # the body comes in chunks, and only counting helps
        request.max_content_length = MAX_BYTES
    elif length > MAX_BYTES:
        abort(413)


def receive():
    """Reply to one message."""
    signature = check_signature()
    check_length()
    try:
        body = read_body()
        # Only with the setting: then a signature is good for one body.
        is_strict = int(current_app.config["WECHAT_FRESH_SECONDS"]) > 0
        if is_strict and not current_app.extensions["bodies"].fits(signature, body):
            abort(403, "The signature was used for another body.")
        message = read(body)
    except MessageError as error:
        abort(400, str(error))
    reply = current_app.extensions["service"].reply(message)
    if reply is None:
        return Response("success", mimetype="text/plain")
    return Response(reply, mimetype="application/xml")


def index():
    """Show the last messages to the developer; in production they are private."""
    return render_template("index.html", last=list(current_app.extensions["service"].last))
