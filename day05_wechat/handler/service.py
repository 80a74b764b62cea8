"""Read messages and answer each of them once, however they were transported."""

from collections import deque

from day05_wechat.handler.dispatcher import Dispatcher, Message
from day05_wechat.handler.memory import Memory, identity
from day05_wechat.messages.app import MessageError, build, parse


def read(body: bytes) -> Message:
    """Return the message in a body, or raise ``MessageError`` for what WeChat would not send."""
    message = parse(body)
    is_event = str(message.get("MsgType")).lower() == "event"
    needed = ["ToUserName", "FromUserName", "MsgType", *(["Event"] if is_event else [])]
    for name in needed:
        if not isinstance(message.get(name), str):
            raise MessageError(f"The message needs one {name}.")
    for name, value in message.items():
        # Some events hold fields within fields. Elsewhere those could pass for a reply of ours.
        if not (is_event or value is None or isinstance(value, str)):
            raise MessageError(f"{name} must be a text, once.")
    return message


class Service:
    """A dispatcher with a memory."""

    def __init__(self, on: Dispatcher) -> None:
        self.on = on
        self.memory = Memory()
        self.last: deque[tuple[Message, Message | None]] = deque(maxlen=10)

    def answer(self, message: Message) -> str | None:
        """Return the reply as XML, or None for silence; the same for a message seen before."""

        def work() -> str | None:
            reply = self.on.answer(message)
            self.last.appendleft((message, reply))
            return build(reply) if reply else None

        return self.memory.once(identity(message), work)
