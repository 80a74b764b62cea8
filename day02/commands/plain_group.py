"""Use click's own group: its commands find the app in the terminal, but not in a test.

Run it: flask --app day02.commands.plain_group plain name
"""

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

app = Flask(__name__)


@click.group()
def plain():
    """Show the difference between two commands."""


app.cli.add_command(plain)


@plain.command("name")
def show_name():
    """Print the app's name; the flask command pushes the application context."""
    click.echo(current_app.name)


@plain.command("name-in-tests")
@with_appcontext
def show_name_in_tests():
    """Print the app's name; this command pushes the application context itself."""
    click.echo(current_app.name)
