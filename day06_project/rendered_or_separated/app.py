"""Show the same goods in two ways: as a complete page, and as a page that fetches them.

A server can write the goods into the page. Or it sends one page to everyone, with a script that
fetches the goods as JSON and writes them into the page in the browser. Both end with the same
picture. What differs is who can read the goods, when they appear, and who else can use them.

Run it: flask --app day06_project.rendered_or_separated.app run --debug
"""

from pathlib import Path
from typing import NamedTuple

from flask import Flask, Response, abort, render_template, send_from_directory

app = Flask(__name__)
PAGES = Path(app.root_path) / "pages"


class Goods(NamedTuple):
    """Something for sale."""

    id: int
    name: str
    price: int  # cents


GOODS = [
    Goods(1, "Green tea, 100 g", 690),
    Goods(2, "Mug, I <3 tea", 1250),
    Goods(3, "Teapot", 2750),
]


@app.get("/")
def index():
    """Link to both pages."""
    return render_template("index.html")


@app.get("/rendered")
def rendered():
    """Send a complete page: the goods are in its HTML."""
    return render_template("rendered.html", all_goods=GOODS)


@app.get("/separated")
def separated():
    """Send the page that is the same for everyone; its script fetches the goods."""
    return send_from_directory(PAGES, "separated.html")


@app.get("/api/goods")
def api_goods():
    """Send only the goods: to the page's script, an app, another program."""
    return {"items": [each._asdict() for each in GOODS]}


@app.get("/api/goods/<int:goods_id>")
def api_one(goods_id: int):
    """Send one of them."""
    for each in GOODS:
        if each.id == goods_id:
            return each._asdict()
    abort(404)


@app.after_request
def allow_own_files_only(response: Response) -> Response:
    """Tell the browser that all scripts, styles and data of these pages come from here."""
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
