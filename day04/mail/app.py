"""Send mail: with text, HTML and attachments, to one or many, now or in the background.

Mail leaves the program over a network, to a server that may be slow, away or of another opinion.
So a page must not depend on it, and what fails must be seen. A mail server of the lesson's own
(``post_office.py``) shows what arrives; ``FLASK_MAIL_SERVER`` and the like name another one.

Run it: flask --app day04.mail.app run --debug
"""

import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any
from weakref import finalize

from flask import Flask, abort, redirect, render_template, request, send_file, url_for
from werkzeug.datastructures import CombinedMultiDict

from day04.mail.form import LetterForm
from day04.mail.post_office import Letter, PostOffice
from day04.mail.sending import Outbox, mail


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; without a ``MAIL_SERVER`` it opens its own at the first request."""
    app = Flask(__name__)
    app.config.from_mapping(
        MAIL_DEFAULT_SENDER="Flask in six days <course@example.com>",
        MAIL_TIMEOUT=10,  # seconds; the lesson's own setting
        MAX_CONTENT_LENGTH=300_000,  # bytes
    )
    app.config.from_prefixed_env()  # FLASK_MAIL_SERVER, FLASK_MAIL_PORT, FLASK_MAIL_USE_TLS ...
    for name in "MAIL_USERNAME", "MAIL_PASSWORD":  # as text: 123456 has just become a number
        if f"FLASK_{name}" in os.environ:
            app.config[name] = os.environ[f"FLASK_{name}"]
    app.config.from_mapping(config or {})
    mail.init_app(app)  # after all settings: they are read here, and never again
    own_server = "MAIL_SERVER" not in app.config and not app.extensions["mail"].suppress
    post_office, outbox = PostOffice(), Outbox(app)
    finalize(app, post_office.close)  # at the end of the process, or of the app within it
    app.extensions.update(post_office=post_office, outbox=outbox)

    @app.before_request
    def open_post_office():
        """Start a server with the first request: an import, or a reloader, must not."""
        if own_server and app.extensions["mail"].port != post_office.open():
            app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=post_office.open())
            mail.init_app(app)

    @app.before_request
    def refuse_other_sites():
        """Take no forms of other sites; browsers say where a request comes from."""
        site = request.headers.get("Sec-Fetch-Site", "none")
        if request.method == "POST" and site not in ("none", "same-origin"):
            abort(403, "This form stood on another site.")

    @app.after_request
    def confine(response):
        """Let letters fetch nothing and run nothing; pictures tell the sender who has read."""
        policy = "default-src 'none'; style-src 'self' 'unsafe-inline'; form-action 'self'"
        response.headers["Content-Security-Policy"] = policy
        return response

    def found(number: int) -> Letter:
        for letter in list(post_office.letters):
            if letter.number == number:
                return letter
        abort(404, "There is no such letter, or not any more.")

    def page(form: LetterForm, problems: Sequence[str] = ()) -> str:
        deliveries = list(outbox.deliveries)
        return render_template("index.html", form=form, problems=problems, deliveries=deliveries)

    @app.get("/")
    def index():
        """Show the form, and what became of the letters sent before."""
        return page(LetterForm())

    @app.post("/send")
    def send():
        """Send a letter. The parts are made here; a background thread gets them ready to go."""
        if set(request.files) - {"attachment"}:  # in its place the form would expect a text
            abort(400, "Only the attachment is a file.")
        # Named, for FlaskForm would read JSON too, and fail where it is no object.
        form = LetterForm(CombinedMultiDict([request.form, request.files]))
        if not form.validate():
            return page(form), 422
        if outbox.is_full():
            abort(503, "Too many letters are waiting. Try again later.")
        if form.later.data:
            outbox.send_later(form.messages())
        else:
            problems = [each.problem for each in outbox.send(form.messages()) if each.problem]
            if problems:
                return page(form, problems), 502
        return redirect(url_for("index"), 303)

    @app.get("/inbox")
    def inbox():
        """List what the lesson's server got."""
        letters = reversed(list(post_office.letters))
        return render_template("inbox.html", letters=letters, own_server=own_server)

    @app.get("/inbox/<int:number>")
    def letter(number: int):
        """Show a letter, all of it written by somebody else."""
        return render_template("letter_page.html", letter=found(number))

    @app.get("/inbox/<int:number>/<int:position>")
    def attachment(number: int, position: int):
        """Give an attachment away as a download, for a page could run in our name."""
        attachments = found(number).attachments
        if position >= len(attachments):
            abort(404, "The letter has no such attachment.")
        name, content = attachments[position]
        kind = "application/octet-stream"
        return send_file(BytesIO(content), kind, as_attachment=True, download_name=name)

    return app
