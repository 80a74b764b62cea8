"""The encrypted mode: messages come encrypted and signed as a whole, and so do the replies.

Begin with test_an_encrypted_message_is_answered_encrypted. ``encrypted_url`` writes the URL that
WeChat calls, ``send`` encrypts a message and sends it, ``opened`` reads the reply with wechatpy.
The cipher itself is tested in test_safe_mode_cipher.py.
"""

import importlib.util
import sys
import time
import tomllib
from base64 import b64encode
from urllib.parse import urlencode

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("cryptography")
from wechatpy.crypto import WeChatCrypto

from day05_wechat.handler.app import create_app as create_handler
from day05_wechat.handler.dispatcher import Dispatcher
from day05_wechat.messages.app import MAX_BYTES, build, parse
from day05_wechat.safe_mode import app as lesson
from day05_wechat.safe_mode.app import Cipher, create_app
from day05_wechat.settings.app import SettingError
from day05_wechat.signature.app import sign
from tests.day05_wechat.helpers import (
    ACCOUNT,
    TOKEN,
    USER,
    broken_body,
    event_message,
    few,
    first_program,
    signed,
    text_message,
)
from tests.day05_wechat.helpers_safe_mode import (
    APPID,
    BROKEN,
    DECRYPTED,
    KEY,
    SAFE,
    SEALED,
    laid_out,
    raw,
)
from tests.helpers import ROOT

TIMESTAMP, NONCE = "1700000000", "999999"
NOW = 1_700_000_000

app = create_app(SAFE)
cipher = Cipher(KEY, APPID)
theirs = WeChatCrypto(TOKEN, KEY, APPID)


@pytest.fixture
def client():
    return app.test_client()


def envelope(encrypted, **more):
    """Return the body that carries an encrypted message."""
    return build({"ToUserName": ACCOUNT, "Encrypt": encrypted} | more).encode()


