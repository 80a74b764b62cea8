"""The menu of an account: what WeChat accepts, and the buttons that a phone shows.

The protocol: https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/ (creating a menu).
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .grants import ApiError
from .push import NOT_IN_XML

# Types of buttons that WeChat has, and this simulator does not play.
OTHERS = {"scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin"}
OTHERS |= {"location_select", "media_id", "article_id", "article_view_limited", "miniprogram"}


@dataclass(frozen=True)
class Button:
    """A button on the phone: its place in the menu, its text, and what it does."""

    place: str
    name: str
    kind: str
    value: str = ""


def checked_menu(data: dict[str, Any]) -> dict[str, Any]:
    """Return a menu as WeChat stores it; raise ``ApiError`` for one that it refuses."""
    buttons = data.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise ApiError(40016, "invalid button size")
    return {"button": [checked_button(each) for each in buttons]}


def checked_button(data: Any, below: bool = False) -> dict[str, Any]:
    """Return a button; ``below`` tells that it is in the list of another one."""
    number = 8 if below else 1  # WeChat's numbers for a button and for one below another differ
    what = "sub button" if below else "button"
    data = data if isinstance(data, dict) else {}
    name = checked_text(data.get("name"), 60 if below else 16)
    if not name:
        raise ApiError(40017 + number, f"invalid {what} name size")
    if data.get("sub_button") and not below:
        subs = data["sub_button"]
        if not isinstance(subs, list) or len(subs) > 5:
            raise ApiError(40023, "invalid sub button size")
        return {"name": name, "sub_button": [checked_button(each, True) for each in subs]}
    match data.get("type"):
        case "click":
            if not (key := checked_text(data.get("key"), 128)):
                raise ApiError(40018 + number, f"invalid {what} key size")
            own = {"key": key}
        case "view":
            if not (url := checked_text(data.get("url"), 1024)):
                raise ApiError(40019 + number, f"invalid {what} url size")
            if not is_web(url):
                raise ApiError(40054 if below else 40055, f"invalid {what} url domain")
            own = {"url": url}
        case str(kind) if kind in OTHERS:
            own = {}
        case _:
            raise ApiError(40024 if below else 40017, f"invalid {what} type")
    return {"type": data["type"], "name": name, **own, "sub_button": []}


def checked_text(value: Any, most: int) -> str:
    """Return a text of 1 to ``most`` bytes, and an empty text for anything else."""
    if not isinstance(value, str) or not value.strip() or NOT_IN_XML.search(value):
        return ""
    return value if len(value.encode()) <= most else ""


def is_web(url: str) -> bool:
    """Tell whether a browser may open this URL; ``javascript:`` is a URL, too."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def groups(menu: dict[str, Any] | None) -> list[tuple[str, list[Button]]]:
    """Return what the phone shows: a title, empty for a single button, and its buttons."""
    found = []
    for number, each in enumerate((menu or {}).get("button", [])):
        if each["sub_button"]:
            subs = enumerate(each["sub_button"])
            found.append((each["name"], [as_button(f"{number}.{n}", sub) for n, sub in subs]))
        else:
            found.append(("", [as_button(str(number), each)]))
    return found


def as_button(place: str, data: dict[str, Any]) -> Button:
    """Return what is to be known of one button."""
    value = data.get("key") or data.get("url") or ""
    return Button(place, data["name"], data["type"], value)


def find_button(menu: dict[str, Any] | None, place: str) -> Button | None:
    """Return the button at a place, or None if it is not in the menu any more."""
    return next((each for _, some in groups(menu) for each in some if each.place == place), None)
