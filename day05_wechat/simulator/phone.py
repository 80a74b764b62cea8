"""The phone: who has it, which handler gets its messages, and the conversation so far."""

from collections import deque
from dataclasses import dataclass, field
from itertools import count
from threading import BoundedSemaphore
from typing import Any

from .people import PEOPLE, Person
from .push import Account, Attempt, Exchange, deliver, verification
from .wire import NoResponseError, Transport, within

KEPT = 30  # exchanges
AT_ONCE = 8  # messages under way


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


@dataclass
class Phone:
    """What one simulator remembers."""

    seconds: float
    tries: int
    person: Person = PEOPLE[0]
    registration: Registration | None = None
    exchanges: deque[Exchange] = field(default_factory=lambda: deque(maxlen=KEPT))
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
            deliver(
                exchange,
                handler.url,
                handler.account,
                handler.transport,
                self.seconds,
                self.tries,
            )
        finally:
            self.slots.release()
        return exchange