def encrypted_url(encrypted, timestamp=TIMESTAMP, nonce=NONCE, **more):
    """Return the URL that WeChat calls with an encrypted message; None removes a parameter."""
    query = {
        "signature": sign(TOKEN, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": sign(TOKEN, timestamp, nonce, encrypted),
    }
    query = {name: value for name, value in (query | more).items() if value is not None}
    return f"/wechat?{urlencode(query)}"


def post(app, encrypted, url=None, body=None):
    """Send a message that is encrypted already."""
    body = envelope(encrypted) if body is None else body
    url = url or encrypted_url(encrypted)
    return app.test_client().post(url, data=body, content_type="text/xml")


def send(app, message):
    """Encrypt a message and send it."""
    return post(app, cipher.encrypt(build(message)))


def opened(response, nonce=NONCE):
    """Check the envelope of a response with wechatpy; return the reply in it."""
    assert response.status_code == 200, response.text
    assert response.content_type == "application/xml; charset=utf-8"
    reply = xmltodict.parse(response.text)["xml"]
    xml = theirs.decrypt_message(response.text, reply["MsgSignature"], reply["TimeStamp"], nonce)
    return xmltodict.parse(xml)["xml"]


@pytest.mark.parametrize("content", ["hello", "你好 😀", "a]]>b <Content>&amp;", "x" * 5000])
def test_an_encrypted_message_is_answered_encrypted(content):
    response = send(app, text_message(content))
    assert content not in response.text
    reply = opened(response)
    assert reply["Content"] == content
    assert (reply["ToUserName"], reply["FromUserName"]) == (USER, ACCOUNT)


def test_the_first_program_opens_a_message_with_the_right_signature(monkeypatch):
    first = first_program("safe_mode", monkeypatch, **SAFE).app
    encrypted = cipher.encrypt(build(text_message("hello")))
    assert parse(post(first, encrypted).data)["Content"] == "hello"
    plain = sign(TOKEN, TIMESTAMP, NONCE)
    for wrong in (plain, "é", None):
        url = encrypted_url(encrypted, msg_signature=wrong)
        assert post(first, encrypted, url).status_code == 403
    assert post(first, encrypted, body=b"<xml><a>b</a></xml>").status_code == 403


def test_the_first_program_refuses_what_cannot_be_opened(monkeypatch):
    first = first_program("safe_mode", monkeypatch, **SAFE).app
    for body in (b"", b"hello", b"\xff", b"<xml/>"):
        assert post(first, "AAAA", body=body).status_code == 400
    for name in BROKEN.keys() - DECRYPTED:
        response = post(first, BROKEN[name])
        assert response.status_code == 400
        assert "The message cannot be opened." in response.text
    assert first.test_client().post(encrypted_url("x"), **broken_body()).status_code == 400


def test_a_plain_message_is_answered_plainly(client):
    response = client.post(signed(), data=build(text_message("hello")))
    assert parse(response.data)["Content"] == "hello"


def test_a_changed_message_is_forbidden(client):
    other = cipher.encrypt(build(text_message("changed on the way")))
    response = client.post(encrypted_url(SEALED), data=envelope(other))
    assert response.status_code == 403


@pytest.mark.parametrize("echo", ["3190671826494276104", "<script>alert(1)</script>"])
@pytest.mark.parametrize("more", [{}, {"encrypt_type": "aes", "msg_signature": "0" * 40}])
def test_the_url_is_proved_plainly_in_every_mode(client, echo, more):
    response = client.get(signed(echostr=echo, **more))
    assert (response.status_code, response.text) == (200, echo)
    assert response.content_type == "text/plain; charset=utf-8"
    wrong = client.get(signed(echostr=echo, signature="0" * 40, **more))
    assert wrong.status_code == 403


def test_the_page_shows_how_a_text_is_encrypted(client):
    response = client.post("/", data={"text": "<b>你</b>"})
    assert "<b>" not in response.text
    assert "text, 10 bytes" in response.text
    assert "3c 62 3e e4 bd a0 3c 2f 62 3e" in response.text
    assert "00 00 00 0a" in response.text
    sealed = response.text.rpartition("<dd><code>")[2].partition("</code>")[0]
    assert Cipher(*lesson.EXAMPLE).decrypt(sealed) == "<b>你</b>"


# Messages


def test_the_envelope_of_a_reply_has_a_signature_of_its_own(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1800000000.9)
    outer = parse(send(app, text_message()).data)
    assert list(outer) == ["Encrypt", "MsgSignature", "TimeStamp", "Nonce"]
    assert (outer["TimeStamp"], outer["Nonce"]) == ("1800000000", NONCE)
    assert outer["MsgSignature"] == sign(TOKEN, "1800000000", NONCE, outer["Encrypt"])


def test_wechatpy_as_the_client():
    written = theirs.encrypt_message(build(text_message("from afar")), NONCE, TIMESTAMP)
    outer = xmltodict.parse(written)["xml"]
    url = encrypted_url(outer["Encrypt"], msg_signature=outer["MsgSignature"], openid=USER)
    assert opened(post(app, outer["Encrypt"], url))["Content"] == "from afar"


@few
@given(
    content=st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    nonce=st.from_regex("[0-9]{1,20}", fullmatch=True),
)
def test_wechatpy_opens_every_reply(content, nonce):
    kept = [letter for letter in content if letter.isprintable() or letter == "\n"]
    message = text_message(f"[{''.join(kept)}]")
    encrypted = cipher.encrypt(build(message))
    response = post(app, encrypted, encrypted_url(encrypted, nonce=nonce))
    assert opened(response, nonce)["Content"] == message["Content"].replace("\r\n", "\n")


@pytest.mark.parametrize(
    "message",
    [
        text_message("   "),
        event_message("unsubscribe", EventKey=""),
        event_message("VIEW", EventKey="https://www.example/"),
    ],
)
def test_silence_is_not_encrypted(message):
    response = send(app, message)
    assert (response.status_code, response.text) == (200, "success")
    assert response.content_type == "text/plain; charset=utf-8"


def test_the_compatible_mode_brings_both_and_the_encrypted_part_counts():
    encrypted = cipher.encrypt(build(text_message("signed")))
    forged = text_message("forged")
    del forged["ToUserName"]  # the envelope has one
    body = envelope(encrypted, **forged)
    assert opened(post(app, encrypted, body=body))["Content"] == "signed"
    # Without a key, the plain part can be read.
    plain = create_app({"WECHAT_TOKEN": TOKEN})
    assert parse(post(plain, encrypted, body=body).data)["Content"] == "forged"


def test_a_retry_is_answered_once_in_either_mode():
    acted = []
    on = Dispatcher()

    @on()
    def act(message):
        acted.append(message)
        return f"number {len(acted)}"

    app, message = create_app(SAFE, on), text_message()
    first, second = send(app, message), send(app, message)
    assert opened(first)["Content"] == opened(second)["Content"] == "number 1"
    assert first.data != second.data
    plain = app.test_client().post(signed(), data=build(message))
    assert parse(plain.data)["Content"] == "number 1"
    assert len(acted) == 1


def test_a_function_that_fails_is_a_server_error_in_either_mode():
    on = Dispatcher()
    on()(lambda message: "\x1b")
    app = create_app(SAFE, on)
    assert send(app, text_message()).status_code == 500
    assert app.test_client().post(signed(), data=build(text_message())).status_code == 500


# The plain mode is the handler's


PLAIN_URL = signed()
PLAIN = {
    "text": ("POST", PLAIN_URL, build(text_message())),
    "image": ("POST", signed(), build(text_message(None, MsgType="image"))),
    "silence": ("POST", signed(), build(text_message(" "))),
    "form": ("POST", signed(), "a=b"),
    "not XML": ("POST", signed(), "hello"),
    "empty": ("POST", signed(), ""),
    "an envelope": ("POST", signed(), envelope("x")),
    "long": ("POST", signed(), "x" * (MAX_BYTES + 1)),
    "long and forged": ("POST", signed(signature="0" * 40), "x" * (MAX_BYTES + 1)),
    "forged": ("POST", signed(nonce="1", signature="0" * 40), build(text_message())),
    "other letters": ("POST", signed(signature="é"), build(text_message())),
    "unsigned": ("POST", signed(signature=""), build(text_message())),
    "another body": ("POST", PLAIN_URL, build(text_message("other"))),
    "no nonce": ("POST", "/wechat?signature=1&timestamp=2", build(text_message())),
    "raw": ("POST", signed(encrypt_type="raw"), build(text_message())),
    "old": ("POST", signed("1699999000"), build(text_message())),
    "verify": ("GET", signed(echostr="123"), None),
    "old echo": ("GET", signed("1699999000", echostr="123"), None),
    "no echo": ("GET", signed(), None),
    "forged echo": ("GET", signed(echostr="1", signature="0" * 40), None),
    "head": ("HEAD", signed(echostr="123"), None),
    "put": ("PUT", signed(), "x"),
    "delete": ("DELETE", signed(), None),
    "options": ("OPTIONS", signed(), None),
    "elsewhere": ("GET", "/nowhere", None),
}


@pytest.mark.parametrize("seconds", ["0", "300"])
@pytest.mark.parametrize("settings", [SAFE, {}], ids=["with a key", "without a key"])
def test_the_plain_mode_answers_as_the_handler_does(monkeypatch, settings, seconds):
    monkeypatch.setattr(time, "time", lambda: NOW + 20.5)
    plain = {"WECHAT_TOKEN": TOKEN, "WECHAT_FRESH_SECONDS": seconds}
    handler, client = (
        each.test_client() for each in (create_handler(plain), create_app(settings | plain))
    )
    seen = set()
    for name in [*PLAIN, "text", "silence"]:  # the last two come again, as retries do
        method, url, body = PLAIN[name]
        wanted = parts(handler.open(url, method=method, data=body))
        assert parts(client.open(url, method=method, data=body)) == wanted, name
        seen.add(wanted[0])
    assert seen == {200, 400, 403, 404, 405, 413}


def parts(response):
    """Return what a client sees of a response: status code, headers and body."""
    headers = dict(response.headers)
    if "Allow" in headers:  # Werkzeug keeps the methods in a set, which has no order
        headers["Allow"] = sorted(headers["Allow"].split(", "))
    return response.status_code, headers, response.data


def test_the_path_is_a_setting():
    app = create_app(SAFE | {"WECHAT_PATH": "/a/b"})
    url = encrypted_url(SEALED).replace("/wechat", "/a/b")
    assert opened(post(app, SEALED, url))["Content"] == "hello"
    assert post(app, SEALED).status_code == 404


# Attacks on the encryption


@pytest.fixture(scope="module")
def failure():
    """What a client sees of a message that was encrypted with another key."""
    return parts(post(app, BROKEN["wrong key"]))


@pytest.mark.parametrize("name", BROKEN)
def test_no_failure_can_be_told_from_another(name, failure):
    response = post(app, BROKEN[name])
    assert parts(response) == failure
    assert response.status_code == 400
    assert "The message cannot be opened." in response.text


def test_the_signature_is_checked_before_anything_is_decrypted(monkeypatch):
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
        urls = [encrypted_url(each, msg_signature=wrong) for each in (SEALED, "AAAA")]
        sealed, other = post(app, SEALED, urls[0]), post(app, "AAAA", urls[1])
        assert sealed.status_code == 403
        assert parts(sealed) == parts(other)
        assert "The signature is wrong." in sealed.text


def test_a_change_anywhere_is_forbidden():
    url = encrypted_url(SEALED)
    for place in range(0, len(SEALED), 23):
        letter = "A" if SEALED[place] != "A" else "B"
        changed = SEALED[:place] + letter + SEALED[place + 1 :]
        assert post(app, changed, url).status_code == 403
    signature = sign(TOKEN, TIMESTAMP, NONCE, SEALED)
    for change in ({"timestamp": "1700000001"}, {"nonce": "999998"}):
        url = encrypted_url(SEALED, msg_signature=signature, **change)
        assert post(app, SEALED, url).status_code == 403


def test_the_plain_signature_does_not_count_for_an_encrypted_message():
    assert post(app, SEALED, encrypted_url(SEALED, signature="0" * 40)).status_code == 200
    assert post(app, SEALED, encrypted_url(SEALED, signature=None)).status_code == 200
    plain = sign(TOKEN, TIMESTAMP, NONCE)
    assert post(app, SEALED, encrypted_url(SEALED, msg_signature=plain)).status_code == 403


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
@pytest.mark.parametrize("value", ["", None])
def test_a_missing_parameter_is_a_bad_request(name, value):
    query = {"encrypt_type": "aes", "timestamp": TIMESTAMP, "nonce": NONCE}
    query["msg_signature"] = sign(TOKEN, TIMESTAMP, NONCE, SEALED)
    query = {key: each for key, each in (query | {name: value}).items() if each is not None}
    response = post(app, SEALED, f"/wechat?{urlencode(query)}")
    assert response.status_code == 400
    assert "msg_signature, a timestamp and a nonce" in response.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<xml/>",
        b"<xml><Encrypt/></xml>",
        b"<xml><Encrypt><a>b</a></Encrypt></xml>",
        b"<xml><Encrypt>AAAA</Encrypt><Encrypt>AAAA</Encrypt></xml>",
        build(text_message()).encode(),
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>',
        b"\xff\xfe",
        b'{"Encrypt": "AAAA"}',
    ],
)
def test_a_body_without_an_encrypted_part_is_a_bad_request(body):
    assert post(app, "AAAA", body=body).status_code == 400


