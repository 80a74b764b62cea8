"""A mail server in this process, so that the lesson needs no account: it keeps what it is sent."""

import asyncio
import re
from collections import deque
from contextvars import Context
from dataclasses import dataclass
from email import message_from_bytes, policy
from itertools import count
from threading import Lock
from typing import Any
from weakref import WeakSet

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

MAX_LETTERS = 50
MAX_SIZE = 500_000  # bytes of one letter
# Control characters but tab and line feed, and halves of characters, which no page can carry.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class FreePortController(Controller):
    """Runs the server in a thread, on any free port of this machine."""

    def __init__(self, handler: Any, **options: Any) -> None:
        super().__init__(handler, "127.0.0.1", 0, **options)
        self.talks: WeakSet[SMTP] = WeakSet()

    def _trigger_server(self) -> None:
        """Learn the port that the system chose, which the first connection is made to."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    def factory(self) -> SMTP:
        """Make what talks to one client, and remember it."""
        self.talks.add(talk := super().factory())
        return talk

    async def end(self) -> None:
        """Hang up on whoever is connected, and stop; ``stop`` alone would leave them open."""
        while asyncio.all_tasks() - {asyncio.current_task()}:
            for talk in list(self.talks):
                if talk.transport:
                    talk.transport.abort()
            await asyncio.sleep(0)
        self.server.close()
        self.loop.stop()


@dataclass(frozen=True)
class Letter:
    """A letter as it arrived: the envelope, which the server acts on, and what was in it."""

    number: int
    sender: str
    recipients: list[str]
    connection: int  # the sender's port: equal for letters that came over one connection
    source: bytes
    headers: list[tuple[str, str]]
    text: str
    html: str
    attachments: list[tuple[str, bytes]]

    @property
    def subject(self) -> str:
        """Return the header, for lists."""
        return dict(self.headers).get("Subject") or "(no subject)"

    @property
    def beginning(self) -> str:
        """Return the source, as far as a page has room."""
        more = "\n..." if len(self.source) > 8000 else ""
        return printable(self.source[:8000].decode("utf-8", "replace")) + more


def printable(text: str) -> str:
    """Return a text that a page can show; a letter may hold anything."""
    return UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def opened(number, session, envelope) -> Letter:
    """Take a letter apart, once and at the door: what cannot be read is refused to its sender."""
    message = message_from_bytes(envelope.content, policy=policy.default)
    text, html = message.get_body(["plain"]), message.get_body(["html"])
    return Letter(
        number=number,
        sender=printable(envelope.mail_from),
        recipients=[printable(address) for address in envelope.rcpt_tos],
        connection=session.peer[1],
        source=envelope.content,
        headers=[(printable(name), printable(str(value))) for name, value in message.items()],
        text=printable(text.get_content()) if text else "",
        html=printable(html.get_content()) if html else "",
        attachments=[
            (file_name(part), part.get_payload(decode=True) or b"")
            for part in message.iter_attachments()
        ],
    )


def file_name(part) -> str:
    """Return the name of an attachment, in one line."""
    return " ".join(printable(part.get_filename("")).split()) or "unnamed"


class PostOffice:
    """The letters, newest last, and the server that takes them while it is open."""

    def __init__(self) -> None:
        self.letters: deque[Letter] = deque(maxlen=MAX_LETTERS)
        self._numbers = count(1)
        self._controller: FreePortController | None = None
        self._one_at_a_time = Lock()

    def open(self) -> int:
        """Listen, unless it does already; return the port."""
        with self._one_at_a_time:  # two visitors may be the first
            if self._controller is None:
                # In a context of its own: the server would keep the request, and so the app, alive.
                self._controller = Context().run(self._started)
            return self._controller.port

    def _started(self) -> FreePortController:
        controller = FreePortController(self, data_size_limit=MAX_SIZE)
        controller.start()
        return controller

    def close(self) -> None:
        """Stop listening; the thread ends by itself as soon as it has."""
        with self._one_at_a_time:
            if self._controller:
                asyncio.run_coroutine_threadsafe(self._controller.end(), self._controller.loop)
                self._controller = None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        """Take mail for anybody but nobody, to have an address that fails."""
        if address.startswith("nobody@"):
            return "550 There is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        """Keep a letter; the oldest makes room."""
        self.letters.append(opened(next(self._numbers), session, envelope))
        return "250 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Refuse what cannot be read, and go on."""
        return f"554 This letter cannot be read ({type(error).__name__})"
