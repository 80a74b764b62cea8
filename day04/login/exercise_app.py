"""A locker with a PIN: the app that your tests test. It has no mistake; do not change it.

POST /open, with the JSON {"pin": "2468"}, is

* 200 and {"open": true} for the right PIN,
* 401 and {"open": false} for any other text,
* 423 and {"open": false} once three wrong PINs have come in a row, even for the right one,
* 400 for a body that is not JSON, or has no text "pin"; this is not counted.

A right PIN sets the count back to zero. GET /content is then 200 and {"content": "an umbrella"} for
the visitor who has opened the locker, and 403 for everyone else. POST /close is 204, and from then
on /content is 403 for this visitor, too.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, request, session

MOST = 3


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build a new locker; ``config`` may set another PIN and another CONTENT."""
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY=secrets.token_hex(), PIN="2468", CONTENT="an umbrella")
    app.config.from_mapping(config or {})
    wrong = []

    @app.post("/open")
    def open_it():
        """Compare the PIN, unless there were too many wrong ones."""
        sent = request.get_json(silent=True)
        pin = sent.get("pin") if isinstance(sent, dict) else None
        if not isinstance(pin, str):
            abort(400, "Send JSON with a text named pin.")
        if len(wrong) >= MOST:
            return {"open": False}, 423
        if pin != app.config["PIN"]:
            wrong.append(pin)
            return {"open": False}, 401
        wrong.clear()
        session["open"] = True
        return {"open": True}

    @app.get("/content")
    def content():
        """Show what is inside to the visitor who has opened the locker."""
        if not session.get("open"):
            abort(403)
        return {"content": app.config["CONTENT"]}

    @app.post("/close")
    def close():
        """Close the locker for this visitor."""
        session.clear()
        return "", 204

    return app
