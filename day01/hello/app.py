"""Send a line of text to the browser.

These lines are a complete web application: an application object, two routes and two views.
A view is a function; what it returns becomes the response.

Run it: flask --app day01.hello.app run --debug
"""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    """Return a text; Flask makes a response from it."""
    return "Hello, World!"


@app.get("/bonjour")
def bonjour():
    """Make the response first, then add a header to it."""
    response = app.make_response("Bonjour, tout le monde!")
    response.headers["Content-Language"] = "fr"
    return response


if __name__ == "__main__":
    app.run()
