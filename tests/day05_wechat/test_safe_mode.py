import json
import os
import secrets
import subprocess
import sys
import time
import tomllib
from base64 import b64decode, b64encode
from pathlib import Path
from urllib.parse import urlencode

import pytest
import xmltodict
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("cryptography")
from wechatpy.crypto import PrpCrypto, WeChatCrypto

from day05_wechat.handler.app import create_app as create_handler
from day05_wechat.handler.dispatcher import Dispatcher
from day05_wechat.messages.app import MAX_BYTES, build, parse
from day05_wechat.safe_mode import app as lesson
from day05_wechat.safe_mode.app import Cipher, CipherError, create_app
from day05_wechat.settings.app import SettingError
from day05_wechat.signature.app import is_signed, sign

ROOT = Path(__file__).resolve().parent.parent.parent
KEY, APPID = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0123456789abcdef"
TOKEN, TIMESTAMP, NONCE = "Token4Tests", "1700000000", "999999"
USER, ACCOUNT = "oUser-1", "gh_0123456789ab"
HEADER = {"ToUserName": ACCOUNT, "FromUserName": USER, "CreateTime": "1700000000"}
SAFE = {"WECHAT_TOKEN": TOKEN, "WECHAT_AES_KEY": KEY, "WECHAT_APPID": APPID}
few = settings(max_examples=50, deadline=None, database=None)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)

app = create_app(SAFE)
cipher = Cipher(KEY, APPID)
theirs = WeChatCrypto(TOKEN, KEY, APPID)


@pytest.fixture
def safe():
    """An app that has seen nothing yet."""
    return create_app(SAFE)


def text(content="hello", number=1, **more):
    return HEADER | {"MsgType": "text", "Content": content, "MsgId": str(number)} | more


def envelope(encrypted, **more):
    return build({"ToUserName": ACCOUNT, "Encrypt": encrypted} | more).encode()


