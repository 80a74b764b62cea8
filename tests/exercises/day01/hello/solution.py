"""A solution of the exercise."""

from flask import Flask

app = Flask(__name__)


@app.get("/tea")
def tea():
    """Return the text of the page."""
    return "Tea is ready."


@app.get("/tee")
def tea_in_german():
    """Make the response first, then say its language."""
    response = app.make_response("Der Tee ist fertig.")
    response.headers["Content-Language"] = "de"
    return response
