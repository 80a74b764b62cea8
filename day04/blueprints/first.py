"""Put one view on a blueprint, and register the blueprint on an app.

The package ``day04.blueprints`` beside this file is a museum of four parts.

Run it: flask --app day04.blueprints.first run --debug
"""

from flask import Blueprint, Flask

pictures = Blueprint("pictures", __name__)


@pictures.get("/")
def index():
    """Return the titles of the pictures."""
    return "Harbour at dawn, Two pears\n"


app = Flask(__name__)
app.register_blueprint(pictures, url_prefix="/pictures")
