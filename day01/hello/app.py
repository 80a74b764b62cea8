"""Answer an address with a line of text.

These lines are a complete web application: an object, two routes, and functions whose return value
becomes the answer. All that follows in this course is added to lines like these.

Run it: flask --app day01.hello.app run --debug
"""

from flask import Flask, make_response

app = Flask(__name__)


@app.get("/")
def index():
    """Return a text; Flask makes an HTTP answer from it."""
    return "Hello, World!"


@app.get("/bonjour")
def bonjour():
    """Make the answer first, then add a header to it."""
    response = make_response("Bonjour, tout le monde!")
    response.headers["Content-Language"] = "fr"
    return response


if __name__ == "__main__":
    app.run()
