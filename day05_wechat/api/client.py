"""Call WeChat's API: with a token that all processes share, time limits, and few second tries.

The protocol: https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Get_access_token.html
"""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import requests

from day05_wechat.api.errors import BusyError, NoResponseError, TokenError, api_error
from day05_wechat.api.store import Entry, FileStore, RedisStore
from day05_wechat.oauth.limit import in_time

EARLY = 200  # seconds before a token ends, when it is replaced
PAUSES = (0.3, 1)  # seconds, before another try if WeChat is busy
MAX_LIFETIME = 7200  # seconds, which is what WeChat gives
MAX_BYTES = 1_000_000

logger = logging.getLogger(__name__)
# requests uses urllib3, whose debug messages and warnings show whole URLs with the token.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class Client:
    """One account of WeChat; ``seconds`` is the time limit of a request."""

    def __init__(
        self, base: str, appid: str, secret: str, store: FileStore | RedisStore, seconds: float
    ) -> None:
        self.base = base
        self.appid = appid
        self.secret = secret
        self.store = store
        self.seconds = seconds

    def call(
        self, path: str, data: object = None, files: dict[str, Any] | None = None, **params: str
    ) -> dict[str, Any]:
        """Call an endpoint; if WeChat refuses the token, get a new one and call once more."""
        token = self.token()
        try:
            return self.try_often(path, data, files, **params, access_token=token)
        except TokenError:
            logger.warning("WeChat refused the token, so another one is needed.")
        token = self.token(refused=token)
        return self.try_often(path, data, files, **params, access_token=token)

    def token(self, refused: str = "") -> str:
        """Return the access token of all processes; another one than ``refused``."""
        return self.shared("token", self.new_token, refused)

    def ticket(self) -> str:
        """Return the ticket for web pages, which all processes share as well."""

        def make() -> Entry:
            return self.entry(self.call("/cgi-bin/ticket/getticket", type="jsapi"), "ticket")

        return self.shared("ticket", make)

    def shared(self, name: str, make: Callable[[], Entry], refused: str = "") -> str:
        """Return a shared text; if it ends soon or was refused, one process makes another."""
        key = f"{self.appid}-{name}"
        entry = self.store.get(key)
        if entry is None or entry.text == refused or time.time() > entry.until - EARLY:
            entry = self.store.replace(key, entry, make)
        return entry.text

    def new_token(self) -> Entry:
        """Ask WeChat for a token. The secret is in the body, so it is in no log of URLs."""
        account = {"appid": self.appid, "secret": self.secret}
        account["grant_type"] = "client_credential"
        return self.entry(self.try_often("/cgi-bin/stable_token", account), "access_token")

    def entry(self, data: dict[str, Any], name: str) -> Entry:
        """Return a text of a response with the time until which it works."""
        text, seconds = data.get(name), data.get("expires_in")
        if not (isinstance(text, str) and text and isinstance(seconds, int)):
            raise NoResponseError(f"WeChat's response has no {name}.")
        return Entry(text, time.time() + min(seconds, MAX_LIFETIME))

    def try_often(self, path: str, *body: Any, **params: str) -> dict[str, Any]:
        """Send a request; if WeChat is busy, send it again after a pause, and not for ever."""
        for pause in PAUSES:
            try:
                return self.send(path, *body, **params)
            except BusyError:
                time.sleep(pause)
        return self.send(path, *body, **params)

    def send(
        self, path: str, data: object = None, files: dict[str, Any] | None = None, **params: str
    ) -> dict[str, Any]:
        """Send one request, and return the JSON object of the response."""
        # Not json=: WeChat refuses a menu with letters written as \u4f60.
        body = None if data is None else json.dumps(data, ensure_ascii=False).encode()
        method = "GET" if data is None and files is None else "POST"
        result = self.fetch(method, path, params=params, data=body, files=files)
        errcode = result.get("errcode", 0)
        if not isinstance(errcode, int):
            raise NoResponseError("WeChat's response has an errcode that is not a number.")
        if errcode != 0:
            raise api_error(errcode, str(result.get("errmsg")).replace(self.secret, "***"))
        return result

    def fetch(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """Return the JSON object of a response; raise ``NoResponseError`` for anything else."""
        try:
            status, content = in_time(self.seconds, self.read, method, path, more)
            # Not response.json(): without a charset, it may read the bytes as ISO-8859-1.
            result = json.loads(content.decode()) if status == 200 else None
        except Exception as error:  # noqa: BLE001 - its text has the URL with the token: it ends here
            problem = type(error).__name__
        else:
            if isinstance(result, dict):
                return result
            problem = f"{status}, and no JSON object"
        raise NoResponseError(f"No response of WeChat at {self.base}: {problem}.")

    def read(self, method: str, path: str, more: dict[str, Any]) -> tuple[int, bytes]:
        """Return status code and body; the timeout is the longest time between two bytes."""
        with requests.request(
            method,
            self.base + path,
            timeout=self.seconds,
            allow_redirects=False,
            stream=True,
            **more,
        ) as response:
            return response.status_code, response.raw.read(MAX_BYTES, decode_content=True)
