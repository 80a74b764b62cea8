"""One view for all goods: the number is a part of the path.

Run it: flask --app day01.converters.first run --debug
"""

from flask import Flask

app = Flask(__name__)


@app.get("/goods/<int:goods_id>")
def goods(goods_id):
    """Show the number and the name of its type."""
    return {"type": type(goods_id).__name__, "value": goods_id}
