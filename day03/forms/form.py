"""The form: its fields, and for each of them what it accepts."""

from unicodedata import category

from flask_wtf import FlaskForm
from flask_wtf.file import FileAllowed, FileField, FileSize
from wtforms import EmailField, PasswordField, StringField, SubmitField
from wtforms.fields import Field
from wtforms.validators import DataRequired, Email, EqualTo, Length, ValidationError


def text(value: object) -> str | None:
    """Let only text through: a program can send a file under the name of any field."""
    return value if isinstance(value, str) else None


def trimmed(value: object) -> str:
    """Drop the spaces around a text, so that ``"Ann "`` is Ann."""
    return (text(value) or "").strip()


def no_control_characters(form: FlaskForm, field: Field) -> None:
    """Refuse NUL, line ends and the like: nobody types them here, and databases trip over them."""
    if any(category(character) == "Cc" for character in field.data):
        raise ValidationError("Please leave out characters that cannot be seen.")


class RegisterForm(FlaskForm):
    """What somebody fills in to get an account."""

    name = StringField(
        "Name",
        filters=[trimmed],
        validators=[
            DataRequired("Please tell us your name."),
            Length(max=30, message="At most %(max)d characters, please."),
            no_control_characters,
        ],
        render_kw={"autocomplete": "username"},
    )
    email = EmailField(
        "Email",
        filters=[trimmed],
        validators=[
            DataRequired("Please tell us your email address."),
            Email("This is not an email address."),
        ],
        render_kw={"autocomplete": "email"},
    )
    password = PasswordField(
        "Password",
        filters=[text],
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
