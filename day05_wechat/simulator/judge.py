"""What WeChat makes of an answer: a reply for the user, silence, or an error bubble.

The rules: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/ (passive replies).
"""

from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict

from .wire import MAX_ANSWER, Answer

FAULT = "该公众号提供的服务出现故障，请稍后再试"

# These are answered with one article at most, anything else with up to eight.
ONE_ARTICLE = {"text", "image", "video", "link", "location"}


class FaultError(Exception):
    """Say what is wrong with an answer."""


@dataclass(frozen=True)
class Verdict:
    """What the user sees of an answer (``kind``, ``lines``), and for the developer, why."""

    kind: str  # "reply", "silence", "fault"; of a forged message "refused" or "taken"
    why: str
    lines: tuple[str, ...] = ()


def judge(answer: Answer, sent: dict[str, Any], opened=None) -> Verdict:
    """Tell what the user sees; ``opened`` is what decrypts a reply, where the mode is encrypted."""
    if answer.status == 200 and answer.body in {b"", b"success"}:
        return Verdict("silence", "Accepted, without a reply.")
    try:
        if answer.status != 200:
            raise FaultError(f"The status is {answer.status}, and must be 200.")
        if len(answer.body) > MAX_ANSWER:
            raise FaultError(f"The answer has more than {MAX_ANSWER} bytes.")
        reply = parsed(answer.body)
        if opened:
            reply = parsed(opened(reply).encode())
        check_header(reply, sent)
        lines, why = shown(reply, 1 if sent["MsgType"] in ONE_ARTICLE else 8)
    except FaultError as error:
        return fault(str(error), sent)
    if sent.get("Event") == "unsubscribe":
        return Verdict("silence", "A reply, and nobody is left to read it.")
    return Verdict("reply", why, tuple(lines))


def fault(why: str, sent: dict[str, Any]) -> Verdict:
    """Show the error bubble, unless the user has gone."""
    kind = "silence" if sent.get("Event") == "unsubscribe" else "fault"
    return Verdict(kind, why, (FAULT,) if kind == "fault" else ())


def parsed(body: bytes) -> dict[str, Any]:
    """Return the fields of an answer; white space is kept, for it may be what was said."""
    try:
        reply = xmltodict.parse(
            body, encoding="utf-8", strip_whitespace=False, force_list=("item",)
        )
    except (ExpatError, ValueError, TypeError) as error:
        raise FaultError(f"This is no XML: {error}.") from error
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
    """Return a field as it can be shown, whatever is in it and however much."""
    if value is None:
        return "missing or empty"
    return repr(value[:100]) if isinstance(value, str) else "no text"


def shown(reply: dict[str, Any], most: int) -> tuple[list[str], str]:
    """Return the lines that the user sees, and a word about them."""
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
            raise FaultError(f"The {kind} reply lacks what belongs into it, or has it elsewhere.")
    raise FaultError(f"MsgType is {quoted(reply.get('MsgType'))}, which is no kind of reply.")


def texts(fields: dict[str, Any], *names: str) -> list[str]:
    """Return those of the fields that are there."""
    return [fields[name] for name in names if isinstance(fields.get(name), str)]


def articles(items: list[Any]) -> list[str]:
    """Return what the user sees of the articles of a news reply."""
    if not all(isinstance(item, dict) and texts(item, "Title") for item in items):
        raise FaultError("An article has no title.")
    return [" · ".join(texts(item, "Title", "Description", "Url")) for item in items]
