"""The log of the shop: one line for each event, with the id of its request.

Begin with test_a_line_has_time_level_request_place_and_message.
"""

import io
import logging
import re

import pytest
from flask import Flask, current_app
from sqlalchemy.exc import IntegrityError

from day06_project.shop.extensions import db
from day06_project.shop.models import User
from day06_project.shop.utils import logs

METHODS = ("debug", "info", "warning", "error", "critical")
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ \[[A-Za-z0-9-]+\] \w+\.py:\d+ .+")


def close_handlers(logger):
    for handler in logger.handlers:
        handler.close()
    logger.handlers.clear()


@pytest.fixture
def logging_app():
    """Give a function that builds an app with the shop's log and nothing else."""

    def build(**settings):
        app = Flask("small shop")
        app.config.from_mapping({"LOG_FILE": "", "LOG_LEVEL": "DEBUG"} | settings)
        logs.init_app(app)
        return app

    yield build
    close_handlers(logging.getLogger("small shop"))


@pytest.fixture
def log_file(tmp_path):
    return tmp_path / "logs" / "shop.log"


@pytest.fixture
def logged(logging_app, log_file):
    """Give such an app with a log file."""
    return logging_app(LOG_FILE=str(log_file))


def lines(log_file):
    return log_file.read_text("utf-8").splitlines()


def test_a_line_has_time_level_request_place_and_message(logged, log_file):
    logged.logger.warning("price of %s: %d", "茶", 7)
    (line,) = lines(log_file)
    assert LINE.fullmatch(line)
    assert " WARNING [-] test_shop_logging.py:" in line
    assert line.endswith(" price of 茶: 7")


def test_the_lines_of_a_request_have_the_id_that_its_response_has(build_empty, log_file):
    app = build_empty(LOG_FILE=str(log_file))
    response = app.test_client().get("/api/v1.0/goods")
    close_handlers(app.logger)
    assert response.status_code == 503  # no tables
    assert f"[{response.headers['X-Request-ID']}]" in lines(log_file)[0]


def test_a_traceback_is_logged(logged, log_file):
    @logged.get("/boom")
    def boom():
        raise ZeroDivisionError

    assert logged.test_client().get("/boom").status_code == 500
    text = log_file.read_text()
    assert "Traceback" in text
    assert "ZeroDivisionError" in text


def test_the_level_is_a_setting(logging_app, log_file):
    app = logging_app(LOG_FILE=str(log_file), LOG_LEVEL="ERROR")
    app.logger.warning("no")
    app.logger.error("yes")
    assert [line[-3:] for line in lines(log_file)] == ["yes"]


def test_without_a_file_lines_go_to_stderr(logging_app, capsys):
    logging_app().logger.warning("hello")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("hello\n")


def test_three_apps_write_a_line_once(logging_app):
    apps = [logging_app() for _ in range(3)]
    assert len(apps[0].logger.handlers) == 1
    out = io.StringIO()
    apps[0].logger.handlers[0].setStream(out)
    for app in apps:
        app.logger.warning("once")
    assert out.getvalue().count("once") == 3  # not nine


def test_a_file_that_grows_is_renamed_and_ten_are_kept(logging_app, tmp_path):
    path = tmp_path / "not" / "there" / "yet" / "shop.log"
    app = logging_app(LOG_FILE=str(path), LOG_FILE_BYTES=200)
    for number in range(40):
        app.logger.info("event %d", number)
    names = sorted(each.name for each in path.parent.iterdir())
    assert len(names) == 11
    assert names[:3] == ["shop.log", "shop.log.1", "shop.log.10"]
    assert "event 39" in path.read_text()
    handler = logging_app(LOG_FILE=str(path)).logger.handlers[0]
    assert (handler.maxBytes, handler.backupCount) == (100 * 1024 * 1024, 10)


# Flask's logger


def test_the_apps_logger_is_one_of_the_standard_library(app):
    assert isinstance(app.logger, logging.Logger)
    assert app.logger is logging.getLogger("day06_project.shop")
    assert app.logger.name == app.name


def test_a_logger_is_not_called(app):
    with pytest.raises(TypeError, match="not callable"):
        app.logger("message")


def test_current_app_has_the_logger_inside_a_context_only(app, caplog):
    with app.app_context():
        current_app.logger.info("here")
    assert "here" in caplog.messages
    with pytest.raises(RuntimeError, match="outside of application context"):
        current_app.logger.info("nowhere")


def test_each_level_has_its_method_and_arguments_are_filled_in(logged, caplog):
    for method in METHODS:
        getattr(logged.logger, method)("user=%s", "ada")
    assert [record.levelname.lower() for record in caplog.records] == list(METHODS)
    assert set(caplog.messages) == {"user=ada"}
    with pytest.warns(DeprecationWarning, match="'warn' method"):
        logging.Logger.warn(logged.logger, "old")
    try:
        raise KeyError("x")
    except KeyError:
        logged.logger.exception("failed")
    assert "KeyError" in caplog.text


# Attacks


def test_a_line_end_in_data_makes_a_second_line_unless_it_is_escaped():
    record = logging.LogRecord("n", logging.INFO, "f.py", 1, "user=%s", ("x\nINFO admin",), None)
    assert logging.Formatter().format(record).splitlines()[1] == "INFO admin"
    assert len(logs.LineFormatter(logs.FORMAT).format(record).splitlines()) == 1


def test_a_client_cannot_forge_a_line(logged, log_file):
    @logged.get("/<path:text>/boom")
    def boom(text):
        logged.logger.info("asked for %s", text)
        raise ValueError(text)

    forged = "x\n2026-01-01 00:00:00,000 INFO [-] app.py:1 account 1 logged in"
    for end in "\n", "\r", "\x0b", "\u2028", "\x85":
        logged.test_client().get(f"/{forged.replace(chr(10), end)}/boom")
    text = lines(log_file)
    assert len([line for line in text if "asked for x" in line]) == 5
    for line in text:
        assert LINE.fullmatch(line) or line.startswith("    ")
        assert not line.startswith("2026-01-01")
    assert any(line.startswith("    ") and "ValueError" in line for line in text)


def test_half_of_a_surrogate_pair_is_written_escaped(logged, log_file):
    logged.logger.info("name %s", "\ud800")
    assert lines(log_file)[0].endswith("name \\ud800")


def test_the_parameters_of_a_failed_statement_are_not_in_its_message(app):
    with app.app_context():
        for _ in range(2):
            db.session.add(User(name="ada", password_hash="scrypt$salt$secret"))
        with pytest.raises(IntegrityError, match="hide_parameters") as failure:
            db.session.commit()
    assert "scrypt" not in str(failure.value)
