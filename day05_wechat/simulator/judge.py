"""Decide what the user sees of a response: a reply, silence, or an error bubble.

The rules: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/ (passive replies).
"""

from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict

from .wire import MAX_RESPONSE, Response

FAULT = "该公众号提供的服务出现故障，请稍后再试"

# A reply to these shows one article, a reply to other types up to eight.
ONE_ARTICLE = {"text", "image", "video", "link", "location"}


class FaultError(Exception):
    """Say what is wrong with a response."""


@dataclass(frozen=True)
class Verdict:
    """What the user sees (``kind``, ``lines``), and for the developer the reason (``why``)."""

    # "reply", "silence", "fault", "transfer"; of a forged message "refused" or "taken"; "desk" for
    # a message that no handler got
    kind: str
    why: str
    lines: tuple[str, ...] = ()


def judge(response: Response, sent: dict[str, Any], opened=None) -> Verdict:
    """Return what the user sees; ``opened`` decrypts a reply in the encrypted mode."""
    if response.status == 200 and (not response.body or response.body.strip() == b"success"):
        return Verdict("silence", "Accepted, without a reply.")
    try:
        if response.status != 200:
            raise FaultError(f"The status is {response.status}, and must be 200.")
        if len(response.body) > MAX_RESPONSE:
            raise FaultError(f"The response has more than {MAX_RESPONSE} bytes.")
        reply = parsed(response.body)
        if opened:
            reply = parsed(opened(reply).encode())
        check_header(reply, sent)
        if reply.get("MsgType") == "transfer_customer_service":
            return transfer(reply, sent)
        lines, why = shown(reply, 1 if sent["MsgType"] in ONE_ARTICLE else 8)
    except FaultError as error:
        return fault(str(error), sent)
    if sent.get("Event") == "unsubscribe":
        return Verdict("silence", "A reply, and no one is left to read it.")
    return Verdict("reply", why, tuple(lines))


def transfer(reply: dict[str, Any], sent: dict[str, Any]) -> Verdict:
    """Hand the message over to a person, if it is a message and not an event."""
    if sent["MsgType"] == "event":
        return Verdict("silence", "The customer service gets messages, and no events.")
    match reply.get("TransInfo"):
        case None:
            return Verdict("transfer", "Handed over to the customer service.")
        case {"KfAccount": str(account)}:
            return Verdict("transfer", f"Handed over to {quoted(account)}.")
    raise FaultError("In TransInfo must be a KfAccount, the name of a person.")


def fault(why: str, sent: dict[str, Any]) -> Verdict:
    """Show the error bubble, unless the user has left."""
    kind = "silence" if sent.get("Event") == "unsubscribe" else "fault"
    return Verdict(kind, why, (FAULT,) if kind == "fault" else ())


def parsed(body: bytes) -> dict[str, Any]:
    """Return the fields of a response, with white space, which may be part of the text."""
    try:
        reply = xmltodict.parse(
            body, encoding="utf-8", strip_whitespace=False, force_list=("item",)
        )
    except (ExpatError, ValueError, TypeError) as error:
        raise FaultError(f"This is not XML: {error}.") from error
    if not isinstance(reply.get("xml"), dict):
        raise FaultError("The outermost element must be <xml>, with fields in it.")
    return reply["xml"]


def check_header(reply: dict[str, Any], sent: dict[str, Any]) -> None:
    """Raise unless the names are swapped, and the time is a number."""
    for field, expected in (
        ("ToUserName", sent["FromUserName"]),
        ("FromUserName", sent["ToUserName"]),
    ):
        if reply.get(field) != expected:
            raise FaultError(f"{field} is {quoted(reply.get(field))}, and must be {expected!r}.")
    time = reply.get("CreateTime")
    if not (isinstance(time, str) and time.isascii() and time.isdecimal()):
        raise FaultError(f"CreateTime is {quoted(time)}, and must be a whole number of seconds.")


def quoted(value: object) -> str:
    """Return a field in a form that can be shown: any value, and of a long one the beginning."""
    if value is None:
        return "missing or empty"
    return repr(value[:100]) if isinstance(value, str) else "not a text"


def shown(reply: dict[str, Any], most: int) -> tuple[list[str], str]:
    """Return the lines that the user sees, and what kind of reply it is."""
    match reply:
        case {"MsgType": "text", "Content": str(text)}:
            return [text], "A text."
        case {"MsgType": "image", "Image": {"MediaId": str(media)}}:
            return [f"🖼 {media}"], "A picture."
        case {"MsgType": "voice", "Voice": {"MediaId": str(media)}}:
            return [f"🔊 {media}"], "A voice message."
        case {"MsgType": "video", "Video": {"MediaId": str(media)} as video}:
            return [f"🎬 {media}", *texts(video, "Title", "Description")], "A video."
        case {"MsgType": "music", "Music": {"ThumbMediaId": str(thumb)} as music}:
            return [f"🎵 {thumb}", *texts(music, "Title", "Description", "MusicUrl")], "Music."
        case {"MsgType": "news", "ArticleCount": str(), "Articles": {"item": [*items]}}:
            return articles(items[:most]), f"News: {len(items[:most])} of {len(items)} shown."
        case {"MsgType": "text" | "image" | "voice" | "video" | "music" | "news" as kind}:
            raise FaultError(f"The {kind} reply has a field missing, or in another place.")
    raise FaultError(f"MsgType is {quoted(reply.get('MsgType'))}, which is not a kind of reply.")


def texts(fields: dict[str, Any], *names: str) -> list[str]:
    """Return the texts of the fields that exist."""
    return [fields[name] for name in names if isinstance(fields.get(name), str)]


def articles(items: list[Any]) -> list[str]:
    """Return what the user sees of the articles of a news reply."""
    if not all(isinstance(item, dict) and texts(item, "Title") for item in items):
        raise FaultError("An article has no title.")
    return [" · ".join(texts(item, "Title", "Description", "Url")) for item in items]
