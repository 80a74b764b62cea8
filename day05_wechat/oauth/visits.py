"""Remember on the server who is logged in; the browser gets a number that no one can guess."""

import secrets
from collections import OrderedDict
from threading import Lock

from day05_wechat.oauth.wechat import Tokens


class Visits:
    """Keep the tokens of the last ``size`` visitors of this process."""

    def __init__(self, size: int = 10_000) -> None:
        self.size = size
        self._tokens: OrderedDict[str, Tokens] = OrderedDict()
        self._lock = Lock()

    def begin(self, tokens: Tokens) -> str:
        """Store the tokens of a new visit, and return its number; forget the oldest if full."""
        number = secrets.token_urlsafe()
        with self._lock:
            self._tokens[number] = tokens
            if len(self._tokens) > self.size:
                self._tokens.popitem(last=False)
        return number

    def find(self, number: str | None) -> Tokens | None:
        """Return the tokens of the visit with this number, or None."""
        with self._lock:
            return self._tokens.get(number)

    def renew(self, number: str, tokens: Tokens) -> None:
        """Store newer tokens for a visit, unless it has ended."""
        with self._lock:
            if number in self._tokens:
                self._tokens[number] = tokens

    def end(self, number: str | None) -> None:
        """Forget a visit; an unknown number changes nothing."""
        with self._lock:
            self._tokens.pop(number, None)
