"""The form of a letter. It lets nothing into a header that could begin another one."""

import re

from flask import render_template
from flask_mail import Message
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileSize
from wtforms import BooleanField, StringField, SubmitField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length

# Python's email package begins a new line at more of them than "\n" and "\r", which is all that
# Flask-Mail looks for.
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# The local part is that of <input type="email"> in the HTML standard.
ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
RECIPIENT = re.compile(rf"(?P<name>[\w '-]+?) *<(?P<named>{ADDRESS})>|(?P<bare>{ADDRESS})")
MAX_RECIPIENTS = 10


def one_line(form: FlaskForm, field: StringField) -> None:
    """Refuse a text that would go on after the end of its header."""
    if CONTROL_CHARACTERS.search(field.data or ""):
        raise ValidationError("This holds a line break, or another character that cannot be seen.")


def recipient(line: str) -> tuple[str, str]:
    """Return the name, which may be empty, and the address; raise ValueError for another line."""
    found = RECIPIENT.fullmatch(line)
    if not found or len(line) > 254:
        raise ValidationError(f"This is no address: {line[:60]}")
    name = " ".join((found["name"] or "").split())
    # RFC 2047 gives an encoded word 75 characters. Longer names are split, and come out damaged.
    if len(name.encode()) > 45:
        raise ValidationError(f"This name is too long: {name}")
    return name, found["named"] or found["bare"]


class LetterForm(FlaskForm):
    """Ask for a letter and for the way to send it."""

    class Meta:
        """No token: there is no cookie that a forged request could use."""

        csrf = False

    recipients = TextAreaField(
        "To",
        description="One on each line: an address, or Name <address>.",
        validators=[DataRequired("A letter goes to somebody."), Length(max=2000)],
    )
    subject = StringField(
        "Subject",
        validators=[DataRequired("A letter has a subject."), Length(max=120), one_line],
    )
    text = TextAreaField("Text", validators=[DataRequired("Write something."), Length(max=5000)])
    attachment = FileField(
        "Attachment", validators=[FileSize(200_000, message="At most 200 kilobytes, please.")]
    )
    each = BooleanField("A letter of their own for each")
    later = BooleanField("Send in the background")
    submit = SubmitField("Send")

    def people(self) -> list[tuple[str, str]]:
        """Return names and addresses, each once."""
        lines = (line.strip() for line in self.recipients.data.splitlines())
        return list(dict.fromkeys(recipient(line) for line in lines if line))

    def validate_recipients(self, field: TextAreaField) -> None:
        """Refuse what is no address, and too many of them."""
        if len(self.people()) > MAX_RECIPIENTS:
            raise ValidationError(f"At most {MAX_RECIPIENTS} at a time, please.")

    def validate_attachment(self, field: FileField) -> None:
        """Refuse a name that is none; it stands in a header, too."""
        name = field.data.filename if field.data else ""
        if len(name) > 100 or CONTROL_CHARACTERS.search(name):
            raise ValidationError("Give the file another name.")

    def messages(self) -> list[Message]:
        """Write the letter to all, or one to each."""
        file = self.attachment.data
        content = file.read() if file else b""
        groups = [[person] for person in self.people()] if self.each.data else [self.people()]
        letters = []
        for people in groups:
            texts = {"names": ", ".join(name or address for name, address in people)}
            texts["text"] = self.text.data
            letter = Message(
                self.subject.data,
                # Python folds a header with several encoded names, and damages names on the way.
                recipients=people if len(people) == 1 else [address for _, address in people],
                body=render_template("letter.txt", **texts),
                html=render_template("letter.html", **texts),
            )
            if file:
                letter.attach(file.filename, data=content)  # the type comes from the name
            letters.append(letter)
        return letters
