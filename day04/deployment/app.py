"""Tell which worker answers, and whom the application takes its visitor for.

A production server runs several copies of an application, mostly behind a proxy, and replaces them
while visitors wait. What holds for one process without a proxy is looked at again here.

Run it: flask --app day04.deployment.app run
"""

import os
import secrets
import time
from collections.abc import Mapping
from itertools import count
from typing import Any

from flask import Flask, Response, request, session, url_for
from werkzeug.middleware.proxy_fix import ProxyFix


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``PROXIES`` is the number of proxies in front of it that can be trusted."""
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY=secrets.token_hex(), PROXIES=0)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    proxies = int(app.config["PROXIES"])
    if proxies > 0:
        # A proxy adds itself to the list of addresses, and overwrites the other two headers.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=1, x_host=1)
    answers = count(1)

    @app.get("/")
    def who():
        """Count in a variable, which each worker has for itself, and in the visitor's session."""
        session["visits"] = session.get("visits", 0) + 1
        return {"worker": os.getpid(), "answers": next(answers), "visits": session["visits"]}

    @app.get("/visitor")
    def visitor():
        """Show what a log, a redirect to HTTPS and a link in a mail would be made of."""
        return {
            "address": request.remote_addr,
            "scheme": request.scheme,
            "host": request.host,
            "link": url_for("visitor", _external=True),
        }

    @app.get("/slow/<int(max=60):seconds>")
    def slow(seconds: int):
        """Take a while, and say so at once, so that one can see the worker at work."""

        def lines():
            yield f"Worker {os.getpid()} has begun.\n"
            time.sleep(seconds)
            yield "It is done.\n"

        return Response(lines(), mimetype="text/plain")

    return app
