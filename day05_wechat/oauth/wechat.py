"""Talk to WeChat: build the login link, exchange the code, ask for the profile.

The protocol: https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
"""

import json
import logging
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from werkzeug.exceptions import BadGateway, GatewayTimeout

from day05_wechat.oauth.limit import OutOfTimeError, in_time

MAX_BYTES = 100_000
MAX_LIFETIME = 7200  # seconds, which is what WeChat gives
UNCLEAR = "The response of WeChat is not as expected. Try again in a minute."
LOGIN_IS_OVER = (40030, 42002)  # the refresh token is wrong, or too old
SEX = {"1": "male", "2": "female"}

logger = logging.getLogger(__name__)
# requests uses urllib3, whose debug messages and warnings show whole URLs with the secret.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class RefusedError(BadGateway):
    """Say that WeChat has refused, with the number that it gives."""

    def __init__(self, errcode: object) -> None:
        super().__init__("WeChat refused. Log in again.")
        self.errcode = errcode


@dataclass(frozen=True)
class Tokens:
    """What WeChat gives for a code; ``repr``, which is used in logs, does not show the tokens."""

    openid: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scope: str
    until: float  # seconds, by time.time
    is_snapshot: bool

    @property
    def is_expired(self) -> bool:
        """Tell whether the token has expired, a minute early: it must be valid when it arrives."""
        return time.time() > self.until - 60


def text(data: dict[str, Any], name: str) -> str:
    """Return a text or a whole number as a text, anything else as an empty text."""
    value = data.get(name)
    # JSON can hold half a character, UTF-8 cannot.
    return str(value).encode(errors="replace").decode() if isinstance(value, str | int) else ""


def picture(url: str) -> str:
    """Return the URL if it begins with https; ``javascript:`` is a URL, too."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme == "https" and parts.hostname else ""


def fetch(url: str, params: dict[str, str], seconds: float) -> bytes:
    """Return the body of a response with status code 200; otherwise raise a 502 or 504."""
    try:
        return in_time(seconds, read, url, params, seconds)
    except Exception as error:  # noqa: BLE001 - its text has the URL with the secret: it ends here
        problem = type(error)
    logger.warning("No response from WeChat: %s", problem.__name__)
    if issubclass(problem, OutOfTimeError | requests.Timeout):
        raise GatewayTimeout("WeChat takes too long to respond. Try again in a minute.")
    raise BadGateway(UNCLEAR)


def read(url: str, params: dict[str, str], seconds: float) -> bytes:
    """Return the body of a response; ``seconds`` is the longest time between two bytes."""
    with requests.get(
        url, params=params, timeout=seconds, allow_redirects=False, stream=True
    ) as response:
        if response.status_code != 200:
            raise requests.HTTPError
        body = b""
        for part in response.iter_content(10_000):
            body += part
            if len(body) > MAX_BYTES:
                raise requests.RequestException
        return body


class WeChat:
    """WeChat for one account; ``seconds`` is the time limit of an API request."""

    def __init__(self, open_base: str, api_base: str, appid: str, secret: str, seconds: float):
        self.open_base = open_base
        self.api_base = api_base
        self.appid = appid
        self.secret = secret
        self.seconds = seconds

    def login_link(self, redirect_uri: str, scope: str, state: str) -> str:
        """Return the URL of WeChat's consent page, which wants the parameters in this order."""
        params = {
            "appid": self.appid,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": scope,
            "state": state,
        }
        return f"{self.open_base}/connect/oauth2/authorize?{urlencode(params)}#wechat_redirect"

    def ask(self, path: str, **params: str) -> dict[str, Any]:
        """Send an API request; WeChat sends errors with status code 200, and JSON as text/plain."""
        body = fetch(self.api_base + path, params, self.seconds)
        try:
            # Not response.json(): for text/plain it would read the bytes as ISO-8859-1.
            data = json.loads(body.decode())
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            logger.warning("WeChat's response is not a JSON object.")
            raise BadGateway(UNCLEAR)
        # A success has no errcode, or the errcode 0.
        if data.get("errcode", 0) != 0:
            reason = f"{text(data, 'errcode')} {text(data, 'errmsg')}"
            for value in filter(None, params.values()):
                reason = reason.replace(value, "***")
            logger.warning("WeChat refused: %.200r", reason)
            raise RefusedError(data.get("errcode"))
        return data

    def exchange(self, code: str) -> Tokens:
        """Return tokens for a code, which works once."""
        params = {"appid": self.appid, "secret": self.secret, "code": code}
        params["grant_type"] = "authorization_code"
        return self.read_tokens(self.ask("/sns/oauth2/access_token", **params))

    def refresh(self, tokens: Tokens) -> Tokens:
        """Return newer tokens; for 30 days this needs no consent."""
        old = {"refresh_token": tokens.refresh_token}
        params = {"appid": self.appid, "grant_type": "refresh_token", **old}
        return self.read_tokens(old | self.ask("/sns/oauth2/refresh_token", **params))

    def read_tokens(self, data: dict[str, Any]) -> Tokens:
        """Read the tokens in a response."""
        lifetime = data.get("expires_in")
        lifetime = max(0, min(lifetime, MAX_LIFETIME)) if isinstance(lifetime, int) else 0
        tokens = Tokens(
            text(data, "openid"),
            text(data, "access_token"),
            text(data, "refresh_token"),
            text(data, "scope"),
            time.time() + lifetime,
            data.get("is_snapshotuser") == 1,
        )
        if not (tokens.openid and tokens.access_token):
            logger.warning("WeChat's response has no tokens.")
            raise BadGateway(UNCLEAR)
        return tokens

    def profile(self, tokens: Tokens) -> dict[str, str]:
        """Return the profile of the user; a missing field is empty."""
        data = self.ask(
            "/sns/userinfo",
            access_token=tokens.access_token,
            openid=tokens.openid,
            lang="zh_CN",
        )
        fields = {name: text(data, name) for name in ("nickname", "country", "province", "city")}
        return fields | {
            "picture": picture(text(data, "headimgurl")),
            # A number, says the documentation; since 2021 it says nothing.
            "sex": SEX.get(text(data, "sex"), ""),
        }
