"""Fail, and show an error page, or let the exception reach the test.

The file ``app.py`` beside this one keeps data, too.

Run it: flask --app day04.testing_mode.first run
"""

from flask import Flask

app = Flask(__name__)


@app.get("/boom")
def boom():
    """Fail: this is a mistake in the program."""
    return {"cups for each": 12 / 0}


@app.errorhandler(500)
def show_error_page(error):
    """Tell the visitor nothing about the mistake."""
    return "Something went wrong.\n", 500
