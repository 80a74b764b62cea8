"""Build addresses from endpoints, and send visitors on to them.

``url_for`` reads the URL map backwards: it is told an endpoint and values, and writes the address.
So each address stands in one place, its route, and a changed route changes every link to it. A
redirect sends the browser on to such an address; its code says for how long, and by what method.

Run it: flask --app day01.url_building.app run --debug
"""

from flask import Flask, abort, redirect, request, url_for

app = Flask(__name__)


@app.get("/")
def index():
    """Answer with addresses, none of which is typed."""
    return {
        "anchor": url_for("plant", plant_id=7, _anchor="reviews"),
        "external": url_for("plant", plant_id=7, _external=True),
        "plain": url_for("basket"),
        "query": url_for("search", q="red tulips", page=2),
        "value": url_for("plant", plant_id=7),
    }


@app.get("/plants/<int:plant_id>")
def plant(plant_id: int):
    """Answer for a plant; the address has a variable part."""
    return f"Plant {plant_id}\n"


@app.get("/search")
def search():
    """Answer with what stood behind the question mark."""
    return request.args.to_dict()


@app.get("/basket", endpoint="basket")
def show_basket():
    """Answer for the endpoint ``basket``: links ask for that name, not for the function's."""
    return "Your basket is empty.\n"


@app.get("/start")
def old_start():
    """Send visitors of an old address to the new one; 302 when no code is given."""
    return redirect(url_for("index"))


@app.post("/order")
def order():
    """Take the order, then have the browser fetch a page that is safe to load again."""
    return redirect(url_for("thanks"), code=303)


@app.get("/thanks")
def thanks():
    """Answer after an order."""
    return "Thank you. Your tulips are on the way.\n"


@app.post("/pass-on/<int:code>")
def pass_on(code: int):
    """Redirect with the code of your choice, to see what becomes of a POST."""
    if code not in {301, 302, 303, 307, 308}:
        abort(404)
    return redirect(url_for("echo"), code=code)


@app.route("/echo", methods=["GET", "POST"])
def echo():
    """Answer with the method and the body that arrived."""
    return {"body": request.get_data(as_text=True), "method": request.method}


@app.get("/leave-unsafe")
def leave_unsafe():
    """Show the danger: a check that looks right, and lets ``//evil.example`` pass."""
    target = request.args.get("next", "")
    if not target.startswith("/"):
        abort(400)
    return redirect(target)


@app.get("/leave")
def leave():
    """Show the defence: the visitor names one of our pages, and we write the address."""
    page = request.args.get("next", "")
    if page not in {"index", "basket", "search"}:
        abort(400)
    return redirect(url_for(page))
