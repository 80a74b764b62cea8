"""Exercise: a till that sells nothing twice.

A theatre has a till beside the shop. It sells seats of several kinds, and many clients ask at the
same moment. Here another buyer is played by ``another_buyer``: right after a SELECT on the table
``seat``, it takes as many seats as the setting OTHERS says.

Tasks:

1. Sell only what is there. ``POST /sales`` with the JSON ``{"lines": {"stalls": 2}}`` is 201 and
   decreases the number. If too few are left, it is 409, and nothing changes. The look and the
   change are one statement, so no other buyer comes between.
2. Sell all or nothing. A sale with several lines is one transaction: if one kind is sold out, the
   others keep their numbers, and there is no row in ``sale``.
3. Sell once. If a client sends the header ``Idempotency-Key`` again with the same value, it gets
   the first response, and nothing is sold. Without the header, each request is a sale of its own.

Run it:   flask --app day06_project.shop.exercise run --debug
Try it:   curl http://127.0.0.1:5000/seats
          curl -i --json '{"lines": {"stalls": 2}}' http://127.0.0.1:5000/sales
          curl -i --json '{"lines": {"stalls": 1, "box": 9}}' http://127.0.0.1:5000/sales
          curl -H "Idempotency-Key: a1" --json '{"lines": {"box": 1}}' http://127.0.0.1:5000/sales
Check it: course check shop
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, current_app, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event, select
from sqlalchemy.orm import Mapped, mapped_column

AT_FIRST = {"stalls": 10, "balcony": 4, "box": 1}

db = SQLAlchemy()


class Seat(db.Model):
    """How many seats of a kind are left."""

    kind: Mapped[str] = mapped_column(primary_key=True)
    left: Mapped[int]


class Sale(db.Model):
    """One sale, with the key that its client has sent."""

    id: Mapped[int] = mapped_column(primary_key=True)
    seats: Mapped[int]
    key: Mapped[str | None] = mapped_column(unique=True)


def show_seats():
    """Return what is left, how many sales there are, and what the other buyer has."""
    rows = db.session.execute(db.text("SELECT kind, left FROM seats_left")).all()
    sales = db.session.scalar(db.text("SELECT count(*) FROM sale"))
    others = current_app.config["OTHERS_BOUGHT"]
    return {"left": {row.kind: row.left for row in rows}, "sales": sales, "others": others}


def sell():
    """Sell the seats of the JSON, a number for each kind."""
    lines = request.get_json()["lines"]
    # TODO (task 3): a key that was used before gets the first response
    for kind, number in lines.items():
        # TODO (task 1): one UPDATE with a condition; how many rows did it change?
        seat = db.session.scalar(select(Seat).filter_by(kind=kind))
        if seat.left < number:
            abort(409, f"{kind}: {seat.left} left")
        seat.left = seat.left - number
        # TODO (task 2): a commit inside of the loop sells the first lines for good
        db.session.commit()
    sale = Sale(seats=sum(lines.values()))
    db.session.add(sale)
    db.session.commit()
    return {"sale": sale.id, "seats": sale.seats}, 201


def another_buyer(app: Flask) -> None:
    """Let another buyer take seats between a look and a change; for the check."""

    @event.listens_for(db.engine, "after_cursor_execute")
    def buy(_connection, cursor, statement, *_):
        if app.config["OTHERS"] and statement.startswith("SELECT") and "FROM seat " in statement:
            number, app.config["OTHERS"] = app.config["OTHERS"], 0
            cursor.connection.execute("UPDATE seat SET left = left - ?", [number])
            app.config["OTHERS_BOUGHT"] = number


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the till; its database is in memory."""
    app = Flask(__name__)
    app.config.from_mapping(SQLALCHEMY_DATABASE_URI="sqlite://", OTHERS=0, OTHERS_BOUGHT=0)
    app.config.from_mapping(config or {})
    db.init_app(app)
    with app.app_context():
        db.create_all()
        # A view, as only a SELECT on the table itself lets the other buyer in.
        db.session.execute(db.text("CREATE VIEW seats_left AS SELECT kind, left FROM seat"))
        db.session.add_all(Seat(kind=kind, left=left) for kind, left in AT_FIRST.items())
        db.session.commit()
        another_buyer(app)
    app.add_url_rule("/seats", view_func=show_seats)
    app.add_url_rule("/sales", view_func=sell, methods=["POST"])
    return app
