"""Facts about Flask-Mail and Flask-Migrate that the notes state.

The lessons themselves are tested in the other files.
"""

import runpy
import smtplib
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.metadata import version
from types import SimpleNamespace

import pytest
from flask import Flask
from flask_mail import BadHeaderError, Connection, Mail, Message
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

# Flask-Mail reads its settings once


def test_settings_that_come_late_are_ignored():
    app = Flask("shop")
    app.config.update(MAIL_SERVER="early.example.com", MAIL_PORT=2525)
    Mail(app)
    app.config.update(MAIL_SERVER="late.example.com", MAIL_PORT=3535)
    assert app.extensions["mail"].server == "early.example.com"
    assert app.extensions["mail"].port == 2525


def test_the_defaults_are_port_25_of_this_machine_without_tls():
    app = Flask("shop")
    state = Mail(app).state
    assert (state.server, state.port, state.use_tls, state.use_ssl) == (
        "127.0.0.1",
        25,
        False,
        False,
    )
    assert (state.username, state.password, state.default_sender) == (None, None, None)
    assert (state.suppress, state.max_emails, state.debug) == (False, None, 0)


def test_debug_and_testing_are_taken_over_unless_said_otherwise():
    app = Flask("shop")
    app.config.update(DEBUG=True, TESTING=True)
    state = Mail(app).state
    assert (state.debug, state.suppress) == (1, True)
    app.config.update(MAIL_DEBUG=False, MAIL_SUPPRESS_SEND=False)
    state = Mail(app).state
    assert (state.debug, state.suppress) == (0, False)


@pytest.mark.parametrize("early", [True, False])
def test_a_mail_extension_must_know_early_that_this_is_a_test(early):
    app = Flask("post")
    app.testing = early
    state = Mail(app).state
    app.testing = True
    assert state.suppress is early


# Messages


@pytest.fixture
def app():
    """Build an app that records mail, and sends none."""
    app = Flask("shop")
    app.testing = True
    app.config["MAIL_DEFAULT_SENDER"] = "shop@example.com"
    Mail(app)
    return app


def send(app, *arguments, **fields):
    """Send a message with these arguments and fields."""
    with app.app_context():
        app.extensions["mail"].send(Message(*arguments, **fields))


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n"])
def test_flask_mail_refuses_newlines_in_some_headers(app, newline):
    evil = f"x{newline}Bcc: victim@example.com"
    for fields in [
        {"subject": evil},
        {"recipients": [evil]},
        {"recipients": [(evil, "ann@example.com")]},
        {"sender": evil},
        {"reply_to": evil},
    ]:
        with pytest.raises(BadHeaderError):
            send(app, **{"recipients": ["a@example.com"]} | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "x\x0bBcc: victim@example.com"},
        {"subject": "x\x0cBcc: victim@example.com"},
        {"cc": ["x\nBcc: victim@example.com"]},
        {"extra_headers": {"X-Priority": "1\nBcc: victim@example.com"}},
    ],
)
def test_flask_mail_overlooks_others(app, fields):
    with app.app_context():
        assert not Message(recipients=["ann@example.com"], **fields).has_bad_headers()


def test_flask_mail_alone_sets_no_timeout(app, monkeypatch):
    seen = []
    monkeypatch.setattr(smtplib, "SMTP", lambda *args, **kwargs: seen.append((args, kwargs)))
    with app.app_context(), pytest.raises(AttributeError):
        Connection(app.extensions["mail"]).configure_host()
    assert seen == [(("127.0.0.1", 25), {})]


def test_a_thread_without_context_cannot_send(app):
    with app.app_context():
        message = Message("Tea", ["ann@example.com"], "At five?")
    mail = Mail()
    with ThreadPoolExecutor() as pool:
        error = pool.submit(mail.send, message).exception()
    assert isinstance(error, RuntimeError)
    assert "Working outside of application context" in str(error)


def test_a_message_needs_a_context_a_recipient_and_a_sender(app):
    with pytest.raises(RuntimeError, match="Working outside of application context"):
        Message("Tea")
    with pytest.raises(AssertionError, match="No recipients have been added"):
        send(app, "Tea", [])
    app.config["MAIL_DEFAULT_SENDER"] = None
    Mail(app)
    with pytest.raises(AssertionError, match="does not specify a sender"):
        send(app, "Tea", ["ann@example.com"])
    with Flask("shop").app_context(), pytest.raises(KeyError):
        Message("Tea")


# Flask-Migrate


@pytest.fixture
def shop(tmp_path):
    """Build an app with a database in memory."""
    app = Flask("shop", instance_path=str(tmp_path))
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    return app


def test_the_extension_is_installed():
    assert tuple(map(int, version("flask-migrate").split(".")[:2])) >= (4, 1)


def test_migrate_adds_the_command(shop):
    tables = SQLAlchemy(shop)
    assert "db" not in shop.cli.commands
    Migrate(shop, tables)
    assert "db" in shop.cli.commands
    other = Flask("other")
    Migrate().init_app(other, tables)
    assert "db" in other.cli.commands


def test_batch_mode_is_the_default_of_flask_migrate(shop):
    Migrate(shop, SQLAlchemy(shop))
    assert shop.extensions["migrate"].configure_args["render_as_batch"] is True


def test_the_manager_of_old_is_gone_and_so_is_what_it_stood_on():
    with pytest.raises(ImportError):
        import_module("flask_script")
    with pytest.raises(ImportError):
        import_module("flask._compat")  # the first thing that it imports


def test_the_assignment_of_old_adds_no_command():
    with pytest.raises(ImportError, match="MigrateCommand"):
        from flask_migrate import MigrateCommand  # noqa: F401
    app = Flask("shop")
    manager = SimpleNamespace(app=app)
    manager.add_command = "db", object  # as the notes have it: only a tuple in an attribute
    assert manager.add_command == ("db", object)
    assert "db" not in app.cli.commands


def test_an_old_script_named_db_does_nothing(tmp_path, monkeypatch, capsys):
    source = """
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
Migrate(app, SQLAlchemy(app))
"""
    (tmp_path / "db.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["db.py", "db", "init"])
    variables = runpy.run_path("db.py", run_name="__main__")
    assert variables["app"].extensions["migrate"]
    assert capsys.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["db.py"]
