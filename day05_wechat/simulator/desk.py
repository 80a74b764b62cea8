"""The customer service: a handler hands a message over, and a person answers the follower."""

import time
from dataclasses import dataclass, field

from .people import Person

SECONDS = 30 * 60  # after which WeChat ends a conversation
KEPT = 30  # lines


@dataclass
class Conversation:
    """What a follower and the person at the desk have said: pairs of a name and a text."""

    person: Person
    lines: list[tuple[str, str]] = field(default_factory=list)
    until: float = 0  # by ``time.time``; 0 while the follower waits for a first answer

    @property
    def connected(self) -> bool:
        """Tell whether messages go to the desk, and no longer to the handler."""
        return time.time() < self.until

    def add(self, name: str, text: str) -> None:
        """Write down what someone has said."""
        self.lines = [*self.lines, (name, text)][-KEPT:]


@dataclass
class Desk:
    """The conversations that are open, by openid."""

    conversations: dict[str, Conversation] = field(default_factory=dict)

    def hear(self, person: Person, text: str) -> None:
        """Take a message that was handed over, or that comes in a conversation."""
        self.conversations.setdefault(person.openid, Conversation(person)).add("follower", text)

    def is_connected(self, openid: str) -> bool:
        """Tell whether the desk gets the messages of this follower; forget what is over."""
        conversation = self.conversations.get(openid)
        return conversation is not None and conversation.connected

    def answer(self, openid: str, text: str) -> bool:
        """Answer a follower, which connects them; False if there is nothing to answer."""
        conversation = self.conversations.get(openid)
        if conversation is None:
            return False
        conversation.until = conversation.until or time.time() + SECONDS
        conversation.add("desk", text)
        return True

    def end(self, openid: str) -> None:
        """End a conversation: the handler gets the messages again."""
        self.conversations.pop(openid, None)
