"""Correct a wrong draft, repair a failed migration, and keep rows that batch mode would delete.

Alembic's draft of a script is a guess from models and database. Here a column gets a new name, and
the guess is wrong. ``start-over`` lays out a workspace with the first script and the folder
``template``, which has a safer ``env.py`` than the one that ``flask db init`` generates.

Run it: flask --app day04.migration_trouble.app run --debug
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from day04.migrations.workspace import init_workspace

HERE = Path(__file__).parent


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; ``DATA_FOLDER`` is the folder that holds the workspace."""
    app = Flask(__name__)
    app.config.from_mapping(DATA_FOLDER=Path(app.instance_path) / "day04_migration_trouble")
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    init_workspace(app, HERE / "example", HERE / "template")
    return app
