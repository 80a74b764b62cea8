"""The model of the exercise; it needs ``db``."""

from sqlalchemy.orm import Mapped, mapped_column

from .exercise_db import db


class Book(db.Model):
    """One row of the table ``book``."""

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
