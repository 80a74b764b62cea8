import io
import logging
import re
from logging.handlers import RotatingFileHandler

import pytest
from flask import Flask, current_app
from flask.logging import default_handler
from sqlalchemy.exc import IntegrityError

from day06_project.shop import create_app
from day06_project.shop.extensions import db
from day06_project.shop.models import User
from day06_project.shop.utils.logs import FORMAT, LineFormatter

METHODS = ("debug", "info", "warning", "error", "critical")
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ \[[A-Za-z0-9-]+\] \w+\.py:\d+ .+")


def private_logger(level="DEBUG"):
    """Return a logger that nobody else can get by its name."""
    return logging.Logger("small", level)  # noqa: LOG001


@pytest.fixture(autouse=True)
def loggers():
    """Leave the loggers of this process as they were."""
    found = [logging.getLogger(), logging.getLogger("day06_project.shop")]
    before = [(each, each.level, each.handlers[:]) for each in found]
    yield
    for logger, level, handlers in before:
        for handler in set(logger.handlers) - set(handlers):
            handler.close()
        logger.handlers[:] = handlers
        logger.setLevel(level)


@pytest.fixture
def built(tmp_path, tools):
    apps = []

    def build(**settings):
        apps.append(create_app("testing", **{"DATA_FOLDER": tmp_path} | settings))
        return apps[-1]

    yield build
    for app in apps:
        tools.close(app)


@pytest.fixture
def lines(built, tmp_path):
    """Give a shop that logs to a file, and a function that reads it."""
    path = tmp_path / "logs" / "shop.log"
    app = built(LOG_FILE=str(path), LOG_LEVEL="DEBUG")
    return app, lambda: path.read_text("utf-8").splitlines()


# The shop


def test_a_line_has_time_level_request_place_and_message(lines):
    app, read = lines
    app.logger.warning("price of %s: %d", "茶", 7)
    (line,) = read()
    assert LINE.fullmatch(line)
    assert " WARNING [-] test_shop_logging.py:" in line
    assert line.endswith(" price of 茶: 7")


def test_lines_of_a_request_carry_the_id_that_its_answer_has(lines):
    app, read = lines
    response = app.test_client().get("/api/v1.0/goods")
    assert response.status_code == 503  # no tables
    assert f"[{response.headers['X-Request-ID']}]" in read()[0]


@pytest.mark.point("D6-36")
def test_nobody_forges_a_line(lines):
    app, read = lines

    @app.get("/api/<path:text>/boom")
    def boom(text):
        app.logger.info("asked for %s", text)
        raise ValueError(text)

    forged = "x\n2026-01-01 00:00:00,000 INFO [-] app.py:1 account 1 logged in"
    for end in "\n", "\r", "\x0b", "\u2028", "\x85":
        app.test_client().get(f"/api/{forged.replace(chr(10), end)}/boom")
    text = read()
    assert len([line for line in text if "asked for x" in line]) == 5
    for line in text:
        assert LINE.fullmatch(line) or line.startswith("    ")
        assert not line.startswith("2026-01-01")
    assert any(line.startswith("    ") and "ValueError" in line for line in text)


def test_half_of_a_pair_of_surrogates_is_written_too(lines):
    app, read = lines
    app.logger.info("name %s", "\ud800")
    assert read()[0].endswith("name \\ud800")


def test_a_traceback_arrives(lines):
    app, read = lines

    @app.get("/api/boom")
    def boom():
        raise ZeroDivisionError

    app.test_client().get("/api/boom")
    text = "\n".join(read())
    assert "Traceback" in text
    assert "ZeroDivisionError" in text


def test_parameters_of_a_failed_statement_are_not_told(app):
    with app.app_context():
        for _ in range(2):
            db.session.add(User(name="ada", password_hash="scrypt$salt$secret"))
        with pytest.raises(IntegrityError, match="hide_parameters") as failure:
            db.session.commit()
    assert "scrypt" not in str(failure.value)


def test_three_apps_are_not_three_copies_of_a_line(built):
    apps = [built() for _ in range(3)]
    assert len(apps[0].logger.handlers) == 1
    out = io.StringIO()
    apps[0].logger.handlers[0].setStream(out)
    for app in apps:
        app.logger.warning("once")
    assert out.getvalue().count("once") == 3  # not nine


def test_without_a_file_lines_go_to_stderr(built, capsys):
    built().logger.warning("hello")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("hello\n")


def test_the_level_is_a_setting(built, tmp_path):
    path = tmp_path / "shop.log"
    app = built(LOG_FILE=str(path), LOG_LEVEL="ERROR")
    app.logger.warning("no")
    app.logger.error("yes")
    assert [line[-3:] for line in path.read_text().splitlines()] == ["yes"]


@pytest.mark.point("D6-41")
def test_a_file_that_grows_is_put_aside_and_ten_are_kept(built, tmp_path):
    path = tmp_path / "not" / "there" / "yet" / "shop.log"
    app = built(LOG_FILE=str(path), LOG_FILE_BYTES=200)
    for number in range(40):
        app.logger.info("event %d", number)
    names = sorted(each.name for each in path.parent.iterdir())
    assert len(names) == 11
    assert names[:3] == ["shop.log", "shop.log.1", "shop.log.10"]
    assert "event 39" in path.read_text()
    handler = built(LOG_FILE=str(path)).logger.handlers[0]
    assert (handler.maxBytes, handler.backupCount) == (100 * 1024 * 1024, 10)


