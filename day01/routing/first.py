"""Two views for one path: GET shows a question, POST takes the order.

Run it: flask --app day01.routing.first run --debug
"""

from flask import Flask

app = Flask(__name__)


@app.get("/order")
def order_form():
    """Handle GET."""
    return "What would you like?\n"


@app.post("/order")
def place_order():
    """Handle POST."""
    return "Your soup is on the way.\n"
