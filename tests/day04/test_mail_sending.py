"""Sending a message: what fails and is noted, what goes in the background, and the settings.

Begin with test_a_server_that_is_away_is_said_and_logged.
"""

import base64
import datetime
import email
import importlib
import ipaddress
import logging
import re
import smtplib
import socket
import ssl
import sys
import threading
from contextlib import contextmanager
from io import BytesIO

import aiosmtpd.main
import flask_mail
import pytest
from aiosmtpd.handlers import Debugging
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask_mail import Message

from day04.mail.app import create_app
from day04.mail.mail_server import MailServer
from day04.mail.sending import mail
from tests.day04.mail import (
    FORM,
    THREE,
    emptied,
    parse,
    running,
    smtp_server,
    states,
    wait_for_the_background,
)
from tests.helpers import ROOT, page, status_and_message


@pytest.fixture(scope="module")
def one_app(no_thread_is_left):
    """Build one app for the tests that need no settings of their own."""
    with running() as app:
        yield app


@pytest.fixture
def app(one_app):
    return emptied(one_app)


@pytest.fixture
def client(app):
    return app.test_client()


def failed_page(app, caplog, **fields):
    """Send a message that fails; the page shows it again, and the log has the error."""
    caplog.clear()
    response = app.test_client().post("/send", data=FORM | fields)
    assert response.status_code == 502
    html = page(response)
    assert html.select_one("#text").text.strip() == "At five?"
    assert html.select_one("#subject")["value"] == "Tea"
    assert html.select_one("#recipients").text.strip().endswith("ann@example.com")
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "Mail 'Tea' was not sent" in record.getMessage()
    again = app.test_client().get("/")
    assert again.status_code == 200
    assert ": failed\n" in again.text
    assert 'role="alert"' not in again.text
    return "".join(each.text for each in html.select("[role=alert]"))


def test_a_server_that_is_away_is_said_and_logged(build_mail_app, caplog, closed_port):
    app = build_mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=closed_port)
    text = failed_page(app, caplog)
    assert text == "The mail server cannot be reached. Try again later."
    assert "ConnectionRefusedError" in caplog.text


def test_a_server_that_never_answers_is_not_waited_for_longer_than_the_timeout(
    build_mail_app, caplog
):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        app = build_mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_TIMEOUT=0.05)
        assert "cannot be reached" in failed_page(app, caplog)
    assert "timed out" in caplog.text


@pytest.mark.parametrize("settings", [{}, {"MAIL_USE_TLS": True}, {"MAIL_USE_SSL": True}])
def test_the_timeout_holds_for_each_kind_of_connection(build_mail_app, monkeypatch, settings):
    def connect(*arguments, timeout=None, **options):
        seen.append(timeout)
        raise OSError("This test connects to no server.")

    seen = []
    for name in "SMTP", "SMTP_SSL":
        monkeypatch.setattr(smtplib, name, connect)
    app = build_mail_app(MAIL_SERVER="127.0.0.1", MAIL_TIMEOUT=7, **settings)
    assert app.test_client().post("/send", data=FORM).status_code == 502
    assert seen == [7]


@pytest.mark.parametrize(
    "settings", [{"MAIL_PORT": "no port"}, {"MAIL_PORT": 2**40}, {"MAIL_SERVER": "x" * 64 + ".com"}]
)
def test_settings_that_make_no_sense_are_a_failure_like_any_other(build_mail_app, caplog, settings):
    failed_page(build_mail_app(**{"MAIL_SERVER": "127.0.0.1"} | settings), caplog)


def test_a_refused_address_is_named(app, caplog):
    text = failed_page(
        app, caplog, recipients="Nobody <nobody@example.com>\nann@example.com", each=1
    )
    assert text == "The mail server refuses nobody@example.com."
    assert "There is no such mailbox" in caplog.text


def test_one_refused_address_does_not_stop_the_messages_to_the_others(app, send, inbox):
    people = "ann@example.com\nnobody@example.com\nbob@example.com"
    assert send(recipients=people, each="yes").status_code == 502
    assert [message.recipients for message in inbox] == [["ann@example.com"], ["bob@example.com"]]
    assert states(app) == [
        ("ann@example.com", "sent"),
        ("nobody@example.com", "failed"),
        ("bob@example.com", "sent"),
    ]


def test_in_a_message_to_all_flask_mail_hides_a_refused_address(app, send, inbox):
    assert send(recipients="ann@example.com\nnobody@example.com").status_code == 303
    assert inbox[0].recipients == ["ann@example.com"]
    assert [state[-1] for state in states(app)] == ["sent"]


class ClosingServer(MailServer):
    """Accept one message, and close the connection at the next one."""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.messages:
            return "421 Closing for today"
        return await super().handle_DATA(server, session, envelope)


def test_a_connection_that_breaks_fails_the_rest_and_not_what_was_sent(build_mail_app):
    with smtp_server(ClosingServer()) as port:
        app = build_mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=port)
        response = app.test_client().post("/send", data=FORM | {"recipients": THREE, "each": 1})
    assert response.status_code == 502
    assert [state[-1] for state in states(app)] == ["sent", "failed", "failed"]


