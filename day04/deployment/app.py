"""Show which worker handles a request, and which visitor the application sees.

A production server runs several copies of an application, mostly behind a reverse proxy, and
replaces them while visitors wait. These pages show what changes then.

Run it: flask --app day04.deployment.app run
"""

import os
import secrets
import time
from collections.abc import Mapping
from itertools import count
from typing import Any

from flask import Flask, Response, current_app, request, session, url_for
from werkzeug.middleware.proxy_fix import ProxyFix


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``PROXIES`` is the number of trusted proxies in front of it."""
    app = Flask(__name__)
    app.config.from_mapping(PROXIES=0)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    app.secret_key = app.secret_key or secrets.token_hex()  # an empty key does not count
    proxies = int(app.config["PROXIES"])
    if proxies > 0:
        # Each proxy adds an address to the list, and overwrites the other two headers.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=1, x_host=1)
    app.extensions["counter"] = count(1)
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/visitor", view_func=visitor)
    app.add_url_rule("/slow/<int(max=60):seconds>", view_func=slow)
    return app


def index():
    """Count in a variable, which each worker has for itself, and in the visitor's session."""
    session["visits"] = session.get("visits", 0) + 1
    number = next(current_app.extensions["counter"])
    return {"worker": os.getpid(), "count": number, "visits": session["visits"]}


def visitor():
    """Show the values that a log, a redirect to HTTPS and a link in a mail are made of."""
    return {
        "address": request.remote_addr,
        "scheme": request.scheme,
        "host": request.host,
        "link": url_for("visitor", _external=True),
    }


def slow(seconds: int):
    """Send a first line, wait, and send a second one, so that you can watch the worker."""

    def lines():
        yield f"Worker {os.getpid()} has begun.\n"
        time.sleep(seconds)
        yield "It is done.\n"

    return Response(lines(), mimetype="text/plain")
