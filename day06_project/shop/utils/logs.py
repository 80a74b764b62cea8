"""Logging: one line for one event, with the id of the request that it belongs to."""

import logging
import re
import textwrap
import uuid
from logging.handlers import RotatingFileHandler
from pathlib import Path

from flask import Flask, g, has_request_context, request

FORMAT = "%(asctime)s %(levelname)s [%(request_id)s] %(filename)s:%(lineno)d %(message)s"
# Characters that end a line in some program, or that cannot be written at all.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def request_id() -> str:
    """Return the id of this request: the one that a proxy sent, if it is harmless, or a new one."""
    if "request_id" not in g:
        sent = request.headers.get("X-Request-ID", "")
        fits = re.fullmatch("[A-Za-z0-9-]{8,64}", sent)
        g.request_id = sent if fits else uuid.uuid4().hex
    return g.request_id


class LineFormatter(logging.Formatter):
    """Write one line for each message, so that no client can write a second one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """Escape characters that end a line, and add the id of the request."""
        record.request_id = request_id() if has_request_context() else "-"
        record.message = UNPRINTABLE.sub(
            lambda match: match[0].encode("unicode_escape").decode(), record.message
        )
        return super().formatMessage(record)

    def formatException(self, ei) -> str:  # noqa: N802 (logging's name)
        """Indent a traceback: a line that begins with a time is never a part of one."""
        return textwrap.indent(super().formatException(ei), "    ", lambda line: True)


def init_app(app: Flask) -> None:
    """Give the app's logger one handler, and remove the handlers of earlier apps.

    With LOG_FILE it writes to a file that is renamed when it is full, for one process only. Under
    gunicorn leave LOG_FILE empty: the lines go to stderr, and the system that starts gunicorn
    keeps them.
    """
    handler: logging.Handler = logging.StreamHandler()
    if app.config["LOG_FILE"]:
        path = Path(app.config["LOG_FILE"]).absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        size = app.config.get("LOG_FILE_BYTES", 100 * 1024 * 1024)
        handler = RotatingFileHandler(path, maxBytes=size, backupCount=10, encoding="utf-8")
    handler.setFormatter(LineFormatter(FORMAT))
    for old in list(app.logger.handlers):
        app.logger.removeHandler(old)
        old.close()
    app.logger.addHandler(handler)
    app.logger.setLevel(app.config["LOG_LEVEL"])
