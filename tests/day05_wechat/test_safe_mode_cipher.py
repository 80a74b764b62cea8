"""The cipher of the encrypted mode, compared with WeChat's own examples and with wechatpy.

Begin with test_the_official_message_is_signed_and_decrypted.
"""

import json
import secrets
from base64 import b64decode, b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("cryptography")
from wechatpy.crypto import PrpCrypto

from day05_wechat.safe_mode.app import Cipher, CipherError
from day05_wechat.signature.app import is_signed
from tests.day05_wechat.helpers import few
from tests.day05_wechat.helpers_safe_mode import APPID, BROKEN, DECRYPTED, KEY

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
cipher = Cipher(KEY, APPID)


OFFICIAL = {
    "key": "A" * 43,
    "appid": "wxba5fad812f8e6fb9",
    "signed": ("AAAAA", "1714112445", "415670741"),
    "encrypted": (
        "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJG"
        "QqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrf"
        "MZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgR"
        "tWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
    ),
    "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
}


def test_the_official_message_is_signed_and_decrypted():
    ours = Cipher(OFFICIAL["key"], OFFICIAL["appid"])
    assert is_signed(OFFICIAL["msg_signature"], *OFFICIAL["signed"], OFFICIAL["encrypted"])
    message = ours.decrypt(OFFICIAL["encrypted"])
    assert len(message) == 167
    assert json.loads(message)["debug_str"] == "hello world"
    assert len(b64decode(OFFICIAL["encrypted"])) == 224


VECTORS = [
    (
        "official",
        (OFFICIAL["key"], OFFICIAL["appid"]),
        b"707722b803182950",
        '{"demo_resp":"good luck"}',
        "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==",
    ),
    (
        "WxJava",
        (KEY, "wxb11529c136998cb6"),
        b"aaaabbbbccccdddd",
        "我是中文abcd123",
        "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==",
    ),
]


@pytest.mark.parametrize(
    ("account", "random", "message", "encrypted"),
    [v[1:] for v in VECTORS],
    ids=[v[0] for v in VECTORS],
)
def test_vectors_in_both_directions(monkeypatch, account, random, message, encrypted):
    monkeypatch.setattr(secrets, "token_bytes", lambda number: random[:number])
    ours = Cipher(*account)
    assert ours.encrypt(message) == encrypted
    assert ours.decrypt(encrypted) == message


def test_the_official_reply_is_signed():
    assert is_signed(
        "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
        "AAAAA",
        "1713424427",
        "415670741",
        VECTORS[0][4],
    )


def test_wechatpy_encrypts_the_same(monkeypatch):
    prp = PrpCrypto(b64decode(KEY + "="))
    prp.get_random_string = lambda: "0123456789abcdef"
    monkeypatch.setattr(secrets, "token_bytes", lambda number: b"0123456789abcdef")
    for message in ("", "a", "x" * 10, "x" * 26, "x" * 27, "你好 😀 ]]>", "x" * 70_000):
        assert cipher.encrypt(message).encode() == prp.encrypt(message, APPID)


@few
@given(texts)
@example("")
@example("x" * 26)  # with the appid it fills 64 bytes
def test_what_goes_in_comes_out_again(message):
    theirs = PrpCrypto(b64decode(KEY + "="))
    encrypted = cipher.encrypt(message)
    assert cipher.decrypt(encrypted) == message
    assert theirs.decrypt(encrypted, APPID) == message
    assert cipher.decrypt(theirs.encrypt(message, APPID).decode()) == message
    assert len(b64decode(encrypted)) % 32 == 0


def test_the_padding_fills_32_bytes_and_is_never_empty():
    sizes = [len(cipher.pack("x" * number)[-1]) for number in range(40)]
    assert sizes[25:29] == [1, 32, 31, 30]
    assert {*sizes} == set(range(1, 33))
    for piece in (cipher.pack("x" * number)[-1] for number in range(40)):
        assert piece == bytes([len(piece)]) * len(piece)


def test_the_same_text_looks_different_each_time():
    encrypted = {cipher.encrypt("the same") for _ in range(5)}
    assert len(encrypted) == 5
    assert len({text[:22] for text in encrypted}) == 5  # in the first block already


@pytest.mark.parametrize("key", ["", "short", "é" * 43, "*" * 43, "A" * 42, "A" * 80])
def test_a_wrong_key_is_refused_at_once(key):
    with pytest.raises(ValueError):  # noqa: PT011
        Cipher(key, APPID)


@pytest.mark.parametrize("name", sorted(BROKEN.keys() - DECRYPTED))
def test_every_failure_of_the_cipher_is_one_exception_without_a_reason(name):
    with pytest.raises(CipherError) as caught:
        cipher.decrypt(BROKEN[name])
    assert str(caught.value) == "This cannot be decrypted."
    assert caught.value.__suppress_context__


@few
@given(st.text(max_size=100) | st.binary(max_size=200).map(lambda data: b64encode(data).decode()))
def test_nothing_else_can_be_raised(encrypted):
    with pytest.raises(CipherError):
        cipher.decrypt(encrypted)
