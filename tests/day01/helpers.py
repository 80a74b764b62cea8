"""What the tests of several lessons of day 1 need."""

import os
from unittest.mock import patch

from click.testing import CliRunner
from flask import Flask, url_for
from flask.cli import FlaskGroup


def run_flask(create_app, *words, **environ):
    """Run the ``flask`` command with these words and variables, for the app that is built."""
    group = FlaskGroup(create_app=create_app, load_dotenv=False)
    with patch.dict(os.environ, environ):  # the command sets FLASK_ variables, too
        return CliRunner().invoke(group, words, catch_exceptions=False)


def body(app, path):
    """Return the body that a GET of the path brings, or the status code if it is not 200."""
    with app.test_client().get(path, follow_redirects=True) as response:
        return response.text if response.status_code == 200 else response.status_code


def status_codes(app, path, methods="GET HEAD OPTIONS POST PUT PATCH DELETE"):
    """Return the status code of the response to each method."""
    client = app.test_client()
    return {method: client.open(path, method=method).status_code for method in methods.split()}


def url_of(app, endpoint, **values):
    """Return what ``url_for`` builds in a request to this app."""
    with app.test_request_context():
        return url_for(endpoint, **values)


def app_with(rule, **converters):
    """Return an app whose one rule shows what its view received."""
    small = Flask("small")
    small.url_map.converters.update(converters)
    small.add_url_rule(rule, "show", lambda value: f"{type(value).__name__} {value}")
    return small
