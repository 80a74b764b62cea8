"""Exercise: a shop list that says what it did.

After each change the browser is redirected, and the next page must say what happened.

Tasks:

1. POST ``/items`` with the field ``item`` flashes ``milk is on the list.`` and redirects to ``/``
   with 303.
2. The page shows each message once, in ``<p class="flash">``.
3. Without an item, the message is ``Write something first.`` with the category ``error``, and its
   paragraph is ``<p class="flash error">``. The other message has the category ``success``.

Run it:   flask --app day03.flash_messages.exercise run --debug
Try it:   curl -i -c jar.txt -d item=milk http://127.0.0.1:5000/items
          curl -b jar.txt http://127.0.0.1:5000/
Check it: course check flash_messages
"""

import secrets

from flask import Flask, flash, redirect, render_template, request, url_for

app = Flask(__name__)
app.secret_key = secrets.token_hex()


@app.get("/")
def index():
    """Show the list. TODO (tasks 2 and 3): the messages, in templates/exercise_list.html."""
    return render_template("exercise_list.html")


@app.post("/items")
def add():
    """Put an item on the list."""
    item = request.form.get("item", "").strip()[:40]
    # TODO (tasks 1 and 3): flash a message and redirect
    return item
