"""Exercise: a list of wishes that another site cannot write to.

The page's script sends wishes as JSON. Today the app accepts them from every site.

Tasks:

1. A POST without a token is refused with 400.
2. ``/`` sets the cookie ``csrf_token``, with a token in it. The script can read the cookie, and it
   is ``SameSite=Lax``. A POST with this token in the header ``X-CSRFToken`` is accepted.
3. The refusal is JSON for the script: ``{"code": "csrf", "error": ...}``, with the reason as the
   ``error``. Its status code stays 400.

Run it:   flask --app day06_project.script_csrf.exercise run --debug
Try it:   curl -i http://127.0.0.1:5000/
          curl -i --json '{"text": "a teapot"}' http://127.0.0.1:5000/wishes
Check it: course check script_csrf
"""

import secrets

from flask import Flask, request

app = Flask(__name__)
app.secret_key = secrets.token_hex()
# TODO (task 1): protect the app


@app.get("/")
def index():
    """Send the page."""
    response = app.make_response("<!doctype html><title>Wishes</title>\n")
    # TODO (task 2): set the cookie with the token
    return response


@app.post("/wishes")
def add_wish():
    """Accept a wish."""
    return {"text": request.get_json()["text"]}, 201


# TODO (task 3): handle the exception of a request without a good token
