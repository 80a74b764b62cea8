"""The instructor's page in the browser, on 127.0.0.1, for as long as the command runs."""

from __future__ import annotations

import secrets
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.sansio.utils import host_is_trusted
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class _Quiet(WSGIRequestHandler):
    """Prints no line for each request."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Print nothing."""


def page_app(page: Path, secret: str) -> WSGIApplication:
    """Return an app that shows one file below ``/<secret>/``, and nothing else.

    Other users of the machine reach the port too; without the path they get 404. A foreign host
    name is refused, as a page elsewhere could make the browser ask by one (DNS rebinding).
    """

    @Request.application
    def show(request: Request) -> Response:
        if not host_is_trusted(request.host, ["127.0.0.1"]):
            return Response("This page is for 127.0.0.1 only.\n", 400)
        if not secrets.compare_digest(request.path.encode(), f"/{secret}/".encode()):
            return Response("There is no such page.\n", 404)
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return Response(page.read_bytes(), mimetype="text/html", headers=headers)

    return show


def show_page(page: Path, say: Callable[[str], None]) -> None:
    """Serve the page on a free port, open it in the browser, and wait for Ctrl+C."""
    secret = secrets.token_urlsafe()
    server = make_server(
        "127.0.0.1", 0, page_app(page, secret), threaded=True, request_handler=_Quiet
    )
    address = f"http://127.0.0.1:{server.server_port}/{secret}/"
    say(f"The page is at {address}  (Ctrl+C ends it)")
    webbrowser.open(address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        say("")
    finally:
        server.server_close()
