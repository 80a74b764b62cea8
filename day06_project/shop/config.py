"""Settings: one class for all environments, and a class below it for what an environment changes.

The variables are read when a class is instantiated, not when this module is imported. So each app
has the values of the moment in which it is built. Keys and the URLs of servers are never in the
code: they come from variables.
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path

from click import ClickException
from flask import Config as FlaskConfig
from sqlalchemy import make_url

from day06_project.shop.libs.sessions import FileSessions
from day06_project.shop.libs.store import FileStore, connect

DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
"""The driver for a URL without one; the one that SQLAlchemy would choose may not be installed."""


class SettingError(ClickException):
    """Say which setting is wrong; the ``flask`` command prints it without a traceback."""


class Config:
    """Hold the settings of every environment."""

    MAX_CONTENT_LENGTH = 64 * 1024
    SESSION_COOKIE_SAMESITE = "Lax"
    PERMANENT_SESSION_LIFETIME = timedelta(hours=12)
    # True would write a session back at the end of each request, a slow one after a logout too.
    SESSION_REFRESH_EACH_REQUEST = False
    WTF_CSRF_TIME_LIMIT = None  # a token is good as long as its session
    PASSWORD_METHOD = "scrypt:32768:8:3"  # noqa: S105 (no password)
    LOGIN_MAX_FAILURES = 5
    LIMITS = {"captchas": 200, "accounts": 50}  # noqa: RUF012 (for an address, in five minutes)
    CAPTCHA_FIXED_TEXT: str | None = None
    REDIS_PREFIX = "shop:"
    DATABASE_SECONDS = 5  # a statement that takes longer is 503
    PREPARE_DATABASE = False
    SHORTEST_KEY = 1
    ALLOWS_DEBUG = True

    def __init__(self) -> None:
        """Read the environment variables of this process."""
        self.SECRET_KEY = os.environ.get("SECRET_KEY", "")
        self.DATABASE_URL = os.environ.get("DATABASE_URL", "")
        self.REDIS_URL = os.environ.get("REDIS_URL", "")
        self.SESSION_COOKIE_SECURE = os.environ.get("COOKIE_SECURE", "0") == "1"
        self.TRUSTED_HOSTS = os.environ.get("TRUSTED_HOSTS", "").replace(",", " ").split() or None
        self.TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "0"))
        self.LOG_LEVEL = os.environ.get("LOG_LEVEL", "INFO").upper()
        self.LOG_FILE = os.environ.get("LOG_FILE", "")


class DevelopmentConfig(Config):
    """For your own machine: starts without any variable, and makes its database by itself."""

    PREPARE_DATABASE = True

    def __init__(self) -> None:
        """Take a random key if there is none: anyone could read one that is in this file."""
        super().__init__()
        self.SECRET_KEY = self.SECRET_KEY or secrets.token_hex()


class TestingConfig(Config):
    """For tests: does not read the variables that name a developer's own data."""

    __test__ = False  # pytest would look for tests in a class with this name
    TESTING = True
    PROPAGATE_EXCEPTIONS = False  # the responses to failures are tested, too
    CAPTCHA_FIXED_TEXT = "TEST"
    PASSWORD_METHOD = "pbkdf2:sha256:1"  # noqa: S105 (no password)

    def __init__(self) -> None:
        """Read other variables for the servers that tests write to."""
        super().__init__()
        self.SECRET_KEY = "testing only: known to all"  # noqa: S105
        self.DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "sqlite://")
        self.REDIS_URL = os.environ.get("TEST_REDIS_URL", "")
        self.SESSION_COOKIE_SECURE = False
        self.TRUSTED_HOSTS = None
        self.TRUSTED_PROXIES = 0


class ProductionConfig(Config):
    """For the world: refuses to start without a secret key, and in debug mode."""

    SHORTEST_KEY = 32
    ALLOWS_DEBUG = False  # the debugger runs code for every visitor

    def __init__(self) -> None:
        """Send cookies over https only, unless COOKIE_SECURE is 0."""
        super().__init__()
        self.SESSION_COOKIE_SECURE = os.environ.get("COOKIE_SECURE", "1") == "1"


CONFIGS = {
    "development": DevelopmentConfig,
    "testing": TestingConfig,
    "production": ProductionConfig,
}


def get_config(name: str) -> Config:
    """Return the settings of an environment, such as ``production``."""
    if name not in CONFIGS:
        raise SettingError(f"There is no environment {name!r}, only {', '.join(CONFIGS)}.")
    return CONFIGS[name]()


def complete(config: FlaskConfig) -> None:
    """Check the settings of an app, and add those that its extensions need.

    Raises ``SettingError`` for a secret key that could be guessed, and for debug mode in
    production. The ``flask`` command sets debug mode by itself (``--debug`` or FLASK_DEBUG), so a
    setting could not switch it off.
    """
    if len(config["SECRET_KEY"]) < config["SHORTEST_KEY"]:
        raise SettingError(f"Set SECRET_KEY to {config['SHORTEST_KEY']} random characters or more.")
    if config.get("DEBUG") and not config["ALLOWS_DEBUG"]:
        raise SettingError("Debug mode must be off in production: it lets visitors run code.")
    folder = Path(config["DATA_FOLDER"]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    url = make_url(config["DATABASE_URL"] or f"sqlite:///{folder / 'shop.db'}")
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    config["SQLALCHEMY_DATABASE_URI"] = url
    options = {"pool_pre_ping": True, "hide_parameters": True}
    if url.get_backend_name() != "sqlite":
        # The same on both servers. MariaDB's default also locks rows that do not exist yet.
        limits = {"connect_timeout": 2}
        if url.get_backend_name() == "mysql":
            seconds = config["DATABASE_SECONDS"]
            limits |= {"read_timeout": seconds, "write_timeout": seconds}
        options |= {"isolation_level": "READ COMMITTED", "connect_args": limits}
    config["SQLALCHEMY_ENGINE_OPTIONS"] = options | config.get("SQLALCHEMY_ENGINE_OPTIONS", {})
    if config["REDIS_URL"]:
        config["SESSION_TYPE"] = "redis"
        config["SESSION_REDIS"] = connect(config["REDIS_URL"])
        config["SESSION_KEY_PREFIX"] = config["REDIS_PREFIX"] + "session:"
    else:
        config["SESSION_TYPE"] = "cachelib"
        config["SESSION_CACHELIB"] = FileSessions(FileStore(folder / "store.db"))
