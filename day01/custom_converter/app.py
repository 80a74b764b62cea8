"""Write converters of your own where the built-in ones do not fit.

A converter says in one place what a value looks like in a path, what the view receives and how the
path is written again. Every rule that names it, and every ``url_for``, then agrees about it.

Run it: flask --app day01.custom_converter.app run --debug
"""

import re
from datetime import date

from flask import Flask, url_for
from werkzeug.routing import BaseConverter, Map, ValidationError


class MobileConverter(BaseConverter):
    """Match a Chinese mobile number. A pattern is enough: the base class does the rest."""

    # Not \d: it also matches the digits of other scripts, which no telephone network dials.
    regex = "1[3-9][0-9]{9}"


class DateConverter(BaseConverter):
    """Turn ``2024/02/29`` into a ``date`` and back."""

    regex = "[0-9]{4}/[0-9]{2}/[0-9]{2}"

    def to_python(self, value: str) -> date:
        """Return the date, or answer 404 for a day that no calendar has."""
        try:
            return date(*map(int, value.split("/")))
        except ValueError as error:
            raise ValidationError from error

    def to_url(self, value: date) -> str:
        """Return the text that goes into the path, with all its zeros."""
        return f"{value.year:04}/{value.month:02}/{value.day:02}"


class RegexConverter(BaseConverter):
    """Take the pattern from the rule, as in ``<re("[A-F][1-9]"):seat>``."""

    def __init__(self, url_map: Map, pattern: str) -> None:
        """Receive the map, which is the parent's business, then the arguments of the rule."""
        super().__init__(url_map)
        self.regex = pattern
        # Werkzeug sees to this by itself only where regex stands in the body of the class.
        self.part_isolating = "/" not in pattern

    def to_url(self, value: object) -> str:
        """Refuse to build what the rule would not match; nobody else checks."""
        if not re.fullmatch(self.regex, str(value)):
            raise ValidationError
        return super().to_url(value)


app = Flask(__name__)
app.url_map.converters["mobile"] = MobileConverter
app.url_map.converters["date"] = DateConverter
app.url_map.converters["re"] = RegexConverter


@app.get("/")
def index():
    """Build a path with each converter; the last one shows that ``mobile`` checks nothing."""
    return {
        "date": url_for("diary", day=date(2024, 2, 29)),
        "mobile": url_for("send_sms", number="13800000000"),
        "re": url_for("seat", place="C7"),
        "unchecked": url_for("send_sms", number="nobody"),
    }


@app.get("/send_sms/<mobile:number>")
def send_sms(number: str):
    """Receive a number that needs no further check. Nothing is sent: this is a lesson."""
    return f"A message would go to {number}.\n"


@app.get("/diary/<date:day>")
def diary(day: date):
    """Receive a date, which knows its weekday, and write another date into a path."""
    first = day.replace(day=1)
    return {"weekday": f"{day:%A}", "month_begins": url_for("diary", day=first)}


@app.get('/seats/<re("[A-F][1-9]"):place>')
def seat(place: str):
    """Receive a row from A to F and a number from 1 to 9."""
    return {"row": place[0], "number": int(place[1])}
