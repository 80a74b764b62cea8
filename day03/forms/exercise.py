"""Exercise: seats at a tea tasting.

A tea house invites guests to a tasting on two evenings. Guests register on a page. So far the page
only asks for a name. Make a form that checks what the guests send, and that no other site can send.

Tasks:

1. Protect the form with a token. A POST without it, or with the token of another visitor, is
   answered with 400. This is so for every view.
2. Ask for four things. ``name`` has up to 40 characters, without the spaces around them; ``seats``
   is a whole number from 1 to 4; ``day`` is one of ``DAYS``, in a list to choose from; ``rules`` is
   a box that must be ticked.
3. Handle the form. If all is right, store the guest and redirect to the guests with 303. If not,
   show it again with 422, with what was typed and a message beside each field that is wrong.
4. Give away no more seats than there are. Each evening has ``SEATS``. If a guest asks for more than
   are left, show a message beside ``seats``.

Run it:   flask --app day03.forms.exercise run --debug
Try it:   curl -i http://127.0.0.1:5000/
          curl -i -d name=Ann -d seats=2 -d day=Friday -d rules=y http://127.0.0.1:5000/
          curl http://127.0.0.1:5000/guests
Check it: course check forms
"""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app, render_template
from flask_wtf import FlaskForm
from wtforms import StringField, SubmitField

DAYS = ["Friday", "Saturday"]


def seats_left(day: str) -> int:
    """Return how many seats of an evening are still free."""
    taken = sum(guest["seats"] for guest in current_app.config["GUESTS"] if guest["day"] == day)
    return current_app.config["SEATS"] - taken


class SeatForm(FlaskForm):
    """What a guest fills in."""

    name = StringField("Name")  # TODO (task 2): what is a good name?
    # TODO (task 2): the other three fields, before the button
    # TODO (task 4): a validator of your own: a method validate_seats, or a function
    submit = SubmitField("Register")


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; it keeps its guests until the server stops."""
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY=secrets.token_hex(), SEATS=12, GUESTS=[])
    app.config.from_mapping(config or {})
    # TODO (task 1): the protection of all views; and the token in templates/exercise_seats.html

    @app.route("/", methods=["GET", "POST"])
    def register():
        """Show the form, and take it in."""
        form = SeatForm()
        # TODO (task 3): was it sent, and is it right? Then append to app.config["GUESTS"]
        # {"name": …, "seats": …, "day": …}, and redirect.
        return render_template("exercise_seats.html", form=form)

    @app.get("/guests")
    def guests():
        """List who comes."""
        return {"guests": app.config["GUESTS"]}

    return app
