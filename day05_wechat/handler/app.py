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
from day05_wechat.messages.app import MAX_BYTES, MessageError
from day05_wechat.settings.app import in_production, load, trust_proxies
from day05_wechat.signature.app import is_signed


def create_app(config: Mapping[str, Any] | None = None, on: Dispatcher = on) -> Flask:
    """Build the handler; ``on`` has the functions that reply."""
    app = Flask(__name__)
    app.config.from_mapping(MAX_CONTENT_LENGTH=MAX_BYTES)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    load(app, "WECHAT_TOKEN", "WECHAT_PATH", "WECHAT_FRESH_SECONDS")
    trust_proxies(app)
    app.config["IN_PRODUCTION"] = in_production(app)
    app.extensions["service"] = Service(on)
    app.extensions["bodies"] = Bodies()
    path = app.config["WECHAT_PATH"]
    app.add_url_rule(path, view_func=verify, methods=["GET"])
    app.add_url_rule(path, view_func=receive, methods=["POST"])
    app.add_url_rule("/", view_func=index)
    return app


def check_signature() -> str:
    """Return the signature of the request, or refuse the request with 400 or 403."""
    values = [request.args.get(name) for name in ("signature", "timestamp", "nonce")]
    if not all(values):
        abort(400, "A request of WeChat has a signature, a timestamp and a nonce.")
    signature, timestamp, nonce = values
    if not is_signed(signature, current_app.config["WECHAT_TOKEN"], timestamp, nonce):
        abort(403, "The signature is wrong.")
    seconds = int(current_app.config["WECHAT_FRESH_SECONDS"])
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


def receive():
    """Reply to one message."""
    signature = check_signature()
    body = request.get_data()
    # Only with the setting: then a signature is good for one body.
    is_strict = int(current_app.config["WECHAT_FRESH_SECONDS"]) > 0
    if is_strict and not current_app.extensions["bodies"].fits(signature, body):
        abort(403, "The signature was used for another body.")
    try:
        message = read(body)
    except MessageError as error:
        abort(400, str(error))
    reply = current_app.extensions["service"].reply(message)
    if reply is None:
        return Response("success", mimetype="text/plain")
    return Response(reply, mimetype="application/xml")


def index():
    """Show the last messages to the developer; in production they are private."""
    service, production = current_app.extensions["service"], current_app.config["IN_PRODUCTION"]
    return render_template("index.html", last=[] if production else list(service.last))
