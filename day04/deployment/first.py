"""Show which process handles a request: the smallest app to try a server with.

The file ``app.py`` beside this one has more pages.

Serve it, on Linux and macOS, in the root folder of the course:

    gunicorn -w 2 -b 127.0.0.1:8000 day04.deployment.first:app

Run it: flask --app day04.deployment.first run
"""

import os

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    """Return the number of the process that handles this request."""
    return {"worker": os.getpid()}
