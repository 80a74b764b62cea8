"""Ask for a name with a form of one field.

The file ``app.py`` beside this one has five fields, and protects all of its views.

Run it: flask --app day03.forms.first run --debug
"""

import secrets

from flask import Flask, redirect, render_template, url_for
from flask_wtf import FlaskForm
from wtforms import StringField, SubmitField
from wtforms.validators import DataRequired

app = Flask(__name__)
app.secret_key = secrets.token_hex()


class NameForm(FlaskForm):
    """Ask for a name."""

    name = StringField("Name", validators=[DataRequired("Please tell us your name.")])
    submit = SubmitField("Send")


@app.route("/", methods=["GET", "POST"])
def index():
    """Show the form, and check it when it is sent."""
    form = NameForm()
    if form.validate_on_submit():
        return redirect(url_for("thanks"), 303)
    return render_template("first.html", form=form)


@app.get("/thanks")
def thanks():
    """Show that the form was accepted."""
    return "Thank you.\n"
