"""Run the development server, and see what debug mode changes.

Debug mode restarts the server when you save a file, and shows you the line that failed. Other
people must not see either. This app says which mode it is in, and fails on request.

Run it: flask --app day01.debug_and_run.app run --debug
"""

from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def mode():
    """Say whether debug mode is on."""
    return {"debug": app.debug}


@app.get("/address")
def address():
    """Say which host and port were requested, and which address the request comes from."""
    return {"asked": request.host, "by": request.remote_addr}


@app.get("/boom")
def boom():
    """Fail on purpose: a division by zero."""
    guests = 0
    return f"Each guest gets {12 / guests} slices of cake."


if __name__ == "__main__":
    # For your own machine only. Ruff reports debug mode as a danger, unless a comment allows it.
    app.run(debug=True)  # noqa: S201
