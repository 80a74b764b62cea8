"""Exercise: a short-link service.

A flower shop prints addresses on its posters, and the long ones do not fit. Staff and their
programs send a long address to this service and get a short one. A visitor who opens the short one
is redirected to the long one.

Tasks:

1. Shorten an address that comes in a form. ``POST /links`` with the field ``url`` keeps it under
   a new code and answers 201 with JSON: ``url``, the address that was sent, and ``short``, the
   whole short address with the name of the server. Let ``url_for`` write it.
2. Lead to the long address. ``GET /s/<code>`` redirects with 302, because a poster stays where it
   is and an address may change. For a code that the service never gave out, the answer is 404.
3. Take JSON as well. ``{"url": "..."}`` is treated like the form. A body of another type is
   answered with 415; one without a ``url``, or with a ``url`` that is not text, with 400.
4. Refuse the addresses of strangers. What does not begin with ``https://flowers.example/``, or
   holds anything but visible ASCII characters (``!`` to ``~``), is answered with 400.
5. Give an address one code only. When it is sent again, the answer is 200 and the same short
   address.

Run it:   flask --app day01.sending_data.exercise run --debug
Try it:   curl -i -d url=https://flowers.example/tulips/red http://127.0.0.1:5000/links
          curl -i --json '{"url": "https://flowers.example/roses"}' http://127.0.0.1:5000/links
          curl -i http://127.0.0.1:5000/s/the-code-you-were-given
Check it: course check sending_data
"""

import secrets

from flask import Flask

app = Flask(__name__)

# The addresses by their codes. They are forgotten when the server stops; day 3 keeps such things.
links: dict[str, str] = {}


def new_code() -> str:
    """Make a code that cannot be guessed from another one."""
    return secrets.token_hex(3)


@app.post("/links")
def shorten():
    """Store an address and return a short one."""
    # TODO (tasks 1 and 3): find the address in what was sent
    # TODO (task 4): refuse it if it is not one of ours
    # TODO (task 5): look whether it has a code already
    code = new_code()
    # TODO (task 1): keep it, and answer with url and short
    return {"short": code}, 201


@app.get("/s/<code>")
def follow(code: str):
    """Redirect to the long address."""
    # TODO (task 2): redirect, or answer 404
    return f"Here {code} will lead to the long address.\n"
