"""Send mail: text, HTML and attachments, to one or many recipients, now or in the background.

Mail leaves the program over a network. The mail server may be slow or unreachable, or refuse the
message. So a page must not depend on it, and a failure must be visible. The lesson's own mail
server (``mail_server.py``) shows what arrives; ``FLASK_MAIL_SERVER`` names another one.

Run it: flask --app day04.mail.app run --debug
"""

import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any
from weakref import finalize

from flask import (
    Flask,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from werkzeug.datastructures import CombinedMultiDict

from day04.mail.form import MessageForm
from day04.mail.mail_server import MailServer, ReceivedMessage
from day04.mail.sending import Outbox, mail


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; without a ``MAIL_SERVER`` it starts its own at the first request."""
    app = Flask(__name__)
    app.config.from_mapping(
        MAIL_DEFAULT_SENDER="Flask in six days <course@example.com>",
        MAIL_TIMEOUT=10,  # seconds; the lesson's own setting
        MAX_CONTENT_LENGTH=300_000,  # bytes
    )
    app.config.from_prefixed_env()  # FLASK_MAIL_SERVER, FLASK_MAIL_PORT, FLASK_MAIL_USE_TLS ...
    for name in "MAIL_USERNAME", "MAIL_PASSWORD":  # from_prefixed_env makes 123456 a number
        if f"FLASK_{name}" in os.environ:
            app.config[name] = os.environ[f"FLASK_{name}"]
    app.config.from_mapping(config or {})
    mail.init_app(app)  # after all settings: Flask-Mail reads them here, and only here
    own_server = "MAIL_SERVER" not in app.config and not app.extensions["mail"].suppress
    app.config["OWN_SERVER"] = own_server
    server = MailServer()
    finalize(app, server.stop)  # at the end of the process, or of the app within it
    app.extensions.update(mail_server=server, outbox=Outbox(app))
    app.before_request(start_own_server)
    app.before_request(refuse_other_sites)
    app.after_request(add_policy)
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/send", view_func=send, methods=["POST"])
    app.add_url_rule("/inbox", view_func=inbox)
    app.add_url_rule("/inbox/<int:number>", view_func=show_message)
    app.add_url_rule("/inbox/<int:number>/<int:position>", view_func=download)
    return app


def start_own_server():
    """Start the mail server with the first request: an import, or a reloader, must not."""
    server = current_app.extensions["mail_server"]
    if current_app.config["OWN_SERVER"] and current_app.extensions["mail"].port != server.start():
        current_app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=server.start())
        mail.init_app(current_app)


def refuse_other_sites():
    """Refuse the forms of other sites; browsers say in a header where a request comes from."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    if request.method == "POST" and site not in ("none", "same-origin"):
        abort(403, "This form comes from another site.")


def add_policy(response: Response):
    """Let messages load and run nothing; a picture tells its sender who has read the message."""
    policy = "default-src 'none'; style-src 'self' 'unsafe-inline'; form-action 'self'"
    response.headers["Content-Security-Policy"] = policy
    return response


def render_form(form: MessageForm, problems: Sequence[str] = ()) -> str:
    """Return the front page with this form."""
    deliveries = list(current_app.extensions["outbox"].deliveries)
    return render_template("index.html", form=form, problems=problems, deliveries=deliveries)


def index():
    """Show the form, and the state of the messages sent before."""
    return render_form(MessageForm())


def send():
    """Send a message. It is complete before a background thread gets it."""
    if set(request.files) - {"attachment"}:  # a text field cannot hold a file
        abort(400, "Only the attachment is a file.")
    # With these arguments, because FlaskForm alone reads JSON, too, and fails if it is a list.
    form = MessageForm(CombinedMultiDict([request.form, request.files]))
    if not form.validate():
        return render_form(form), 422
    outbox = current_app.extensions["outbox"]
    if outbox.is_full():
        abort(503, "Too many messages are waiting. Try again later.")
    if form.later.data:
        outbox.send_later(form.build_messages())
    else:
        deliveries = outbox.send(form.build_messages())
        problems = [delivery.problem for delivery in deliveries if delivery.problem]
        if problems:
            return render_form(form, problems), 502
    return redirect(url_for("index"), 303)


def inbox():
    """List what the lesson's server has received."""
    messages = reversed(list(current_app.extensions["mail_server"].messages))
    own_server = current_app.config["OWN_SERVER"]
    return render_template("inbox.html", messages=messages, own_server=own_server)


def get_message(number: int) -> ReceivedMessage:
    """Return a message of the inbox, or end the request with 404."""
    for message in list(current_app.extensions["mail_server"].messages):
        if message.number == number:
            return message
    abort(404, "There is no message with this number (any more).")


def show_message(number: int):
    """Show a message; someone else wrote every part of it."""
    return render_template("message_page.html", message=get_message(number))


def download(number: int, position: int):
    """Send an attachment as a download; shown as a page, it would have the rights of our site."""
    attachments = get_message(number).attachments
    if position >= len(attachments):
        abort(404, "The message has no such attachment.")
    name, content = attachments[position]
    mimetype = "application/octet-stream"
    return send_file(BytesIO(content), mimetype, as_attachment=True, download_name=name)
