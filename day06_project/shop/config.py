"""Settings: what always holds in one class, what an environment changes in a class below it.

The environment is read when a class is instantiated, not when this module is imported, so that
each app is built from what holds at that moment. What is in no class is never in the code: keys
and addresses come from variables.
"""

import os
from datetime import timedelta
from pathlib import Path

from cachelib import FileSystemCache
from flask import Config as FlaskConfig
from sqlalchemy import make_url

from day06_project.shop.libs.store import connect

DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
"""The driver for an address that names none; what SQLAlchemy would choose may not be installed."""


class Config:
    """What holds in every environment."""

    MAX_CONTENT_LENGTH = 64 * 1024
    SESSION_COOKIE_SAMESITE = "Lax"
    PERMANENT_SESSION_LIFETIME = timedelta(hours=12)
    # True would write a session back at the end of each request, a slow one after a logout too.
    SESSION_REFRESH_EACH_REQUEST = False
    WTF_CSRF_TIME_LIMIT = None  # a token lives as long as the session that it belongs to
    PASSWORD_METHOD = "scrypt:32768:8:3"  # noqa: S105 (no password)
    LOGIN_MAX_FAILURES = 5
    CAPTCHA_FIXED_TEXT: str | None = None
    REDIS_PREFIX = "shop:"
    PREPARE_DATABASE = False
    SHORTEST_KEY = 1

    def __init__(self) -> None:
        """Read the variables; ``environ`` is what the process was started with."""
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
        """Give a key where there is none; everybody who reads this file knows it."""
        super().__init__()
        self.SECRET_KEY = self.SECRET_KEY or "development only: known to all"


class TestingConfig(Config):
    """For tests: deaf to the variables that point at a developer's own data."""

    __test__ = False  # pytest takes a class of such a name for tests
    TESTING = True
    PROPAGATE_EXCEPTIONS = False  # the answers to failures are tested, too
    CAPTCHA_FIXED_TEXT = "TEST"
    PASSWORD_METHOD = "pbkdf2:sha256:1"  # noqa: S105 (no password)

    def __init__(self) -> None:
        """Read variables of its own for what tests write to."""
        super().__init__()
        self.SECRET_KEY = "testing only: known to all"  # noqa: S105
        self.DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "sqlite://")
        self.REDIS_URL = os.environ.get("TEST_REDIS_URL", "")
        self.SESSION_COOKIE_SECURE = False
        self.TRUSTED_HOSTS = None
        self.TRUSTED_PROXIES = 0


class ProductionConfig(Config):
    """For the world: refuses to start without a key of its own."""

    DEBUG = False  # whatever FLASK_DEBUG says
    SHORTEST_KEY = 32

    def __init__(self) -> None:
        """Send cookies over https only, unless told otherwise."""
        super().__init__()
        self.SESSION_COOKIE_SECURE = os.environ.get("COOKIE_SECURE", "1") == "1"


CONFIGS = {
    "development": DevelopmentConfig,
    "testing": TestingConfig,
    "production": ProductionConfig,
}


def complete(config: FlaskConfig) -> None:
    """Check the settings of an app, and derive from them what its extensions want to know.

    Raises ``ValueError`` for a secret key that could be guessed.
    """
    if len(config["SECRET_KEY"]) < config["SHORTEST_KEY"]:
        raise ValueError(f"Set SECRET_KEY to {config['SHORTEST_KEY']} random characters or more.")
    folder = Path(config["DATA_FOLDER"]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    url = make_url(config["DATABASE_URL"] or f"sqlite:///{folder / 'shop.db'}")
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    config["SQLALCHEMY_DATABASE_URI"] = url
    options = {"pool_pre_ping": True, "hide_parameters": True}
    if url.get_backend_name() != "sqlite":
        # The same on both servers, and without MariaDB's locks on rows that do not exist yet.
        options |= {"isolation_level": "READ COMMITTED", "connect_args": {"connect_timeout": 2}}
    config["SQLALCHEMY_ENGINE_OPTIONS"] = options | config.get("SQLALCHEMY_ENGINE_OPTIONS", {})
    if config["REDIS_URL"]:
        config["SESSION_TYPE"] = "redis"
        config["SESSION_REDIS"] = connect(config["REDIS_URL"])
        config["SESSION_KEY_PREFIX"] = config["REDIS_PREFIX"] + "session:"
    else:
        config["SESSION_TYPE"] = "cachelib"
        config["SESSION_CACHELIB"] = FileSystemCache(str(folder / "sessions"), threshold=10_000)
