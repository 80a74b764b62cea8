"""Answer WeChat: prove that the address is yours, then reply to what the followers send.

WeChat calls one address in two ways. GET asks once whether you know the token; POST brings each
message, and takes the body of your answer for the reply. Everything that is not signed is refused.

Run it: flask --app day05_wechat.handler.app run --debug
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, abort, render_template, request

from day05_wechat.handler.bot import on
from day05_wechat.handler.dispatcher import Dispatcher
from day05_wechat.handler.freshness import Bodies, is_fresh
from day05_wechat.handler.service import Service, read
from day05_wechat.messages.app import MAX_BYTES, MessageError
from day05_wechat.settings.app import in_production, load, trust_proxies
from day05_wechat.signature.app import is_signed


def create_app(config: Mapping[str, Any] | None = None, on: Dispatcher = on) -> Flask:
    """Build the handler; ``on`` knows what to say to whom."""
    app = Flask(__name__)
    app.config.from_mapping(MAX_CONTENT_LENGTH=MAX_BYTES)
    app.config.from_mapping(config or {})
    load(app, "WECHAT_TOKEN", "WECHAT_PATH", "WECHAT_FRESH_SECONDS")
    trust_proxies(app)
    path = app.config["WECHAT_PATH"]
    seconds = int(app.config["WECHAT_FRESH_SECONDS"])
    production = in_production(app)
    service = Service(on)
    bodies = Bodies()

    def checked_signature() -> str:
        """Return the signature of the request, or refuse the request."""
        values = [request.args.get(name) for name in ("signature", "timestamp", "nonce")]
        if not all(values):
            abort(400, "A request of WeChat has a signature, a timestamp and a nonce.")
        signature, timestamp, nonce = values
        if not is_signed(signature, app.config["WECHAT_TOKEN"], timestamp, nonce):
            abort(403, "The signature is wrong.")
        if seconds and not is_fresh(timestamp, seconds):
            abort(403, "The signature is not of today.")
        return signature

    @app.get(path)
    def verify():
        """Prove to WeChat that whoever runs this address knows the token."""
        checked_signature()
        echo = request.args.get("echostr")
        if not echo:
            abort(400, "There is no echostr to send back.")
        # Not as HTML: the text comes from outside, and a browser would run a script in it.
        return Response(echo, mimetype="text/plain")

    @app.post(path)
    def receive():
        """Answer one message."""
        signature = checked_signature()
        body = request.get_data()
        if seconds and not bodies.fits(signature, body):
            abort(403, "The signature was used for something else.")
        try:
            message = read(body)
        except MessageError as error:
            abort(400, str(error))
        reply = service.answer(message)
        if reply is None:
            return Response("success", mimetype="text/plain")
        return Response(reply, mimetype="application/xml")

    @app.get("/")
    def index():
        """Show the last messages to the developer; in production they are nobody's business."""
        return render_template("index.html", last=[] if production else list(service.last))

    return app
