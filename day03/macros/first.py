"""Write a form field once, as a macro, and use it for two fields.

The file ``app.py`` beside this one imports macros from a file, and shows an attack.

Run it: flask --app day03.macros.first run --debug
"""

from flask import Flask, render_template

app = Flask(__name__)


@app.get("/")
def contact():
    """Show a form; a macro of the template writes its fields."""
    return render_template("first.html")
