"""Send one mail from a view.

The package around this file sends to many recipients, in the background, and shows what arrives.

Run it: flask --app day04.mail.first run --debug
"""

from flask import Flask
from flask_mail import Mail, Message

app = Flask(__name__)
app.config.from_mapping(
    MAIL_DEFAULT_SENDER="course@example.com",
    MAIL_SUPPRESS_SEND=True,  # do everything except sending; for a real mail server: False
)
app.config.from_prefixed_env()
mail = Mail(app)


@app.post("/invite")
def invite():
    """Send a mail to Ann, and show it."""
    message = Message("Tea", recipients=["ann@example.com"], body="At five?")
    mail.send(message)
    return message.as_string(), {"Content-Type": "text/plain"}
