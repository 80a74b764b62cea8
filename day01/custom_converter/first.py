"""Teach the URL map what a mobile number is, with a pattern alone.

The file ``app.py`` beside this one has converters that do more.

Run it: flask --app day01.custom_converter.first run --debug
"""

from flask import Flask
from werkzeug.routing import BaseConverter


class MobileConverter(BaseConverter):
    """Match a Chinese mobile number."""

    regex = "1[3-9][0-9]{9}"


app = Flask(__name__)
app.url_map.converters["mobile"] = MobileConverter


@app.get("/send_sms/<mobile:number>")
def send_sms(number: str):
    """Receive the number as text. Nothing is sent: this is a lesson."""
    return f"A message would go to {number}.\n"
