"""Exercise: settings for two environments.

A tea shop runs on your laptop while you work on it, and on a server for its customers. The code is
the same in both places; the settings are not. The environment variable ``SHOP_ENV`` says where the
app runs, and single settings can be changed without touching the code.

Tasks:

1. Choose the settings by ``SHOP_ENV``. ``development`` stands for the class Development, with 5
   teas on a page and drafts shown; ``production`` for the class Production, with 50 teas and no
   drafts. Both have prices in EUR. Without ``SHOP_ENV`` the environment is development.
2. Refuse an environment that does not exist. A word with a typing mistake raises an exception
   that names the word, so that the app does not start with the wrong settings.
3. Read exercise.toml, if there is one. What it sets wins over the class. It is beside this file,
   wherever the app is started from.
4. Let the person who starts the app decide. Variables that begin with ``FLASK_`` win over the
   file, and the argument ``config`` wins over everything.
5. Keep the secret key out of the code. In development each start makes a random one. In
   production it has to come from outside, and without one the app raises an exception.

Run it:   flask --app day01.configuration.exercise run --debug
          (stop it and start it with SHOP_ENV=production, FLASK_PAGE_SIZE=7 and the like in front;
          in PowerShell write $env:SHOP_ENV = "production" in a line before)
Try it:   curl http://127.0.0.1:5000/settings
          curl http://127.0.0.1:5000/key
Check it: course check configuration
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from flask import Flask

PUBLIC = ("CURRENCY", "PAGE_SIZE", "SHOW_DRAFTS")


class Settings:
    """Hold the settings that both environments have in common."""

    CURRENCY = "EUR"
    PAGE_SIZE = 10
    SHOW_DRAFTS = False


# TODO (task 1): the classes Development and Production
# TODO (task 5): a SECRET_KEY for one of them


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop; a test gives its own settings as ``config``."""
    app = Flask(__name__)
    # TODO (tasks 1 and 2): look up SHOP_ENV in os.environ and choose the class
    app.config.from_object(Settings())
    # TODO (task 3): the file
    # TODO (task 4): the environment and config
    # TODO (task 5): no start in production without a key

    @app.get("/settings")
    def settings():
        """Show the settings that are not secret."""
        return {name: app.config.get(name) for name in PUBLIC}

    @app.get("/key")
    def key():
        """Show by which key the app signs, without showing the key."""
        return {"sha256": sha256((app.config["SECRET_KEY"] or "").encode()).hexdigest()}

    return app
