"""Facts about Flask and its extensions that the notes state.

CSRFProtect, logging, the secret key and identifiers.
The lessons themselves are tested in the other files.
"""

import importlib
import io
import logging
import time
import uuid
from logging.handlers import RotatingFileHandler

import pytest
from flask import Flask, jsonify, make_response, request, session
from flask.logging import default_handler
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf, validate_csrf
from wtforms import ValidationError

LEVELS = ("debug", "info", "warning", "error", "critical")


# CSRFProtect


@pytest.fixture(scope="module")
def small():
    """Give an app that has CSRFProtect and nothing else."""
    app = Flask("small")
    app.config.update(SECRET_KEY="k" * 32, TESTING=True)
    csrf = CSRFProtect(app)
    app.errorhandler(CSRFError)(lambda error: (jsonify(reason=error.description), 400))
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app.add_url_rule("/", view_func=lambda: "changed", endpoint="index", methods=methods)
    app.add_url_rule("/token", view_func=lambda: generate_csrf(), endpoint="token")

    @app.post("/free")
    @csrf.exempt
    def free():
        return "changed"

    return app


def test_csrf_protect_reads_headers_and_form_fields_but_no_json(small):
    client = small.test_client()
    token = client.get("/token").text
    for name in "X-CSRFToken", "X-CSRF-Token":
        assert client.post("/", headers={name: token}, json={}).status_code == 200
    assert client.post("/", data={"csrf_token": token}).status_code == 200
    assert client.post("/", json={"csrf_token": token}).status_code == 400


@pytest.mark.parametrize(
    ("cookie", "header", "status"),
    [
        ("the token", None, 400),  # the cookie alone
        (None, "the token", 200),  # no cookie at all
        ("garbage", "the token", 200),
        ("equal", "equal", 400),  # Django would take an unsigned pair
        ("the token", "the token", 200),
    ],
)
def test_the_token_is_compared_with_the_session_and_never_with_a_cookie(
    small, cookie, header, status
):
    client = small.test_client()
    token = client.get("/token").text
    if cookie:
        client.set_cookie("csrf_token", token if cookie == "the token" else cookie)
    value = token if header == "the token" else header
    headers = {"X-CSRFToken": value} if header else {}
    assert client.post("/", headers=headers).status_code == status


def test_without_a_session_no_token_fits(small):
    token = small.test_client().get("/token").text
    response = small.test_client().post("/", headers={"X-CSRFToken": token})
    assert response.json == {"reason": "The CSRF session token is missing."}


def test_the_rule_that_cookie_equals_body_takes_a_planted_pair():
    """Django's rule holds as long as no one else can set a cookie."""
    app = Flask("double")

    @app.post("/")
    def index():
        same = request.cookies.get("csrftoken") == request.headers.get("X-CSRFToken")
        return "changed" if same else ("no", 403)

    client = app.test_client()
    client.set_cookie("csrftoken", "planted")
    assert client.post("/", headers={"X-CSRFToken": "planted"}).status_code == 200
    assert client.post("/", headers={"X-CSRFToken": "other"}).status_code == 403


def test_four_methods_are_checked_and_three_are_free(small):
    client = small.test_client()
    statuses = {
        method: client.open("/", method=method).status_code
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
    }
    assert statuses == dict.fromkeys(("GET", "HEAD", "OPTIONS"), 200) | dict.fromkeys(
        ("POST", "PUT", "PATCH", "DELETE"), 400
    )


def test_the_methods_are_a_setting():
    app = Flask("small")
    app.config.update(SECRET_KEY="k" * 32, WTF_CSRF_METHODS=["DELETE"])
    CSRFProtect(app)
    app.add_url_rule("/", view_func=lambda: "changed", methods=["POST", "DELETE"])
    client = app.test_client()
    assert (client.post("/").status_code, client.delete("/").status_code) == (200, 400)


def test_a_failure_is_400_and_an_error_handler_can_make_it_json(small):
    response = small.test_client().post("/")
    assert response.status_code == 400
    assert response.json == {"reason": "The CSRF token is missing."}


def test_the_check_is_a_request_hook_and_views_can_be_exempt(small):
    assert "csrf_protect" in [hook.__name__ for hook in small.before_request_funcs[None]]
    assert small.test_client().post("/free").text == "changed"


def test_a_token_is_signed_and_expires_when_a_limit_is_set(small, monkeypatch):
    with small.test_request_context():
        token = generate_csrf()
        assert session["csrf_token"] not in token  # encoded and signed
        validate_csrf(token)
        with pytest.raises(ValidationError, match="invalid"):
            validate_csrf(token + "x")
        assert small.config["WTF_CSRF_TIME_LIMIT"] == 3600
        now = time.time()
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + 3602)
        with pytest.raises(ValidationError, match="expired"):
            validate_csrf(token)


