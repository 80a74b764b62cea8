"""The form of a message. It lets no character into a header that could begin another header."""

import re

from flask import render_template
from flask_mail import Message
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileSize
from wtforms import BooleanField, StringField, SubmitField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length

# Flask-Mail checks for "\n" and "\r". Python's email package begins a new line at more characters.
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# The local part is that of <input type="email"> in the HTML standard.
ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
RECIPIENT = re.compile(rf"(?P<name>[\w '-]+?) *<(?P<named>{ADDRESS})>|(?P<bare>{ADDRESS})")
MAX_RECIPIENTS = 10


def check_one_line(form: FlaskForm, field: StringField) -> None:
    """Refuse a text that would not end with its header."""
    if CONTROL_CHARACTERS.search(field.data or ""):
        raise ValidationError("This contains a line break or another invisible character.")


def parse_recipient(line: str) -> tuple[str, str]:
    """Return the name, which may be empty, and the address; refuse any other line."""
    match = RECIPIENT.fullmatch(line)
    if not match or len(line) > 254:
        raise ValidationError(f"This is not an address: {line[:60]}")
    name = " ".join((match["name"] or "").split())
    # RFC 2047 gives an encoded word 75 characters. A longer name is split, and arrives damaged.
    if len(name.encode()) > 45:
        raise ValidationError(f"This name is too long: {name}")
    return name, match["named"] or match["bare"]


class MessageForm(FlaskForm):
    """Ask for a message and for the way to send it."""

    class Meta:
        """No token: the app has no cookie that a forged request could use."""

        csrf = False

    recipients = TextAreaField(
        "To",
        description="One on each line: an address, or Name <address>.",
        validators=[DataRequired("Name at least one recipient."), Length(max=2000)],
    )
    subject = StringField(
        "Subject",
        validators=[DataRequired("Write a subject."), Length(max=120), check_one_line],
    )
    text = TextAreaField("Text", validators=[DataRequired("Write a text."), Length(max=5000)])
    attachment = FileField(
        "Attachment", validators=[FileSize(200_000, message="At most 200 kilobytes, please.")]
    )
    each = BooleanField("A separate message for each recipient")
    later = BooleanField("Send in the background")
    submit = SubmitField("Send")

    def get_recipients(self) -> list[tuple[str, str]]:
        """Return names and addresses, each once."""
        lines = (line.strip() for line in self.recipients.data.splitlines())
        return list(dict.fromkeys(parse_recipient(line) for line in lines if line))

    def validate_recipients(self, field: TextAreaField) -> None:
        """Refuse lines that are not addresses, and too many of them."""
        if len(self.get_recipients()) > MAX_RECIPIENTS:
            raise ValidationError(f"At most {MAX_RECIPIENTS} at a time, please.")

    def validate_attachment(self, field: FileField) -> None:
        """Refuse a file name that cannot be in a header."""
        name = field.data.filename if field.data else ""
        if len(name) > 100 or CONTROL_CHARACTERS.search(name):
            raise ValidationError("Give the file another name.")

    def build_messages(self) -> list[Message]:
        """Build one message to all, or one for each recipient."""
        recipients = self.get_recipients()
        groups = [[each] for each in recipients] if self.each.data else [recipients]
        file = self.attachment.data
        content = file.read() if file else b""
        messages = []
        for group in groups:
            message = self.build_message(group)
            if file:
                message.attach(file.filename, data=content)  # the type comes from the name
            messages.append(message)
        return messages

    def build_message(self, recipients: list[tuple[str, str]]) -> Message:
        """Build a message with a text part and an HTML part."""
        addresses = [address for _, address in recipients]
        names = ", ".join(name or address for name, address in recipients)
        return Message(
            self.subject.data,
            # Python's email package damages names in a header that has several encoded names.
            recipients=recipients if len(recipients) == 1 else addresses,
            body=render_template("message.txt", names=names, text=self.text.data),
            html=render_template("message.html", names=names, text=self.text.data),
        )
