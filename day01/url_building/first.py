"""A page with a link that Flask builds from the name of a view.

Run it: flask --app day01.url_building.first run --debug
"""

from flask import Flask, url_for

app = Flask(__name__)


@app.get("/")
def index():
    """Show a page with a link to plant 7."""
    link = url_for("plant", plant_id=7)
    return f'<h1>Garden</h1>\n<a href="{link}">Red tulips</a>\n'


@app.get("/plants/<int:plant_id>")
def plant(plant_id):
    """Show one plant."""
    return f"Plant {plant_id}\n"
