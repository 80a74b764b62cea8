"""A solution of the exercise: a log of all requests."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, request


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

    def write(entry: dict[str, Any]) -> None:
        """Append a line to the log."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    @app.before_request
    def start_the_stopwatch():
        """Note when the request began; first of all hooks, so that it always runs."""
        g.started = time.perf_counter()

    @app.before_request
    def door():
        """Answer while the shop is closed."""
        if app.config["CLOSED"] and request.endpoint != "show_log":
            return "We are closed.\n", 503, {"Retry-After": "3600"}
        return None

    @app.after_request
    def note_the_status(response: Response) -> Response:
        """Keep the status; when an exception is passed on, there is no response and no status."""
        g.status = response.status_code
        return response

    @app.teardown_request
    def write_the_line(error: BaseException | None) -> None:
        """Write the line in any case."""
        write(
            {
                "method": request.method,
                "path": request.path,
                "status": g.get("status", 500),
                "ms": (time.perf_counter() - g.started) * 1000,
            }
        )

    add_views(app, log)
    return app


def add_views(app: Flask, log: Path) -> None:
    """Add the views of the shop. They are finished: leave them as they are."""
    baked = []

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
