"""Wrong: the loop hands over the tea of the page instead of the one of the loop.

Fails: test_each_tea_has_a_card, test_both_pages_call_the_macro, test_a_card_says_sold_out
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, render_template

TEAS = {
    "sencha": {"name": "Sencha", "price": 12, "left": 30},
    "jasmine": {"name": "Jasmine", "price": 8, "left": 4},
    "pu-erh": {"name": "Pu-erh", "price": 25, "left": 0},
}


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop; the check puts other teas on its shelf."""
    app = Flask(__name__)
    app.config.from_mapping(TEAS=TEAS)
    app.config.from_mapping(config or {})
    teas = app.config["TEAS"]

    @app.get("/")
    def shop():
        """Show a card of each tea."""
        return render_template("exercise_shop.html", teas=teas)

    @app.get("/teas/<key>")
    def tea(key: str):
        """Show one tea, and the cards of all the others."""
        if key not in teas:
            abort(404)
        others = {other: teas[other] for other in teas if other != key}
        return render_template("exercise_tea.html", tea=teas[key], others=others)

    return app
