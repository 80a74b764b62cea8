"""The phone: who has it, which handler gets its messages, and the conversation so far."""

import time
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from threading import BoundedSemaphore
from typing import Any

from .desk import Desk
from .judge import Verdict
from .people import PEOPLE, Person
from .push import Account, Attempt, Exchange, deliver, verification
from .wire import NoResponseError, Transport, within

KEPT = 30  # exchanges
AT_ONCE = 8  # messages under way
WRITABLE_SECONDS = 48 * 3600
# After these the account may write to the follower, as after a message.
ACTIONS = {"subscribe", "SCAN", "CLICK"}


class BusyError(Exception):
    """Say that too much is under way."""


@dataclass(frozen=True)
class Handler:
    """A handler that may be registered: its URL, the way to it, and what both sides know."""

    url: str
    transport: Transport
    account: Account


@dataclass
class Registration:
    """A handler, and its response to the request that verifies it."""

    handler: Handler
    attempt: Attempt
    echostr: str

    @property
    def problem(self) -> str:
        """Return why the handler was not accepted; empty if it was."""
        response = self.attempt.response
        if response is None:
            return self.attempt.problem
        if response.status == 403:
            return "403: the handler does not accept the signature. Is its token the same?"
        if response.status != 200:
            return f"The status is {response.status}, and must be 200."
        if response.body == self.echostr.encode():
            return ""
        if response.body.strip().strip(b"\xef\xbb\xbf\"'") == self.echostr.encode():
            return "There is something around echostr; nothing but echostr itself is right."
        return "The body is not the echostr that was sent."


@dataclass(frozen=True)
class Shown:
    """A message that was not a reply: who got it, how it was sent, and what the phone shows."""

    number: int
    person: Person
    how: str
    lines: tuple[str, ...]
    media_id: str = ""  # of a picture


@dataclass
class Phone:
    """What one simulator remembers. ``version`` is higher after each change from elsewhere."""

    seconds: float
    tries: int
    person: Person = PEOPLE[0]
    registration: Registration | None = None
    exchanges: deque[Exchange] = field(default_factory=lambda: deque(maxlen=KEPT))
    shown: deque[Shown] = field(default_factory=lambda: deque(maxlen=KEPT))
    desk: Desk = field(default_factory=Desk)
    gone: set[str] = field(default_factory=set)  # who does not follow the account any more
    acted: dict[str, float] = field(default_factory=dict)  # when a follower did something
    version: int = 0
    numbers: count = field(default_factory=lambda: count(1))
    slots: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(AT_ONCE))

    @property
    def handler(self) -> Handler | None:
        """Return where messages go, once the handler is verified."""
        if self.registration is None or self.registration.problem:
            return None
        return self.registration.handler

    def register(self, handler: Handler) -> None:
        """Verify a handler; from now on messages go to it, or if this fails, to no handler."""
        request, echostr = verification(handler.url, handler.account)
        attempt = Attempt(request)
        try:
            attempt.response = within(self.seconds, handler.transport, request)
        except NoResponseError as error:
            attempt.problem = str(error)
        self.registration = Registration(handler, attempt, echostr)

    def send(self, handler: Handler, label: str, message: dict[str, Any], forged: bool) -> Exchange:
        """Send a message and wait for the result; raise ``BusyError`` if too many are under way."""
        if not self.slots.acquire(blocking=False):
            raise BusyError
        try:
            exchange = Exchange(next(self.numbers), label, message, forged)
            self.exchanges.append(exchange)
            if not forged:
                self.note(message)
            if self.goes_to_desk(exchange):
                self.hand_over(exchange)
                exchange.verdict = Verdict("desk", "The customer service has it.")
                return exchange
            deliver(
                exchange,
                handler.url,
                handler.account,
                handler.transport,
                self.seconds,
                self.tries,
            )
            if exchange.verdict and exchange.verdict.kind == "transfer":
                self.hand_over(exchange)
        finally:
            self.slots.release()
        return exchange

    def note(self, message: dict[str, Any]) -> None:
        """Remember that a follower has done something, has come or has left."""
        openid, event = message["FromUserName"], message.get("Event")
        if event == "unsubscribe":
            self.gone.add(openid)
        elif event == "subscribe":
            self.gone.discard(openid)
        if event is None or event in ACTIONS:
            self.acted[openid] = time.time()

    def may_be_written_to(self, person: Person) -> bool:
        """Tell whether this person follows, and has done something in the last 48 hours."""
        acted = self.acted.get(person.openid, 0)
        return person.openid not in self.gone and time.time() < acted + WRITABLE_SECONDS

    def goes_to_desk(self, exchange: Exchange) -> bool:
        """Tell whether the customer service gets this message, and not the handler."""
        sent = exchange.message
        is_message = sent["MsgType"] != "event" and not exchange.forged
        return is_message and self.desk.is_connected(sent["FromUserName"])

    def hand_over(self, exchange: Exchange) -> None:
        """Put a message on the desk of the customer service."""
        openid = exchange.message["FromUserName"]
        person = next(each for each in PEOPLE if each.openid == openid)
        self.desk.hear(person, exchange.label)
        self.touch()

    def show(self, person: Person, how: str, lines: list[str], media_id: str = "") -> Shown:
        """Show a message that is not a reply."""
        shown = Shown(next(self.numbers), person, how, tuple(lines), media_id)
        self.shown.append(shown)
        self.touch()
        return shown

    def touch(self) -> None:
        """Let the page know that something has changed."""
        self.version += 1

    @property
    def entries(self) -> list[Exchange | Shown]:
        """Return what the chat shows, in the order of time."""
        return sorted([*self.exchanges, *self.shown], key=lambda each: each.number)
