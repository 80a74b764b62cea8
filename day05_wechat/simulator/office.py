"""What WeChat keeps for the account: its tokens, its quota, its menu and its files.

The protocol: https://developers.weixin.qq.com/doc/offiaccount/ (basic information, menus, assets).
"""

import math
import secrets
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from .grants import ApiError, secret_text

OVERLAP = 300  # seconds in which the token before still works
DAY = 24 * 3600
BEIJING = 8 * 3600  # seconds ahead of UTC; a day begins there
MEDIA_SECONDS = 3 * DAY
MOST_MEDIA = 20
# How large a file may be, in bytes; WeChat itself allows more for all but thumbnails.
MEDIA_BYTES = {"image": 2_000_000, "voice": 2_000_000, "video": 2_000_000, "thumb": 64_000}
# The first bytes of the pictures that a phone can show.
PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


@dataclass(frozen=True)
class Media:
    """An uploaded file."""

    kind: str
    name: str
    data: bytes
    created: int

    @property
    def picture_type(self) -> str | None:
        """Return the MIME type of a picture, by its first bytes; None for other files."""
        return next((kind for start, kind in PICTURES.items() if self.data.startswith(start)), None)


@dataclass
class Key:
    """An access token or a ticket: its text, and until when it works (``time.time``)."""

    text: str
    until: float

    @property
    def seconds(self) -> int:
        """Return how long it still works."""
        return max(0, math.ceil(self.until - time.time()))


@dataclass
class Office:
    """One account. ``refused_ip``, ``busy`` and ``spent`` are what its page can switch on."""

    token_seconds: float
    quota: int
    busy: int = 0  # how many of the next calls find WeChat busy
    spent: bool = False  # whether the quota of today is used up
    refused_ip: bool = False
    menu: dict[str, Any] | None = None
    media: dict[str, Media] = field(default_factory=dict)
    current: dict[str, Key] = field(default_factory=dict)  # by kind: token, stable, jsapi
    older: dict[str, Key] = field(default_factory=dict)  # tokens that a newer one has replaced
    calls: dict[str, int] = field(default_factory=dict)  # of today, by path
    day: int = 0
    lock: Lock = field(default_factory=Lock)

    def admit(self, path: str) -> None:
        """Count a call; raise ``ApiError`` if WeChat is busy, or if there were too many today."""
        with self.lock:
            today = int(time.time() + BEIJING) // DAY
            if self.day != today:
                self.day, self.calls = today, {}
            self.calls[path] = self.calls.get(path, 0) + 1
            if self.busy:
                self.busy -= 1
                raise ApiError(-1, "system error")
            if self.spent or self.calls[path] > self.quota:
                raise ApiError(45009, "reach max api daily quota limit")

    def check_ip(self, address: str) -> None:
        """Raise ``ApiError`` if programs at this address get no token."""
        if self.refused_ip:
            raise ApiError(40164, f"invalid ip {address} ipv6 ::ffff:{address}, not in whitelist")

    def new_token(self) -> Key:
        """Return a new token; the one before ends in five minutes."""
        with self.lock:
            return self._renew("token", OVERLAP)

    def stable_token(self, force: bool) -> Key:
        """Return the same token to all who ask, a new one when it ends soon or by ``force``."""
        with self.lock:
            key = self.current.get("stable")
            if key and key.seconds > OVERLAP and not force:
                return key
            return self._renew("stable", 0 if force else OVERLAP)

    def ticket(self) -> Key:
        """Return the ticket for web pages."""
        with self.lock:
            key = self.current.get("jsapi")
            return key if key and key.seconds else self._renew("jsapi", 0)

    def _renew(self, kind: str, overlap: float) -> Key:
        if before := self.current.get(kind):
            before.until = min(before.until, time.time() + overlap)
            self.older[before.text] = before
            if len(self.older) > MOST_MEDIA:
                del self.older[next(iter(self.older))]
        self.current[kind] = Key(secret_text(), time.time() + self.token_seconds)
        return self.current[kind]

    def check_token(self, text: str) -> None:
        """Raise ``ApiError`` unless this token works."""
        with self.lock:
            keys = [self.current[kind] for kind in ("token", "stable") if kind in self.current]
            key = next((each for each in keys if each.text == text), None)
            before = self.older.get(text)
        if not text:
            raise ApiError(41001, "access_token missing")
        if key and not key.seconds:
            raise ApiError(42001, "access_token expired")
        if not key and not (before and before.seconds):
            raise ApiError(40001, "invalid credential, access_token is invalid or not latest")

    def expire(self) -> None:
        """Let every token end now."""
        with self.lock:
            for key in [*self.current.values(), *self.older.values()]:
                key.until = 0

    def upload(self, kind: str, name: str, data: bytes) -> tuple[str, Media]:
        """Store a file for three days; return its number and what is stored."""
        media = Media(kind, name, data, int(time.time()))
        if kind not in MEDIA_BYTES:
            raise ApiError(40004, "invalid media type")
        if len(data) > MEDIA_BYTES[kind]:
            raise ApiError(45001, "media size out of limit")
        if kind in {"image", "thumb"} and not media.picture_type:
            raise ApiError(40005, "invalid file type")
        media_id = secrets.token_urlsafe(32)
        with self.lock:
            self.media[media_id] = media
            if len(self.media) > MOST_MEDIA:
                del self.media[next(iter(self.media))]
        return media_id, media

    def find_media(self, media_id: object, *kinds: str) -> Media:
        """Return a file of one of these kinds; raise ``ApiError`` if there is none."""
        media = self.media.get(media_id) if isinstance(media_id, str) else None
        expired = media is not None and time.time() > media.created + MEDIA_SECONDS
        if media is None or expired or (kinds and media.kind not in kinds):
            raise ApiError(40007, "invalid media_id")
        return media
