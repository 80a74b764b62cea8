"""Exercise: a tea shop without copies.

The shop has two pages, and they are copies: both templates have the frame of the page, and the card
of a tea occurs three times. Write each of them once, so that you can correct it in one place. The
views below are finished; your work is in ``templates/exercise_*.html``.

Tasks:

1. Make one frame for both pages. It is ``exercise_base.html``, with the blocks ``title``,
   ``content`` and ``footer``; ``exercise_shop.html`` and ``exercise_tea.html`` extend it.
2. Make one card for all teas. ``exercise_card.html`` holds the macro ``card(tea)``; both pages
   import it, and call it for each tea that they show a card of.
3. Show a tea that is sold out. Its card says "Sold out" in place of the price.
4. Add to the footer of a tea's page. Below what every page has there, it says "Ask us about" and
   the name of the tea.
5. Show a notice when there is one. If the folder has a file ``exercise_notice.html``, all pages
   show it above their content; without the file they are as before.

Run it:   flask --app day03.template_reuse.exercise run --debug
Try it:   curl http://127.0.0.1:5000/
          curl http://127.0.0.1:5000/teas/sencha
Check it: course check template_reuse
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

    # TODO (tasks 1, 2, 3 and 5): templates/exercise_shop.html, and two new templates beside it
    @app.get("/")
    def shop():
        """Show a card of each tea."""
        return render_template("exercise_shop.html", teas=teas)

    # TODO (tasks 1, 2 and 4): templates/exercise_tea.html
    @app.get("/teas/<key>")
    def tea(key: str):
        """Show one tea, and the cards of all the others."""
        if key not in teas:
            abort(404)
        others = {other: teas[other] for other in teas if other != key}
        return render_template("exercise_tea.html", tea=teas[key], others=others)

    return app
