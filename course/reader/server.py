"""The reader's server: Werkzeug's development server, on a socket that is open already."""

from __future__ import annotations

import socket
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        """Print nothing: what a lesson logs would be lost among the reader's own requests."""


def create_server(app: Flask, listener: socket.socket) -> BaseWSGIServer:
    """Return a server that takes its connections from ``listener``, each in a thread."""
    host, port = listener.getsockname()
    return make_server(host, port, app, threaded=True, request_handler=_Quiet, fd=listener.fileno())
