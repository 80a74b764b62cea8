"""Forward requests to the application, as nginx or a load balancer does.

The application sees only the proxy's address. So the proxy writes into headers who sent the
request, with which scheme and for which host. This one does no more than that.

Run it beside the application: flask --app day04.deployment.proxy run --port 8080
"""

from collections.abc import Mapping
from typing import Any

import requests
from flask import Flask, Response, current_app, request


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the proxy; ``TARGET`` is the URL of the application, or of the next proxy."""
    app = Flask(__name__, static_folder=None)
    app.config.from_mapping(TARGET="http://127.0.0.1:8000")
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    app.add_url_rule("/", view_func=forward, defaults={"path": ""})
    app.add_url_rule("/<path:path>", view_func=forward)
    return app


def forward(path: str):
    """Return the application's response, or 502 if there is none."""
    url = f"{current_app.config['TARGET']}/{path}"
    with requests.Session() as session:
        session.trust_env = False  # without the proxy settings of this machine
        try:
            response = session.get(
                url, headers=forwarded_headers(), timeout=70, allow_redirects=False
            )
        except requests.RequestException:
            return "The application behind this proxy does not respond.\n", 502
    content_type = response.headers.get("Content-Type")
    return Response(response.content, response.status_code, content_type=content_type)


def forwarded_headers():
    """Return the headers that say who sent the request."""
    before = request.headers.get("X-Forwarded-For")
    return {
        # The list grows at its end; what a client has invented remains on the left.
        "X-Forwarded-For": f"{before}, {request.remote_addr}" if before else request.remote_addr,
        # These two are overwritten, whether or not the client has sent them.
        "X-Forwarded-Proto": request.scheme,
        "X-Forwarded-Host": request.host,
    }
