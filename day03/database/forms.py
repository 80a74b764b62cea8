"""The forms of the library. What they refuse never reaches the database."""

import re

from flask_wtf import FlaskForm
from wtforms import StringField, SubmitField, ValidationError
from wtforms.validators import DataRequired, Length

CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")


def trimmed(text: str | None) -> str:
    """Drop the spaces around a text, so that they do not make another name of it."""
    return (text or "").strip()


def one_line(form: FlaskForm, field: StringField) -> None:
    """Refuse control characters: SQLite counts no further than a NUL, and PostgreSQL takes none."""
    if CONTROL_CHARACTERS.search(field.data):
        raise ValidationError("This holds a character that cannot be seen.")


class AuthorForm(FlaskForm):
    """Ask for an author."""

    name = StringField(
        "Name",
        filters=[trimmed],
        validators=[DataRequired("An author has a name."), Length(max=80), one_line],
    )
    submit = SubmitField("Save")


class BookForm(FlaskForm):
    """Ask for a book and its tags."""

    title = StringField(
        "Title",
        filters=[trimmed],
        validators=[DataRequired("A book has a title."), Length(max=120), one_line],
    )
    tag_names = StringField(
        "Tags",
        description="Words with commas between them.",
        filters=[trimmed],
        validators=[Length(max=200), one_line],
    )
    submit = SubmitField("Save")

    def names(self) -> list[str]:
        """Return the single tags, in small letters, each of them once."""
        words = (word.strip().lower() for word in self.tag_names.data.split(","))
        return list(dict.fromkeys(filter(None, words)))

    def validate_tag_names(self, field: StringField) -> None:
        """Refuse a tag that is longer than its column."""
        if any(len(name) > 30 for name in self.names()):
            raise ValidationError("A tag has at most 30 letters.")
