"""What the tests of the encrypted mode share: the account, and parts that cannot be decrypted."""

from base64 import b64decode, b64encode

import pytest

from tests.day05_wechat.helpers import TOKEN, text_message

pytest.importorskip("cryptography")
from day05_wechat.messages.app import build
from day05_wechat.safe_mode.app import Cipher

KEY, APPID = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0123456789abcdef"
SAFE = {"WECHAT_TOKEN": TOKEN, "WECHAT_AES_KEY": KEY, "WECHAT_APPID": APPID}


def raw(plain, key=KEY):
    """Encrypt bytes that are padded and laid out already, or wrongly."""
    return Cipher(key, APPID).encrypt_pieces([plain])


def laid_out(message, length=None, appid=APPID, pad=None):
    """Return a message with what stands around it before it is encrypted."""
    body = bytes(16) + (len(message) if length is None else length).to_bytes(4, "big")
    body += message + appid.encode()
    missing = 32 - len(body) % 32
    return body + (bytes([missing]) * missing if pad is None else pad(missing))


GOOD = build(text_message("hello")).encode()
encrypt = Cipher(KEY, APPID).encrypt
SEALED = encrypt(GOOD.decode())
BYTES = b64decode(SEALED)
BROKEN = {
    "wrong key": Cipher(KEY[::-1], APPID).encrypt(GOOD.decode()),
    "wrong appid": Cipher(KEY, "wx0123456789abcdee").encrypt(GOOD.decode()),
    "longer appid": Cipher(KEY, APPID + "0").encrypt(GOOD.decode()),
    "shorter appid": Cipher(KEY, APPID[:-1]).encrypt(GOOD.decode()),
    "no appid": raw(laid_out(GOOD, appid="")),
    "a block less": b64encode(BYTES[:-16]).decode(),
    "two blocks less": b64encode(BYTES[:-32]).decode(),
    "a byte less": b64encode(BYTES[:-1]).decode(),
    "a letter less": SEALED[:-3],
    "the first block only": b64encode(BYTES[:16]).decode(),
    "a block more": b64encode(BYTES + BYTES[:16]).decode(),
    "last byte changed": b64encode(BYTES[:-1] + bytes([BYTES[-1] ^ 1])).decode(),
    "padding changed": b64encode(BYTES[:-17] + bytes([BYTES[-17] ^ 1]) + BYTES[-16:]).decode(),
    "middle changed": b64encode(BYTES[:50] + bytes([BYTES[50] ^ 1]) + BYTES[51:]).decode(),
    "length changed": b64encode(bytes([BYTES[0] ^ 1]) + BYTES[1:]).decode(),
    "no padding": raw(laid_out(GOOD, pad=lambda n: bytes(n))),
    "padding of 33": raw(laid_out(GOOD, pad=lambda n: bytes([33]) * (n + 32))),
    "uneven padding": raw(laid_out(GOOD + b"   ", pad=lambda n: b"\1" * (n - 1) + bytes([n]))),
    "length too long": raw(laid_out(GOOD, length=2**32 - 1)),
    "length too short": raw(laid_out(GOOD, length=len(GOOD) - 1)),
    "nothing but padding": raw(b"\x20" * 32),
    "not UTF-8": raw(laid_out(GOOD.replace(b"hello", b"\xff\xfe"))),
    "not Base64": "=====",
    "other letters": "é" * 64,
    "a letter": "A",
    "not a message": encrypt("hello"),
    "an empty one": encrypt(""),
    "an envelope": encrypt("<xml><Encrypt>x</Encrypt></xml>"),
    "entities": encrypt('<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>'),
}
# The cipher decrypts these; they are not messages.
DECRYPTED = {"middle changed", "not a message", "an empty one", "an envelope", "entities"}
