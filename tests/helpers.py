"""What tests of several lessons need: a real server, a free port, a parsed page, a browser."""

import contextlib
import logging
import shutil
import socket
import threading
from pathlib import Path

from bs4 import BeautifulSoup
from werkzeug.serving import make_server

ROOT = Path(__file__).resolve().parent.parent

SECOND_HALF = "second half: pytest --all (see tests/README.md)"
"""Why a test is skipped that needs more than Python."""

CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "chrome"])), None)
"""The system's browser; none is downloaded."""
AXE = ROOT / "tests" / "node_modules" / "axe-core" / "axe.min.js"
"""The checker of accessibility that .ci/run installs."""


@contextlib.contextmanager
def serving(app, host="127.0.0.1", **options):
    """Serve an app in a thread, on a free port; give the server, whose ``url`` is its address.

    ``options`` go to Werkzeug's ``make_server``. Leaving the block waits for requests under way.
    """
    server = make_server(host, 0, app, **{"threaded": True} | options)
    server.daemon_threads = False  # so that closing waits for the requests under way
    server.url = f"http://{host}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def set_up_alembic_logging(path, **options):
    """Do what ``fileConfig`` does for the ``alembic.ini`` that ``flask db init`` generates.

    The real one also silences all loggers of the process, those of pytest and of other tests.
    """
    handler = logging.StreamHandler()  # sys.stderr as it is now
    handler.setFormatter(logging.Formatter("%(levelname)-5.5s [%(name)s] %(message)s"))
    for name in ["alembic", "flask_migrate", *logging.root.manager.loggerDict]:
        if name.startswith(("alembic", "flask_migrate")):
            logging.getLogger(name).handlers[:] = []
            logging.getLogger(name).setLevel(logging.NOTSET)
    for name in "alembic", "flask_migrate":
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.INFO)


def raw_response(port, request):
    """Send the bytes of a request to a server on this machine; return every byte of the response.

    The server has to close the connection after it.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        return connection.makefile("rb").read()


def free_port():
    """Return a port that was free a moment ago, for a program that cannot choose one itself."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def page(response):
    """Return the parsed HTML of a response: ``page(response).select_one("form input")``."""
    return BeautifulSoup(response if isinstance(response, str) else response.text, "html.parser")


def status_and_message(response):
    """Return the status code of an error page, and the message on it."""
    return response.status_code, page(response).p.get_text()


def csrf_token(response):
    """Return the CSRF token of the first form on a page."""
    return page(response).select_one("input[name=csrf_token]")["value"]
