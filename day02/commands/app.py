"""Give an app commands of its own, beside its views.

Some work has no visitor: fill a database at night, look up a number, send the invoices. A command
is started from a terminal, has the app's settings at hand, and shares the code of the views.

Run it: flask --app day02.commands.app run --debug
"""

import click
from flask import Flask, abort, current_app
from flask.cli import AppGroup

app = Flask(__name__)
app.config["CURRENCY"] = "EUR"

# Goods, and what one of them costs in cents.
GOODS = {"tea": 490, "cup": 750, "pot": 2900}


def price(name: str, amount: int) -> str:
    """Return what so many cost; the view and the command both ask here."""
    cents = GOODS[name] * amount
    return f"{cents // 100}.{cents % 100:02} {current_app.config['CURRENCY']}"


@app.get("/price/<name>/<int(min=1, max=100):amount>")
def price_view(name: str, amount: int):
    """Answer a visitor."""
    if name not in GOODS:
        abort(404)
    return {"price": price(name, amount)}


@app.cli.command("greet")
@click.argument("name")
@click.option("--times", default=1, show_default=True, type=click.IntRange(1, 5), help="How often.")
@click.option("--shout", is_flag=True, help="In capitals.")
def greet(name: str, times: int, shout: bool) -> None:
    """Greet NAME in the terminal."""
    for _ in range(times):
        click.echo(f"GOOD MORNING, {name.upper()}!" if shout else f"Good morning, {name}.")


goods = AppGroup("goods", help="Look into the storeroom.")
app.cli.add_command(goods)


@goods.command("list")
def list_goods() -> None:
    """List the goods with their prices."""
    for name in sorted(GOODS):
        click.echo(f"{name}  {price(name, 1)}")


@goods.command("price")
@click.argument("name", type=click.Choice(sorted(GOODS)))
@click.argument("amount", type=click.IntRange(1, 100), default=1)
def price_command(name: str, amount: int) -> None:
    """Print what AMOUNT of NAME cost."""
    click.echo(price(name, amount))


@app.shell_context_processor
def names_for_the_shell():
    """Have these names ready in ``flask shell``."""
    return {"GOODS": GOODS, "price": price}