def address(encrypted=None, timestamp=TIMESTAMP, nonce=NONCE, **more):
    """Return the address as WeChat calls it; with an encrypted part, it is signed as well."""
    query = {"signature": sign(TOKEN, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
    if encrypted is not None:
        query["encrypt_type"] = "aes"
        query["msg_signature"] = sign(TOKEN, timestamp, nonce, encrypted)
    query = {name: value for name, value in (query | more).items() if value is not None}
    return f"/wechat?{urlencode(query)}"


def post(app, encrypted, url=None, body=None):
    body = envelope(encrypted) if body is None else body
    return app.test_client().post(url or address(encrypted), data=body, content_type="text/xml")


def send(app, message):
    return post(app, cipher.encrypt(build(message)))


def opened(answer, nonce=NONCE):
    """Check the envelope of an answer with wechatpy; return the reply in it."""
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/xml; charset=utf-8"
    reply = xmltodict.parse(answer.text)["xml"]
    xml = theirs.decrypt_message(answer.text, reply["MsgSignature"], reply["TimeStamp"], nonce)
    return xmltodict.parse(xml)["xml"]


# The cipher and its vectors

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


def test_the_own_vector_is_what_wechatpy_writes(monkeypatch):
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
    encrypted = cipher.encrypt(message)
    assert cipher.decrypt(encrypted) == message
    assert PrpCrypto(b64decode(KEY + "=")).decrypt(encrypted, APPID) == message
    assert (
        cipher.decrypt(PrpCrypto(b64decode(KEY + "=")).encrypt(message, APPID).decode()) == message
    )
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
def test_a_key_that_is_none_is_refused_at_once(key):
    with pytest.raises(ValueError):  # noqa: PT011
        Cipher(key, APPID)


def raw(plain, key=KEY):
    """Encrypt bytes that are padded and laid out already, or wrongly."""
    return Cipher(key, APPID).seal([plain])


def laid_out(message, length=None, appid=b"wx0123456789abcdef", pad=None):
    body = bytes(16) + (len(message) if length is None else length).to_bytes(4, "big")
    body += message + appid
    missing = 32 - len(body) % 32
    return body + (bytes([missing]) * missing if pad is None else pad(missing))


GOOD = build(text()).encode()
SEALED = cipher.encrypt(GOOD.decode())
BYTES = b64decode(SEALED)
BROKEN = {
    "wrong key": Cipher(KEY[::-1], APPID).encrypt(GOOD.decode()),
    "wrong appid": Cipher(KEY, "wx0123456789abcdee").encrypt(GOOD.decode()),
    "longer appid": Cipher(KEY, APPID + "0").encrypt(GOOD.decode()),
    "shorter appid": Cipher(KEY, APPID[:-1]).encrypt(GOOD.decode()),
    "no appid": raw(laid_out(GOOD, appid=b"")),
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
    "no UTF-8": raw(laid_out(GOOD.replace(b"hello", b"\xff\xfe"))),
    "no Base64": "=====",
    "other letters": "é" * 64,
    "a letter": "A",
    "no message": cipher.encrypt("hello"),
    "an empty one": cipher.encrypt(""),
    "an envelope": cipher.encrypt("<xml><Encrypt>x</Encrypt></xml>"),
    "entities": cipher.encrypt('<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>'),
}


# The cipher has nothing against these; they are no messages.
DECRYPTED = {"middle changed", "no message", "an empty one", "an envelope", "entities"}


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


# Messages


@pytest.mark.parametrize("content", ["hello", "你好 😀", "a]]>b <Content>&amp;", "x" * 5000])
def test_an_encrypted_message_is_answered_encrypted(client, safe, content):
    start = int(time.time())
    answer = send(safe, text(content))
    reply = opened(answer)
    assert reply["Content"] == content
    assert (reply["ToUserName"], reply["FromUserName"]) == (USER, ACCOUNT)
    outer = parse(answer.get_data())
    assert list(outer) == ["Encrypt", "MsgSignature", "TimeStamp", "Nonce"]
    assert outer["Nonce"] == NONCE
    assert start <= int(outer["TimeStamp"]) <= time.time()
    assert content not in answer.text


def test_wechatpy_as_the_client(safe):
    written = theirs.encrypt_message(build(text("from afar")), NONCE, TIMESTAMP)
    outer = xmltodict.parse(written)["xml"]
    url = address(outer["Encrypt"], msg_signature=outer["MsgSignature"], openid=USER)
    answer = post(safe, outer["Encrypt"], url)
    assert opened(answer)["Content"] == "from afar"


@few
@given(content=texts, nonce=st.from_regex("[0-9]{1,20}", fullmatch=True))
def test_wechatpy_opens_every_answer(content, nonce):
    kept = [letter for letter in content if letter.isprintable() or letter == "\n"]
    message = text(f"[{''.join(kept)}]", number=secrets.token_hex(8))
    encrypted = cipher.encrypt(build(message))
    answer = post(app, encrypted, address(encrypted, nonce=nonce))
    assert opened(answer, nonce)["Content"] == message["Content"].replace("\r\n", "\n")


@pytest.mark.parametrize(
    "message",
    [
        text("   "),
        HEADER | {"MsgType": "event", "Event": "unsubscribe", "EventKey": ""},
        HEADER | {"MsgType": "event", "Event": "VIEW", "EventKey": "https://www.example/"},
    ],
)
def test_silence_is_not_encrypted(safe, message):
    answer = send(safe, message)
    assert (answer.status_code, answer.text) == (200, "success")
    assert answer.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize("echo", ["3190671826494276104", "<script>alert(1)</script>"])
@pytest.mark.parametrize("more", [{}, {"encrypt_type": "aes", "msg_signature": "0" * 40}])
def test_the_address_is_proved_plainly_in_every_mode(client, echo, more):
    answer = client.get(address(echostr=echo, **more))
    assert (answer.status_code, answer.text) == (200, echo)
    assert answer.content_type == "text/plain; charset=utf-8"
    wrong = client.get(address(echostr=echo, signature="0" * 40, **more))
    assert wrong.status_code == 403


def test_the_compatible_mode_brings_both_and_the_encrypted_part_counts(safe):
    encrypted = cipher.encrypt(build(text("signed")))
    body = envelope(encrypted, **text("forged"))
    answer = post(safe, encrypted, body=body)
    assert opened(answer)["Content"] == "signed"
    # Without a key, the plain part can be read.
    plain = create_app({"WECHAT_TOKEN": TOKEN})
    assert parse(post(plain, encrypted, body=body).get_data())["Content"] == "forged"


def test_a_retry_is_answered_once_in_whichever_mode():
    acted = []
    on = Dispatcher()

    @on()
    def act(message):
        acted.append(message)
        return f"number {len(acted)}"

    safe = create_app(SAFE, on)
    first, second = send(safe, text()), send(safe, text())
    assert opened(first)["Content"] == opened(second)["Content"] == "number 1"
    assert first.get_data() != second.get_data()
    plain = safe.test_client().post(address(), data=build(text()))
    assert parse(plain.get_data())["Content"] == "number 1"
    assert len(acted) == 1


def test_a_function_that_fails_is_our_fault_in_either_mode():
    on = Dispatcher()
    on()(lambda message: "\x1b")
    safe = create_app(SAFE, on)
    assert send(safe, text()).status_code == 500
    assert safe.test_client().post(address(), data=build(text())).status_code == 500


# The plain mode is the handler's

PLAIN = {
    "text": ("POST", address(), build(text())),
    "image": ("POST", address(), build(HEADER | {"MsgType": "image", "MsgId": "2"})),
    "silence": ("POST", address(), build(text(" "))),
    "form": ("POST", address(), "a=b"),
    "not XML": ("POST", address(), "hello"),
    "empty": ("POST", address(), ""),
    "an envelope": ("POST", address(), envelope("x")),
    "long": ("POST", address(), "x" * (MAX_BYTES + 1)),
    "long and forged": ("POST", address(signature="0" * 40), "x" * (MAX_BYTES + 1)),
    "forged": ("POST", address(nonce="1", signature="0" * 40), build(text())),
    "other letters": ("POST", address(signature="é"), build(text())),
    "unsigned": ("POST", address(signature=None), build(text())),
    "no nonce": ("POST", "/wechat?signature=1&timestamp=2", build(text())),
    "raw": ("POST", address(encrypt_type="raw"), build(text())),
    "verify": ("GET", address(echostr="123"), None),
    "no echo": ("GET", address(), None),
    "forged echo": ("GET", address(echostr="1", signature="0" * 40), None),
    "head": ("HEAD", address(echostr="123"), None),
    "put": ("PUT", address(), "x"),
    "delete": ("DELETE", address(), None),
    "options": ("OPTIONS", address(), None),
    "elsewhere": ("GET", "/nowhere", None),
}


@pytest.mark.parametrize("seconds", ["0", "300"])
@pytest.mark.parametrize("with_key", [True, False])
@pytest.mark.parametrize("name", PLAIN)
def test_the_plain_mode_answers_as_the_handler_does(monkeypatch, name, with_key, seconds):
    method, url, body = PLAIN[name]
    monkeypatch.setattr(time, "time", lambda: 1700000020.5)
    plain = {"WECHAT_TOKEN": TOKEN, "WECHAT_FRESH_SECONDS": seconds}
    answers = []
    for each in (create_handler(plain), create_app((SAFE if with_key else {}) | plain)):
        client = each.test_client()
        for _ in range(2):
            answer = client.open(url, method=method, data=body)
            answers.append((answer.status_code, list(answer.headers), answer.get_data()))
    assert answers[:2] == answers[2:]


def test_the_path_is_a_setting():
    safe = create_app(SAFE | {"WECHAT_PATH": "/a/b"})
    url = address(SEALED).replace("/wechat", "/a/b")
    assert opened(post(safe, SEALED, url))["Content"] == "hello"
    assert post(safe, SEALED).status_code == 404


# Bad input


def shape(answer):
    return answer.status_code, list(answer.headers), answer.get_data()


@pytest.mark.parametrize("name", BROKEN)
def test_no_failure_can_be_told_from_another(client, name):
    answer = post(app, BROKEN[name])
    assert shape(answer) == shape(post(app, BROKEN["wrong key"]))
    assert answer.status_code == 400
    assert "The message cannot be opened." in answer.text


def test_the_signature_is_checked_before_anything_is_decrypted(monkeypatch, client):
    monkeypatch.setattr(Cipher, "decrypt", lambda *words: pytest.fail("it was decrypted"))
    right = sign(TOKEN, TIMESTAMP, NONCE, SEALED)
    for wrong in (
        "0" * 40,
        right[:-1],
        right + "0",
        right.upper(),
        "é",
        sign(TOKEN, TIMESTAMP, NONCE),
    ):
        answers = [post(app, each, address(each, msg_signature=wrong)) for each in (SEALED, "AAAA")]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert shape(answers[0]) == shape(answers[1])
        assert "The signature is wrong." in answers[0].text


def test_whatever_is_changed_on_the_way_is_forbidden(client):
    url = address(SEALED)
    for place in range(0, len(SEALED), 7):
        letter = "A" if SEALED[place] != "A" else "B"
        changed = SEALED[:place] + letter + SEALED[place + 1 :]
        assert post(app, changed, url).status_code == 403
    for change in ({"timestamp": "1700000001"}, {"nonce": "999998"}):
        signature = sign(TOKEN, TIMESTAMP, NONCE, SEALED)
        assert (
            post(app, SEALED, address(SEALED, msg_signature=signature, **change)).status_code == 403
        )


def test_the_plain_signature_does_not_count_for_an_encrypted_message(safe):
    assert post(safe, SEALED, address(SEALED, signature="0" * 40)).status_code == 200
    assert post(safe, SEALED, address(SEALED, signature=None)).status_code == 200
    plain = sign(TOKEN, TIMESTAMP, NONCE)
    assert post(safe, SEALED, address(SEALED, msg_signature=plain)).status_code == 403


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
@pytest.mark.parametrize("value", ["", None])
def test_a_missing_parameter_is_a_bad_request(client, name, value):
    query = {"encrypt_type": "aes", "timestamp": TIMESTAMP, "nonce": NONCE}
    query["msg_signature"] = sign(TOKEN, TIMESTAMP, NONCE, SEALED)
    query = {key: each for key, each in (query | {name: value}).items() if each is not None}
    answer = post(app, SEALED, f"/wechat?{urlencode(query)}")
    assert answer.status_code == 400
    assert "msg_signature, a timestamp and a nonce" in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<xml/>",
        b"<xml><Encrypt/></xml>",
        b"<xml><Encrypt><a>b</a></Encrypt></xml>",
        b"<xml><Encrypt>AAAA</Encrypt><Encrypt>AAAA</Encrypt></xml>",
        build(text()).encode(),
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>',
        b"\xff\xfe",
        b'{"Encrypt": "AAAA"}',
    ],
)
def test_a_body_without_an_encrypted_part_is_a_bad_request(client, body):
    assert post(app, "AAAA", body=body).status_code == 400


