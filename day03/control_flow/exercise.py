"""Exercise: the board of a station.

The view has a list of trains. The template decides what is shown, and repeats it.

Tasks:

1. The template shows a ``<li>`` for each train, with its name and its minutes: ``S1 in 5 min``.
2. If there is no train, the page shows ``<p>No train today.</p>`` and no list.
3. A train that leaves in less than 3 minutes has ``run!`` behind its line: ``S1 in 2 min, run!``

Run it:   flask --app day03.control_flow.exercise run --debug
Try it:   curl "http://127.0.0.1:5000/?S1=2&S7=12"
Check it: course check control_flow
"""

from flask import Flask, render_template, request

app = Flask(__name__)


@app.get("/")
def index():
    """Show the trains, which come from the query string: name=minutes."""
    trains = [{"name": name, "minutes": int(value)} for name, value in request.args.items()]
    # TODO (tasks 1 to 3): the board, in templates/exercise_board.html
    return render_template("exercise_board.html", trains=trains)
