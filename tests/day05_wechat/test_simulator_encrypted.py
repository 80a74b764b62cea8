"""The simulator in encrypted mode, compared with wechatpy, which owes nothing to the lessons.

Begin with test_the_encrypted_handler_of_the_lessons.
"""

from urllib.parse import parse_qsl, urlsplit

import pytest
import wechatpy
from flask import request

pytest.importorskip("cryptography")
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from day05_wechat.messages.app import build, parse
from day05_wechat.safe_mode.app import Cipher
from day05_wechat.signature.app import sign
from day05_wechat.simulator.app import create_app
from day05_wechat.simulator.push import Account, push, to_xml
from day05_wechat.simulator.wire import Response
from tests.day05_wechat.helpers import TOKEN
from tests.day05_wechat.helpers_simulator import (
    AES_KEY,
    APPID,
    CONFIG,
    GH,
    KINDS,
    URL,
    elements,
    handler_app,
    message,
    register,
    reply,
    send,
    success,
    tried,
)
from tests.helpers import page, serving

ENCRYPTED = Account(TOKEN, GH, Cipher(AES_KEY, APPID))
theirs = WeChatCrypto(TOKEN, AES_KEY, APPID)


@pytest.fixture
def client():
    return create_app(CONFIG).test_client()


def test_the_encrypted_handler_of_the_lessons(client):
    assert "encrypted mode." in register(client, mode="encrypted")
    exchange = send(client, text="你好 ]]>")
    assert exchange.verdict.lines == ("你好 ]]>",)
    assert b"<Encrypt>" in exchange.attempts[0].request.body
    assert b"<Encrypt>" in exchange.attempts[0].response.body
    message, answer = page(client.get("/")).select("#wire details pre")
    assert "<Content><![CDATA[你好 ]]]]><![CDATA[>]]></Content>" in message.text
    assert "<Content>你好 ]]&gt;</Content>" in answer.text
    assert send(client, "forged").verdict.kind == "refused"
    assert send(client, "unsubscribe").verdict.kind == "silence"


def test_silence_and_an_envelope_that_cannot_be_opened_show_no_plain_text(client):
    register(client, mode="encrypted")
    send(client, "unsubscribe")
    assert len(page(client.get("/")).select("#wire details pre")) == 1
    exchange = tried(encrypted_answer(token="another"), account=ENCRYPTED)
    assert (exchange.verdict.kind, exchange.opened) == ("fault", "")


# What is sent


@pytest.mark.parametrize("kind", KINDS)
def test_wechatpy_decrypts_what_is_sent(kind):
    sent = message(kind, "你好 😀")
    request = push(URL, ENCRYPTED, sent)
    query = parse_qsl(urlsplit(request.url).query, strict_parsing=False)
    names = ["signature", "timestamp", "nonce", "openid", "encrypt_type", "msg_signature"]
    assert [name for name, _ in query] == names
    given = dict(query)
    assert given["encrypt_type"] == "aes"
    assert given["signature"] == sign(TOKEN, given["timestamp"], given["nonce"])
    assert list(elements(request.body)) == ["ToUserName", "Encrypt"]
    assert b"Content" not in request.body
    xml = theirs.decrypt_message(
        request.body, given["msg_signature"], given["timestamp"], given["nonce"]
    )
    assert xml == to_xml(sent)


def test_a_forged_message_is_forged_in_both_signatures():
    request = push(URL, ENCRYPTED, message(), forged=True)
    given = dict(parse_qsl(urlsplit(request.url).query))
    encrypted = parse(request.body)["Encrypt"]
    stamp = given["timestamp"], given["nonce"]
    assert given["signature"] != sign(TOKEN, *stamp)
    assert given["msg_signature"] != sign(TOKEN, *stamp, encrypted)


# What comes back


def encrypted_answer(change=lambda fields: fields, token=TOKEN, appid=APPID, text=None):
    """Return a transport to a handler that responses with an envelope by wechatpy."""

    def transport(*_):
        xml = build(reply()) if text is None else text
        envelope = WeChatCrypto(token, AES_KEY, appid).encrypt_message(xml, "123", "1700000000")
        return Response(200, (), build(change(elements(envelope))).encode())

    return transport


def test_an_encrypted_reply_by_wechatpy_is_read():
    exchange = tried(encrypted_answer(), account=ENCRYPTED)
    assert (exchange.verdict.kind, exchange.verdict.lines) == ("reply", ("x",))
    assert tried(success, account=ENCRYPTED).verdict.kind == "silence"


def signed(fields, encrypted):
    signature = sign(TOKEN, fields["TimeStamp"], fields["Nonce"], encrypted)
    return fields | {"Encrypt": encrypted, "MsgSignature": signature}


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: reply(),
        lambda fields: {"Encrypt": fields["Encrypt"]},
        lambda fields: fields | {"MsgSignature": "0" * 40},
        lambda fields: fields | {"Nonce": "124"},
        lambda fields: fields | {"TimeStamp": "1700000001"},
        lambda fields: fields | {"Encrypt": fields["Encrypt"][::-1]},
        lambda fields: fields | {"Encrypt": [fields["Encrypt"]] * 2},
        lambda fields: signed(fields, "QUFB"),
        lambda fields: signed(fields, "no base64 ¤"),
        lambda fields: signed(fields, fields["Encrypt"][:-24]),
    ],
)
def test_a_reply_that_is_not_properly_encrypted_is_a_fault(change):
    exchange = tried(encrypted_answer(change), account=ENCRYPTED)
    assert exchange.verdict.kind == "fault"


@pytest.mark.parametrize(
    "how", [{"token": "other"}, {"appid": "wxother"}, {"text": "no XML"}, {"text": "<xml/>"}]
)
def test_a_reply_of_another_account_or_without_fields_is_a_fault(how):
    exchange = tried(encrypted_answer(**how), account=ENCRYPTED)
    assert exchange.verdict.kind == "fault"


# Another implementation as the server


def wechatpy_handler(crypto=None):
    """Return a handler that owes nothing to the lessons."""

    def view():
        values = request.args
        check_signature(TOKEN, values["signature"], values["timestamp"], values["nonce"])
        if request.method == "GET":
            return values["echostr"]
        body = request.get_data()
        stamp = values["timestamp"], values["nonce"]
        if crypto:
            body = crypto.decrypt_message(body, values["msg_signature"], *stamp)
        read = wechatpy.parse_message(body)
        said = read.content if read.type == "text" else read.type
        xml = wechatpy.create_reply(f"{said} by wechatpy", read).render()
        return crypto.encrypt_message(xml, *reversed(stamp)) if crypto else xml

    app = handler_app(view)
    app.register_error_handler(wechatpy.exceptions.InvalidSignatureException, lambda e: ("", 403))
    return app


@pytest.mark.parametrize("mode", ["plain", "encrypted"])
def test_wechatpy_as_the_server(mode):
    with serving(wechatpy_handler(theirs if mode == "encrypted" else None)) as server:
        config = CONFIG | {"WECHAT_HANDLER_URL": f"{server.url}/wechat"}
        client = create_app(config).test_client()
        assert "Verified:" in register(client, "there", mode)
        assert send(client, text="你好 😀").verdict.lines == ("你好 😀 by wechatpy",)
        assert send(client, "image").verdict.lines == ("image by wechatpy",)
        assert send(client, "click").verdict.lines == ("event by wechatpy",)
        assert send(client, "forged").verdict.kind == "refused"
        assert send(client, "cdata").verdict.kind == "fault"
