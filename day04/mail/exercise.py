"""Exercise: a mailed receipt.

A flower shop takes orders as JSON, and everyone who orders should get a receipt by mail. The orders
work; you write the mail. You need no mail server: ``MAIL_SUPPRESS_SEND`` keeps Flask-Mail from
sending, and ``/outbox`` shows what it would have sent.

Tasks:

1. Mail a receipt for each order. It goes to the buyer's address, from ``MAIL_DEFAULT_SENDER`` as
   ``config`` has it, with the subject "Receipt 1" for the order 1.
2. Write it twice, as text and as HTML. ``exercise_receipt.txt`` and ``exercise_receipt.html`` have
   the buyer's name, a line such as "3 tulip" for each flower, and the sum in cents. A < in a name
   is escaped in the HTML, but not in the text.
3. Attach the receipt as a file. ``receipt-1.csv``, of the type text/csv, begins with the line
   ``flower,number,cents`` and has one more for each flower: ``tulip,3,270``, cents for all three.
4. Let nothing into a header. An order may have a "reference", which comes after the subject:
   "Receipt 1 (your reference)". If it has a line break, of any kind, the response is 400; then
   there is neither an order nor a mail.
5. Take the order even if the mail fails. If the server cannot be reached, the response is still
   201, with "mailed": false instead of true.

Run it:   flask --app day04.mail.exercise run --debug
Try it:   curl --json '{"name":"Ann","mail":"a@b.test","flowers":{"rose":3}}' 127.0.0.1:5000/orders
          curl http://127.0.0.1:5000/outbox
Check it: course check mail
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, request
from flask_mail import Mail, Message, email_dispatched

PRICES = {"tulip": 90, "rose": 250, "daisy": 40}

mail = Mail()


def sent_order() -> dict[str, Any]:
    """Return the order of this request, or end the request with 400."""
    order = request.get_json()
    if not isinstance(order, dict):
        abort(400, "An order is an object.")
    for name in ("name", "mail"):
        text = order.get(name)
        if not isinstance(text, str) or not text or not text.isprintable():
            abort(400, f"Send {name}, a text in one line.")
    flowers = order.get("flowers")
    if not isinstance(flowers, dict) or not flowers or not flowers.keys() <= PRICES.keys():
        abort(400, f"Send flowers, some of {', '.join(PRICES)}.")
    if not all(type(number) is int and 0 < number < 1000 for number in flowers.values()):
        abort(400, "Send a number for each flower.")
    # TODO (task 4): check the reference, which may be missing
    return order


def receipt(number: int, order: Mapping[str, Any]) -> Message:
    """Write the receipt of an order."""
    # TODO (tasks 1 and 4): the recipient, and the right subject
    # TODO (task 2): body and html, from templates/exercise_receipt.txt and .html
    # TODO (task 3): message.attach(…)
    return Message("Receipt")


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop; the check brings settings of its own."""
    app = Flask(__name__)
    app.config.from_mapping(
        MAIL_DEFAULT_SENDER="flowers@example.com", MAIL_SUPPRESS_SEND=True, MAIL_DEBUG=False
    )
    app.config.from_mapping(config or {})
    # TODO (task 1): tell the extension about the app, now that all settings are there
    orders: list[dict[str, Any]] = []

    @app.post("/orders")
    def take_order():
        """Take an order, and mail its receipt."""
        order = sent_order()
        orders.append(order)
        number = len(orders)
        # TODO (task 1): send receipt(number, order)
        # TODO (task 5): what if that fails?
        return {"number": number, "mailed": False}, 201

    @app.get("/orders")
    def count_orders():
        """Tell how many orders there are."""
        return {"orders": len(orders)}

    add_outbox(app)
    return app


def add_outbox(app: Flask) -> None:
    """Add /outbox, which shows the messages; leave this here, the check reads it."""
    outbox: list[dict[str, Any]] = []

    @app.get("/outbox")
    def show_outbox():
        """Show what was sent."""
        return {"outbox": outbox}

    @email_dispatched.connect_via(app)
    def record(sender: Flask, message: Message):
        """Store a message that Flask-Mail has sent, or would have sent."""
        facts = {name: getattr(message, name) for name in ("subject", "sender", "recipients")}
        files = [
            {"name": file.filename, "type": file.content_type, "data": str(file.data)}
            for file in message.attachments
        ]
        outbox.append(facts | {"text": message.body, "html": message.html, "files": files})

    app.extensions["outbox"] = record  # a signal does not keep its receivers alive
