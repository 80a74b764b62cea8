"""A log: levels, a file that is renamed when it is full, the root logger, lines that hold.

Begin with test_an_order_is_one_line_in_the_log.
"""

import io
import logging
import re
from urllib.parse import quote

import pytest
from flask import current_app

from day06_project.app_logging import app as lesson
from day06_project.app_logging import first
from day06_project.app_logging.app import create_app, log_everything, open_log

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ \w+\.py:\d+ .+")
LEVELS = ["debug", "info", "warning", "error", "critical"]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "not" / "there" / "yet"


@pytest.fixture
def build(folder):
    """Give a function that builds the app; its file is closed after the test."""
    apps = []

    def build(**settings):
        apps.append(create_app({"DATA_FOLDER": folder} | settings))
        return apps[-1]

    yield build
    for app in apps:
        for handler in list(app.logger.handlers):
            app.logger.removeHandler(handler)
            handler.close()


@pytest.fixture
def app(build):
    return build()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def root():
    """Give the root logger, and leave it as it was."""
    logger = logging.getLogger()
    level, handlers = logger.level, logger.handlers[:]
    yield logger
    for handler in set(logger.handlers) - set(handlers):
        handler.close()
    logger.handlers[:] = handlers
    logger.setLevel(level)


def lines(folder):
    return (folder / "shop.log").read_text("utf-8").splitlines()


def test_an_order_is_one_line_in_the_log(client, folder):
    assert client.get("/order/ada").text == "Thank you!\n"
    (line,) = lines(folder)
    assert LINE.fullmatch(line)
    assert re.search(r" INFO app\.py:\d+ order for ada$", line)


def test_the_logger_is_one_of_the_standard_library(app):
    assert isinstance(app.logger, logging.Logger)
    assert app.logger is logging.getLogger("day06_project.app_logging.app")


def test_the_first_program_logs_with_the_level_info(caplog):
    assert first.app.logger.level == logging.INFO
    assert first.app.test_client().get("/order/ada").text == "Thank you!\n"
    assert caplog.messages == ["order for ada"]


def test_an_exception_is_in_the_log_and_not_in_the_response(client, folder):
    response = client.get("/boom")
    assert response.status_code == 500
    assert "ZeroDivisionError" not in response.text
    text = "\n".join(lines(folder))
    assert "Traceback (most recent call last)" in text
    assert "ZeroDivisionError: division by zero" in text


# Levels


@pytest.mark.parametrize("level", LEVELS)
def test_the_level_is_a_setting_and_those_above_are_written_too(build, folder, level):
    app = build(LOG_LEVEL=level.upper())
    for method in LEVELS:
        getattr(app.logger, method)(method)
    assert [line.split()[-1] for line in lines(folder)] == LEVELS[LEVELS.index(level) :]


def test_the_environment_sets_the_level(build, monkeypatch):
    monkeypatch.setenv("FLASK_LOG_LEVEL", "ERROR")
    assert build().logger.level == logging.ERROR


def test_there_are_five_levels_and_exception_adds_the_traceback(app, folder):
    for method in LEVELS:
        getattr(app.logger, method)("user=%s", "ada")
    try:
        raise KeyError("x")
    except KeyError:
        app.logger.exception("failed")
    text = "\n".join(lines(folder))
    assert re.findall(r" ([A-Z]+) test_app_logging\.py:\d+ user=ada", text) == [
        method.upper() for method in LEVELS[1:]
    ]
    assert "ERROR" in text.split("failed")[0].splitlines()[-1]
    assert "KeyError: 'x'" in text


def test_a_logger_cannot_be_called(app):
    with pytest.raises(TypeError, match="not callable"):
        app.logger("message")


def test_outside_a_context_there_is_no_current_logger(app):
    with app.app_context():
        assert current_app.logger is app.logger
    with pytest.raises(RuntimeError, match="outside of application context"):
        current_app.logger.info("nowhere")


# The file


def test_a_full_file_is_renamed_and_some_old_ones_are_kept(tmp_path):
    handler = open_log(tmp_path / "logs" / "log", size=200, count=3)
    logger = logging.Logger("small")  # noqa: LOG001 (no one else can get it by its name)
    logger.addHandler(handler)
    for number in range(40):
        logger.info("event %d", number)
    handler.close()
    names = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert names == ["log", "log.1", "log.2", "log.3"]
    assert "event 39" in (tmp_path / "logs" / "log").read_text()


def test_the_limit_is_100_megabytes_and_ten_old_files(app):
    (handler,) = [each for each in app.logger.handlers if hasattr(each, "maxBytes")]
    assert (handler.maxBytes, handler.backupCount) == (100 * 1024 * 1024, 10)


def test_two_apps_write_a_line_once(build, folder):
    apps = [build(), build()]
    assert apps[0].logger is apps[1].logger
    apps[0].logger.info("once")
    assert len(lines(folder)) == 1


def test_letters_of_all_languages_are_written(client, folder):
    client.get("/order/茶")
    assert lines(folder)[0].endswith("order for 茶")


# The root logger


def test_the_root_logger_gets_the_lines_of_the_app_and_of_other_packages(client, root, tmp_path):
    log_everything(tmp_path / "all.log")
    client.get("/boom")
    logging.getLogger("some.package").warning("from a package")
    text = (tmp_path / "all.log").read_text("utf-8")
    assert "from a package" in text
    assert "Exception on /boom [GET]" in text
    assert "ZeroDivisionError" in text


def test_two_handlers_on_the_root_logger_write_each_line_twice(app, root, tmp_path):
    for _ in range(2):
        log_everything(tmp_path / "all.log")
    app.logger.info("twice")
    assert (tmp_path / "all.log").read_text("utf-8").count("twice") == 2


# Attacks


def test_a_line_end_in_a_name_makes_a_second_line_with_a_plain_formatter():
    record = logging.LogRecord("n", logging.INFO, "f.py", 1, "user=%s", ("x\nINFO admin",), None)
    assert logging.Formatter().format(record).splitlines()[1] == "INFO admin"
    assert lesson.LineFormatter().format(record) == "user=x\\nINFO admin"


@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\u2028", "\x85"])
def test_a_client_cannot_write_a_line(client, folder, end):
    client.get(f"/order/x{quote(end)}2026-01-01 00:00:00,000 INFO app.py:1 order for admin")
    (line,) = lines(folder)
    assert line.endswith("order for admin")
    assert " order for x\\" in line


def test_a_traceback_is_indented(app, folder):
    try:
        raise ValueError("x\n2026-01-01 00:00:00,000 INFO app.py:1 order for admin")
    except ValueError:
        app.logger.exception("failed")
    first_line, *others = lines(folder)
    assert LINE.fullmatch(first_line)
    assert others
    assert all(line.startswith("    ") for line in others)


def test_half_of_a_surrogate_pair_is_written_escaped():
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(lesson.LineFormatter())
    logger = logging.Logger("small")  # noqa: LOG001
    logger.addHandler(handler)
    logger.warning("name %s", "\ud800")
    assert out.getvalue() == "name \\ud800\n"
