"""A solution of the exercise."""

from flask import Flask

app = Flask(__name__)


@app.get("/books/<int:number>")
def book(number):
    """Show the number of the book."""
    return {"book": number}


@app.get("/shelves/<string(length=2):shelf>")
def show_shelf(shelf):
    """Show the name of the shelf."""
    return {"shelf": shelf}


@app.get("/scans/<path:scan>")
def show_scan(scan):
    """Show the path of the scan."""
    return {"scan": scan}
