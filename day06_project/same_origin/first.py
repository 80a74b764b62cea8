"""Let pages of one other origin read a response.

The file ``app.py`` beside this one has experiments, with and without cookies.

Run it: flask --app day06_project.same_origin.first run --debug
"""

from flask import Flask, request

ALLOWED = {"http://front.example", "https://front.example"}

app = Flask(__name__)


@app.get("/private")
def private():
    """Say nothing about other origins: their pages cannot read the response."""
    return {"goods": ["Teapot"]}


@app.get("/shared")
def shared():
    """Name the origin of the page, if it is one of those that may read."""
    response = app.make_response({"goods": ["Teapot"]})
    response.vary.add("Origin")
    if request.origin in ALLOWED:
        response.access_control_allow_origin = request.origin
    return response