@pytest.mark.parametrize("url", [encrypted_url(SEALED), signed()])
def test_a_body_that_the_server_cannot_read_is_a_bad_request(client, url):
    response = client.post(url, **broken_body())
    assert response.status_code == 400
    assert "The body cannot be read." in response.text


def test_a_body_that_is_too_long_is_refused():
    assert post(app, "AAAA", body=b"x" * (MAX_BYTES + 1)).status_code == 413


@few
@given(st.binary(max_size=300))
def test_no_body_breaks_it(body):
    encrypted = b64encode(body).decode()
    assert post(app, encrypted, body=body).status_code in {400, 403}
    assert post(app, encrypted, encrypted_url(encrypted or "x")).status_code in {400, 403}
    assert post(app, raw(laid_out(body))).status_code == 400  # encrypted as it should be


@pytest.mark.parametrize("nonce", ["\x01", "a\x00b", "\ufffe", "\x7f\x9f"])
def test_a_nonce_that_xml_cannot_hold_is_a_bad_request(nonce):
    response = post(app, SEALED, encrypted_url(SEALED, nonce=nonce))
    assert response.status_code == 400
    assert "The nonce cannot be repeated" in response.text


@pytest.mark.parametrize("nonce", ["a b", "<&>]]>", "é你😀", '"'])
def test_any_other_nonce_comes_back(nonce):
    response = post(app, SEALED, encrypted_url(SEALED, nonce=nonce))
    assert parse(response.data)["Nonce"] == nonce


