"""Write converters of your own where the built-in ones do not fit.

A converter says in one place what a value looks like in a path, what the view receives, and how
``url_for`` writes the value into a path. Every rule that names the converter uses it.

Run it: flask --app day01.custom_converter.app run --debug
"""

import re
from datetime import date

from flask import Flask, url_for
from werkzeug.routing import BaseConverter, Map, ValidationError


class MobileConverter(BaseConverter):
    """Match a Chinese mobile number; the base class does the rest."""

    # Not \d: it matches the digits of other scripts, too.
    regex = "1[3-9][0-9]{9}"


class DateConverter(BaseConverter):
    """Turn ``2024/02/29`` into a ``date`` and back."""

    regex = "[0-9]{4}/[0-9]{2}/[0-9]{2}"

    def to_python(self, value: str) -> date:
        """Return the date; ValidationError means 404, for a day that does not exist."""
        try:
            return date(*map(int, value.split("/")))
        except ValueError as error:
            raise ValidationError from error

    def to_url(self, value: date) -> str:
        """Return the text that goes into the path, with leading zeros."""
        return f"{value.year:04}/{value.month:02}/{value.day:02}"


class RegexConverter(BaseConverter):
    """Take the pattern from the rule, as in ``<re("[A-F][1-9]"):seat>``."""

    def __init__(self, url_map: Map, pattern: str) -> None:
        """Receive the URL map, which the base class needs, then the arguments of the rule."""
        super().__init__(url_map)
        self.regex = pattern
        # Werkzeug sets this by itself only for a regex in the body of the class.
        self.part_isolating = "/" not in pattern

    def to_url(self, value: object) -> str:
        """Return the value if the rule matches it; ``url_for`` itself does not check."""
        if not re.fullmatch(self.regex, str(value)):
            raise ValidationError
        return super().to_url(value)


app = Flask(__name__)
app.url_map.converters["mobile"] = MobileConverter
app.url_map.converters["date"] = DateConverter
app.url_map.converters["re"] = RegexConverter


@app.get("/")
def index():
    """Build a path with each converter; the last one shows that ``mobile`` does not check."""
    return {
        "date": url_for("diary", day=date(2024, 2, 29)),
        "mobile": url_for("send_sms", number="13800000000"),
        "re": url_for("seat", place="C7"),
        "unchecked": url_for("send_sms", number="no-number"),
    }


@app.get("/send_sms/<mobile:number>")
def send_sms(number: str):
    """Receive a number that the rule has checked. Nothing is sent: this is a lesson."""
    return f"A message would go to {number}.\n"


@app.get("/diary/<date:day>")
def diary(day: date):
    """Receive a date, return its weekday, and write another date into a path."""
    first = day.replace(day=1)
    return {"weekday": f"{day:%A}", "month_begins": url_for("diary", day=first)}


@app.get('/seats/<re("[A-F][1-9]"):place>')
def seat(place: str):
    """Receive a row from A to F and a number from 1 to 9."""
    return {"row": place[0], "number": int(place[1])}
