"""Exercise: a bakery that remembers the language.

The visitor chooses a language once. A cookie brings it back with each later request.

Tasks:

1. ``/`` reads the cookie ``language`` and responds with ``{"language":"en"}``. Without a cookie the
   language is ``en``.
2. POST ``/language/de`` sets the cookie ``language`` to ``de`` and redirects to ``/`` with 303. The
   path's last part may be ``de``, ``en`` or ``fr``; anything else is 404.
3. The cookie is kept for 30 days, and scripts in the page cannot read it.
4. POST ``/forget`` deletes the cookie and redirects to ``/`` with 303.

Run it:   flask --app day02.cookies.exercise run --debug
Try it:   curl http://127.0.0.1:5000/
          curl -i -c jar.txt -X POST http://127.0.0.1:5000/language/de
          curl -b jar.txt http://127.0.0.1:5000/
Check it: course check cookies
"""

from datetime import timedelta

from flask import Flask, redirect, request, url_for

app = Flask(__name__)


@app.get("/")
def index():
    """Show the language."""
    return {"language": "en"}  # TODO (task 1): read the cookie


# TODO (tasks 2 and 3): the view for POST /language/...


# TODO (task 4): the view for POST /forget
