"""Exercise: move tea from the warehouse to the shop.

Both places know how much tea they have. Several people move tea at the same moment. Here a
colleague is played by ``colleague``: right after a SELECT on the table ``place``, they bring as
much tea to each place as the setting BRINGS says.

Tasks:

1. Lose nothing. ``POST /moves`` with the form fields ``from``, ``to`` and ``kilos`` takes the tea
   from one place and puts it into the other. What a colleague brings meanwhile is not overwritten:
   let the database calculate.
2. Move all of it or nothing. If the first place has too little, the response is 409, and both
   places keep what they have.

Run it:   flask --app day06_project.order_race.exercise run --debug
Try it:   curl http://127.0.0.1:5000/
          curl -i -d from=warehouse -d to=shop -d kilos=5 http://127.0.0.1:5000/moves
          curl -i -d from=shop -d to=warehouse -d kilos=900 http://127.0.0.1:5000/moves
Check it: course check order_race
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event, select
from sqlalchemy.orm import Mapped, mapped_column

AT_FIRST = {"warehouse": 100, "shop": 10}

db = SQLAlchemy()


class Place(db.Model):
    """How much tea a place has."""

    name: Mapped[str] = mapped_column(primary_key=True)
    kilos: Mapped[int]


def show():
    """Return how much tea each place has."""
    rows = db.session.execute(db.text("SELECT name, kilos FROM places")).all()
    return {row.name: row.kilos for row in rows}


def move():
    """Move tea from one place to another."""
    kilos = request.form.get("kilos", type=int)
    # TODO (task 1): this writes numbers that were read before; let an UPDATE calculate
    source = db.session.scalar(select(Place).filter_by(name=request.form["from"]))
    target = db.session.scalar(select(Place).filter_by(name=request.form["to"]))
    # TODO (task 2): what if there is too little?
    source.kilos = source.kilos - kilos
    target.kilos = target.kilos + kilos
    db.session.commit()
    return {"moved": kilos}


def colleague(app: Flask) -> None:
    """Let a colleague bring tea between a look and a change; for the check."""

    @event.listens_for(db.engine, "after_cursor_execute")
    def bring(_connection, cursor, statement, *_):
        if app.config["BRINGS"] and statement.startswith("SELECT") and "FROM place " in statement:
            kilos, app.config["BRINGS"] = app.config["BRINGS"], 0
            cursor.connection.execute("UPDATE place SET kilos = kilos + ?", [kilos])


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; its database is in memory."""
    app = Flask(__name__)
    app.config.from_mapping(SQLALCHEMY_DATABASE_URI="sqlite://", BRINGS=0)
    app.config.from_mapping(config or {})
    db.init_app(app)
    with app.app_context():
        db.create_all()
        # A view, as only a SELECT on the table itself lets the colleague in.
        db.session.execute(db.text("CREATE VIEW places AS SELECT name, kilos FROM place"))
        db.session.add_all(Place(name=name, kilos=kilos) for name, kilos in AT_FIRST.items())
        db.session.commit()
        colleague(app)
    app.add_url_rule("/", view_func=show)
    app.add_url_rule("/moves", view_func=move, methods=["POST"])
    return app
