"""A small extension: it stores names for the app, in a folder from the settings."""

from pathlib import Path

from flask import Flask

MAX_NAMES = 100


class FullError(Exception):
    """Mean that the book has no room for another name."""


class GuestBook:
    """Store the names of the guests in a file, one on each line."""

    def __init__(self, app: Flask) -> None:
        """Read the settings once, as most extensions do."""
        self.path = Path(app.config["DATA_FOLDER"]) / "guests.txt"
        app.extensions["guest_book"] = self

    def read_names(self) -> list[str]:
        """Return all names, the first guest first."""
        return self.path.read_text("utf-8").splitlines() if self.path.exists() else []

    def add(self, name: str) -> None:
        """Add a name to the file, which is made when it is first needed."""
        if len(self.read_names()) >= MAX_NAMES:
            raise FullError(f"The book is full: it has {MAX_NAMES} names.")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
