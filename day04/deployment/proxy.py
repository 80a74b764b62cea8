"""Stand between visitors and the application, as nginx or a load balancer does.

A proxy asks in the visitor's place, so the application sees the proxy's address. Who asked, over
which scheme and for which host, the proxy writes into headers. This one does no more than that.

Run it beside the application: flask --app day04.deployment.proxy run --port 8080
"""

from collections.abc import Mapping
from typing import Any

import requests
from flask import Flask, Response, request


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the proxy; ``TARGET`` is the address of the application, or of the next proxy."""
    app = Flask(__name__, static_folder=None)
    app.config.from_mapping(TARGET="http://127.0.0.1:8000")
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})

    @app.get("/", defaults={"path": ""})
    @app.get("/<path:path>")
    def forward(path: str):
        """Ask the application; 502 is the proxy's own word for one that does not answer."""
        said = request.headers.get("X-Forwarded-For")
        headers = {
            # The list grows at its end; what a client has made up stays, further left.
            "X-Forwarded-For": f"{said}, {request.remote_addr}" if said else request.remote_addr,
            # These two are overwritten, whatever the client has sent.
            "X-Forwarded-Proto": request.scheme,
            "X-Forwarded-Host": request.host,
        }
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the machine's owner has no business here
            try:
                answer = session.get(
                    f"{app.config['TARGET']}/{path}",
                    headers=headers,
                    timeout=70,
                    allow_redirects=False,
                )
            except requests.RequestException:
                return "The application behind this proxy does not answer.\n", 502
        kind = answer.headers.get("Content-Type")
        return Response(answer.content, answer.status_code, content_type=kind)

    return app
