"""Reply to WeChat in the encrypted mode, too, at the URL where plain messages arrive.

Encryption hides a message on its way, and its signature covers it as a whole. If a message cannot
be opened, the response is always the same: a difference would tell an attacker something.

Run it: flask --app day05_wechat.safe_mode.app run --debug
"""

import contextlib
import os
import re
import sys
import time
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, abort, current_app, render_template, request

from day05_wechat.handler.bot import on
from day05_wechat.handler.dispatcher import Dispatcher, Message
from day05_wechat.handler.freshness import Bodies, is_fresh
from day05_wechat.handler.service import Service, read
from day05_wechat.messages.app import MAX_BYTES, MessageError, build, parse, read_body
from day05_wechat.settings.app import SETTINGS, SettingError, in_production, load, trust_proxies
from day05_wechat.signature.app import is_signed, sign

try:
    from day05_wechat.safe_mode.cipher import Cipher, CipherError
except ImportError:  # the package cryptography is optional
    Cipher = CipherError = None

INSTALL = (
    "The encrypted mode is off: it needs the package cryptography. "
    "Install it with: python -m uv sync --extra safe-mode"
)
# For the page, which shows how a text is encrypted; no account uses this key.
EXAMPLE = ("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0123456789abcdef")
NAMES = ("random", "length", "text", "appid", "padding")


def create_app(config: Mapping[str, Any] | None = None, on: Dispatcher = on) -> Flask:
    """Build the message handler for the plain mode and the encrypted mode."""
    app = Flask(__name__)
    app.config.from_mapping(MAX_CONTENT_LENGTH=MAX_BYTES, ENCRYPTED_ONLY=False)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    needed = ("WECHAT_TOKEN", "WECHAT_PATH", "WECHAT_FRESH_SECONDS")
    load(app, *needed, optional=("WECHAT_AES_KEY", "WECHAT_APPID"))
    trust_proxies(app)
    app.extensions["ciphers"] = make_ciphers(app)
    app.extensions["service"] = Service(on, kept=0)
    app.extensions["bodies"] = Bodies()
    path = app.config["WECHAT_PATH"]
    app.add_url_rule(path, view_func=verify, methods=["GET"])
    app.add_url_rule(path, view_func=receive, methods=["POST"])
    app.add_url_rule("/", view_func=index, methods=["GET", "POST"])
    return app


def make_ciphers(app: Flask) -> list[Any]:
    """Return the account's cipher, and that of the key before; none if something is missing."""
    key, appid = app.config["WECHAT_AES_KEY"], app.config["WECHAT_APPID"]
    if key and not appid:
        raise SettingError("WECHAT_APPID is not set: WECHAT_AES_KEY has no effect without it.")
    if Cipher is None:
        if key and in_production(app):
            raise SettingError(INSTALL)
        print(INSTALL, file=sys.stderr, flush=True)
    elif key:
        return [Cipher(each, appid) for each in (key, key_before(app)) if each]
    if app.config["ENCRYPTED_ONLY"]:
        raise SettingError("ENCRYPTED_ONLY needs WECHAT_AES_KEY, WECHAT_APPID and cryptography.")
    return []


def key_before(app: Flask) -> str:
    """Return the key that the account had before this one, or an empty text."""
    name = "WECHAT_AES_KEY_BEFORE"
    key = str(app.config.get(name) or os.environ.get(name) or "")
    form = SETTINGS["WECHAT_AES_KEY"]
    if key and not re.fullmatch(form.pattern, key, re.ASCII):
        raise SettingError(f"{name} must be {form.form}.")
    return key


def check_signature(name: str, *more: str) -> str:
    """Return the signature of that name, or refuse the request with 400 or 403."""
    values = [request.args.get(each) for each in (name, "timestamp", "nonce")]
    if not all(values):
        abort(400, f"A request of WeChat has a {name}, a timestamp and a nonce.")
    signature, timestamp, nonce = values
    if not is_signed(signature, current_app.config["WECHAT_TOKEN"], timestamp, nonce, *more):
        abort(403, "The signature is wrong.")
    seconds = int(current_app.config["WECHAT_FRESH_SECONDS"])
    if seconds and not is_fresh(timestamp, seconds):
        abort(403, "The timestamp of the signature is too far from now.")
    return signature


def verify():
    """Prove that the program knows the token; this request has the plain signature in any mode."""
    check_signature("signature")
    echo = request.args.get("echostr")
    if not echo:
        abort(400, "There is no echostr to send back.")
    return Response(echo, mimetype="text/plain")


def receive():
    """Reply to one message in the mode in which it came."""
    has_cipher = bool(current_app.extensions["ciphers"])
    is_encrypted = has_cipher and request.args.get("encrypt_type") == "aes"
    cipher = None
    try:
        if is_encrypted:
            cipher, message = read_encrypted()
        else:
            message = read_plain()
    except MessageError as error:
        abort(400, str(error))
    reply = current_app.extensions["service"].reply(message)
    if reply is None:
        return Response("success", mimetype="text/plain")
    return Response(encrypt(reply, cipher) if cipher else reply, mimetype="application/xml")


def read_plain() -> Message:
    """Return a plain message; its signature does not cover it."""
    if current_app.config["ENCRYPTED_ONLY"]:
        abort(403, "Only encrypted messages are accepted here.")
    signature = check_signature("signature")
    body = read_body()
    is_strict = int(current_app.config["WECHAT_FRESH_SECONDS"]) > 0
    if is_strict and not current_app.extensions["bodies"].fits(signature, body):
        abort(403, "The signature was used for another body.")
    return read(body)


def read_encrypted() -> tuple[Any, Message]:
    """Return the cipher that fits, and the message; other fields of the body are not signed."""
    encrypted = get_encrypted_text(read_body())
    check_signature("msg_signature", encrypted)
    if not request.args["nonce"].isprintable():
        raise MessageError("The nonce cannot be repeated in a reply.")
    for cipher in current_app.extensions["ciphers"]:
        with contextlib.suppress(CipherError, MessageError):
            return cipher, read(cipher.decrypt(encrypted).encode())
    # One response for every failure: see "Nothing to learn from an error" in the notes.
    raise MessageError("The message cannot be opened.")


def get_encrypted_text(body: bytes) -> str:
    """Return the text in ``<Encrypt>``; raise ``MessageError`` if there is not exactly one."""
    encrypted = parse(body).get("Encrypt")
    if not isinstance(encrypted, str):
        raise MessageError("An encrypted message needs one Encrypt.")
    return encrypted


def encrypt(reply: str, cipher: Any) -> str:
    """Return the envelope with the encrypted reply and a signature of its own."""
    encrypted = cipher.encrypt(reply)
    token = current_app.config["WECHAT_TOKEN"]
    timestamp, nonce = str(int(time.time())), request.args["nonce"]
    return build(
        {
            "Encrypt": encrypted,
            "MsgSignature": sign(token, timestamp, nonce, encrypted),
            "TimeStamp": timestamp,
            "Nonce": nonce,
        }
    )


def index():
    """Show which modes are on, and how a text is encrypted with the key of the example."""
    text = request.form.get("text", "Is 1 < 2? 你好")
    is_on = bool(current_app.extensions["ciphers"])
    page = {"text": text, "is_on": is_on, "install": INSTALL}
    if Cipher is not None:
        example = Cipher(*EXAMPLE)
        pieces = example.pack(text)
        page |= {
            "pieces": dict(zip(NAMES, pieces, strict=True)),
            "encrypted": example.encrypt_pieces(pieces),
        }
    return render_template("index.html", example=EXAMPLE, **page)