def test_a_body_that_is_too_long_is_refused(client):
    assert post(app, "AAAA", body=b"x" * (MAX_BYTES + 1)).status_code == 413


@few
@given(st.binary(max_size=300))
def test_no_body_breaks_it(body):
    encrypted = b64encode(body).decode()
    assert post(app, encrypted, body=body).status_code in {400, 403}
    assert post(app, encrypted, address(encrypted or "x")).status_code in {400, 403}
    assert send_raw(body).status_code == 400


def send_raw(body):
    """Send a body that was encrypted as it should be, whatever it is."""
    return post(app, raw(laid_out(body)))


@pytest.mark.parametrize("nonce", ["\x01", "a\x00b", "\ufffe", "\x7f\x9f"])
def test_a_nonce_that_xml_cannot_hold_is_a_bad_request(client, nonce):
    assert post(app, SEALED, address(SEALED, nonce=nonce)).status_code == 400


@pytest.mark.parametrize("nonce", ["a b", "<&>]]>", "é你😀", '"'])
def test_any_other_nonce_comes_back(safe, nonce):
    answer = post(safe, SEALED, address(SEALED, nonce=nonce))
    assert parse(answer.get_data())["Nonce"] == nonce


# Recorded requests


def test_a_recorded_address_serves_for_one_encrypted_body_only(safe):
    url = address(SEALED)
    assert post(safe, SEALED, url).status_code == 200
    assert post(safe, cipher.encrypt(build(text("forged", 2))), url).status_code == 403


