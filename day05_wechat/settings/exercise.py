"""Exercise: the settings of a shop that writes text messages.

A tea shop writes a text message when a tea is ready. The message service knows the shop by a key,
which is secret. Three environment variables say what the shop needs:

    SMS_KEY      the key: 20 to 40 letters (a to z, A to Z) and digits (0 to 9)
    SMS_SENDER   the name that customers see: 3 to 11 letters (a to z, A to Z)
    SMS_LIMIT    how many messages it may send in a day: a whole number from 1 to 999

Tasks:

1. Read the settings. ``GET /settings`` returns ``{"SMS_KEY": "set", "SMS_SENDER": "TeaShop",
   "SMS_LIMIT": 100}``, with the sender and the limit of the environment, or with these two if they
   are not set. The key is not shown.
2. Know the key. It comes from the environment. If it is missing or empty, development makes one up
   that no one can guess, another one at each start. With ``SHOP_ENV=production`` the app does not
   start without a key: ``create_app`` raises ``SettingError``, and its text names SMS_KEY.
3. Check the values. If one is wrong, ``create_app`` raises ``SettingError``. Its text names every
   setting that is wrong, and no other, and does not show the key: messages are kept in logs.

Run it:   flask --app day05_wechat.settings.exercise run --debug
          (stop it and start it with SMS_LIMIT=20, SMS_KEY=short, SHOP_ENV=production and the like
          in front; in PowerShell write $env:SMS_LIMIT = "20" in a line before)
Try it:   curl http://127.0.0.1:5000/settings
          curl http://127.0.0.1:5000/key
Check it: course check settings
"""

from hashlib import sha256

from flask import Flask, current_app


class SettingError(ValueError):
    """Say which settings are wrong."""


def create_app() -> Flask:
    """Build the shop from the environment variables."""
    app = Flask(__name__)
    # TODO (task 1): SMS_SENDER and SMS_LIMIT from os.environ
    # TODO (task 2): SMS_KEY, or one that is made up, or a SettingError
    app.config["SMS_KEY"] = ""
    # TODO (task 3): a SettingError that names what is wrong
    app.add_url_rule("/settings", view_func=settings)
    app.add_url_rule("/key", view_func=key)
    return app


def settings():
    """Show the settings, and of the secret one only that it is set."""
    # TODO (task 1)
    return {}


def key():
    """Show how long the key is and a digest of it, from which no one can compute the key."""
    text = current_app.config["SMS_KEY"]
    return {"characters": len(text), "sha256": sha256(text.encode()).hexdigest()}
