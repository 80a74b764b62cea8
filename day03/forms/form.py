"""The form: its fields, and what each of them accepts."""

from unicodedata import category

from flask_wtf import FlaskForm
from flask_wtf.file import FileAllowed, FileField, FileSize
from wtforms import EmailField, PasswordField, StringField, SubmitField
from wtforms.fields import Field
from wtforms.validators import DataRequired, Email, EqualTo, Length, ValidationError


def text_or_none(value: object) -> str | None:
    """Return a text as it is, and None for a file: a program can send one as any field."""
    return value if isinstance(value, str) else None


def strip_text(value: object) -> str:
    """Remove the spaces around a text, so that ``"Ann "`` is Ann."""
    return (text_or_none(value) or "").strip()


def no_control_characters(form: FlaskForm, field: Field) -> None:
    """Refuse NUL, line ends and the like: no one types them here, and databases refuse some."""
    if any(category(character) == "Cc" for character in field.data):
        raise ValidationError("Please leave out characters that cannot be seen.")


class RegisterForm(FlaskForm):
    """Ask for what an account needs."""

    name = StringField(
        "Name",
        filters=[strip_text],
        validators=[
            DataRequired("Please tell us your name."),
            Length(max=30, message="At most %(max)d characters, please."),
            no_control_characters,
        ],
        render_kw={"autocomplete": "username"},
    )
    email = EmailField(
        "Email",
        filters=[strip_text],
        validators=[
            DataRequired("Please tell us your email address."),
            Email("This is not an email address."),
        ],
        render_kw={"autocomplete": "email"},
    )
    password = PasswordField(
        "Password",
        filters=[text_or_none],
        validators=[
            DataRequired("Please choose a password."),
            Length(8, 128, "Between %(min)d and %(max)d characters, please."),
            no_control_characters,
        ],
        description="At least 8 characters.",
        render_kw={"autocomplete": "new-password"},
    )
    repeat = PasswordField(
        "Password once more",
        validators=[
            DataRequired("Please type the password once more."),
            EqualTo("password", "The two passwords differ."),
        ],
        render_kw={"autocomplete": "new-password"},
    )
    picture = FileField(
        "Picture, if you like",
        validators=[
            FileAllowed(["png", "jpg"], "A file that ends in .png or .jpg, please."),
            FileSize(100_000, message="At most 100 kB, please."),
        ],
        render_kw={"accept": ".png,.jpg"},
    )
    submit = SubmitField("Register")
