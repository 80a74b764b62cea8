"""Choose the function that replies to a message, by the type of the message."""

import time
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
# A text; or the fields of another kind of reply, beginning with MsgType; or None for silence.
Reply = str | Message | None
Replier = Callable[[Message], Reply]


def kind_of(message: Message) -> tuple[str, ...]:
    """Return ("text",) or ("event", "click"), in lower case, since WeChat mixes both cases."""
    kind = message["MsgType"].lower()
    return (kind, message["Event"].lower()) if kind == "event" else (kind,)


class Dispatcher:
    """Know a function for each type: ``@on("text")``, ``@on("event", "CLICK")``."""

    def __init__(self) -> None:
        self.functions: dict[tuple[str, ...], Replier] = {}

    def __call__(self, *kind: str) -> Callable[[Replier], Replier]:
        """Register the function below; ``@on()`` is for types without a function of their own."""

        def register(function: Replier) -> Replier:
            self.functions[tuple(word.lower() for word in kind)] = function
            return function

        return register

    def reply(self, message: Message) -> Message | None:
        """Call the function for this message; return its reply with names and time, or None."""
        kind = kind_of(message)
        know = self.functions.get
        function = know(kind) or know(kind[:1]) or know(())
        reply = function(message) if function else None
        if isinstance(reply, str):
            # An empty Content is not silence: WeChat tells the user that the service has failed.
            reply = {"MsgType": "text", "Content": reply} if reply.strip() else None
        if not reply:
            return None
        return {
            "ToUserName": message["FromUserName"],
            "FromUserName": message["ToUserName"],
            "CreateTime": int(time.time()),
            **reply,
        }
