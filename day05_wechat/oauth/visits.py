"""Remember on the server who is logged in; the browser only gets a number that nobody can guess."""

import secrets
from collections import OrderedDict
from threading import Lock

from day05_wechat.oauth.wechat import Tokens


class Visits:
    """The tokens of the last ``size`` visitors of this process."""

    def __init__(self, size: int = 10_000) -> None:
        self.size = size
        self._tokens: OrderedDict[str, Tokens] = OrderedDict()
        self._lock = Lock()

    def begin(self, tokens: Tokens) -> str:
        """Return the number of a new visit; the oldest is forgotten when there are too many."""
        number = secrets.token_urlsafe()
        with self._lock:
            self._tokens[number] = tokens
            if len(self._tokens) > self.size:
                self._tokens.popitem(last=False)
        return number

    def find(self, number: str | None) -> Tokens | None:
        """Return the tokens of a visit, if there is one of that number."""
        with self._lock:
            return self._tokens.get(number)

    def renew(self, number: str, tokens: Tokens) -> None:
        """Take newer tokens for a visit, unless it has ended meanwhile."""
        with self._lock:
            if number in self._tokens:
                self._tokens[number] = tokens

    def end(self, number: str | None) -> None:
        """Forget a visit; one that is unknown is forgotten already."""
        with self._lock:
            self._tokens.pop(number, None)
