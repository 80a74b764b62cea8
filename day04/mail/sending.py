"""Send messages, now or in the background, and remember what became of each."""

import smtplib
import ssl
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email import charset
from email.utils import parseaddr

from flask import Flask, current_app
from flask_mail import Connection, Mail, Message

# Flask-Mail leaves lines as long as they are, and SMTP takes 998 bytes (RFC 5321, 4.5.3.1.6): one
# paragraph of 333 Chinese characters. Quoted-printable breaks them, and puts them together again.
charset.add_charset("utf-8", charset.SHORTEST, charset.QP, "utf-8")


class CarefulConnection(Connection):
    """Flask-Mail's connection would wait for ever, and takes any certificate."""

    def configure_host(self) -> smtplib.SMTP:
        """Connect as the settings say; OSError covers all that SMTP and the network can do."""
        mail, timeout = self.mail, current_app.config["MAIL_TIMEOUT"]
        context = ssl.create_default_context() if mail.use_ssl or mail.use_tls else None
        if mail.use_ssl:
            host = smtplib.SMTP_SSL(mail.server, mail.port, timeout=timeout, context=context)
        else:
            host = smtplib.SMTP(mail.server, mail.port, timeout=timeout)
        try:
            if mail.use_tls:
                host.starttls(context=context)
            if mail.username and mail.password:
                host.login(mail.username, mail.password)
        except OSError:
            host.close()
            raise
        host.set_debuglevel(mail.debug)  # not before the login: it prints what is sent
        return host


class CarefulMail(Mail):
    """Flask-Mail, with such connections."""

    def connect(self) -> Connection:
        """Return a connection, for a ``with`` block that sends one message or many."""
        return CarefulConnection(current_app.extensions["mail"])


mail = CarefulMail()


@dataclass
class Delivery:
    """A message on its way."""

    message: Message
    state: str = "waiting"
    problem: str = ""

    @property
    def people(self) -> list[str]:
        """Return the addresses, without the names that may stand before them."""
        return [each if isinstance(each, str) else each[1] for each in self.message.recipients]


class Outbox:
    """The messages of an app, newest last; those that go in the background do so in order."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.deliveries: deque[Delivery] = deque(maxlen=50)
        self.pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")

    def is_full(self) -> bool:
        """Tell whether a new message would push out one that still waits."""
        waiting = [each for each in list(self.deliveries) if each.state == "waiting"]
        return len(waiting) > 40

    def send(self, messages: list[Message]) -> list[Delivery]:
        """Send at once; return what became of them."""
        deliveries = self._added(messages)
        deliver(deliveries)
        return deliveries

    def send_later(self, messages: list[Message]) -> None:
        """Leave the sending to another thread, and do not wait for it."""
        self.pool.submit(self._deliver_in_context, self._added(messages))

    def _added(self, messages: list[Message]) -> list[Delivery]:
        deliveries = [Delivery(message) for message in messages]
        self.deliveries.extend(deliveries)
        return deliveries

    def _deliver_in_context(self, deliveries: list[Delivery]) -> None:
        with self.app.app_context():  # a thread has none, and the one of the request has ended
            deliver(deliveries)


def deliver(deliveries: list[Delivery]) -> None:
    """Send over one connection. Nothing is raised: in the background nobody would see it."""
    try:
        with mail.connect() as connection:
            for delivery in deliveries:
                try:
                    connection.send(delivery.message)
                    delivery.state = "sent"
                except Exception as error:  # noqa: BLE001 (of this message; the others go on)
                    note_failure(delivery, error)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is noted)
        for delivery in deliveries:
            if delivery.state == "waiting":
                note_failure(delivery, error)


def note_failure(delivery: Delivery, error: Exception) -> None:
    """Tell the log all there is, and the visitor what is of use."""
    current_app.logger.error("Mail %r was not sent: %r", delivery.message.subject, error)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        addresses = [parseaddr(each)[1] for each in error.recipients]
        delivery.problem = f"The mail server refuses {', '.join(addresses)}."
    elif isinstance(error, smtplib.SMTPResponseException):
        delivery.problem = "The mail server refuses this message."
    elif isinstance(error, OSError):
        delivery.problem = "The mail server cannot be reached. Try again later."
    else:
        delivery.problem = "This message cannot be sent."
    delivery.state = "failed"
