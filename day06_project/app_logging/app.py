"""Write a log: to a file that does not grow without end, in lines that no client can forge.

When something goes wrong at night, the log is what you have in the morning. Flask uses Python's
own module ``logging``, so all that you learn here also works in programs without Flask.

Run it: flask --app day06_project.app_logging.app run
"""

import logging
import textwrap
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, current_app

FORMAT = "%(asctime)s %(levelname)s %(filename)s:%(lineno)d %(message)s"
FILE_BYTES = 100 * 1024 * 1024
OLD_FILES = 10

pages = Blueprint("pages", __name__)


class LineFormatter(logging.Formatter):
    """Write one line for each message, so that no client can write a second one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """Escape line ends, and all other characters that are not printed."""
        record.message = "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode()
            for char in record.message
        )
        return super().formatMessage(record)

    def formatException(self, ei) -> str:  # noqa: N802 (logging's name)
        """Indent a traceback: a line that begins with a time is never a part of one."""
        return textwrap.indent(super().formatException(ei), "    ", lambda line: True)


def open_log(path: Path, size: int = FILE_BYTES, count: int = OLD_FILES) -> logging.Handler:
    """Return a handler that writes to a file, and renames the file when it has ``size`` bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=size, backupCount=count, encoding="utf-8")
    handler.setFormatter(LineFormatter(FORMAT))
    return handler


def log_everything(path: Path) -> logging.Handler:
    """Write the lines of all loggers to a file: the app's, and those of other packages."""
    handler = open_log(path)
    logging.getLogger().addHandler(handler)
    return handler


@pages.get("/order/<name>")
def order(name: str):
    """Log the order; in a view, ``current_app.logger`` is the app's logger."""
    current_app.logger.info("order for %s", name)
    return "Thank you!\n"


@pages.get("/boom")
def boom():
    """Fail: the division by zero that this lesson shows in the log."""
    return str(1 / 0)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; it writes its log to the file ``shop.log`` in ``DATA_FOLDER``."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day06_project_app_logging",
        LOG_LEVEL="INFO",
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    # All apps of this module have the same logger. With two files it writes each line twice.
    for old in list(app.logger.handlers):
        if isinstance(old, RotatingFileHandler):
            app.logger.removeHandler(old)
            old.close()
    app.logger.addHandler(open_log(Path(app.config["DATA_FOLDER"]).absolute() / "shop.log"))
    app.logger.setLevel(app.config["LOG_LEVEL"])
    app.register_blueprint(pages)
    return app
