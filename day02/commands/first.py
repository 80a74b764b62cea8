"""Give an app one command of its own.

The file ``app.py`` beside this one has options, a group of commands and a shell.

Run it: flask --app day02.commands.first greet Ann
"""

import click
from flask import Flask

app = Flask(__name__)


@app.cli.command("greet")
@click.argument("name")
def greet(name):
    """Greet NAME in the terminal."""
    click.echo(f"Good morning, {name}.")
