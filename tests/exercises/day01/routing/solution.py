"""A solution of the exercise."""

from flask import Flask

app = Flask(__name__)


@app.get("/packages")
@app.get("/parcels")
def hours():
    """Say when the desk is open."""
    return "Open from 9 to 17."


@app.post("/parcels")
def hand_in():
    """Take a parcel."""
    return "Thank you."
