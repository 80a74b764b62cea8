"""Remember the last answers, so that a message that comes again is not acted on again."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Lock
from typing import Any

SECONDS_UNTIL_RETRY = 5


def identity(message: dict[str, Any]) -> tuple[str, ...]:
    """Return what a message has in common with its repetitions, and with no other message.

    MsgId alone would not do: users have reported equal ones for different senders.
    """
    if message.get("MsgId"):
        names = ["FromUserName", "MsgId"]
    elif "Event" in message:
        names = ["FromUserName", "CreateTime", "Event", "EventKey"]
    else:
        names = sorted(message)
    return tuple(str(message.get(name)) for name in names)


class Memory:
    """The last ``size`` answers of this process."""

    def __init__(self, size: int = 1000, patience: float = SECONDS_UNTIL_RETRY) -> None:
        self.size = size
        self.patience = patience
        self._answers: OrderedDict[tuple[str, ...], Future[Any]] = OrderedDict()
        self._lock = Lock()

    def once(self, key: tuple[str, ...], work: Callable[[], Any]) -> Any:
        """Return the result of ``work``, which only the first call with this key carries out.

        A later call waits for the first, and returns None if that takes too long. An error is
        forgotten, so that the next call tries again.
        """
        with self._lock:
            is_first = key not in self._answers
            answer = self._answers.setdefault(key, Future())
            if len(self._answers) > self.size:
                self._answers.popitem(last=False)
        if not is_first:
            done, _ = wait([answer], self.patience)
            return answer.result() if done else None
        try:
            answer.set_result(work())
        except BaseException as error:
            with self._lock:
                self._answers.pop(key, None)
            answer.set_exception(error)
            raise
        return answer.result()
