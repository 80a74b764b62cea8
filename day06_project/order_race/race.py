"""Play a race again and again in the same way: no luck, no waiting.

Two requests that meet once in a million times cannot be studied. So let the second one come exactly
where it hurts most: just before the first one writes.
"""

from collections.abc import Callable
from threading import Thread
from typing import Any

from flask import Flask
from sqlalchemy import event

from day06_project.order_race.app import db


def before_the_next_write(app: Flask, function: Callable[[], Any]) -> None:
    """Call a function once, in another thread, when the app is about to write."""
    with app.app_context():
        engine = db.engine
    waiting = [function]

    @event.listens_for(engine, "before_cursor_execute")
    def look(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if waiting and statement.startswith(("INSERT", "UPDATE", "DELETE")):
            meanwhile = Thread(target=waiting.pop())
            meanwhile.start()
            meanwhile.join()
