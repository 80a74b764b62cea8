"""The forms of the library: what they refuse does not reach the database."""

import re

from flask_wtf import FlaskForm
from wtforms import StringField, SubmitField, ValidationError
from wtforms.validators import DataRequired, Length

CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")


def strip_text(text: str | None) -> str:
    """Remove the spaces around a text, so that ``"Ann "`` is Ann."""
    return (text or "").strip()


def no_control_characters(form: FlaskForm, field: StringField) -> None:
    """Refuse control characters: SQLite counts only up to a NUL, and PostgreSQL refuses it."""
    if CONTROL_CHARACTERS.search(field.data):
        raise ValidationError("This holds a character that cannot be seen.")


class AuthorForm(FlaskForm):
    """Ask for an author."""

    name = StringField(
        "Name",
        filters=[strip_text],
        validators=[DataRequired("An author has a name."), Length(max=80), no_control_characters],
    )
    submit = SubmitField("Save")


class BookForm(FlaskForm):
    """Ask for a book and its tags."""

    title = StringField(
        "Title",
        filters=[strip_text],
        validators=[DataRequired("A book has a title."), Length(max=120), no_control_characters],
    )
    tag_names = StringField(
        "Tags",
        description="Words with commas between them.",
        filters=[strip_text],
        validators=[Length(max=200), no_control_characters],
    )
    submit = SubmitField("Save")

    def get_tag_names(self) -> list[str]:
        """Return the single tags in lower case, each of them once."""
        words = (word.strip().lower() for word in re.split("[,，]", self.tag_names.data))
        return list(dict.fromkeys(filter(None, words)))

    def validate_tag_names(self, field: StringField) -> None:
        """Refuse a tag that is longer than its column."""
        if any(len(name) > 30 for name in self.get_tag_names()):
            raise ValidationError("A tag has at most 30 letters.")
