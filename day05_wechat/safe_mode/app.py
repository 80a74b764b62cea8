"""Answer WeChat in its encrypted mode as well, at the address where plain messages arrive.

Encrypted and signed as a whole, a message can neither be read nor be changed on its way. What goes
wrong in opening one is answered in one way only: each difference would tell a forger something.

Run it: flask --app day05_wechat.safe_mode.app run --debug
"""

import sys
import time
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, abort, render_template, request

from day05_wechat.handler.bot import on
from day05_wechat.handler.dispatcher import Dispatcher, Message
from day05_wechat.handler.freshness import Bodies, is_fresh
from day05_wechat.handler.service import Service, read
from day05_wechat.messages.app import MAX_BYTES, MessageError, build, parse
from day05_wechat.settings.app import SettingError, in_production, load, trust_proxies
from day05_wechat.signature.app import is_signed, sign

try:
    from day05_wechat.safe_mode.cipher import Cipher, CipherError
except ImportError:  # the package cryptography is optional
    Cipher = CipherError = None

INSTALL = (
    "The encrypted mode is off: it needs the package cryptography. "
    "Install it with: python -m uv sync --extra safe-mode"
)
# For the page, which shows how a text is encrypted; it guards nothing.
EXAMPLE = ("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0123456789abcdef")
NAMES = ("random", "length", "text", "appid", "padding")


def make_cipher(app: Flask) -> Any:
    """Return the account's cipher, or None where the settings or the package are missing."""
    key, appid = app.config["WECHAT_AES_KEY"], app.config["WECHAT_APPID"]
    if key and not appid:
        raise SettingError("WECHAT_APPID is not set: WECHAT_AES_KEY is of no use without it.")
    if Cipher is None:
        if key and in_production(app):
            raise SettingError(INSTALL)
        print(INSTALL, file=sys.stderr, flush=True)
    elif key:
        return Cipher(key, appid)
    if app.config["ENCRYPTED_ONLY"]:
        raise SettingError("ENCRYPTED_ONLY needs WECHAT_AES_KEY, WECHAT_APPID and cryptography.")
    return None


def encrypted_part(body: bytes) -> str:
    """Return what stands in ``<Encrypt>``; raise ``MessageError`` where it does not."""
    encrypted = parse(body).get("Encrypt")
    if not isinstance(encrypted, str):
        raise MessageError("An encrypted message needs one Encrypt.")
    return encrypted


def create_app(config: Mapping[str, Any] | None = None, on: Dispatcher = on) -> Flask:
    """Build the message handler with a second way in."""
    app = Flask(__name__)
    app.config.from_mapping(MAX_CONTENT_LENGTH=MAX_BYTES, ENCRYPTED_ONLY=False)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    needed = ("WECHAT_TOKEN", "WECHAT_PATH", "WECHAT_FRESH_SECONDS")
    load(app, *needed, optional=("WECHAT_AES_KEY", "WECHAT_APPID"))
    trust_proxies(app)
    token, path = app.config["WECHAT_TOKEN"], app.config["WECHAT_PATH"]
    seconds = int(app.config["WECHAT_FRESH_SECONDS"])
    cipher = make_cipher(app)
    service = Service(on)
    bodies = Bodies()

    def checked(name: str, *more: str) -> str:
        """Return the signature of that name, or refuse the request."""
        values = [request.args.get(each) for each in (name, "timestamp", "nonce")]
        if not all(values):
            abort(400, f"A request of WeChat has a {name}, a timestamp and a nonce.")
        signature, timestamp, nonce = values
        if not is_signed(signature, token, timestamp, nonce, *more):
            abort(403, "The signature is wrong.")
        if seconds and not is_fresh(timestamp, seconds):
            abort(403, "The signature is not of today.")
        return signature

    def plain() -> Message:
        """Return a message that came as it is, and whose signature does not cover it."""
        if app.config["ENCRYPTED_ONLY"]:
            abort(403, "Only encrypted messages are taken here.")
        signature = checked("signature")
        body = request.get_data()
        if seconds and not bodies.fits(signature, body):
            abort(403, "The signature was used for something else.")
        return read(body)

    def opened() -> Message:
        """Return a message that came encrypted; whatever else stands beside it is not signed."""
        encrypted = encrypted_part(request.get_data())
        checked("msg_signature", encrypted)
        if not request.args["nonce"].isprintable():
            raise MessageError("The nonce cannot be repeated in a reply.")
        try:
            return read(cipher.decrypt(encrypted).encode())
        except (CipherError, MessageError):
            # One answer for all that can go wrong: see the notes on oracles.
            raise MessageError("The message cannot be opened.") from None

    def sealed(reply: str) -> str:
        """Return the reply in an envelope with a signature of its own."""
        encrypted = cipher.encrypt(reply)
        timestamp, nonce = str(int(time.time())), request.args["nonce"]
        return build(
            {
                "Encrypt": encrypted,
                "MsgSignature": sign(token, timestamp, nonce, encrypted),
                "TimeStamp": timestamp,
                "Nonce": nonce,
            }
        )

    @app.get(path)
    def verify():
        """Prove that the token is known; this request is signed plainly in every mode."""
        checked("signature")
        echo = request.args.get("echostr")
        if not echo:
            abort(400, "There is no echostr to send back.")
        return Response(echo, mimetype="text/plain")

    @app.post(path)
    def receive():
        """Answer one message in the mode in which it came."""
        encrypted = cipher is not None and request.args.get("encrypt_type") == "aes"
        try:
            message = opened() if encrypted else plain()
        except MessageError as error:
            abort(400, str(error))
        reply = service.answer(message)
        if reply is None:
            return Response("success", mimetype="text/plain")
        return Response(sealed(reply) if encrypted else reply, mimetype="application/xml")

    @app.route("/", methods=["GET", "POST"])
    def index():
        """Show which modes are on, and how a text is encrypted, with a key that guards nothing."""
        text = request.form.get("text", "Is 1 < 2? 你好")
        page = {"text": text, "is_on": cipher is not None, "install": INSTALL}
        if Cipher is not None:
            example = Cipher(*EXAMPLE)
            pieces = example.pack(text)
            page |= {
                "pieces": dict(zip(NAMES, pieces, strict=True)),
                "sealed": example.seal(pieces),
            }
        return render_template("index.html", example=EXAMPLE, **page)

    return app
