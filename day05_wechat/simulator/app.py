"""Play WeChat: send messages to a handler, show its responses, and let people log in.

Before WeChat sends you a first message, it wants an account, a server and a public URL. This app
speaks the same protocol to a handler on your own machine, and shows every byte. Its people do not
exist.

Run it beside the handler, both with the same WECHAT_TOKEN:

    flask --app day05_wechat.handler.app run
    flask --app day05_wechat.simulator.app run --port 5001
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from day05_wechat.settings.app import SettingError, load

from .calls import calls
from .grants import Grants
from .handlers import known_handlers
from .jssdk import jssdk
from .login import login
from .office import Office
from .pages import pages
from .panels import panels
from .phone import Phone
from .site import add_site


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build one WeChat with one account and one phone; everything is in memory."""
    app = Flask(__name__)
    app.config.from_mapping(
        PUSH_TIMEOUT=5,  # seconds
        PUSH_TRIES=3,
        CODE_SECONDS=300,
        TOKEN_SECONDS=7200,
        REFRESH_SECONDS=30 * 24 * 3600,
        LOGIN_DOMAINS=["127.0.0.1", "localhost"],
        API_QUOTA=2000,  # calls of each endpoint in a day
        ACCOUNT_ID="gh_0123456789ab",
        MAX_CONTENT_LENGTH=50_000,
        # Refuse other names, even if they lead to this machine.
        TRUSTED_HOSTS=["127.0.0.1", "localhost"],
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    load(app, "WECHAT_TOKEN", "WECHAT_APPID", "WECHAT_SECRET", "WECHAT_PATH", "WECHAT_AES_KEY")
    check_limits(app)
    lifetimes = (app.config[f"{kind}_SECONDS"] for kind in ("CODE", "TOKEN", "REFRESH"))
    app.extensions["handlers"] = known_handlers(app.config)
    app.extensions["phone"] = Phone(app.config["PUSH_TIMEOUT"], app.config["PUSH_TRIES"])
    app.extensions["grants"] = Grants(*lifetimes)
    app.extensions["office"] = Office(app.config["TOKEN_SECONDS"], app.config["API_QUOTA"])
    for blueprint in (pages, panels, login, calls, jssdk):
        app.register_blueprint(blueprint)
    add_site(app)
    return app


def check_limits(app: Flask) -> None:
    """Raise ``SettingError`` for a timeout or a number of tries that cannot work."""
    seconds, tries = app.config["PUSH_TIMEOUT"], app.config["PUSH_TRIES"]
    if not (isinstance(seconds, int | float) and 0 < seconds <= 60):
        raise SettingError("PUSH_TIMEOUT must be a number of seconds, 60 at most.")
    if tries not in range(1, 10):
        raise SettingError("PUSH_TRIES must be a whole number from 1 to 9.")
