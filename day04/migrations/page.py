"""The page that shows the database of a workspace: its revision, its tables, their rows."""

from typing import Any

from flask import Blueprint, current_app, render_template
from sqlalchemy import Connection, create_engine, inspect, select, table, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

LIMIT = 20  # rows of a table that are shown

# A blueprint holds views without an app; it has a lesson of its own later this day.
page = Blueprint("page", __name__, template_folder="templates")


@page.get("/")
def index():
    """Show the database."""
    return render_template(
        "workspace.html",
        app_name=current_app.import_name,
        workspace=current_app.config["WORKSPACE"],
        limit=LIMIT,
        **read_database(),
    )


@page.get("/state")
def state():
    """Return the same as JSON."""
    return read_database()


@page.app_errorhandler(DatabaseError)
def unreadable(error: DatabaseError):
    """Return 503 if the file is locked, or is not a database."""
    message = f"The database cannot be read: {error.orig}\n"
    return message, 503, {"Content-Type": "text/plain; charset=utf-8"}


def read_database() -> dict[str, Any]:
    """Read revision and tables from the database itself, not from the models."""
    path = current_app.config["WORKSPACE"] / "library.db"
    if not path.exists():  # connecting would make the file
        return {"revisions": [], "tables": {}}
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
        tables = {name: read_table(connection, name) for name in names}
    # Alembic's own table: one row with the revision, or no row before the first upgrade.
    version = tables.pop("alembic_version", {"rows": []})
    return {"revisions": [row[0] for row in version["rows"]], "tables": tables}


def read_table(connection: Connection, name: str) -> dict[str, Any]:
    """Return the columns of a table, and its first rows."""
    result = connection.execute(select(text("*")).select_from(table(name)).limit(LIMIT))
    return {"columns": list(result.keys()), "rows": [list(row) for row in result]}
