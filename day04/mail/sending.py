"""Send messages, now or in the background, and store the state of each."""

import smtplib
import ssl
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email import charset
from email.utils import parseaddr

from flask import Flask, current_app
from flask_mail import Connection, Mail, Message

# SMTP allows 998 bytes in a line (RFC 5321, 4.5.3.1.6): a paragraph of 333 Chinese characters is
# longer, and Flask-Mail does not break it. The encoding quoted-printable breaks lines.
charset.add_charset("utf-8", charset.SHORTEST, charset.QP, "utf-8")


class SecureConnection(Connection):
    """Check the certificate and set a timeout; Flask-Mail's own connection does neither."""

    def configure_host(self) -> smtplib.SMTP:
        """Connect with the settings; each failure of SMTP or the network is an OSError."""
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
        host.set_debuglevel(mail.debug)  # after the login: it prints what is sent, passwords too
        return host


class SecureMail(Mail):
    """Use such connections."""

    def connect(self) -> Connection:
        """Return a connection for a ``with`` block that sends one or more messages."""
        return SecureConnection(current_app.extensions["mail"])


mail = SecureMail()


@dataclass
class Delivery:
    """A message, and whether it is sent."""

    message: Message
    state: str = "waiting"
    problem: str = ""

    @property
    def addresses(self) -> list[str]:
        """Return the recipients without their names."""
        recipients = self.message.recipients
        return [each if isinstance(each, str) else each[1] for each in recipients]


class Outbox:
    """The messages of an app, newest last; the background sends its messages in order."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.deliveries: deque[Delivery] = deque(maxlen=50)
        self.pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")

    def is_full(self) -> bool:
        """Return whether a new message could push out one that is still waiting."""
        waiting = [each for each in list(self.deliveries) if each.state == "waiting"]
        return len(waiting) > 40

    def send(self, messages: list[Message]) -> list[Delivery]:
        """Send now; return the deliveries with their states."""
        deliveries = self._add(messages)
        deliver(deliveries)
        return deliveries

    def send_later(self, messages: list[Message]) -> None:
        """Let another thread send, and do not wait for it."""
        self.pool.submit(self._deliver_in_context, self._add(messages))

    def _add(self, messages: list[Message]) -> list[Delivery]:
        deliveries = [Delivery(message) for message in messages]
        self.deliveries.extend(deliveries)
        return deliveries

    def _deliver_in_context(self, deliveries: list[Delivery]) -> None:
        with self.app.app_context():  # a thread has none of its own
            deliver(deliveries)


def deliver(deliveries: list[Delivery]) -> None:
    """Send over one connection. Raise nothing: in the background no one would see it."""
    try:
        with mail.connect() as connection:
            for delivery in deliveries:
                try:
                    connection.send(delivery.message)
                    delivery.state = "sent"
                except Exception as error:  # noqa: BLE001 (the other messages are still sent)
                    record_failure(delivery, error)
    except Exception as error:  # noqa: BLE001 (no connection, for any reason)
        for delivery in deliveries:
            if delivery.state == "waiting":
                record_failure(delivery, error)


def record_failure(delivery: Delivery, error: Exception) -> None:
    """Write the details into the log, and for the visitor only what helps."""
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
