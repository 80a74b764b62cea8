"""Exercise: filters for a price tag.

A second-hand shop keeps prices in cents and days as dates, and its customers write the description
of what they bring. ``/tag`` draws the tag of one thing. So far it shows all of it as it is kept.
Write four filters, and use each in ``templates/exercise_tag.html``.

Tasks:

1. Write the filter ``price``. 123450 cents are 1.234,50 €: a comma before the cents, of which there
   are always two digits, and a dot between thousands. A minus comes first: -4,00 €. With
   ``price("CHF")`` another sign comes last.
2. Write the filter ``day``. The 3rd of March 2026 is written 3 March 2026, in English on every
   machine, and with ``day(weekday=True)`` Tuesday, 3 March 2026.
3. Write the filter ``since``. ``{{ brought|since(today) }}`` says how long ago a day was: today,
   yesterday, 5 days ago, and the day as ``day`` writes it when it is more than 30 days ago.
4. Write the filter ``lines``. It prints a text with a ``<br>`` in place of each line break, and
   lets no other markup in.

Run it:   flask --app day03.custom_filters.exercise run --debug
Try it:   curl "http://127.0.0.1:5000/tag?cents=123450&brought=2026-03-03&today=2026-03-08"
          curl "http://127.0.0.1:5000/tag?text=One+cup%0AA+%3Cb%3Enew%3C/b%3E+handle"
Check it: course check custom_filters
"""

from datetime import date

from flask import Flask, abort, render_template, request

app = Flask(__name__)

MONTHS = "January February March April May June July August September October November December"
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"

# TODO (task 1): the filter price, an f-string with :,.2f, and what is missing to it
# TODO (task 2): the filter day
# TODO (task 3): the filter since
# TODO (task 4): the filter lines, which returns Markup


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
