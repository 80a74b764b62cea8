"""Exercise: a label for a parcel.

A post office prints labels. The view has the facts; the template says where they go.

Tasks:

1. The view passes the name of the path to the template as ``name``, and the template shows it:
   ``/labels/Ada`` has the text ``To: Ada``.
2. The view passes ``ADDRESSES`` as ``addresses``. The template shows the city and the street of
   ``addresses[name]``, as in ``London, 12 St James's Square``.

Run it:   flask --app day03.template_variables.exercise run --debug
Try it:   curl http://127.0.0.1:5000/labels/Ada
Check it: course check template_variables
"""

from flask import Flask, render_template

ADDRESSES = {
    "Ada": {"city": "London", "street": "12 St James's Square"},
    "Grace": {"city": "New York", "street": "8 Wall Street"},
}

app = Flask(__name__)


@app.get("/labels/<any(Ada, Grace):name>")
def label(name: str):
    """Print a label."""
    return render_template("exercise_label.html")  # TODO (tasks 1 and 2): pass the values
