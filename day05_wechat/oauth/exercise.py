"""Exercise: log in with the tea club.

A tea shop lets the members of a tea club log in with their club account. The club is an OAuth
server like WeChat's: the visitor goes there, and comes back with a code. How a code is exchanged
for a name is finished; here a small function plays the club. What is missing is the check whose
login it is.

Tasks:

1. Send the visitor to the club. ``GET /login`` redirects to CLUB_URL/authorize with ``client_id``,
   ``redirect_uri`` (the whole address of /callback) and ``state``: at least 20 random letters and
   digits, others each time.
2. Accept only the browser that began. ``/callback`` returns 403 unless the state is the one that
   this browser was sent away with, and no one is logged in then.
3. Accept each state once. If it was right or not, a browser that comes back again gets 403.
4. Say what went wrong. A visitor who comes back without a code has refused: 400. A code that the
   club does not know is 502. In both cases no one is logged in.
5. Lead back to where the visitor was. After ``/login?next=/orders`` the callback redirects to
   /orders, otherwise to /. Only a path of this site is allowed; everything else leads to /.

Run it:   flask --app day05_wechat.oauth.exercise run --debug
Try it:   curl -i -b jar.txt -c jar.txt "http://127.0.0.1:5000/login?next=/orders"
          curl -i -b jar.txt -c jar.txt "http://127.0.0.1:5000/callback?code=CODE-OF-ANN&state=..."
          (with the state that the line before has shown)
          curl -i -b jar.txt http://127.0.0.1:5000/
Check it: course check oauth
"""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, redirect, request, session, url_for


class ClubError(Exception):
    """Say that the club does not know a code."""


def index():
    """Return who is logged in, or null."""
    return {"name": session.get("name")}


def orders():
    """Show the visitor's orders; the list is empty."""
    if "name" not in session:
        abort(401)
    return {"name": session["name"], "orders": []}


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop; ``CLUB_CODES`` are the codes that the club has given out, with the names."""
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY=secrets.token_hex(),
        SESSION_COOKIE_SAMESITE="Lax",
        CLUB_URL="https://club.example",
        CLUB_CLIENT="tea-shop",
        CLUB_CODES={"CODE-OF-ANN": "Ann", "CODE-OF-BEN": "Ben"},
    )
    app.config.from_mapping(config or {})
    codes = dict(app.config["CLUB_CODES"])

    def exchange(code: str) -> str:
        """Play the club: return the name of who got this code; each works once."""
        if code not in codes:
            raise ClubError(code)
        return codes.pop(code)

    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/orders", view_func=orders)

    @app.get("/login")
    def login():
        """Send the visitor to the club."""
        # TODO (task 1): the parameters; urlencode writes them, url_for has _external=True
        # TODO (task 5): keep next for the way back
        return redirect(f"{app.config['CLUB_URL']}/authorize")

    @app.get("/callback")
    def callback():
        """Take the visitor back from the club."""
        # TODO (tasks 2 and 3): compare the state
        # TODO (task 4): what if the code is missing, or exchange raises ClubError?
        session["name"] = exchange(request.args.get("code", ""))
        # TODO (task 5): back to where the visitor was, if that is a path of this site
        return redirect(url_for("index"), 303)

    return app