# logging by itself, and what is said of it


@pytest.mark.point("D6-41")
def test_a_rotating_handler_makes_no_folder_and_without_backups_never_rotates(tmp_path):
    with pytest.raises(FileNotFoundError):
        RotatingFileHandler(tmp_path / "logs" / "log")
    logger = private_logger()
    handler = RotatingFileHandler(tmp_path / "log", maxBytes=10, backupCount=0)
    logger.addHandler(handler)
    for _ in range(10):
        logger.error("0123456789")
    handler.close()
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
    logger = private_logger()
    handler = RotatingFileHandler(tmp_path / "log", maxBytes=10, backupCount=3)
    logger.addHandler(handler)
    for _ in range(10):
        logger.error("0123456789")
    handler.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1", "log.2", "log.3"]


@pytest.mark.point("D6-33")
def test_the_apps_logger_is_one_of_the_standard_library(built):
    app = built()
    assert isinstance(app.logger, logging.Logger)
    assert app.logger is logging.getLogger("day06_project.shop")
    assert app.logger.name == app.name


@pytest.mark.point("D6-34")
def test_a_logger_is_not_called(built):
    with pytest.raises(TypeError, match="not callable"):
        built().logger("message")


@pytest.mark.point("D6-35")
def test_current_app_has_the_logger_inside_a_context_only(built, caplog):
    app = built()
    with app.app_context():
        current_app.logger.info("here")
    assert "here" in caplog.messages
    with pytest.raises(RuntimeError, match="outside of application context"):
        current_app.logger.info("nowhere")


@pytest.mark.point("D6-36")
def test_each_level_has_its_method_and_arguments_are_filled_in(built, caplog):
    logger = built(LOG_LEVEL="DEBUG").logger
    for method in METHODS:
        getattr(logger, method)("user=%s", "ada")
    assert [record.levelname.lower() for record in caplog.records] == list(METHODS)
    assert set(caplog.messages) == {"user=ada"}
    with pytest.warns(DeprecationWarning, match="'warn' method"):
        logging.Logger.warn(logger, "old")
    try:
        raise KeyError("x")
    except KeyError:
        logger.exception("failed")
    assert "KeyError" in caplog.text


@pytest.mark.point("D6-36")
def test_a_line_end_in_data_fakes_a_line_where_nobody_escapes_it():
    record = logging.LogRecord("n", logging.INFO, "f.py", 1, "user=%s", ("x\nINFO admin",), None)
    assert logging.Formatter().format(record).splitlines()[1] == "INFO admin"
    assert len(LineFormatter(FORMAT).format(record).splitlines()) == 1


@pytest.mark.point("D6-37")
def test_critical_is_above_error():
    assert [getattr(logging, method.upper()) for method in METHODS] == [10, 20, 30, 40, 50]


@pytest.mark.point("D6-38", "D6-39")
@pytest.mark.parametrize("level", METHODS)
def test_a_level_lets_through_itself_and_what_is_above(level):
    logger, out = private_logger(level.upper()), io.StringIO()
    logger.addHandler(logging.StreamHandler(out))
    for method in METHODS:
        getattr(logger, method)(method)
    assert out.getvalue().split() == list(METHODS[METHODS.index(level) :])


@pytest.mark.point("D6-40")
def test_only_the_first_basic_config_counts():
    root = logging.getLogger()
    root.handlers[:] = []
    root.setLevel(logging.WARNING)
    logging.basicConfig(level="INFO")
    logging.basicConfig(level="DEBUG")
    assert root.level == logging.INFO
    logging.basicConfig(level="DEBUG", force=True)
    assert root.level == logging.DEBUG


@pytest.mark.point("D6-40")
def test_debug_mode_and_an_early_look_at_the_logger_change_what_comes_out():
    root = logging.getLogger()
    root.handlers[:] = []
    app = Flask("early-app")
    app.debug = True
    out = io.StringIO()
    assert app.logger.handlers == [default_handler]  # Flask's own, for the root had none
    stream = default_handler.setStream(out)
    try:
        assert app.logger.level == logging.DEBUG
        logging.basicConfig(stream=out, level="WARNING")
        app.logger.warning("twice")
        assert out.getvalue().count("twice") == 2
    finally:  # it is the one of all apps
        default_handler.setStream(stream)
        app.logger.handlers[:] = []


@pytest.mark.point("D6-42")
def test_a_formatter_tells_level_file_line_and_message():
    record = logging.LogRecord("n", logging.ERROR, "shop.py", 7, "db broke", (), None)
    formatter = logging.Formatter("%(levelname)s %(filename)s:%(lineno)d %(message)s")
    assert formatter.format(record) == "ERROR shop.py:7 db broke"


@pytest.mark.point("D6-43")
def test_a_handler_on_the_root_logger_gets_the_apps_lines_and_its_tracebacks():
    root, out = logging.getLogger(), io.StringIO()
    root.handlers[:] = [logging.StreamHandler(out)]
    app = Flask("rooted-app")

    @app.get("/")
    def index():
        app.logger.error("asked")
        raise ZeroDivisionError

    assert app.test_client().get("/").status_code == 500
    assert "asked" in out.getvalue()
    assert "ZeroDivisionError" in out.getvalue()
