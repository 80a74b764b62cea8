"""Create the tables when they are first needed, and fill the carts of a new shop."""

from pathlib import Path
from threading import Lock

from sqlalchemy import inspect

from .models import CartLine, Customer, Goods, db

one_at_a_time = Lock()


def create_tables() -> None:
    """Create the folder and the tables that are missing, and fill a new shop."""
    with one_at_a_time:  # two visitors may be the first
        if db.engine.url.database:  # the file; a database in memory has none
            Path(db.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        is_new = not inspect(db.engine).has_table("customer")
        db.create_all()
        if is_new:
            db.session.add_all(build_samples())
            db.session.commit()


def build_samples() -> list[db.Model]:
    """Build two customers with lines in their carts, and goods that are in no cart yet."""
    tea, cup = Goods(name="Tea", cents=490), Goods(name="Cup", cents=1250)
    ann, bob = Customer(name="Ann"), Customer(name="Bob")
    ann.lines = [CartLine(goods=tea, amount=2), CartLine(goods=cup, amount=1)]
    bob.lines = [CartLine(goods=tea, amount=5)]
    return [ann, bob, Goods(name="Pot", cents=3900)]
