"""The servers of the reader: Werkzeug's development server, on a socket that is open already."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Ports that Chromium refuses (ERR_UNSAFE_PORT), since other protocols use them.
_REFUSED = frozenset({5060, 5061, 6000})


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        """Print nothing: what a lesson logs would be lost among the reader's own requests."""


def create_server(app: WSGIApplication, listener: socket.socket) -> BaseWSGIServer:
    """Return a server that takes its connections from ``listener``, each in a thread."""
    host, port = listener.getsockname()
    return make_server(host, port, app, threaded=True, request_handler=_Quiet, fd=listener.fileno())


def listen(ports: Iterable[int]) -> socket.socket | None:
    """Return a socket that listens on the first free one of the ports, or None."""
    for port in ports:
        if port in _REFUSED:
            continue
        listener = socket.socket()
        if sys.platform != "win32":  # there it would mean sharing the port with another program
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError:
            listener.close()
            continue
        return listener
    return None
