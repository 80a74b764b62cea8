"""Put an app together from blueprints.

A blueprint collects the views, hooks, error handlers, templates and files of one part. It waits:
its rules exist only when an app registers it, below a prefix and under a name. So a part does not
import the app, and the app decides where each part goes. One part can also go to two places.

Run it: flask --app day04.blueprints run --debug
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from .api import api
from .guide import guide
from .home import home
from .pictures import pictures


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the museum: register each part on the new app."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    app.register_blueprint(home)
    app.register_blueprint(pictures, url_prefix="/pictures")
    app.register_blueprint(api)
    for language in ("en", "zh"):
        app.register_blueprint(
            guide,
            name=f"guide_{language}",
            url_prefix=f"/{language}/guide",
            url_defaults={"language": language},
        )
    return app
