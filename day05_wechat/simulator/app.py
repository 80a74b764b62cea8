"""Play WeChat: send messages to a handler, show its answers, and let people log in.

An account, a server and a public address are what WeChat wants before it sends you a first message.
This app speaks the same protocol to a handler on your own machine, shows every byte of it, and
asks fake users for their consent.

Run it beside the handler, both with the same WECHAT_TOKEN:

    flask --app day05_wechat.handler.app run
    flask --app day05_wechat.simulator.app run --port 5001
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, HTTPException, SecurityError, ServiceUnavailable

from day05_wechat.settings.app import SettingError, load

from .grants import Grants
from .handlers import handler_url, known_handlers
from .login import login
from .people import PEOPLE
from .phone import BusyError, Phone
from .push import UnsendableError, compose, to_xml
from .samples import EVENTS, MESSAGES, TRICKS
from .site import add_site


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build one WeChat with one account, one phone and nothing kept on disk."""
    app = Flask(__name__)
    app.config.from_mapping(
        PUSH_TIMEOUT=5,  # seconds
        PUSH_TRIES=3,
        CODE_SECONDS=300,
        TOKEN_SECONDS=7200,
        REFRESH_SECONDS=30 * 24 * 3600,
        LOGIN_DOMAINS=["127.0.0.1", "localhost"],
        ACCOUNT_ID="gh_0123456789ab",
        MAX_CONTENT_LENGTH=50_000,
        # A page elsewhere whose name was made to lead to this machine is refused.
        TRUSTED_HOSTS=["127.0.0.1", "localhost"],
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    load(app, "WECHAT_TOKEN", "WECHAT_APPID", "WECHAT_SECRET", "WECHAT_PATH", "WECHAT_AES_KEY")
    handlers = known_handlers(app.config)
    seconds, tries = app.config["PUSH_TIMEOUT"], app.config["PUSH_TRIES"]
    if not (isinstance(seconds, int | float) and 0 < seconds <= 60):
        raise SettingError("PUSH_TIMEOUT must be a number of seconds, 60 at most.")
    if tries not in range(1, 10):
        raise SettingError("PUSH_TRIES must be a whole number from 1 to 9.")
    phone = Phone(seconds, tries)
    lifetimes = (app.config[f"{kind}_SECONDS"] for kind in ("CODE", "TOKEN", "REFRESH"))
    app.extensions["phone"] = phone
    app.extensions["grants"] = Grants(*lifetimes)
    app.register_blueprint(login)
    add_site(app)

    @app.before_request
    def refuse_other_sites():
        """Let only these pages use the forms: a browser names the origin of every POST."""
        own = request.host_url.removesuffix("/")
        if request.method == "POST" and request.headers.get("Origin", own) != own:
            abort(403, "Only the simulator's own pages may do this.")

    @app.after_request
    def confine(response):
        """Load nothing from elsewhere, and let no other page draw this one inside itself."""
        policy = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"
        response.headers["Content-Security-Policy"] = policy
        return response

    @app.get("/")
    def chat():
        """Show the phone, and one exchange as it went over the wire: the newest unless asked."""
        number = request.args.get("shown", type=int)
        exchanges = list(phone.exchanges)
        newest = exchanges[-1] if exchanges else None
        return render_template(
            "chat.html",
            phone=phone,
            exchanges=exchanges,
            wire=next((each for each in exchanges if each.number == number), newest),
            people=PEOPLE,
            url=handlers["there", "plain"].url,
            place="there" if handler_url(app.config) else "here",
            can_encrypt=("here", "encrypted") in handlers,
            messages=MESSAGES,
            events=EVENTS,
            tricks=TRICKS,
            xml=to_xml,
        )

    @app.post("/register")
    def register():
        """Verify one of the known handlers, and send messages to it from now on."""
        handler = handlers.get((request.form.get("place"), request.form.get("mode")))
        if handler is None:
            abort(400, "Choose one of the handlers and a mode.")
        phone.register(handler)
        return redirect(url_for("chat", _anchor="registration"), 303)

    @app.post("/phone")
    def hand_over():
        """Give the phone to somebody else."""
        person = next((p for p in PEOPLE if p.openid == request.form.get("person")), None)
        if person is None:
            abort(400, "There is nobody of that openid.")
        phone.person = person
        return redirect(url_for("chat"), 303)

    @app.post("/send")
    def send():
        """Send what was typed, or what stands on the button, and wait for what comes of it."""
        if (handler := phone.handler) is None:
            abort(409, "Register a handler first: WeChat sends nothing before.")
        kind = request.form.get("kind", "text")
        if kind == "again":
            sent = [each for each in list(phone.exchanges) if not each.forged]
            if not sent:
                abort(409, "Nothing was sent yet.")
            label, message = sent[-1].label, sent[-1].message
        else:
            text = request.form.get("text", "")
            label, message = compose(kind, text, handler.account, phone.person.openid)
        exchange = phone.send(handler, label, message, forged=kind == "forged")
        return redirect(url_for("chat", _anchor=f"sent-{exchange.number}"), 303)

    @app.errorhandler(HTTPException)
    def problem(error: HTTPException):
        """Say what went wrong, on a page that leads back."""
        response = error.get_response()
        if not isinstance(error, SecurityError):  # without a host to trust there are no links
            response.set_data(render_template("problem.html", error=error))
        return response

    @app.errorhandler(UnsendableError)
    def refuse(error: UnsendableError):
        """Say why it was not sent."""
        return problem(BadRequest(str(error)))

    @app.errorhandler(BusyError)
    def busy(error: BusyError):
        """Ask for patience."""
        return problem(ServiceUnavailable("Too much is under way. Wait for the answers."))

    return app
