"""A solution of the exercise."""

from flask import Flask, render_template

ADDRESSES = {
    "Ada": {"city": "London", "street": "12 St James's Square"},
    "Grace": {"city": "New York", "street": "8 Wall Street"},
}

app = Flask(__name__)


@app.get("/labels/<any(Ada, Grace):name>")
def label(name: str):
    """Print a label."""
    return render_template("exercise_label.html", name=name, addresses=ADDRESSES)
