"""Sell a violin, and with bad luck sell it twice: a look at the stock, then a change.

The file ``app.py`` beside this one lets the database do both in one statement.

Run it: flask --app day06_project.order_race.first run --debug
"""

from flask import Flask, abort

app = Flask(__name__)
stock = {"Violin": 1}
orders = []


def pay():
    """Ask the bank, which takes a while."""


@app.post("/orders")
def order():
    """Sell a violin, if there is one."""
    if stock["Violin"] < 1:
        abort(409, "Sold out.")
    pay()
    stock["Violin"] -= 1
    orders.append("Violin")
    return {"left": stock["Violin"]}, 201
