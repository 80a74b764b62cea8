"""Remember the last replies, so that a message that comes again does nothing again."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Lock
from typing import Any

SECONDS_UNTIL_RETRY = 5


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
    return tuple(str(message.get(name)) for name in names)


class Memory:
    """Keep the last ``size`` replies of this process."""

    def __init__(self, size: int = 1000, patience: float = SECONDS_UNTIL_RETRY) -> None:
        self.size = size
        self.patience = patience
        self._replies: OrderedDict[tuple[str, ...], Future[Any]] = OrderedDict()
        self._lock = Lock()

    def once(self, key: tuple[str, ...], work: Callable[[], Any]) -> Any:
        """Return the result of ``work``; only the first call with this key calls it.

        A later call waits for the first, and returns None if that takes too long. After an
        error, the next call tries again.
        """
        with self._lock:
            is_first = key not in self._replies
            reply = self._replies.setdefault(key, Future())
            if len(self._replies) > self.size:
                self._replies.popitem(last=False)
        if not is_first:
            done, _ = wait([reply], self.patience)
            return reply.result() if done else None
        try:
            reply.set_result(work())
        except BaseException as error:
            with self._lock:
                self._replies.pop(key, None)
            reply.set_exception(error)
            raise
        return reply.result()
