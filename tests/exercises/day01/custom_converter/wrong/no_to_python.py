"""Wrong: the view receives the hyphens.

Fails: test_the_view_receives_the_digits, test_the_redirect_leads_to_the_customer
"""

import re

from flask import Flask, abort, redirect, request, url_for
from werkzeug.routing import BaseConverter, BuildError, ValidationError

app = Flask(__name__)


class MobileConverter(BaseConverter):
    """Match a mobile number in three groups, hand over its digits."""

    regex = "1[3-9][0-9]-[0-9]{4}-[0-9]{4}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        if not re.fullmatch("1[3-9][0-9]{9}", value):
            raise ValidationError
        return f"{value[:3]}-{value[3:7]}-{value[7:]}"


app.url_map.converters["mobile"] = MobileConverter


@app.get("/customers/<mobile:number>")
def customer(number: str):
    """Show what the view received."""
    return {"number": number}


@app.get("/new")
def new():
    """Lead to the address of a customer."""
    try:
        return redirect(url_for("customer", number=request.args.get("number", "")))
    except BuildError:
        abort(400, "That is no mobile number.")
