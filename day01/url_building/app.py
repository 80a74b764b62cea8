"""Build URLs from endpoints, and redirect to them.

``url_for`` builds a URL from an endpoint and values. So each path is written once, in its route,
and a changed route changes every link to it. A redirect tells the browser to request such a URL;
its status code says for how long, and with which method.

Run it: flask --app day01.url_building.app run --debug
"""

from flask import Flask, abort, redirect, request, url_for

app = Flask(__name__)


@app.get("/")
def index():
    """Show what ``url_for`` builds."""
    return {
        "anchor": url_for("plant", plant_id=7, _anchor="reviews"),
        "external": url_for("plant", plant_id=7, _external=True),
        "plain": url_for("basket"),
        "query": url_for("search", q="red tulips", page=2),
        "value": url_for("plant", plant_id=7),
    }


@app.get("/plants/<int:plant_id>")
def plant(plant_id: int):
    """Show one plant."""
    return f"Plant {plant_id}\n"


@app.get("/search")
def search():
    """Show the query string."""
    return request.args.to_dict()


@app.get("/basket", endpoint="basket")
def show_basket():
    """Show the basket; the endpoint is ``basket``, not the name of the function."""
    return "Your basket is empty.\n"


@app.get("/start")
def old_start():
    """Redirect an old path to the new one, with the default status code."""
    return redirect(url_for("index"))


@app.post("/order")
def order():
    """Take the order, then redirect to a page that can be loaded again."""
    return redirect(url_for("thanks"), code=303)


@app.get("/thanks")
def thanks():
    """Show a page after an order."""
    return "Thank you. Your tulips are on the way.\n"


@app.post("/pass-on/<int:code>")
def pass_on(code: int):
    """Redirect with the status code in the path, to see what happens to a POST."""
    if code not in {301, 302, 303, 307, 308}:
        abort(404)
    return redirect(url_for("echo"), code=code)


@app.route("/echo", methods=["GET", "POST"])
def echo():
    """Show the method and the body of the request."""
    return {"body": request.get_data(as_text=True), "method": request.method}


@app.get("/leave-unsafe")
def leave_unsafe():
    """Show the danger: a check that accepts ``//evil.example``."""
    target = request.args.get("next", "")
    if not target.startswith("/"):
        abort(400)
    return redirect(target)


@app.get("/leave")
def leave():
    """Show the defence: the visitor names one of our pages, and we build the URL."""
    page = request.args.get("next", "")
    if page not in {"index", "basket", "search"}:
        abort(400)
    return redirect(url_for(page))