# Recorded requests


def test_a_recorded_url_serves_for_one_encrypted_body_only():
    url = encrypted_url(SEALED)
    assert post(app, SEALED, url).status_code == 200
    assert post(app, cipher.encrypt(build(text_message("forged"))), url).status_code == 403


@pytest.mark.parametrize(
    ("shift", "status"), [(-301, 403), (-300, 200), (20, 200), (300, 200), (301, 403)]
)
def test_an_old_signature_is_forbidden_if_the_setting_says_so(monkeypatch, shift, status):
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    strict = create_app(SAFE | {"WECHAT_FRESH_SECONDS": "300"})
    url = encrypted_url(SEALED, timestamp=str(NOW + shift))
    assert post(strict, SEALED, url).status_code == status


def test_a_recorded_url_carries_any_plain_body_unless_only_encrypted_ones_are_taken():
    url = encrypted_url(SEALED)
    stripped = url.replace("encrypt_type=aes", "encrypt_type=raw")
    forged = build(text_message("forged"))
    response = app.test_client().post(stripped, data=forged)
    assert parse(response.data)["Content"] == "forged"
    only = create_app(SAFE | {"ENCRYPTED_ONLY": True})
    assert opened(post(only, SEALED, url))["Content"] == "hello"
    for plain in (stripped, signed()):
        response = only.test_client().post(plain, data=forged)
        assert response.status_code == 403
        assert "Only encrypted messages" in response.text
    assert only.test_client().get(signed(echostr="7")).text == "7"


