"""Wrong: the line is written before the view, when there is no status yet.

Fails: test_each_request_has_a_line, test_the_log_outlives_a_restart,
test_a_line_break_makes_no_second_line, test_what_follows_the_question_mark_is_not_written,
test_the_time_is_in_milliseconds, test_the_log_has_what_a_closed_shop_answered,
test_a_failing_view_has_a_line, test_an_exception_that_is_passed_on_has_a_line
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, g, request


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is where it keeps the log."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day02_request_hooks",
        CLOSED=False,
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    log = Path(app.config["DATA_FOLDER"]).absolute() / "requests.log"
    baked = []

    def write(entry: dict[str, Any]) -> None:
        """Append a line to the log."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    @app.before_request
    def start_the_stopwatch():
        """Note when the request began; first of all hooks, so that it always runs."""
        g.started = time.perf_counter()
        write({"method": request.method, "path": request.path, "status": 200, "ms": 0})

    @app.before_request
    def door():
        """Answer while the shop is closed."""
        if app.config["CLOSED"] and request.endpoint != "show_log":
            return "We are closed.\n", 503, {"Retry-After": "3600"}
        return None

    @app.get("/bread")
    def bread():
        """Show the bread that was baked."""
        return {"for": request.args.get("name", "nobody"), "bread": len(baked)}

    @app.post("/bread")
    def bake():
        """Bake one more."""
        baked.append("bread")
        return {"bread": len(baked)}, 201

    @app.get("/dough")
    def dough():
        """Take a while."""
        time.sleep(0.05)
        return "The dough has risen.\n"

    @app.get("/oven")
    def oven():
        """Fail."""
        raise RuntimeError("The oven is cold.")

    @app.get("/log")
    def show_log():
        """Show the log; this request is not in it yet."""
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        return [json.loads(line) for line in lines]

    return app