def test_an_old_signature_is_forbidden_where_the_setting_says_so():
    strict = create_app(SAFE | {"WECHAT_FRESH_SECONDS": "300"})
    assert post(strict, SEALED).status_code == 403
    for shift, status in ((-400, 403), (-20, 200), (20, 200), (400, 403)):
        now = str(int(time.time()) + shift)
        assert post(strict, SEALED, address(SEALED, timestamp=now)).status_code == status


def test_a_recorded_address_carries_any_plain_body_unless_only_encrypted_ones_are_taken(safe):
    url = address(SEALED)
    stripped = url.replace("encrypt_type=aes", "encrypt_type=raw")
    forged = build(text("forged", 2))
    client = safe.test_client()
    assert post(safe, SEALED, url).status_code == 200
    assert parse(client.post(stripped, data=forged).get_data())["Content"] == "forged"
    only = create_app(SAFE | {"ENCRYPTED_ONLY": True})
    assert opened(post(only, SEALED, url))["Content"] == "hello"
    for plain in (stripped, address()):
        answer = only.test_client().post(plain, data=forged)
        assert answer.status_code == 403
        assert "Only encrypted messages" in answer.text
    assert only.test_client().get(address(echostr="7")).text == "7"


# Settings, the page, and life without the package


def test_without_a_key_only_the_plain_mode_is_on(capsys):
    plain = create_app({"WECHAT_TOKEN": TOKEN})
    assert plain.test_client().post(address(), data=build(text())).status_code == 200
    answer = post(plain, SEALED)
    assert answer.status_code == 400
    assert "WECHAT_AES_KEY" in plain.test_client().get("/").text
    # A name alone, which another lesson may have made up, is no wish for encryption.
    create_app({"WECHAT_TOKEN": TOKEN, "WECHAT_APPID": APPID})
    assert capsys.readouterr() == ("", "")


