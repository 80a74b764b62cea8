"""Messages that the account sends by itself, and not as a reply: what the phone shows of them.

The protocol: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/ (customer
service messages, template messages).
"""

import re
from collections.abc import Callable
from typing import Any

from .grants import ApiError
from .judge import texts
from .office import Media

MOST_BYTES = 2048  # of a text, as users have measured

# The templates of this account: number, title and text. A real account chooses some of WeChat's.
TEMPLATES = {
    "TEMPLATE-OF-THE-SIMULATOR-1": (
        "订单状态通知",
        "订单号：{{character_string1.DATA}}\n状态：{{phrase2.DATA}}\n时间：{{time3.DATA}}",
    ),
}

FindMedia = Callable[..., Media]


def custom_message(data: dict[str, Any], find_media: FindMedia) -> list[str]:
    """Return the lines of a customer service message; raise ``ApiError`` if WeChat refuses it."""
    match data:
        case {"msgtype": "text", "text": {"content": str(text)}} if text:
            if len(text.encode()) > MOST_BYTES:
                raise ApiError(45002, "content size out of limit")
            return [text]
        case {"msgtype": "image", "image": {"media_id": media_id}}:
            find_media(media_id, "image")
            return ["🖼"]
        case {"msgtype": "voice", "voice": {"media_id": media_id}}:
            find_media(media_id, "voice")
            return [f"🔊 {media_id}"]
        case {"msgtype": "video", "video": {"media_id": media_id} as video}:
            find_media(media_id, "video")
            return [f"🎬 {media_id}", *texts(video, "title", "description")]
        case {"msgtype": "music", "music": {"thumb_media_id": thumb} as music}:
            find_media(thumb, "thumb")
            return ["🎵", *texts(music, "title", "description", "musicurl")]
        case {"msgtype": "news", "news": {"articles": [dict() as article]}}:
            return [" · ".join(texts(article, "title", "description", "url"))]
        case {"msgtype": "text" | "image" | "voice" | "video" | "music" | "news"}:
            raise ApiError(47001, "data format error")
    raise ApiError(40008, "invalid message type")


def template_message(data: dict[str, Any]) -> list[str]:
    """Return the lines of a template message: the title, and the text with its gaps filled."""
    template = data.get("template_id")
    if not isinstance(template, str) or template not in TEMPLATES:
        raise ApiError(40037, "invalid template_id")
    title, text = TEMPLATES[template]
    values = data.get("data")
    if not isinstance(values, dict):
        raise ApiError(47001, "data format error")

    def fill(gap: re.Match[str]) -> str:
        value = values.get(gap[1])
        value = value.get("value") if isinstance(value, dict) else ""
        return str(value) if isinstance(value, str | int) else ""

    return [title, *re.sub(r"\{\{(\w+)\.DATA\}\}", fill, text).split("\n"), *texts(data, "url")]
