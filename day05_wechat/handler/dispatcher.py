"""Choose the function that answers a message by the message's type."""

import time
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
# A text; or the fields of another kind of reply, from MsgType on; or None for silence.
Reply = str | Message | None
Answerer = Callable[[Message], Reply]


def kind_of(message: Message) -> tuple[str, ...]:
    """Return ("text",) or ("event", "click"): WeChat writes some types in capitals."""
    names = ["MsgType", "Event"] if message["MsgType"].lower() == "event" else ["MsgType"]
    return tuple(message[name].lower() for name in names)


class Dispatcher:
    """A register of functions, one for each type: ``@on("text")``, ``@on("event", "CLICK")``."""

    def __init__(self) -> None:
        self.functions: dict[tuple[str, ...], Answerer] = {}

    def __call__(self, *kind: str) -> Callable[[Answerer], Answerer]:
        """Register the function below; ``@on()`` is for what has no function of its own."""

        def register(function: Answerer) -> Answerer:
            self.functions[tuple(word.lower() for word in kind)] = function
            return function

        return register

    def answer(self, message: Message) -> Message | None:
        """Call the function for this message and address its reply, or return None for silence."""
        kind = kind_of(message)
        found = (self.functions.get(key) for key in (kind, kind[:1], ()))
        function = next(filter(None, found), None)
        reply = function(message) if function else None
        if isinstance(reply, str):
            # An empty text is no silence: WeChat tells the user that the service is broken.
            reply = {"MsgType": "text", "Content": reply} if reply.strip() else None
        if not reply:
            return None
        return {
            "ToUserName": message["FromUserName"],
            "FromUserName": message["ToUserName"],
            "CreateTime": int(time.time()),
            **reply,
        }
