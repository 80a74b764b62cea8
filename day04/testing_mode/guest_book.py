"""A small extension: it keeps something for the app, in a place that the settings name."""

from pathlib import Path

from flask import Flask

MOST = 100


class FullError(Exception):
    """Say that no more names fit into the book."""


class GuestBook:
    """Keep the names of the guests in a file, one to a line."""

    def __init__(self, app: Flask) -> None:
        """Find out where the file lies, once and for all, as most extensions do."""
        self.path = Path(app.config["DATA_FOLDER"]) / "guests.txt"
        app.extensions["guest_book"] = self

    def names(self) -> list[str]:
        """Return all names, the first guest first."""
        return self.path.read_text("utf-8").splitlines() if self.path.exists() else []

    def add(self, name: str) -> None:
        """Write a name into the file, which is made when it is first needed."""
        if len(self.names()) >= MOST:
            raise FullError(f"The book is full: it has {MOST} names.")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
