"""Exercise: an app that moves behind a proxy.

The app ran alone until today. From now on one proxy is in front of it, which takes https requests
for ``shop.example`` and passes them on over http. It adds the visitor's address at the end of
``X-Forwarded-For``, and writes ``X-Forwarded-Proto`` and ``X-Forwarded-Host``.

Tasks:

1. ``/address`` responds with the visitor's address, not the proxy's. A visitor who sends an
   ``X-Forwarded-For`` of their own must not be believed.
2. ``/link`` responds with a URL that the visitor can open: ``https://shop.example/link``.

Run it:   flask --app day04.deployment.exercise run --debug
Try it:   curl -H "X-Forwarded-For: 203.0.113.7" http://127.0.0.1:5000/address
          curl -H "X-Forwarded-Proto: https" http://127.0.0.1:5000/link
Check it: course check deployment
"""

from flask import Flask, request, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)

# TODO (tasks 1 and 2): trust one proxy, and the headers that it writes


@app.get("/address")
def address():
    """Show the address of the visitor."""
    return request.remote_addr or "unknown"


@app.get("/link")
def link():
    """Show a link to this page, as a mail would contain it."""
    return url_for("link", _external=True)
