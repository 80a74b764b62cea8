"""Read messages, and reply to each of them once, in the plain and in the encrypted mode."""

from collections import deque

from day05_wechat.handler.dispatcher import Dispatcher, Message
from day05_wechat.handler.memory import Memory, identity
from day05_wechat.messages.app import MessageError, build, parse


def read(body: bytes) -> Message:
    """Return the message in a body; raise ``MessageError`` if WeChat does not send such bodies."""
    message = parse(body)
    is_event = str(message.get("MsgType")).lower() == "event"
    needed = ["ToUserName", "FromUserName", "MsgType", *(["Event"] if is_event else [])]
    for name in needed:
        if not isinstance(message.get(name), str):
            raise MessageError(f"The message needs one {name}.")
    for name, value in message.items():
        # Only events have fields within fields. A text could bring the fields of a reply.
        if not (is_event or value is None or isinstance(value, str)):
            raise MessageError(f"{name} must be a text, once.")
    return message


class Service:
    """A dispatcher with a memory."""

    def __init__(self, on: Dispatcher) -> None:
        self.on = on
        self.memory = Memory()
        self.last: deque[tuple[Message, Message | None]] = deque(maxlen=10)

    def reply(self, message: Message) -> str | None:
        """Return the reply as XML, or None for silence; a retry gets the same."""

        def work() -> str | None:
            reply = self.on.reply(message)
            self.last.appendleft((message, reply))
            return build(reply) if reply else None

        return self.memory.once(identity(message), work)
