"""A solution of the exercise."""

from flask import Flask, request, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)

app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)


@app.get("/address")
def address():
    """Show the address of the visitor."""
    return request.remote_addr or "unknown"


@app.get("/link")
def link():
    """Show a link to this page, as a mail would contain it."""
    return url_for("link", _external=True)
