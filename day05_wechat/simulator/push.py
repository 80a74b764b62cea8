"""What WeChat sends to the handler: signed, within five seconds, up to three times.

The protocol: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/ (receiving).
"""

import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from day05_wechat.signature.app import is_signed, sign

from .judge import FaultError, Verdict, fault, judge
from .samples import EVENTS, MESSAGES, TRICKS
from .wire import NoResponseError, Request, Response, Transport, within

MAX_TEXT = 2000  # characters
MENU_ID = 123456789
# What XML 1.0 cannot carry at all (https://www.w3.org/TR/xml/#charsets).
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class UnsendableError(ValueError):
    """Say why this cannot be sent."""


@dataclass(frozen=True)
class Account:
    """What WeChat and the handler both know. ``cipher`` is None in the plain mode."""

    token: str
    original_id: str
    cipher: Any = None


@dataclass
class Attempt:
    """One try: the request, and then a response, or the reason why none came."""

    request: Request
    response: Response | None = None
    problem: str = ""


@dataclass
class Exchange:
    """A message that was sent, every try, and the result."""

    number: int
    label: str
    message: dict[str, Any]
    forged: bool = False
    attempts: list[Attempt] = field(default_factory=list)
    opened: str = ""  # the reply's plain text, in the encrypted mode
    verdict: Verdict | None = None


def compose(kind: str, text: str, account: Account, openid: str) -> tuple[str, dict[str, Any]]:
    """Return the label of a new message or event, and its fields in WeChat's order."""
    common = {
        "ToUserName": account.original_id,
        "FromUserName": openid,
        "CreateTime": int(time.time()),
    }
    if kind in EVENTS:
        label, own = EVENTS[kind]
        return label, {**common, "MsgType": "event", **own}
    if kind in TRICKS:
        kind, text = "text", TRICKS[kind][1]
    if kind not in MESSAGES:
        raise UnsendableError("There is no such button.")
    label, own = MESSAGES[kind]
    if kind == "text":
        label = text = text.replace("\r\n", "\n")
        if not text.strip():
            raise UnsendableError("Write something first.")
        if len(text) > MAX_TEXT:
            raise UnsendableError(f"A text may have {MAX_TEXT} characters.")
        if NOT_IN_XML.search(text):
            raise UnsendableError("The text has a character that XML cannot carry.")
        own = {"Content": text}
    # 62 bits, as WeChat's own: a number that JavaScript cannot hold exactly.
    return label, {**common, "MsgType": kind, **own, "MsgId": secrets.randbits(61) + 2**61}


def menu_event(button: Any, account: Account, openid: str) -> dict[str, Any]:
    """Return the event that a button of the account's menu sends."""
    message = {
        "ToUserName": account.original_id,
        "FromUserName": openid,
        "CreateTime": int(time.time()),
        "MsgType": "event",
        "Event": button.kind.upper(),
        "EventKey": button.value,
    }
    return message | ({"MenuId": MENU_ID} if button.kind == "view" else {})


def to_xml(message: dict[str, Any]) -> str:
    """Write a message as WeChat does: texts in CDATA sections, numbers without.

    A CDATA section ends at the first ``]]>``, so a text with ``]]>`` needs two sections.
    """
    lines = [
        f"<{name}>{value}</{name}>"
        if isinstance(value, int | float)
        else f"<{name}><![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"
        for name, value in message.items()
    ]
    return "\n".join(["<xml>", *lines, "</xml>"])


def stamps() -> tuple[str, str]:
    """Return a timestamp and a nonce that have another order when sorted as numbers."""
    return str(int(time.time())), str(200_000_000 + secrets.randbelow(800_000_000))


def with_query(url: str, **parameters: str) -> str:
    """Add parameters to a URL; none of the values needs quoting."""
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"{url}{'&' if '?' in url else '?'}{query}"


def verification(url: str, account: Account) -> tuple[Request, str]:
    """Return the request that checks a handler's URL, and the text that must come back."""
    timestamp, nonce = stamps()
    echostr = str(secrets.randbelow(9 * 10**18) + 10**18)
    signature = sign(account.token, timestamp, nonce)
    parameters = {"signature": signature, "echostr": echostr, "timestamp": timestamp}
    return Request("GET", with_query(url, **parameters, nonce=nonce)), echostr


def push(url: str, account: Account, message: dict[str, Any], forged: bool = False) -> Request:
    """Return the request with a message; a forged one is signed with another token."""
    token = secrets.token_hex(8) if forged else account.token
    timestamp, nonce = stamps()
    parameters = {
        "signature": sign(token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": message["FromUserName"],
    }
    xml = to_xml(message)
    if account.cipher:
        encrypted = account.cipher.encrypt(xml)
        parameters["encrypt_type"] = "aes"
        parameters["msg_signature"] = sign(token, timestamp, nonce, encrypted)
        xml = to_xml({"ToUserName": message["ToUserName"], "Encrypt": encrypted})
    return Request("POST", with_query(url, **parameters), xml.encode())


def opened(reply: dict[str, Any], account: Account) -> str:
    """Check the envelope of a reply, and decrypt what is in it."""
    names = ("MsgSignature", "TimeStamp", "Nonce", "Encrypt")
    signature, *parts = (reply.get(name) for name in names)
    if not is_signed(signature, account.token, *parts):
        raise FaultError("The reply is not encrypted, or its MsgSignature is wrong.")
    try:
        return account.cipher.decrypt(parts[-1])
    except ValueError as error:
        raise FaultError(f"The reply cannot be decrypted: {error}") from error


def deliver(
    exchange: Exchange, url: str, account: Account, transport: Transport, seconds: float, tries: int
) -> None:
    """Send the message, again if no response comes, and judge the response.

    Each try has the same MsgId. A forged message is sent once.
    """
    for _ in range(1 if exchange.forged else tries):
        request = push(url, account, exchange.message, exchange.forged)
        attempt = Attempt(request)
        exchange.attempts.append(attempt)
        try:
            attempt.response = within(seconds, transport, request)
            break
        except NoResponseError as error:
            attempt.problem = str(error)
    exchange.verdict = outcome(exchange, account)


def outcome(exchange: Exchange, account: Account) -> Verdict:
    """Judge the result of the last try."""
    response = exchange.attempts[-1].response
    if response is None:
        why = f"{exchange.attempts[-1].problem}; tries: {len(exchange.attempts)}."
        return Verdict("silence", why) if exchange.forged else fault(why, exchange.message)
    if exchange.forged and response.status == 403:
        return Verdict("refused", "403: the handler has seen that the signature is wrong.")
    if exchange.forged:
        return Verdict("taken", f"{response.status}: a wrong signature must get a 403.")

    def envelope(reply: dict[str, Any]) -> str:
        exchange.opened = opened(reply, account)
        return exchange.opened

    return judge(response, exchange.message, envelope if account.cipher else None)
