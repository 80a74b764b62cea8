"""A solution of the exercise: filters for a price tag."""

from datetime import date

from flask import Flask, abort, render_template, request
from markupsafe import Markup

app = Flask(__name__)

MONTHS = "January February March April May June July August September October November December"
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"


@app.template_filter("price")
def format_price(cents: int, sign: str = "€") -> str:
    """Write an amount as it is written in Berlin."""
    whole, rest = divmod(abs(cents), 100)
    minus = "-" if cents < 0 else ""
    thousands = f"{whole:,}".replace(",", ".")
    return f"{minus}{thousands},{rest:02} {sign}"


@app.template_filter("day")
def format_day(value: date, weekday: bool = False) -> str:
    """Write a day in words; strftime would take the language of the machine."""
    text = f"{value.day} {MONTHS.split()[value.month - 1]} {value.year}"
    return f"{WEEKDAYS.split()[value.weekday()]}, {text}" if weekday else text


@app.template_filter()
def since(value: date, today: date) -> str:
    """Say how long ago a day was."""
    days = (today - value).days
    if days == 0:
        return "today"
    if days == 1:
        return "yesterday"
    if days > 30:
        return format_day(value)
    return f"{days} days ago"


@app.template_filter()
def lines(text: str) -> Markup:
    """Break the lines; the text of each is escaped by join."""
    return Markup("<br>").join(text.splitlines())


@app.get("/tag")
def tag():
    """Draw the tag of what the address describes."""
    try:
        cents = int(request.args.get("cents", "0"))
        brought = date.fromisoformat(request.args.get("brought", "2026-03-03"))
        today = date.fromisoformat(request.args.get("today", "2026-03-08"))
    except ValueError:
        abort(400, "cents is a number, brought and today are days such as 2026-03-03.")
    text = request.args.get("text", "")
    return render_template(
        "exercise_tag.html", cents=cents, brought=brought, today=today, text=text
    )