# Settings, the page, and an installation without the package


def test_without_a_key_only_the_plain_mode_is_on(capsys):
    plain = create_app({"WECHAT_TOKEN": TOKEN})
    assert plain.test_client().post(signed(), data=build(text_message())).status_code == 200
    assert post(plain, SEALED).status_code == 400
    assert "WECHAT_AES_KEY" in plain.test_client().get("/").text
    # An appid alone, which another lesson may have made up, does not ask for encryption.
    create_app({"WECHAT_TOKEN": TOKEN, "WECHAT_APPID": APPID})
    assert capsys.readouterr() == ("", "")


def test_a_message_of_the_key_before_gets_a_reply_with_that_key():
    before = KEY[::-1]
    app = create_app(SAFE | {"WECHAT_AES_KEY_BEFORE": before})
    for key in (KEY, before):
        sealed = Cipher(key, APPID).encrypt(build(text_message()))
        reply = parse(post(app, sealed).data)
        assert "hello" in Cipher(key, APPID).decrypt(reply["Encrypt"])
    assert post(create_app(SAFE), sealed).status_code == 400
    assert post(app, BROKEN["wrong appid"]).data == post(create_app(SAFE), sealed).data


@pytest.mark.parametrize("key", ["short", KEY + "0", "-" * 43])
def test_a_key_before_that_cannot_be_right_is_refused(monkeypatch, key):
    monkeypatch.setenv("WECHAT_AES_KEY_BEFORE", key)
    with pytest.raises(SettingError, match="WECHAT_AES_KEY_BEFORE must be 43 letters") as caught:
        create_app(SAFE)
    assert key not in str(caught.value)


