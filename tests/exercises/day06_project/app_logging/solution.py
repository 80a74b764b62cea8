"""Exercise: the log of a bakery.

The bakery sells, and no one can tell afterwards what. Give it a log: a file that ``/log`` shows.

Tasks:

1. Write each sale into the file. ``/sell/rye`` logs the line ``sale of rye`` with the level INFO,
   to the file of the setting LOG_FILE. Each sale is one line.
2. Begin each line with its level: ``INFO sale of rye``. An exception of a view is in the file, too,
   as ERROR and with its traceback.
3. Let a setting choose the level. At first LOG_LEVEL is ``INFO``, and the debug line of ``/look``
   is not written; with ``DEBUG`` it is.
4. Let no client write a line of its own. A name may contain a line end; the sale is still one line.

Run it:   flask --app day06_project.app_logging.exercise run
Try it:   curl http://127.0.0.1:5000/sell/rye
          curl http://127.0.0.1:5000/look/rye
          curl http://127.0.0.1:5000/burn
          curl "http://127.0.0.1:5000/sell/rye%0AINFO%20sale%20of%20cake"
          curl http://127.0.0.1:5000/log
Check it: course check app_logging
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app


class LineFormatter(logging.Formatter):
    """Write one line for each message."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """Escape line ends."""
        record.message = record.message.replace("\r", "\\r").replace("\n", "\\n")
        return super().formatMessage(record)


def sell(name: str):
    """Sell a bread."""
    current_app.logger.info("sale of %s", name)
    return f"You have bought {name}.\n"


def look(name: str):
    """Show a bread; this is for those who look for a mistake."""
    current_app.logger.debug("a look at %s", name)
    return f"Here is {name}.\n"


def burn():
    """Fail, as ovens do."""
    return str(1 / 0)


def show_log():
    """Show the log file."""
    path = Path(current_app.config["LOG_FILE"])
    text = path.read_text("utf-8") if path.exists() else ""
    return Response(text, mimetype="text/plain")


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the bakery."""
    app = Flask(__name__)
    folder = Path(app.instance_path) / "day06_project_app_logging"
    app.config.from_mapping(LOG_FILE=folder / "bakery.log", LOG_LEVEL="INFO")
    app.config.from_mapping(config or {})
    Path(app.config["LOG_FILE"]).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(app.config["LOG_FILE"], encoding="utf-8")
    handler.setFormatter(LineFormatter("%(levelname)s %(message)s"))
    app.logger.addHandler(handler)
    app.logger.setLevel(app.config["LOG_LEVEL"])
    app.add_url_rule("/sell/<name>", view_func=sell)
    app.add_url_rule("/look/<name>", view_func=look)
    app.add_url_rule("/burn", view_func=burn)
    app.add_url_rule("/log", view_func=show_log)
    return app
