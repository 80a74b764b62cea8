"""Exercise: a counter of visits.

A tea museum greets its visitors with the number of their visits, and reminds them of the teas they
looked at. Visitors do not log in; the session knows one browser from another.

Tasks:

1. Count the visits. ``GET /`` answers ``{"visits": 1}``, at the next visit 2, and so on, for each
   browser by itself. (Flask asks for a secret key first. Any will do for now.)
2. Remember the last three teas. ``GET /teas/<name>`` answers with the tea and with ``seen``, the
   teas that this browser looked at: the latest first, none twice, three at most.
3. Forget the visitor. ``POST /forget`` empties the session and redirects with 303 to ``/``. It may
   be sent twice.
4. Take the key from outside. With ``FLASK_SECRET_KEY`` in the environment that is the key, and
   visits go on after a restart. Without it, each start has a new random key.
5. Remember for 30 days. The cookie says so, and it has ``SameSite=Lax``.

Run it:   flask --app day02.sessions.exercise run --debug
Try it:   curl -b jar.txt -c jar.txt http://127.0.0.1:5000/
          curl -b jar.txt -c jar.txt http://127.0.0.1:5000/teas/oolong
          curl -i -b jar.txt -c jar.txt -X POST http://127.0.0.1:5000/forget
Check it: course check sessions
"""

from flask import Flask, abort

TEAS = ("assam", "ceylon", "darjeeling", "keemun", "matcha", "oolong", "sencha", "yunnan")

app = Flask(__name__)
# TODO (tasks 1 and 4): the secret key
# TODO (task 5): how long the session lasts, and SameSite


@app.get("/")
def index():
    """Count the visits of this browser."""
    # TODO (task 1): count in the session
    return {"visits": 1}


@app.get("/teas/<name>")
def tea(name: str):
    """Show a tea, and which ones this browser has seen."""
    if name not in TEAS:
        abort(404)
    # TODO (task 2): put the name in front of what was seen before
    return {"tea": name, "seen": [name]}


# TODO (task 3): the view for POST /forget
