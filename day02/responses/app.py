"""Return text, JSON, a status code, headers, a stream or a redirect from a view.

A view returns a value, and Flask makes a response from it. This lesson shows which values work,
which do not, and what must never be part of the status line or a header.

Run it: flask --app day02.responses.app run --debug
"""

import json
from urllib.parse import quote
from uuid import uuid4

from flask import Flask, abort, jsonify, make_response, redirect, render_template, request, url_for

app = Flask(__name__)
app.json.ensure_ascii = False  # 绿茶 is sent as it is, not as \u7eff\u8336

TEAS = {"green": "绿茶", "black": "红茶", "oolong": "乌龙茶"}
WRONG = {
    "none": None,
    "number": 42,
    "set": {"green", "black"},
    "status-first": (403, "Staff only.\n"),
    "headers-before-status": ("Staff only.\n", {"X-Reason": "steam"}, 403),
}


@app.get("/")
def index():
    """Return text: it becomes the body, with status code 200."""
    return "Welcome to the tea house.\n"


@app.get("/order")
def order():
    """Return a body and a status code."""
    return "Your tea is on its way.\n", 202


@app.get("/kitchen")
def kitchen():
    """Return a body, a status code and headers; in a list of pairs a name can come twice."""
    return "Staff only.\n", 403, [("X-Reason", "steam"), ("X-Reason", "knives")]


@app.get("/teas")
def list_teas():
    """Return a list: Flask sends it as JSON."""
    return list(TEAS)


@app.get("/teas/<name>")
def show_tea(name: str):
    """Return a dict, which becomes JSON, or a response object: a page with a header."""
    if name in TEAS:
        return {"name": name, "chinese": TEAS[name]}
    response = make_response(render_template("no_tea.html", name=name), 404)
    response.headers["X-Teas"] = ", ".join(TEAS)
    return response


@app.get("/teapot")
def teapot():
    """Change a response object, then return it: Flask sends it as it is."""
    response = jsonify(short=True, stout=True)
    response.status_code = 418
    return response


@app.get("/stream")
def stream():
    """Return a generator: Flask sends each piece as soon as it is made."""
    return (f"Cup {number}\n" for number in range(1, 4))


@app.get("/menu")
def menu():
    """Send the client to another URL."""
    return redirect(url_for("list_teas"))


@app.get("/sold-out-unsafe")
def sold_out_unsafe():
    """Show two dangers: JSON sent as a page, and the client's text in the status line."""
    tea = request.args.get("tea", "green")
    return json.dumps({"sold_out": tea}) + "\n", f"409 No {tea} tea"


@app.get("/sold-out")
def sold_out():
    """Show the defence: a dict for JSON, and a number for the status code."""
    return {"sold_out": request.args.get("tea", "green")}, 409


@app.get("/cup-unsafe")
def cup_unsafe():
    """Show the danger: not every text can be the value of a header."""
    return "A cup of tea.\n", {"X-Cup-For": request.args.get("name", "guest")}


@app.get("/cup")
def cup():
    """Show the defence: ``quote`` writes any text in ASCII."""
    return "A cup of tea.\n", {"X-Cup-For": quote(request.args.get("name", "guest"))}


@app.get("/wrong/<kind>")
def wrong(kind: str):
    """Show the mistake: return a value that is not a response, which is a 500."""
    if kind not in WRONG:
        abort(404)
    return WRONG[kind]


@app.after_request
def add_request_id(response):
    """Add a header to every response, errors included."""
    response.headers["X-Request-Id"] = uuid4().hex
    return response
