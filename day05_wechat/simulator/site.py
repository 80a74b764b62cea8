"""The lesson Web login, below ``/site/`` of the simulator: one command shows the whole loop.

The lesson does not know where it runs. Its settings say that WeChat is here, and it calls WeChat's
API through a socket, as it would anywhere.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.sansio.utils import host_is_trusted

from day05_wechat.oauth.app import create_app as create_site


def add_site(app: Flask) -> None:
    """Hand whatever is below ``/site`` to the login lesson."""
    app.add_url_rule("/site/", "site", build_only=True)

    @lru_cache(maxsize=4)
    def site_at(pages: str, api: str) -> Flask:
        """Build the site: where people find WeChat's pages, and where programs find its API."""
        return create_site(
            {
                **{name: value for name, value in app.config.items() if name.startswith("WECHAT_")},
                "WECHAT_OPEN_BASE": pages,
                "WECHAT_API_BASE": api,
                "TRUSTED_HOSTS": app.config["TRUSTED_HOSTS"],
            }
        )

    def call_site(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        root = environ["SCRIPT_NAME"].removesuffix("/site")
        host = environ.get("HTTP_HOST", "")
        if not host_is_trusted(host, app.config["TRUSTED_HOSTS"]):
            host = "localhost"  # the site itself will refuse the request
        # The host name comes from the browser and goes back to it; where this program itself calls
        # is what the server says about itself.
        here = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        site = site_at(f"http://{host}{root}", f"http://{here}{root}")
        return site(environ, start_response)

    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/site": call_site})
