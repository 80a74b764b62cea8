"""What the test files of the lesson on mail use."""

import asyncio
import email
import smtplib
from contextlib import contextmanager
from email import policy

import pytest

from day04.mail.app import create_app
from day04.mail.mail_server import FreePortController, MailServer

FORM = {"recipients": "ann@example.com", "subject": "Tea", "text": "At five?"}
THREE = "Ann <ann@example.com>\n王小明 <ming@example.com>\r\n\n  bob@example.com \nbob@example.com"
ADDRESSES = ["ann@example.com", "ming@example.com", "bob@example.com"]


@contextmanager
def running(**config):
    """Build an app with a mail server; stop it at the end."""
    with pytest.MonkeyPatch.context() as patch:  # the machine may be busy: 60 seconds are enough
        patch.setenv("AIOSMTPD_CONTROLLER_TIMEOUT", "60")
        app = create_app({"MAIL_TIMEOUT": 60} | config)
        yield app
        app.extensions["outbox"].pool.shutdown()
        app.extensions["mail_server"].stop()


def emptied(app):
    """Delete the messages of earlier tests, so that one app serves many tests."""
    app.extensions["outbox"].deliveries.clear()
    app.extensions["mail_server"].messages.clear()
    return app


@contextmanager
def smtp_server(handler=None, **options):
    """Run a mail server of the test's own, and give its port."""
    controller = FreePortController(handler or MailServer(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        asyncio.run_coroutine_threadsafe(controller.close(), controller.loop)


def parse(message):
    """Parse what came over the network, independently of the lesson's own parser."""
    return email.message_from_bytes(message.source, policy=policy.default)


def path_of(message):
    """Return the path of the page that shows a message."""
    return f"/inbox/{message.number}"


def states(app):
    """Return the addresses and the state of each delivery."""
    return [(*each.addresses, each.state) for each in app.extensions["outbox"].deliveries]


def wait_for_the_background(app):
    """Wait until the messages in the background are sent, or have failed."""
    app.extensions["outbox"].pool.submit(lambda: None).result(60)  # it works in order


def put(app, content, sender="mallory@example.com", to=("ann@example.com",)):
    """Send any bytes to the lesson's server."""
    with smtplib.SMTP("127.0.0.1", app.extensions["mail_server"].start()) as connection:
        connection.sendmail(sender, to, content)
