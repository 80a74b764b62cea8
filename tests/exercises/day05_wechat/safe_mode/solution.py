"""A solution of the exercise."""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, abort, current_app, request

BLOCK = 24  # bytes


def pack(text: str, shop: str) -> bytes:
    """Return the bytes to encrypt."""
    letter = text.encode()
    packed = secrets.token_bytes(8) + len(letter).to_bytes(2, "big") + letter + shop.encode()
    missing = BLOCK - len(packed) % BLOCK
    return packed + bytes([missing]) * missing


def unpack(packed: bytes, shop: str) -> str:
    """Return the text of a letter to this shop."""
    number = packed[-1] if packed else 0
    if not 1 <= number <= BLOCK or packed[-number:] != bytes([number]) * number:
        raise ValueError("the padding is wrong")
    end = 10 + int.from_bytes(packed[8:10], "big")
    if packed[end:-number] != shop.encode():
        raise ValueError("it is for another shop, or the length is wrong")
    return packed[10:end].decode()


def pack_letter():
    """Return a packed letter as hexadecimal digits."""
    packed = pack(request.get_data(as_text=True), current_app.config["SHOP"])
    return Response(packed.hex(), mimetype="text/plain")


def unpack_letter():
    """Return the text of a letter that comes as hexadecimal digits."""
    try:
        packed = bytes.fromhex(request.get_data(as_text=True))
        text = unpack(packed, current_app.config["SHOP"])
    except ValueError:
        abort(400, "This is not a letter to us.")
    return Response(text, mimetype="text/plain")


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the mail room of a shop; ``SHOP`` is its name."""
    app = Flask(__name__)
    app.config.from_mapping(SHOP="Tea Lane", MAX_CONTENT_LENGTH=10_000)
    app.config.from_mapping(config or {})
    app.add_url_rule("/pack", view_func=pack_letter, methods=["POST"])
    app.add_url_rule("/unpack", view_func=unpack_letter, methods=["POST"])
    return app
