"""A mail server in this process: the lesson needs no account, and shows what arrives."""

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

MAX_MESSAGES = 50
MAX_SIZE = 500_000  # bytes of one message
# Control characters except tab and line feed, and half characters: a page cannot show them.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class FreePortController(Controller):
    """Run the server in a thread, on a free port of this machine."""

    def __init__(self, handler: Any, **options: Any) -> None:
        super().__init__(handler, "127.0.0.1", 0, **options)
        self.protocols: WeakSet[SMTP] = WeakSet()

    def _trigger_server(self) -> None:
        """Read the port that the system chose; aiosmtpd makes a first connection to it."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    def factory(self) -> SMTP:
        """Make the object that speaks with one client, and remember it for ``close``."""
        protocol = super().factory()
        self.protocols.add(protocol)
        return protocol

    async def close(self) -> None:
        """Close all connections and stop; ``stop`` alone leaves the connections open."""
        while asyncio.all_tasks() - {asyncio.current_task()}:
            for protocol in list(self.protocols):
                if protocol.transport:
                    protocol.transport.abort()
            await asyncio.sleep(0)
        self.server.close()
        self.loop.stop()


@dataclass(frozen=True)
class ReceivedMessage:
    """A message as it arrived: the envelope, which the server goes by, and the content."""

    number: int
    sender: str
    recipients: list[str]
    connection: int  # the client's port: the same for all messages of one connection
    source: bytes
    headers: list[tuple[str, str]]
    text: str
    html: str
    attachments: list[tuple[str, bytes]]

    @property
    def subject(self) -> str:
        """Return the header, or a text for a message without it."""
        return dict(self.headers).get("Subject") or "(no subject)"

    @property
    def beginning(self) -> str:
        """Return the first 8000 bytes of the source."""
        more = "\n..." if len(self.source) > 8000 else ""
        return printable(self.source[:8000].decode("utf-8", "replace")) + more


def printable(text: str) -> str:
    """Return a text that a page can show; a message can contain anything."""
    return UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def parse_message(number, session, envelope) -> ReceivedMessage:
    """Parse a message when it arrives; if that fails, the sender gets an error."""
    message = message_from_bytes(envelope.content, policy=policy.default)
    text, html = message.get_body(["plain"]), message.get_body(["html"])
    return ReceivedMessage(
        number=number,
        sender=printable(envelope.mail_from),
        recipients=[printable(address) for address in envelope.rcpt_tos],
        connection=session.peer[1],
        source=envelope.content,
        headers=[(printable(name), printable(str(value))) for name, value in message.items()],
        text=printable(text.get_content()) if text else "",
        html=printable(html.get_content()) if html else "",
        attachments=[
            (get_file_name(part), part.get_payload(decode=True) or b"")
            for part in message.iter_attachments()
        ],
    )


def get_file_name(part) -> str:
    """Return the name of an attachment in one line."""
    return " ".join(printable(part.get_filename("")).split()) or "unnamed"


class MailServer:
    """Start and stop the server, and store its messages, newest last."""

    def __init__(self) -> None:
        self.messages: deque[ReceivedMessage] = deque(maxlen=MAX_MESSAGES)
        self._numbers = count(1)
        self._controller: FreePortController | None = None
        self._one_at_a_time = Lock()

    def start(self) -> int:
        """Listen, unless it does already; return the port."""
        with self._one_at_a_time:  # two requests can be the first
            if self._controller is None:
                # In a context of its own: otherwise the server keeps the request and the app alive.
                self._controller = Context().run(self._start_controller)
            return self._controller.port

    def _start_controller(self) -> FreePortController:
        controller = FreePortController(self, data_size_limit=MAX_SIZE)
        controller.start()
        return controller

    def stop(self) -> None:
        """Stop listening; the thread ends soon afterwards."""
        with self._one_at_a_time:
            if self._controller:
                asyncio.run_coroutine_threadsafe(self._controller.close(), self._controller.loop)
                self._controller = None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        """Accept mail for every address except ``nobody@...``, so that one address fails."""
        if address.startswith("nobody@"):
            return "550 There is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        """Store a message; a full list drops its oldest one."""
        self.messages.append(parse_message(next(self._numbers), session, envelope))
        return "250 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Refuse a message that cannot be parsed, and go on."""
        return f"554 This message cannot be read ({type(error).__name__})"
