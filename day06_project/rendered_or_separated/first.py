"""Send the goods in two ways: in a page, and as data.

The file ``app.py`` beside this one has a page whose script fetches the data.

Run it: flask --app day06_project.rendered_or_separated.first run --debug
"""

from flask import Flask, render_template_string

GOODS = [{"name": "Green tea", "price": 690}, {"name": "Teapot", "price": 2750}]
PAGE = """<!doctype html>
<title>Goods</title>
<ul>{% for goods in all_goods %}<li>{{ goods.name }}</li>{% endfor %}</ul>
"""

app = Flask(__name__)


@app.get("/rendered")
def rendered():
    """Send a page that is complete."""
    return render_template_string(PAGE, all_goods=GOODS)


@app.get("/api/goods")
def list_goods():
    """Send the goods as JSON; each client makes of them what it needs."""
    return {"items": GOODS}
