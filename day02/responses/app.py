"""Return what fits: text, JSON, a status, headers, a stream, a redirect.

A view sends nothing itself. It returns a value, and Flask makes a response of it. So it is worth
knowing which values will do, which will not, and what never belongs into the head of an answer.

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
    """Return text: it becomes the body, with status 200 and the type of a page."""
    return "Welcome to the tea house.\n"


@app.get("/order")
def order():
    """Return body and status."""
    return "Your tea is on its way.\n", 202


@app.get("/kitchen")
def kitchen():
    """Return body, status and headers; in a list of pairs a name may come twice."""
    return "Staff only.\n", 403, [("X-Reason", "steam"), ("X-Reason", "knives")]


@app.get("/teas")
def teas():
    """Return a list: it is sent as JSON."""
    return list(TEAS)


@app.get("/teas/<name>")
def tea(name: str):
    """Return a dict, which is sent as JSON too, or a response object: a page with a header."""
    if name in TEAS:
        return {"name": name, "chinese": TEAS[name]}
    response = make_response(render_template("no_tea.html", name=name), 404)
    response.headers["X-Teas"] = ", ".join(TEAS)
    return response


@app.get("/teapot")
def teapot():
    """Return a response object after changing it: Flask sends it as it is."""
    response = jsonify(short=True, stout=True)
    response.status_code = 418
    return response


@app.get("/stream")
def stream():
    """Return a generator: each piece is sent as soon as it is made."""
    return (f"Cup {number}\n" for number in range(1, 4))


@app.get("/menu")
def menu():
    """Send the client to another address."""
    return redirect(url_for("teas"))


@app.get("/sold-out-unsafe")
def sold_out_unsafe():
    """Show two dangers: JSON sent as a page, and the visitor's words in the status line."""
    tea = request.args.get("tea", "green")
    return json.dumps({"sold_out": tea}) + "\n", f"409 No {tea} tea"


@app.get("/sold-out")
def sold_out():
    """Show the defence: leave the JSON to Flask, and give the status as a number."""
    return {"sold_out": request.args.get("tea", "green")}, 409


@app.get("/cup-unsafe")
def cup_unsafe():
    """Show the danger: a header cannot hold every text, and what it cannot hold ends in a 500."""
    return "A cup of tea.\n", {"X-Cup-For": request.args.get("name", "nobody")}


@app.get("/cup")
def cup():
    """Show the defence: ``quote`` makes plain ASCII of whatever the visitor wrote."""
    return "A cup of tea.\n", {"X-Cup-For": quote(request.args.get("name", "nobody"))}


@app.get("/wrong/<kind>")
def wrong(kind: str):
    """Return what Flask can make no response of: a TypeError, and so a 500."""
    if kind not in WRONG:
        abort(404)
    return WRONG[kind]


@app.after_request
def number_the_answer(response):
    """Put a header on every answer, errors included."""
    response.headers["X-Request-Id"] = uuid4().hex
    return response
