"""The handlers that may be registered. A browser chooses one of them, and can name no other."""

import os
from collections.abc import Mapping
from typing import Any

from day05_wechat.handler.app import create_app as create_handler
from day05_wechat.safe_mode.app import Cipher
from day05_wechat.safe_mode.app import create_app as create_safe_handler
from day05_wechat.settings.app import SettingError

from .phone import Handler
from .push import Account
from .wire import in_process, loopback, over_http


def known_handlers(config: Mapping[str, Any]) -> dict[tuple[str, str], Handler]:
    """Return the handlers by place and mode: the one at the configured URL, and the lessons' own.

    Raises ``SettingError`` for a URL that does not lead to this machine.
    """
    default = f"http://127.0.0.1:5000{config['WECHAT_PATH']}"
    try:
        url = loopback(handler_url(config) or default)
    except ValueError as error:
        raise SettingError(f"WECHAT_HANDLER_URL: {error}") from error
    own = {name: value for name, value in config.items() if name.startswith("WECHAT_")}
    plain = Account(config["WECHAT_TOKEN"], config["ACCOUNT_ID"])
    here = f"http://localhost{config['WECHAT_PATH']}"
    handlers = {
        ("there", "plain"): Handler(url, over_http, plain),
        ("here", "plain"): Handler(here, in_process(create_handler(own)), plain),
    }
    if Cipher:  # None without the package cryptography, which is optional
        cipher = Cipher(config["WECHAT_AES_KEY"], config["WECHAT_APPID"])
        secret = Account(plain.token, plain.original_id, cipher)
        safe = in_process(create_safe_handler(own))
        handlers["there", "encrypted"] = Handler(url, over_http, secret)
        handlers["here", "encrypted"] = Handler(here, safe, secret)
    return handlers


def handler_url(config: Mapping[str, Any]) -> str | None:
    """Return the URL of the setting, or None."""
    return config.get("WECHAT_HANDLER_URL") or os.environ.get("WECHAT_HANDLER_URL")