def test_a_failed_login_is_a_failure_and_shows_no_password(build_mail_app, caplog):
    with smtp_server() as port:  # it offers no login
        app = build_mail_app(
            MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_USERNAME="ann", MAIL_PASSWORD="hunter2"
        )
        text = failed_page(app, caplog)
    assert "hunter2" not in text + caplog.text


# In the background


@contextmanager
def held_back(app):
    """Make the background wait until the end of the block."""
    may_go = threading.Event()
    app.extensions["outbox"].pool.submit(may_go.wait)
    try:
        yield
    finally:
        may_go.set()


def test_the_page_does_not_wait_for_the_background(app, client, inbox):
    with held_back(app):
        response = client.post("/send", data=FORM | {"later": "yes"})
        assert (response.status_code, response.location) == (303, "/")
        assert not inbox
        assert states(app) == [("ann@example.com", "waiting")]
        assert "waiting" in client.get("/").text
    wait_for_the_background(app)
    assert [message.subject for message in inbox] == ["Tea"]
    assert states(app) == [("ann@example.com", "sent")]
    assert "waiting" not in client.get("/").text


def test_the_background_keeps_the_order_and_sends_all_parts(app, send, inbox):
    file = (BytesIO(b"content"), "plan.txt")
    send(subject="one", later="yes", attachment=file, recipients=THREE, each="yes")
    send(subject="two", later="yes")
    wait_for_the_background(app)
    assert [message.subject for message in inbox] == ["one", "one", "one", "two"]
    assert [len(message.attachments) for message in inbox] == [1, 1, 1, 0]
    assert "Dear 王小明" in inbox[1].html


def test_what_fails_in_the_background_is_logged_and_shown(build_mail_app, caplog, closed_port):
    app = build_mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=closed_port)
    client = app.test_client()
    assert client.post("/send", data=FORM | {"later": "yes"}).status_code == 303
    wait_for_the_background(app)
    assert "Mail 'Tea' was not sent: ConnectionRefusedError" in caplog.text
    problem = page(client.get("/")).select_one("li .error").text
    assert problem == "The mail server cannot be reached. Try again later."


def test_too_many_waiting_messages_are_503(build_mail_app):
    app = build_mail_app(TESTING=True)
    client = app.test_client()
    people = "\n".join(f"a{number}@example.com" for number in range(10))
    ten = FORM | {"recipients": people, "each": "yes", "later": "yes"}
    one = FORM | {"later": "yes"}
    with held_back(app):
        assert [client.post("/send", data=ten).status_code for _ in range(4)] == [303] * 4
        assert client.post("/send", data=one).status_code == 303
        response = client.post("/send", data=one)
        said = "Too many messages are waiting. Try again later."
        assert status_and_message(response) == (503, said)
    wait_for_the_background(app)
    assert [state[-1] for state in states(app)] == ["sent"] * 41
    client.post("/send", data=ten)
    wait_for_the_background(app)
    assert len(states(app)) == 50  # the oldest were dropped


# The settings


def test_testing_that_is_set_late_does_not_suppress(app, send, inbox):
    send()
    app.config.update(TESTING=True, MAIL_SUPPRESS_SEND=True)
    send()
    assert len(inbox) == 2


def test_a_mail_server_is_given_ten_seconds_and_a_request_300_kilobytes():
    app = create_app()
    assert (app.config["MAIL_TIMEOUT"], app.config["MAX_CONTENT_LENGTH"]) == (10, 300_000)


def test_the_environment_names_another_server(build_mail_app, monkeypatch):
    other = MailServer()
    with smtp_server(other) as port:
        monkeypatch.setenv("FLASK_MAIL_SERVER", "127.0.0.1")
        monkeypatch.setenv("FLASK_MAIL_PORT", str(port))
        monkeypatch.setenv("FLASK_MAIL_DEFAULT_SENDER", "課程 <other@example.com>")
        app = build_mail_app()
        client = app.test_client()
        assert client.post("/send", data=FORM).status_code == 303
        assert "The settings name another mail server." in client.get("/inbox").text
    assert parse(other.messages[0])["From"] == "課程 <other@example.com>"
    assert not app.extensions["mail_server"].messages


@pytest.mark.parametrize("password", ["123456", "true", "1e5", "null", "p w"])
def test_name_and_password_of_the_environment_stay_text(build_mail_app, monkeypatch, password):
    monkeypatch.setenv("FLASK_MAIL_USERNAME", "10001")
    monkeypatch.setenv("FLASK_MAIL_PASSWORD", password)
    monkeypatch.setenv("FLASK_MAIL_USE_TLS", "true")
    app = build_mail_app()
    assert app.extensions["mail"].username == "10001"
    assert app.extensions["mail"].password == password
    assert app.extensions["mail"].use_tls is True


