"""Settings, then an extension, then a view: the order of every Flask project.

All of it happens when the module is imported, as in most tutorials. The file ``app.py`` beside this
one builds the app in a function.

Run it: flask --app day06_project.single_file.first run --debug
"""

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ.get("DATABASE_URL", "sqlite://")
db = SQLAlchemy(app)


@app.get("/ping")
def ping():
    """Say that the program runs."""
    return "pong\n"
