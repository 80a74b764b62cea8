"""Run the development server, and see what debug mode changes.

While you write a program, you want it to start again when you save a file, and to show you the line
that failed. A stranger must get neither. This app tells which mode it is in, and fails on request.

Run it: flask --app day01.debug_and_run.app run --debug
"""

from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def mode():
    """Tell whether debug mode is on."""
    return {"debug": app.debug}


@app.get("/address")
def address():
    """Tell which host and port were asked, and from which address the question came."""
    return {"asked": request.host, "by": request.remote_addr}


@app.get("/boom")
def boom():
    """Fail on purpose, as a program does in the one case that nobody thought of."""
    guests = 0
    return f"Each guest gets {12 / guests} slices of cake."


if __name__ == "__main__":
    # Right on your own machine only. Ruff warns of it everywhere, and is told here that we know.
    app.run(debug=True)  # noqa: S201
