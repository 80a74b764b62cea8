"""Read secrets from the environment, and refuse to start in production without them.

Anyone who knows the token can send messages in WeChat's name. Anyone who knows the app secret can
act in your name. So the code has only the names of the secrets. In development, a missing secret
gets a random value, which the app prints when it starts.

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
from flask import Flask, current_app, render_template, request
from werkzeug.middleware.proxy_fix import ProxyFix


class SettingError(ClickException):
    """Say which settings are wrong; ``flask run`` prints this without a traceback."""


class Setting(NamedTuple):
    """What a setting does, which form its value has, and how to make a value up."""

    purpose: str
    form: str
    pattern: str
    make: Callable[[], str]
    is_secret: bool = True


def letters_and_digits(number: int) -> str:
    """Return random characters that no one can guess; those of ``random`` can be predicted."""
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
        "answers API requests", *BASE, lambda: "https://api.weixin.qq.com", is_secret=False
    ),
    "WECHAT_JS_BASE": Setting(
        "serves WeChat's script", *BASE, lambda: "https://res.wx.qq.com", is_secret=False
    ),
}


def in_production(app: Flask) -> bool:
    """Tell whether the app runs in production, which ``WECHAT_ENV=production`` says."""
    name = app.config.get("WECHAT_ENV") or os.environ.get("WECHAT_ENV") or "development"
    if name not in {"development", "production"}:
        raise SettingError(f"WECHAT_ENV must be development or production, not {name!r}.")
    return name == "production"


def make_values(names: list[str]) -> dict[str, str]:
    """Make values up, and print the secret ones, since another program may need them."""
    values = {name: SETTINGS[name].make() for name in names}
    hidden = {name: value for name, value in values.items() if SETTINGS[name].is_secret}
    if hidden:
        lines = [f"{name}={value}" for name, value in hidden.items()]
        print("Made up for this start:", *lines, file=sys.stderr, flush=True)
    # The reloader's next process inherits them; other lessons in this process find them.
    os.environ.update(hidden)
    return values


def load(app: Flask, *names: str, optional: tuple[str, ...] = ()) -> None:
    """Put settings into ``app.config``: its own values come first, then the environment.

    A missing setting is made up, in production only if it is not secret. A missing ``optional``
    setting becomes None. Raises one ``SettingError`` for everything that is wrong.
    """
    wanted = (*names, *optional)
    values = {name: app.config.get(name, os.environ.get(name)) for name in wanted}
    missing = [name for name in names if values[name] is None]
    problems = []
    if in_production(app):
        hidden = [name for name in missing if SETTINGS[name].is_secret]
        problems += [f"{name} is not set: it {SETTINGS[name].purpose}." for name in hidden]
        missing = [name for name in missing if name not in hidden]
        if app.debug:
            problems.append("Debug mode must be off, for it lets strangers see and run code.")
    for name, value in values.items():
        # The message does not show the value: messages are kept in logs.
        if value is not None and not re.fullmatch(SETTINGS[name].pattern, str(value), re.ASCII):
            problems.append(f"{name} must be {SETTINGS[name].form}.")
    if problems:
        raise SettingError(" ".join(problems))
    app.config.update(values | make_values(missing))


def trust_proxies(app: Flask) -> None:
    """Take the visitor's address and the scheme from the headers of as many proxies as are set."""
    load(app, "WECHAT_PROXIES")
    if number := int(app.config["WECHAT_PROXIES"]):
        fix = ProxyFix(app.wsgi_app, x_for=number, x_proto=number, x_host=number)
        app.wsgi_app = fix  # type: ignore[method-assign]


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build an app that shows its settings, but only the names of the secret ones."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    load(app, *SETTINGS)
    trust_proxies(app)
    app.config["IN_PRODUCTION"] = in_production(app)
    app.add_url_rule("/", view_func=index)
    app.add_url_rule(app.config["WECHAT_PATH"], view_func=show_path)
    app.add_url_rule("/seen", view_func=show_client)
    return app


def index():
    """Show which settings there are; a page that shows a secret publishes it."""
    production = current_app.config["IN_PRODUCTION"]
    return render_template("index.html", settings=SETTINGS, production=production)


def show_path():
    """Have the path that the settings say."""
    return f"Messages would arrive at {request.path}"


def show_client():
    """Return the client's address and the app's own URL, as Flask sees them."""
    return {"address": request.remote_addr, "url": request.root_url}
