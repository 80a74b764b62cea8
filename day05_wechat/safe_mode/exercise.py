"""Exercise: pack the letters of a tea club.

A tea club sends encrypted letters to its shops. The cipher itself is one call of a library, and not
part of this exercise. It encrypts whole blocks of 24 bytes, so a letter is packed first:

    8 random bytes
    2 bytes: the number of bytes of the text, the highest first
    the text, as UTF-8
    the name of the shop, as UTF-8
    padding: 1 to 24 bytes up to a multiple of 24, and each of them is their number

Tasks:

1. Pack a letter. Write ``pack``, which ``POST /pack`` calls with the text in the body.
2. Unpack a letter. Write ``unpack``, which ``POST /unpack`` calls. It returns the text.
3. Refuse everything else. Another name, a wrong padding, a wrong length, a text that is not UTF-8:
   each is 400 with the same body, so that an attacker learns nothing from it.

Run it:   flask --app day05_wechat.safe_mode.exercise run --debug
Try it:   curl -d "Longjing is here" http://127.0.0.1:5000/pack
          curl -i -d "(the hexadecimal digits that came)" http://127.0.0.1:5000/unpack
          curl -i -d "00ff" http://127.0.0.1:5000/unpack
Check it: course check safe_mode
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, request

BLOCK = 24  # bytes


def pack(text: str, shop: str) -> bytes:
    """Return the bytes to encrypt."""
    # TODO (task 1): join the pieces; secrets.token_bytes makes random ones
    return b""


def unpack(packed: bytes, shop: str) -> str:
    """Return the text of a letter to this shop."""
    # TODO (task 2): take the text out
    # TODO (task 3): raise ValueError for what is not such a letter
    return ""


def pack_letter():
    """Return a packed letter as hexadecimal digits."""
    packed = pack(request.get_data(as_text=True), current_app.config["SHOP"])
    return Response(packed.hex(), mimetype="text/plain")


def unpack_letter():
    """Return the text of a letter that comes as hexadecimal digits."""
    # TODO (task 3): 400 for everything that is not a letter
    packed = bytes.fromhex(request.get_data(as_text=True))
    return Response(unpack(packed, current_app.config["SHOP"]), mimetype="text/plain")


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the mail room of a shop; ``SHOP`` is its name."""
    app = Flask(__name__)
    app.config.from_mapping(SHOP="Tea Lane", MAX_CONTENT_LENGTH=10_000)
    app.config.from_mapping(config or {})
    app.add_url_rule("/pack", view_func=pack_letter, methods=["POST"])
    app.add_url_rule("/unpack", view_func=unpack_letter, methods=["POST"])
    return app
