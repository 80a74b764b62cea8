"""The lesson Web login, below ``/site/`` of the simulator.

The lesson does not know where it runs. Its settings say that WeChat is here, and it calls WeChat's
API through a socket, as it always does.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.sansio.utils import host_is_trusted

from day05_wechat.oauth.app import create_app as create_site

PASSED = ("WECHAT_", "DATA_FOLDER")


def add_site(app: Flask) -> None:
    """Pass requests below ``/site`` to the login lesson."""
    app.add_url_rule("/site/", "site", build_only=True)

    @lru_cache(maxsize=4)
    def site_at(pages: str, api: str) -> Flask:
        """Build the site for these URLs of WeChat's pages and of its API."""
        return create_site(
            {
                **{name: value for name, value in app.config.items() if name.startswith(PASSED)},
                "WECHAT_OPEN_BASE": pages,
                "WECHAT_API_BASE": api,
                "TRUSTED_HOSTS": app.config["TRUSTED_HOSTS"],
            }
        )

    def call_site(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        root = environ["SCRIPT_NAME"].removesuffix("/site")
        host = environ.get("HTTP_HOST", "")
        if not host_is_trusted(host, app.config["TRUSTED_HOSTS"]):
            host = "localhost"  # the site then refuses the request
        # The browser's host is for the browser's links. The site itself calls the API at the host
        # that the server names.
        here = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        site = site_at(f"http://{host}{root}", f"http://{here}{root}")
        return site(environ, start_response)

    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/site": call_site})
