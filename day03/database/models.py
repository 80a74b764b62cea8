"""The tables as classes: an author has many books; a book has many tags, and a tag many books."""

from flask import g
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Engine, ForeignKey, String, UniqueConstraint, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """The base class of all models."""


db = SQLAlchemy(model_class=Base)

# Which book has which tag. A row is only a pair of keys, so this table has no class.
book_tag = db.Table(
    "book_tag",
    Column("book_id", ForeignKey("book.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True),
)


class Author(db.Model):
    """One author; no two have the same name."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    books: Mapped[list["Book"]] = relationship(
        back_populates="author",
        order_by="Book.title",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )


class Book(db.Model):
    """One book of one author; the author has no other with this title."""

    __table_args__ = (UniqueConstraint("author_id", "title"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id", ondelete="CASCADE"))
    author: Mapped[Author] = relationship(back_populates="books")
    tags: Mapped[list["Tag"]] = relationship(
        secondary=book_tag, back_populates="books", order_by="Tag.name", passive_deletes=True
    )

    @property
    def tag_names(self) -> str:
        """Return the tags as they are typed into the form."""
        return ", ".join(tag.name for tag in self.tags)


class Tag(db.Model):
    """One word that any number of books can have."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    books: Mapped[list[Book]] = relationship(
        secondary=book_tag, back_populates="tags", order_by="Book.title", passive_deletes=True
    )


def set_up_engine(engine: Engine) -> None:
    """Make the engine check foreign keys, and count its queries in ``g``."""

    @event.listens_for(engine, "connect")
    def check_foreign_keys(connection, record):
        # SQLite checks them only on request, on each new connection.
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "before_cursor_execute")
    def count(*about):
        g.queries = g.get("queries", 0) + 1