def test_a_token_needs_a_secret_key():
    with Flask("small").test_request_context(), pytest.raises(RuntimeError, match="secret key"):
        generate_csrf()


def test_a_response_that_is_not_stored_has_no_name():
    app = Flask("small")
    app.config.update(SECRET_KEY="k" * 32, TESTING=True)

    @app.get("/old")
    def old():
        make_response("page")
        resp.set_cookie("csrf_token", generate_csrf())  # noqa: F821

    @app.get("/new")
    def new():
        response = make_response("page")
        response.set_cookie("csrf_token", generate_csrf())
        return response

    with pytest.raises(NameError, match="resp"):
        app.test_client().get("/old")
    assert "csrf_token=" in app.test_client().get("/new").headers["Set-Cookie"]


# Logging


def private_logger(level="DEBUG"):
    """Return a logger that no one else can get by its name."""
    return logging.Logger("small", level)  # noqa: LOG001


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


def test_critical_is_above_error():
    assert [getattr(logging, method.upper()) for method in LEVELS] == [10, 20, 30, 40, 50]


@pytest.mark.parametrize("level", LEVELS)
def test_a_logger_writes_its_level_and_those_above(level):
    logger, out = private_logger(level.upper()), io.StringIO()
    logger.addHandler(logging.StreamHandler(out))
    for method in LEVELS:
        getattr(logger, method)(method)
    assert out.getvalue().split() == list(LEVELS[LEVELS.index(level) :])


def test_a_formatter_tells_level_file_line_and_message():
    record = logging.LogRecord("n", logging.ERROR, "shop.py", 7, "db broke", (), None)
    formatter = logging.Formatter("%(levelname)s %(filename)s:%(lineno)d %(message)s")
    assert formatter.format(record) == "ERROR shop.py:7 db broke"


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


def test_only_the_first_basic_config_counts(root):
    root.handlers[:] = []
    root.setLevel(logging.WARNING)
    logging.basicConfig(level="INFO")
    logging.basicConfig(level="DEBUG")
    assert root.level == logging.INFO
    logging.basicConfig(level="DEBUG", force=True)
    assert root.level == logging.DEBUG


def test_debug_mode_and_early_use_of_the_logger_change_what_is_logged(root):
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


def test_a_handler_on_the_root_logger_gets_the_apps_lines_and_its_tracebacks(root):
    out = io.StringIO()
    root.addHandler(logging.StreamHandler(out))
    app = Flask("rooted-app")

    @app.get("/")
    def index():
        app.logger.error("asked")
        raise ZeroDivisionError

    assert app.test_client().get("/").status_code == 500
    assert "asked" in out.getvalue()
    assert "ZeroDivisionError" in out.getvalue()


# Keys, identifiers, methods, modules


def test_anyone_who_knows_the_secret_key_can_write_sessions():
    victim = Flask("victim")
    victim.secret_key = "literal in a class"
    victim.add_url_rule("/", view_func=lambda: session.get("name", "no name"))
    signer = SecureCookieSessionInterface().get_signing_serializer(victim)
    client = victim.test_client()
    client.set_cookie("session", signer.dumps({"name": "admin"}))
    assert client.get("/").text == "admin"
    victim.secret_key = "another"
    assert client.get("/").text == "no name"


def test_the_time_is_not_an_identifier():
    assert len(str(int(time.time()))) == 10
    within_a_second = [1_800_000_000.1, 1_800_000_000.9]
    assert len({int(moment) for moment in within_a_second}) == 1


def test_a_uuid_is_long_and_random_but_its_first_kind_tells_the_machine():
    found = {str(uuid.uuid4()) for _ in range(1000)}
    assert len(found) == 1000
    assert {len(text) for text in found} == {36}
    assert {uuid.UUID(text).version for text in found} == {4}
    assert uuid.uuid1().node == uuid.uuid1().node == uuid.getnode()


def test_put_creates_where_the_client_chose_the_path():
    app = Flask("notes")
    notes = {}

    @app.put("/notes/<name>")
    def put(name):
        status = 200 if name in notes else 201
        notes[name] = "text"
        return notes, status

    client = app.test_client()
    assert [client.put("/notes/a").status_code for _ in range(3)] == [201, 200, 200]
    assert notes == {"a": "text"}


def test_a_module_cut_in_two_is_an_import_circle(tmp_path, monkeypatch):
    (tmp_path / "cut_app.py").write_text(
        "from flask import Flask\n"
        "from flask_sqlalchemy import SQLAlchemy\n"
        "from cut_models import Goods\n"
        "app = Flask(__name__)\n"
        "db = SQLAlchemy()\n"
    )
    (tmp_path / "cut_models.py").write_text(
        "from cut_app import db\nclass Goods(db.Model):\n    id = db.Column(primary_key=True)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"cannot import name 'db' from .*cut_app"):
        importlib.import_module("cut_app")
