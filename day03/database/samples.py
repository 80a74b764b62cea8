"""Create the tables when they are first needed, and fill a new library with some books."""

from pathlib import Path
from threading import Lock

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from .models import Author, Book, Tag, db

BOOKS = {
    "H. G. Wells": {
        "The Time Machine": ["science fiction"],
        "The War of the Worlds": ["science fiction"],
    },
    "Jane Austen": {
        "Emma": ["comedy", "love"],
        "Persuasion": ["love"],
        "Pride and Prejudice": ["comedy", "love"],
    },
    "Jules Verne": {
        "Around the World in Eighty Days": ["adventure", "travel"],
        "Journey to the Centre of the Earth": ["adventure", "science fiction"],
    },
    "Lewis Carroll": {
        "Alice's Adventures in Wonderland": ["fantasy"],
        "Through the Looking-Glass": ["fantasy"],
    },
    "Mary Shelley": {"Frankenstein": ["science fiction"]},
    "Robert Louis Stevenson": {"Treasure Island": ["adventure"]},
    "Wu Cheng'en": {"Journey to the West": ["adventure", "fantasy"]},
}

one_at_a_time = Lock()


def create_tables() -> None:
    """Create the folder and the tables that are missing, and fill a new library."""
    with one_at_a_time:  # two visitors may be the first
        if db.engine.url.database:  # the file; a database in memory has none
            Path(db.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        is_new = not inspect(db.engine).has_table("author")
        db.create_all()
        if is_new:
            # At the end of this block is the commit; an exception in it rolls back.
            with Session(db.engine) as session, session.begin():
                session.add_all(build_samples())


def build_samples() -> list[Author]:
    """Build the authors with their books, and the books with their tags."""
    tags: dict[str, Tag] = {}

    def build_book(title: str, names: list[str]) -> Book:
        return Book(title=title, tags=[tags.setdefault(name, Tag(name=name)) for name in names])

    return [
        Author(name=name, books=[build_book(title, names) for title, names in books.items()])
        for name, books in BOOKS.items()
    ]
