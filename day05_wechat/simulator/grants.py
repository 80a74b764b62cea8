"""What WeChat remembers about a login: codes and tokens, and to whom they belong.

The protocol: https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/ (web authorization).
"""

import secrets
import string
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from .people import Person

MOST = 500  # of each kind; the oldest is forgotten


class ApiError(Exception):
    """An error of WeChat's API, with its number."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(errmsg)
        self.errcode = errcode
        self.errmsg = errmsg


@dataclass
class Grant:
    """What a person has allowed, and until when (``time.time``, seconds)."""

    person: Person
    scope: str
    snapshot: bool
    until: float
    used: bool = False

    @property
    def expired(self) -> bool:
        """Tell whether the time is over."""
        return time.time() >= self.until


def secret_text() -> str:
    """Return letters of both cases and digits, so that ``lower()`` breaks a code."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32))


@dataclass
class Grants:
    """The codes and tokens of one simulator, in memory; lifetimes in seconds."""

    code_seconds: float = 300
    token_seconds: float = 7200
    refresh_seconds: float = 30 * 24 * 3600
    codes: dict[str, Grant] = field(default_factory=dict)
    tokens: dict[str, Grant] = field(default_factory=dict)
    refreshers: dict[str, Grant] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def _store(self, shelf: dict[str, Grant], grant: Grant) -> str:
        key = secret_text()
        shelf[key] = grant
        if len(shelf) > MOST:
            del shelf[next(iter(shelf))]
        return key

    def new_code(self, person: Person, scope: str, snapshot: bool = False) -> str:
        """Return a code that can be exchanged once, within five minutes."""
        until = time.time() + self.code_seconds
        with self.lock:
            return self._store(self.codes, Grant(person, scope, snapshot, until))

    def exchange(self, code: str) -> dict[str, Any]:
        """Return the tokens for a code; raise ``ApiError`` if it does not exist or was used."""
        with self.lock:
            grant = self.codes.get(code)
            if grant is None or grant.expired:
                raise ApiError(40029, "invalid code")
            if grant.used:
                raise ApiError(40163, "code been used")
            grant.used = True
            until = time.time() + self.refresh_seconds
            refresher = Grant(grant.person, grant.scope, grant.snapshot, until)
            return self._tokens(refresher, self._store(self.refreshers, refresher))

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """Return a new access token."""
        with self.lock:
            grant = self.refreshers.get(refresh_token)
            if grant is None or grant.expired:
                raise ApiError(40030, "invalid refresh_token")
            return self._tokens(grant, refresh_token)

    def _tokens(self, grant: Grant, refresh_token: str) -> dict[str, Any]:
        until = time.time() + self.token_seconds
        token = self._store(self.tokens, Grant(grant.person, grant.scope, grant.snapshot, until))
        data = {
            "access_token": token,
            "expires_in": int(self.token_seconds),
            "refresh_token": refresh_token,
            "openid": grant.person.openid,
            "scope": grant.scope,
        }
        return data | ({"is_snapshotuser": 1} if grant.snapshot else {})

    def holder(self, access_token: str, openid: str) -> Grant:
        """Return what the token allows; raise ``ApiError`` if it does not belong to ``openid``."""
        with self.lock:
            grant = self.tokens.get(access_token)
        if grant is None:
            raise ApiError(40001, "invalid credential, access_token is invalid or not latest")
        if grant.expired:
            raise ApiError(42001, "access_token expired")
        if openid != grant.person.openid:
            raise ApiError(40003, "invalid openid")
        return grant
