"""A shop whose back end several servers can share, and whose front end only sends requests to it.

``create_app`` builds it from parts that know little of each other. It runs on files alone, and with
two settings on PostgreSQL or MariaDB and Redis. This module imports the parts, and no part imports
this module: so a project of many modules has no import circles.

Run it: flask --app day06_project.shop run --debug
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event
from werkzeug.middleware.proxy_fix import ProxyFix

from day06_project.shop import commands, errors, pages
from day06_project.shop.api_v1 import api
from day06_project.shop.config import complete, get_config
from day06_project.shop.extensions import csrf, db, migrate, sessions, switch_on_foreign_keys
from day06_project.shop.libs.patience import Breaker
from day06_project.shop.libs.sessions import GuardedSessions
from day06_project.shop.libs.store import make_store
from day06_project.shop.utils import headers, logs
from day06_project.shop.utils.converters import IdConverter, RegexConverter

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def create_app(environment: str | Mapping[str, Any] | None = None, **settings: Any) -> Flask:
    """Build the shop for ``development``, ``testing`` or ``production``.

    Without a name the variable FLASK_CONFIG decides. ``settings`` win over the environment's; a
    mapping in the place of the name is such settings, too. Raises ``SettingError`` for an unknown
    name, and for settings that are not safe in production.
    """
    if isinstance(environment, Mapping):
        environment, settings = None, {**environment, **settings}
    instance_path = os.environ.get("INSTANCE_PATH")
    app = Flask(__name__, instance_path=instance_path and os.path.abspath(instance_path))
    app.config.from_object(get_config(environment or os.environ.get("FLASK_CONFIG", "development")))
    app.config.from_mapping(DATA_FOLDER=Path(app.instance_path) / "day06_project_shop")
    app.config.from_mapping(settings)
    complete(app.config)  # before the extensions: they read their settings once

    logs.init_app(app)
    add_extensions(app)
    app.url_map.converters.update(id=IdConverter, regex=RegexConverter)
    app.register_blueprint(api, url_prefix="/api/v1.0")
    app.register_blueprint(pages.pages)
    errors.init_app(app)
    headers.init_app(app)
    commands.init_app(app)
    if proxies := app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)
    return app


def add_extensions(app: Flask) -> None:
    """Give the extensions this app, whose settings are complete."""
    app.extensions["store"] = make_store(app.config)
    db.init_app(app)
    migrate.init_app(app, db, directory=MIGRATIONS)
    csrf.init_app(app)
    sessions.init_app(app)
    app.session_interface = GuardedSessions(app.session_interface)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", switch_on_foreign_keys)
        else:
            event.listen(db.engine, "do_connect", Breaker(app.config["DATABASE_SECONDS"]).connect)
