"""Commands of the shop, and the step that development does by itself."""

import secrets
import threading
from itertools import cycle, islice
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext
from flask_migrate import upgrade
from sqlalchemy import insert, select

from day06_project.shop.extensions import db
from day06_project.shop.models import Goods, User, now
from day06_project.shop.utils.auth import hash_password

OWNER = "the shop"
SAMPLES = {
    "Notebook": 450,
    "Fountain pen": 3900,
    "Ink, blue": 890,
    "Desk lamp": 4500,
    "Teapot": 2750,
    "Cup": 990,
    "Green tea": 1250,
    "Umbrella": 1990,
    "Backpack": 7900,
    "Bicycle bell": 1490,
    "Chess set": 3490,
    "Playing cards": 690,
}


def init_app(app: Flask) -> None:
    """Add the commands, and in development make a database that is missing."""
    app.cli.add_command(seed_command)
    if app.config["PREPARE_DATABASE"]:
        prepare_at_first_request(app)


@click.command("seed")
@click.option("--count", default=len(SAMPLES), show_default=True, help="How many goods.")
@with_appcontext
def seed_command(count: int) -> None:
    """Put goods into an empty shop."""
    click.echo(f"{seed(count)} goods added.")


def seed(count: int = len(SAMPLES)) -> int:
    """Add that many goods, unless there are some; return how many were added.

    They belong to an account that no one can open or log in to: names have no spaces.
    """
    if db.session.scalar(select(Goods.id).limit(1)):
        return 0
    owner = db.session.scalar(select(User).where(User.name == OWNER))
    if owner is None:
        owner = User(name=OWNER, password_hash=hash_password(secrets.token_hex()))
        db.session.add(owner)
        db.session.flush()
    same = {"owner_id": owner.id, "stock": 10, "created_at": now(), "version": 1}
    goods = islice(cycle(SAMPLES.items()), count)
    rows = [{**same, "name": name, "price": price} for name, price in goods]
    if rows:
        db.session.execute(insert(Goods), rows)
    db.session.commit()
    return len(rows)


def prepare_at_first_request(app: Flask) -> None:
    """Do ``db upgrade`` and ``seed`` when a request finds no SQLite file.

    Only for your own machine: several servers that start at once would all do it. In production it
    is a step of its own, before they start.
    """
    with app.app_context():
        url = db.engine.url
    if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
        return
    lock = threading.Lock()

    @app.before_request
    def prepare() -> None:
        with lock:  # the file is there long before it is ready
            if not Path(url.database).exists():
                db.engine.dispose()  # connections to a file that was deleted
                upgrade()
                seed()
