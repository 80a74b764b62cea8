"""Remember the last replies, so that a message that comes again does nothing again."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Condition, Lock
from typing import Any

TRIES = 3
SECONDS_UNTIL_RETRY = 5
SECONDS_OF_LAST_TRY = 4.5  # a moment before WeChat hangs up


def identity(message: dict[str, Any]) -> tuple[str, ...]:
    """Return the same for a message and its retries, and something else for other messages.

    MsgId alone is not enough: users have reported equal ones for different senders.
    """
    if message.get("MsgId"):
        names = ["FromUserName", "MsgId"]
    elif "Event" in message:
        names = ["FromUserName", "CreateTime", "Event", "EventKey"]
    else:
        names = sorted(message)
    return tuple(map(str, map(message.get, names)))


class Memory:
    """Keep the last ``size`` replies of this process."""

    def __init__(self, size: int = 1000) -> None:
        self.size = size
        self._replies: OrderedDict[tuple[str, ...], Any] = OrderedDict()
        self._running: dict[tuple[str, ...], int] = {}  # how often each has come so far
        self._lock = Lock()
        self._ended = Condition(self._lock)

    def once(self, key: tuple[str, ...], work: Callable[..., Any], *args) -> Any:
        """Return the result of ``work``; only the first call with this key calls it.

        A later call waits for the first, and returns None if that takes too long. After an
        error, the next call tries again.
        """
        with self._lock:
            if key in self._running:
                self._wait(key)
            if key in self._replies:
                return self._replies[key]
            if key in self._running:
                return None
            self._running[key] = 1
        try:
            reply = work(*args)
            with self._lock:
                self._replies[key] = reply
                if len(self._replies) > self.size:
                    self._replies.popitem(last=False)
            return reply
        finally:
            with self._lock:
                if self._running.pop(key) > 1:
                    self._ended.notify_all()

    def _wait(self, key: tuple[str, ...]) -> None:
        """Wait until the first call has ended, but not longer than WeChat waits for this one."""
        self._running[key] += 1
        seconds = SECONDS_UNTIL_RETRY if self._running[key] < TRIES else SECONDS_OF_LAST_TRY
        self._ended.wait_for(lambda: key not in self._running, seconds)
