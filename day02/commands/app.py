"""Give an app commands of its own, beside its views.

Some work has no visitor: fill a database, look up a price, send the invoices. A command runs in a
terminal, reads the app's settings, and calls the same functions as the views.

Run it: flask --app day02.commands.app run --debug
"""

import click
from flask import Flask, abort, current_app
from flask.cli import AppGroup

app = Flask(__name__)
app.config["CURRENCY"] = "EUR"

# The goods, with the price of one piece in cents.
GOODS = {"tea": 490, "cup": 750, "pot": 2900}


def format_price(name: str, amount: int) -> str:
    """Return the price as text, with the currency; the view and the commands call it."""
    cents = GOODS[name] * amount
    return f"{cents // 100}.{cents % 100:02} {current_app.config['CURRENCY']}"


@app.get("/price/<name>/<int(min=1, max=100):amount>")
def show_price(name: str, amount: int):
    """Return the price to a visitor."""
    if name not in GOODS:
        abort(404)
    return {"price": format_price(name, amount)}


@app.cli.command("greet")
@click.argument("name")
@click.option("--times", default=1, show_default=True, type=click.IntRange(1, 5), help="How often.")
@click.option("--shout", is_flag=True, help="In upper case.")
def greet(name: str, times: int, shout: bool) -> None:
    """Greet NAME in the terminal."""
    for _ in range(times):
        click.echo(f"GOOD MORNING, {name.upper()}!" if shout else f"Good morning, {name}.")


goods = AppGroup("goods", help="Show goods and prices.")
app.cli.add_command(goods)


@goods.command("list")
def list_goods() -> None:
    """List the goods with their prices."""
    for name in sorted(GOODS):
        click.echo(f"{name}  {format_price(name, 1)}")


@goods.command("price")
@click.argument("name", type=click.Choice(sorted(GOODS)))
@click.argument("amount", type=click.IntRange(1, 100), default=1)
def print_price(name: str, amount: int) -> None:
    """Print the price of AMOUNT pieces of NAME."""
    click.echo(format_price(name, amount))


@app.shell_context_processor
def shell_names():
    """Return further names for ``flask shell``."""
    return {"GOODS": GOODS, "format_price": format_price}
