"""Read what is secret from the environment, and refuse to start in production without it.

Whoever knows the token can speak in WeChat's name, and whoever knows the app secret can act in
yours. Written into the code, they go wherever the code goes. So the code holds only their names,
and for a first try each gets a random value, printed when the app starts.

Run it: flask --app day05_wechat.settings.app run --debug
"""

import os
import re
import secrets
import string
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from click import ClickException
from flask import Flask, render_template, request
from werkzeug.middleware.proxy_fix import ProxyFix


class SettingError(ClickException):
    """Say which settings are wrong; ``flask run`` prints this without a traceback."""


class Setting(NamedTuple):
    """What a setting does, what it looks like, and how to make one up for a first try."""

    purpose: str
    form: str
    pattern: str
    make: Callable[[], str]
    is_secret: bool = True


def letters_and_digits(number: int) -> str:
    """Return that many characters that nobody can guess; ``random`` could be predicted."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(number))


BASE = ("http:// or https:// and a host", r"https?://[\w.-]+(:\d+)?(/[\w.-]+)*")
PATH = ("a path such as /wechat", r"(/[\w-]+)+")
COUNT = ("a number from 0 to 9", "[0-9]")
SECONDS = ("a number of seconds, 0 for no limit", "[0-9]{1,5}")
WORD = ("letters and digits", r"\w+")
SETTINGS = {
    "WECHAT_TOKEN": Setting(
        "signs messages", "3 to 32 letters and digits", r"\w{3,32}", lambda: letters_and_digits(32)
    ),
    "WECHAT_APPID": Setting("names the account", *WORD, lambda: f"wx{secrets.token_hex(8)}"),
    "WECHAT_SECRET": Setting("proves that the account is yours", *WORD, secrets.token_hex),
    "WECHAT_AES_KEY": Setting(
        "encrypts messages", "43 letters and digits", r"\w{43}", lambda: letters_and_digits(43)
    ),
    "WECHAT_PATH": Setting("receives messages", *PATH, lambda: "/wechat", is_secret=False),
    "WECHAT_PROXIES": Setting("counts the proxies", *COUNT, lambda: "0", is_secret=False),
    "WECHAT_FRESH_SECONDS": Setting("limits age", *SECONDS, lambda: "0", is_secret=False),
    "WECHAT_OPEN_BASE": Setting(
        "shows the login", *BASE, lambda: "https://open.weixin.qq.com", is_secret=False
    ),
    "WECHAT_API_BASE": Setting(
        "answers questions", *BASE, lambda: "https://api.weixin.qq.com", is_secret=False
    ),
}


def in_production(app: Flask) -> bool:
    """Tell whether this is the real thing, which ``WECHAT_ENV=production`` says."""
    name = app.config.get("WECHAT_ENV") or os.environ.get("WECHAT_ENV") or "development"
    if name not in {"development", "production"}:
        raise SettingError(f"WECHAT_ENV must be development or production, not {name!r}.")
    return name == "production"


def made_up(names: list[str]) -> dict[str, str]:
    """Make values up, and print the secret ones: another program may have to know them."""
    values = {name: SETTINGS[name].make() for name in names}
    hidden = {name: value for name, value in values.items() if SETTINGS[name].is_secret}
    if hidden:
        lines = [f"{name}={value}" for name, value in hidden.items()]
        print("Made up for this start:", *lines, file=sys.stderr, flush=True)
    # The reloader's next process inherits it, and the other lessons of this one find it.
    os.environ.update(hidden)
    return values


def load(app: Flask, *names: str, optional: tuple[str, ...] = ()) -> None:
    """Fill ``app.config``: what it holds already comes first, then the environment.

    What is in neither is made up, in production only what is no secret. An ``optional`` setting
    becomes None instead. Raises ``SettingError``, with everything that is wrong at once.
    """
    wanted = (*names, *optional)
    given = {name: app.config.get(name, os.environ.get(name)) for name in wanted}
    missing = [name for name in names if given[name] is None]
    problems = []
    if in_production(app):
        hidden = [name for name in missing if SETTINGS[name].is_secret]
        problems += [f"{name} is not set: it {SETTINGS[name].purpose}." for name in hidden]
        missing = [name for name in missing if name not in hidden]
        if app.debug:
            problems.append("Debug mode must be off, for it lets strangers see and run code.")
    for name, value in given.items():
        # The value itself is not shown: messages end up in logs.
        if value is not None and not re.fullmatch(SETTINGS[name].pattern, str(value), re.ASCII):
            problems.append(f"{name} must be {SETTINGS[name].form}.")
    if problems:
        raise SettingError(" ".join(problems))
    app.config.update(given | made_up(missing))


def trust_proxies(app: Flask) -> None:
    """Take the visitor's address and scheme from as many proxies as there are, and no more."""
    load(app, "WECHAT_PROXIES")
    if number := int(app.config["WECHAT_PROXIES"]):
        fix = ProxyFix(app.wsgi_app, x_for=number, x_proto=number, x_host=number)
        app.wsgi_app = fix  # type: ignore[method-assign]


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build an app that shows its settings, the secret ones by name only."""
    app = Flask(__name__)
    app.config.from_mapping(config or {})
    load(app, *SETTINGS)
    trust_proxies(app)
    production = in_production(app)

    @app.get("/")
    def index():
        """Show what is set; a page that shows a secret has published it."""
        return render_template("index.html", settings=SETTINGS, production=production)

    @app.get(app.config["WECHAT_PATH"])
    def wechat():
        """Stand where the settings want it."""
        return f"Messages would arrive at {request.path}"

    @app.get("/seen")
    def seen():
        """Tell where the app believes to be, and who it believes to be asked by."""
        return {"address": request.remote_addr, "url": request.root_url}

    return app
