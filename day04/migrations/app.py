"""Change the tables of a database that is in use, and keep its rows.

The models say which tables there should be. A migration is a script that changes the database one
step in this direction; it belongs to the code and can be undone. The command ``start-over`` lays
out a workspace with models that you can change.

Run it: flask --app day04.migrations.app run --debug
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from day04.migrations.workspace import init_workspace

EXAMPLE = Path(__file__).parent / "example"


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is the folder that holds the workspace."""
    app = Flask(__name__)
    app.config.from_mapping(DATA_FOLDER=Path(app.instance_path) / "day04_migrations")
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    init_workspace(app, EXAMPLE)
    return app
