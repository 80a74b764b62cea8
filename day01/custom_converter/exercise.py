"""Exercise: mobile numbers in the path.

A shop's staff look customers up by mobile number. On paper the number is written in three groups,
138-0013-8000; in the database it is eleven digits, 13800138000.

Tasks:

1. Write a converter and register it as ``mobile``, so that the two routes below work. It matches a
   Chinese mobile number written in three groups: eleven ASCII digits, of which the first is 1 and
   the second 3 to 9. Anything else is answered with 404.
2. The view receives the eleven digits, without the hyphens.
3. ``url_for`` takes the eleven digits and writes the three groups: ``/new`` redirects to the
   customer's address.
4. ``url_for`` refuses a value that is not a mobile number: ``/new`` answers 400 for it.

Run it:   flask --app day01.custom_converter.exercise run --debug
Try it:   curl -i http://127.0.0.1:5000/customers/138-0013-8000
          curl -i http://127.0.0.1:5000/new?number=13800138000
Check it: course check custom_converter
"""

from flask import Flask, abort, redirect, request, url_for
from werkzeug.routing import BaseConverter, BuildError

app = Flask(__name__)


class MobileConverter(BaseConverter):
    """Match a mobile number in three groups, and give the view its digits."""

    # TODO (task 1): the pattern
    # TODO (task 2): to_python
    # TODO (tasks 3 and 4): to_url


# TODO (task 1): register the converter, then take its name into the rule below,
# so that it reads <mobile:number>.


@app.get("/customers/<number>")
def customer(number: str):
    """Show what the view received."""
    return {"number": number}


@app.get("/new")
def new():
    """Redirect to the address of a customer."""
    try:
        return redirect(url_for("customer", number=request.args.get("number", "")))
    except BuildError:
        abort(400, "That is no mobile number.")