def test_a_key_without_an_appid_is_refused():
    with pytest.raises(SettingError, match="WECHAT_APPID is not set"):
        create_app({"WECHAT_TOKEN": TOKEN, "WECHAT_AES_KEY": KEY})


@pytest.mark.parametrize("value", ["true", "yes", "False"])
def test_only_encrypted_messages_need_a_key(monkeypatch, value):
    monkeypatch.setenv("FLASK_ENCRYPTED_ONLY", value)
    with pytest.raises(SettingError, match="ENCRYPTED_ONLY needs WECHAT_AES_KEY"):
        create_app({"WECHAT_TOKEN": TOKEN})
    only = create_app(SAFE)
    assert only.test_client().post(signed(), data=build(text_message())).status_code == 403


def test_the_settings_come_from_the_environment(monkeypatch):
    for name, value in SAFE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WECHAT_ENV", "production")
    assert opened(send(create_app(), text_message("hello")))["Content"] == "hello"
    monkeypatch.delenv("WECHAT_TOKEN")
    with pytest.raises(SettingError, match="WECHAT_TOKEN is not set"):
        create_app()


def test_the_page_shows_no_key_of_the_account():
    secret = {"WECHAT_TOKEN": "TokenOfMine", "WECHAT_AES_KEY": "k" * 43, "WECHAT_APPID": "wxmine"}
    client = create_app(secret).test_client()
    response = client.get("/")
    assert not any(value in response.text for value in secret.values())
    assert "in the plain mode or in the encrypted one" in response.text
    assert client.post("/", data={}).status_code == 200
    assert client.post("/", data={"text": "x" * MAX_BYTES}).status_code == 413


@pytest.fixture
def without_cryptography(monkeypatch):
    """The lesson's module, run anew as if the package cryptography were not installed."""
    for name in [name for name in sys.modules if name.split(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "day05_wechat.safe_mode.cipher")
    spec = importlib.util.find_spec("day05_wechat.safe_mode.app")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("settings", [{}, SAFE], ids=["no key", "key"])
def test_without_cryptography_it_starts_and_says_what_to_install(
    capsys, without_cryptography, settings
):
    assert without_cryptography.Cipher is None
    client = without_cryptography.create_app({"WECHAT_TOKEN": TOKEN} | settings).test_client()
    sentence = "Install it with: python -m uv sync --extra safe-mode"
    assert sentence in capsys.readouterr().err
    assert sentence in client.get("/").text
    assert client.post("/").status_code == 200
    response = client.post(signed(), data=build(text_message("hello")))
    assert parse(response.data)["Content"] == "hello"


def test_without_cryptography_production_refuses_a_key(without_cryptography):
    production = {"WECHAT_TOKEN": TOKEN, "WECHAT_ENV": "production"}
    assert without_cryptography.create_app(production)
    with pytest.raises(SettingError, match="Install it with"):
        without_cryptography.create_app(SAFE | production)


def test_the_extra_is_there():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert any("cryptography" in each for each in extras["optional-dependencies"]["safe-mode"])
    assert not any("cryptography" in each for each in extras["dependencies"])