def login_server(seen, **options):
    """Run a server that accepts every login, and notes whether it came encrypted."""

    def check(server, session, envelope, mechanism, data):
        seen.append((session.ssl is not None, data.login, data.password))
        return AuthResult(success=True)

    return smtp_server(authenticator=check, auth_require_tls=False, **options)


@pytest.mark.parametrize("setting", ["MAIL_USERNAME", "MAIL_PASSWORD"])
def test_a_name_without_a_password_is_no_login(build_mail_app, setting):
    with smtp_server() as port:  # it offers no login
        app = build_mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, **{setting: "ann"})
        assert app.test_client().post("/send", data=FORM).status_code == 303


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_debug_shows_the_dialogue_and_flask_mail_alone_the_password_too(build_mail_app, capfd):
    seen = []
    with login_server(seen) as port:
        app = build_mail_app(
            MAIL_SERVER="127.0.0.1",
            MAIL_PORT=port,
            MAIL_USERNAME="ann",
            MAIL_PASSWORD="hunter2",
            MAIL_DEBUG=True,
        )
        assert app.test_client().post("/send", data=FORM).status_code == 303
        checked = capfd.readouterr().err
        with app.app_context(), flask_mail.Connection(app.extensions["mail"]):
            unchecked = capfd.readouterr().err
    secret = base64.b64encode(b"\0ann\0hunter2").decode()
    assert seen == [(False, b"ann", b"hunter2")] * 2
    assert "mail FROM:<course@example.com>" in checked
    assert secret not in checked
    assert secret in unchecked


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Give a file with a certificate that anyone can make, for any name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([here]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(key.private_bytes(pem, *private) + made.public_bytes(pem))
    return path


def tls(certificate):
    """Return what a server needs to encrypt."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_the_password_is_sent_only_after_the_connection_is_encrypted(
    build_mail_app, certificate, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    seen = []
    with login_server(seen, tls_context=tls(certificate)) as port:
        app = build_mail_app(
            MAIL_SERVER="127.0.0.1",
            MAIL_PORT=port,
            MAIL_USE_TLS=True,
            MAIL_USERNAME="ann",
            MAIL_PASSWORD="hunter2",
        )
        assert app.test_client().post("/send", data=FORM).status_code == 303
    assert seen == [(True, b"ann", b"hunter2")]


def test_with_tls_a_stranger_is_refused_whom_flask_mail_alone_would_trust(
    build_mail_app, caplog, certificate, monkeypatch
):
    server = MailServer()
    with smtp_server(server, tls_context=tls(certificate), require_starttls=True) as port:
        app = build_mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_USE_TLS=True)
        assert "cannot be reached" in failed_page(app, caplog)
        assert "CERTIFICATE_VERIFY_FAILED" in caplog.text
        with app.app_context():
            message = Message("Tea", ["ann@example.com"], "At five?")
            with flask_mail.Connection(app.extensions["mail"]) as connection:
                connection.send(message)
            assert len(server.messages) == 1
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            mail.send(message)
            assert len(server.messages) == 2
        plain = build_mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=port)
        failed_page(plain, caplog)


def test_with_ssl_the_connection_is_encrypted_from_the_start(
    build_mail_app, caplog, certificate, monkeypatch
):
    server = MailServer()
    with smtp_server(server, ssl_context=tls(certificate)) as port:
        app = build_mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_USE_SSL=True)
        failed_page(app, caplog)
        assert "CERTIFICATE_VERIFY_FAILED" in caplog.text
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert app.test_client().post("/send", data=FORM).status_code == 303
    assert len(server.messages) == 1


# The small program


@pytest.fixture
def first(monkeypatch):
    """Give a function that imports the small program anew, with these environment variables."""

    def load(**environ):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delitem(sys.modules, "day04.mail.first", raising=False)
        return importlib.import_module("day04.mail.first").app

    yield load
    sys.modules.pop("day04.mail.first", None)


def test_the_small_program_shows_its_mail_and_sends_it_if_the_environment_says_so(first):
    response = first().test_client().post("/invite")
    assert (response.status_code, response.mimetype) == (200, "text/plain")
    message = email.message_from_string(response.text)
    assert (message["Subject"], message["To"]) == ("Tea", "ann@example.com")
    assert (message["From"], message.get_payload()) == ("course@example.com", "At five?")
    server = MailServer()
    with smtp_server(server) as port:
        app = first(FLASK_MAIL_SUPPRESS_SEND="false", FLASK_MAIL_PORT=str(port))
        assert app.test_client().post("/invite").status_code == 200
    assert [each.recipients for each in server.messages] == [["ann@example.com"]]


def test_the_notes_tell_how_to_install_the_extension_and_which_server_prints_mails():
    notes = (ROOT / "day04/mail/README.md").read_text("utf-8")
    assert "python -m pip install flask-mail" in notes
    [command] = re.findall(r"`python -m (aiosmtpd .+?)`", notes)
    arguments = aiosmtpd.main.parseargs(command.split()[1:])[1]
    assert (arguments.host, arguments.port, arguments.setuid) == ("127.0.0.1", 8025, False)
    assert isinstance(arguments.handler, Debugging)
