"""A solution of the exercise."""

from flask import Flask

app = Flask(__name__)


@app.get("/bread")
def bread():
    """Return a text."""
    return "Baked at 6."


@app.get("/cake")
def cake():
    """Return a text and a status code."""
    return "Sold out.", 410


@app.get("/prices")
def prices():
    """Return a dict, which becomes JSON."""
    return {"bread": 3, "roll": 1}


@app.get("/secret")
def secret():
    """Return a text, a status code and headers."""
    return "Staff only.", 403, {"X-Reason": "recipe"}
