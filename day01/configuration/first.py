"""Keep one setting in the program, and let the environment replace it.

The file ``app.py`` beside this one reads settings from further sources.

Run it: flask --app day01.configuration.first run --debug
"""

from flask import Flask

app = Flask(__name__)
app.config.from_mapping(GREETING="Welcome!")
app.config.from_prefixed_env()


@app.get("/")
def index():
    """Return the greeting as JSON."""
    return {"greeting": app.config["GREETING"]}
