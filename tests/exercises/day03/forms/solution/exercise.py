"""A solution of the exercise: seats at a tea tasting."""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app, redirect, render_template, url_for
from flask_wtf import CSRFProtect, FlaskForm
from wtforms import BooleanField, IntegerField, SelectField, StringField, SubmitField
from wtforms.validators import DataRequired, Length, NumberRange, ValidationError

DAYS = ["Friday", "Saturday"]


def seats_left(day: str) -> int:
    """Return how many seats of an evening are still free."""
    taken = sum(guest["seats"] for guest in current_app.config["GUESTS"] if guest["day"] == day)
    return current_app.config["SEATS"] - taken


def trimmed(text: str | None) -> str:
    """Drop the spaces around a text."""
    return (text or "").strip()


class SeatForm(FlaskForm):
    """What a guest fills in."""

    name = StringField("Name", filters=[trimmed], validators=[DataRequired(), Length(max=40)])
    seats = IntegerField("Seats", validators=[DataRequired(), NumberRange(1, 4)])
    day = SelectField("Evening", choices=DAYS)
    rules = BooleanField("I have read the rules", validators=[DataRequired()])
    submit = SubmitField("Register")

    def validate_seats(self, field: IntegerField) -> None:
        """Refuse more seats than are left on that evening."""
        left = seats_left(self.day.data)
        if field.data > left:
            raise ValidationError(f"Only {left} seats are left.")


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; it keeps its guests until the server stops."""
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY=secrets.token_hex(), SEATS=12, GUESTS=[])
    app.config.from_mapping(config or {})
    CSRFProtect(app)

    @app.route("/", methods=["GET", "POST"])
    def register():
        """Show the form, and take it in."""
        form = SeatForm()
        if form.validate_on_submit():
            guest = {"name": form.name.data, "seats": form.seats.data, "day": form.day.data}
            app.config["GUESTS"].append(guest)
            return redirect(url_for("guests"), 303)
        return render_template("exercise_seats.html", form=form), 422 if form.errors else 200

    @app.get("/guests")
    def guests():
        """List who comes."""
        return {"guests": app.config["GUESTS"]}

    return app
