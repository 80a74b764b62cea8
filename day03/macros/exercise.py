"""Exercise: the buttons of a drum machine.

The page repeats the same lines for each button. A macro writes them once.

Tasks:

1. Write a macro ``button(sound, key)`` in ``templates/exercise_macros.html``. It writes
   ``<button name="sound" value="kick">kick (k)</button>`` for ``button("kick", "k")``.
2. The macro has a third parameter, ``loud``, which is false if it is not given. If it is true, the
   button has ``class="loud"``.
3. Import the macro in ``templates/exercise_drums.html``, and call it for each of ``sounds``. Only
   the sound ``crash`` is loud.

Run it:   flask --app day03.macros.exercise run --debug
Try it:   curl http://127.0.0.1:5000/
Check it: course check macros
"""

from flask import Flask, render_template

SOUNDS = {"kick": "k", "snare": "s", "crash": "c"}

app = Flask(__name__)


@app.get("/")
def index():
    """Show a button for each sound."""
    # TODO (tasks 1 to 3): the two templates
    return render_template("exercise_drums.html", sounds=SOUNDS)
