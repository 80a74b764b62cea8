"""Read messages, and reply to each of them once, in the plain and in the encrypted mode."""

from collections import deque

from day05_wechat.handler.dispatcher import Dispatcher, Message
from day05_wechat.handler.memory import Memory, identity
from day05_wechat.handler.writer import write
from day05_wechat.messages.app import MessageError, parse


def read(body: bytes) -> Message:
    """Return the message in a body; raise ``MessageError`` if WeChat does not send such bodies.

    Only the fields that every message has are checked: WeChat adds new ones from time to time.
    """
    message = parse(body)
    is_event = str(message.get("MsgType")).lower() == "event"
    for name in ("ToUserName", "FromUserName", "MsgType", *(["Event"] if is_event else [])):
        if not isinstance(message.get(name), str):
            raise MessageError(f"The message needs one {name}.")
    if is_event:
        return message
    # Only events have fields within fields. A text could bring the fields of a reply.
    return {
        name: value for name, value in message.items() if value is None or isinstance(value, str)
    }


class Service:
    """A dispatcher with a memory; ``kept`` is how many messages the developer can look at."""

    def __init__(self, on: Dispatcher, kept: int = 10) -> None:
        self.on = on
        self.memory = Memory()
        self.last: deque[tuple[Message, Message | None]] = deque(maxlen=kept)

    def reply(self, message: Message) -> str | None:
        """Return the reply as XML, or None for silence; a retry gets the same."""
        return self.memory.once(identity(message), self._work, message)

    def _work(self, message):
        reply = self.on.reply(message)
        self.last.appendleft((message, reply))
        return write(reply) if reply else None