def test_a_key_without_an_appid_is_refused():
    with pytest.raises(SettingError, match="WECHAT_APPID is not set"):
        create_app({"WECHAT_TOKEN": TOKEN, "WECHAT_AES_KEY": KEY})


@pytest.mark.parametrize("value", ["true", "yes", "False"])
def test_only_encrypted_messages_need_a_key(monkeypatch, value):
    monkeypatch.setenv("FLASK_ENCRYPTED_ONLY", value)
    with pytest.raises(SettingError, match="ENCRYPTED_ONLY needs WECHAT_AES_KEY"):
        create_app({"WECHAT_TOKEN": TOKEN})
    only = create_app(SAFE)
    assert only.test_client().post(address(), data=build(text())).status_code == 403


def test_the_settings_come_from_the_environment(monkeypatch):
    for name, value in SAFE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WECHAT_ENV", "production")
    assert opened(send(create_app(), text()))["Content"] == "hello"
    monkeypatch.delenv("WECHAT_TOKEN")
    with pytest.raises(SettingError, match="WECHAT_TOKEN is not set"):
        create_app()


def test_the_page_shows_the_pieces_and_no_key_of_the_account(client):
    secret = {"WECHAT_TOKEN": "TokenOfMine", "WECHAT_AES_KEY": "k" * 43, "WECHAT_APPID": "wxmine"}
    page = create_app(SAFE | secret).test_client().post("/", data={"text": "<b>你</b>"}).text
    assert not any(value in page for value in secret.values())
    assert "in the plain mode or in the encrypted one" in page
    assert "<b>" not in page
    assert "text, 10 bytes" in page
    assert "3c 62 3e e4 bd a0 3c 2f 62 3e" in page
    assert "00 00 00 0a" in page
    sealed = page.rpartition("<dd><code>")[2].partition("</code>")[0]
    assert Cipher(*lesson.EXAMPLE).decrypt(sealed) == "<b>你</b>"
    assert client.post("/", data={}).status_code == 200
    assert client.post("/", data={"text": "x" * MAX_BYTES}).status_code == 413


WITHOUT = """
import json, sys
sys.modules["cryptography"] = None
from flask.cli import ScriptInfo
from day05_wechat.safe_mode.app import Cipher, create_app
from day05_wechat.settings.app import SettingError
client = ScriptInfo("day05_wechat.safe_mode.app").load_app().test_client()
url, body = sys.argv[1:]
page = client.get("/")
answers = [page.status_code, page.text, client.post("/").status_code]
answers.append(client.post(url, data=body).text)
try:
    create_app({"WECHAT_ENV": "production"})
except SettingError as error:
    answers.append(str(error))
print(json.dumps([Cipher is None, *answers]))
"""


def without_package(**environ):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, address(), build(text())],
        check=True,
        cwd=ROOT,
        env=kept | environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("key", [{}, SAFE], ids=["no key", "key"])
def test_without_cryptography_it_starts_and_says_what_to_install(key):
    (missing, status, page, posted, plain, *refused), errors = without_package(
        **{"WECHAT_TOKEN": TOKEN} | key
    )
    assert missing is True
    assert (status, posted) == (200, 200)
    sentence = "Install it with: python -m uv sync --extra safe-mode"
    assert sentence in page
    assert sentence in errors
    assert parse(plain.encode())["Content"] == "hello"
    # In production, encryption that was asked for and is not there is no small matter.
    assert bool(refused) == bool(key)
    assert all(sentence in text for text in refused)


def test_the_extra_is_there():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert any("cryptography" in each for each in extras["optional-dependencies"]["safe-mode"])
    assert not any("cryptography" in each for each in extras["dependencies"])
