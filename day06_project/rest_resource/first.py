"""Offer a list of goods: GET reads it, POST adds to it.

The file ``app.py`` beside this one checks what it receives, and changes and deletes, too.

Run it: flask --app day06_project.rest_resource.first run --debug
"""

from flask import Flask, abort, request, url_for

app = Flask(__name__)
all_goods = {1: {"id": 1, "name": "Teapot", "price": 2750}}


@app.get("/goods")
def list_goods():
    """Return all goods."""
    return {"items": list(all_goods.values())}


@app.get("/goods/<int:goods_id>")
def get_goods(goods_id):
    """Return one of them, or 404."""
    return all_goods.get(goods_id) or abort(404)


@app.post("/goods")
def add_goods():
    """Add goods: 201, and their path in the header Location."""
    goods = {"id": len(all_goods) + 1, **request.get_json()}
    all_goods[goods["id"]] = goods
    return goods, 201, {"Location": url_for("get_goods", goods_id=goods["id"])}
