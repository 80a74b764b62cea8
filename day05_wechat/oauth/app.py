"""Let visitors log in with WeChat: send them there, take the code, ask WeChat who they are.

This is OAuth 2. Your site never sees a password. It gets a code, which is useless without the app
secret. The site makes sure whose login it is, and keeps the tokens on the server.

Run it: flask --app day05_wechat.oauth.app run --debug
"""

import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import HTTPException, SecurityError

from day05_wechat.oauth.visits import Visits
from day05_wechat.oauth.wechat import LOGIN_IS_OVER, RefusedError, WeChat
from day05_wechat.settings.app import (
    SettingError,
    in_production,
    letters_and_digits,
    load,
    trust_proxies,
)

pages = Blueprint("pages", __name__)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build a site with a login page and a profile page; ``DATA_FOLDER`` has the visits."""
    app = Flask(__name__)
    app.config.from_mapping(
        # Not Strict: the browser comes back from another site, and must send the session, too.
        SESSION_COOKIE_SAMESITE="Lax",
        DATA_FOLDER=Path(app.instance_path) / "day05_wechat_oauth",
        API_TIMEOUT=5,  # seconds
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    names = ("WECHAT_OPEN_BASE", "WECHAT_API_BASE", "WECHAT_APPID", "WECHAT_SECRET")
    load(app, *names)
    app.secret_key = secret_key(app)
    trust_proxies(app)
    settings = [app.config[name] for name in names]
    app.extensions["wechat"] = WeChat(*settings, app.config["API_TIMEOUT"])
    app.extensions["visits"] = Visits(Path(app.config["DATA_FOLDER"]).absolute() / "visits.db")
    app.register_blueprint(pages)
    return app


def secret_key(app: Flask) -> str:
    """Return the key that signs the cookies: in production one that all processes have."""
    key = str(app.secret_key or "")  # FLASK_SECRET_KEY=12345 is a number
    if in_production(app) and len(key) < 32:
        raise SettingError(
            "FLASK_SECRET_KEY must have at least 32 characters, the same in all processes: "
            "it signs the cookies."
        )
    return key or secrets.token_hex()


def visits() -> Visits:
    """Return the visits of this app."""
    return current_app.extensions["visits"]


def wechat() -> WeChat:
    """Return this app's connection to WeChat."""
    return current_app.extensions["wechat"]


@pages.get("/")
def index():
    """Offer both kinds of login."""
    return render_template("index.html", tokens=visits().find(session.get("visit")))


@pages.get("/login/<any(snsapi_base, snsapi_userinfo):scope>")
def login(scope: str):
    """Send the visitor to WeChat, with a random text that only this browser has."""
    session["state"] = letters_and_digits(32)
    back = url_for("pages.callback", _external=True)
    return redirect(wechat().login_link(back, scope, session["state"]))


@pages.get("/callback")
def callback():
    """Exchange the code for tokens, and redirect: this URL has a code that is used up."""
    state = session.pop("state", "")
    received = request.args.get("state", "")
    if not state or not hmac.compare_digest(received.encode(), state.encode()):
        abort(403, "This login was not begun in this browser, or it is over already.")
    code = request.args.get("code")
    if not code:
        abort(400, "You did not allow it, so you are not logged in.")
    tokens = wechat().exchange(code)
    visits().end(session.get("visit"))
    session.clear()
    session["visit"] = visits().begin(tokens)
    return redirect(url_for("pages.profile"), 303)


@pages.get("/profile")
def profile():
    """Show the visitor what WeChat says about them."""
    number = session.get("visit")
    tokens = visits().find(number)
    if tokens is None:
        return redirect(url_for("pages.index"), 303)
    if tokens.is_expired:
        try:
            tokens = wechat().refresh(tokens)
        except RefusedError as error:
            if error.errcode not in LOGIN_IS_OVER:
                raise
            visits().end(number)
            session.clear()
            return redirect(url_for("pages.index"), 303)
        visits().renew(number, tokens)
    may_ask = "snsapi_userinfo" in tokens.scope.split(",")
    person = wechat().profile(tokens) if may_ask else {}
    return render_template("profile.html", tokens=tokens, person=person, may_ask=may_ask)


@pages.post("/logout")
def logout():
    """Forget the tokens; then a copy of the cookie is useless."""
    visits().end(session.pop("visit", None))
    return redirect(url_for("pages.index"), 303)


@pages.after_app_request
def keep_private(response):
    """Let no cache keep a page, and tell no other site its URL."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@pages.app_errorhandler(HTTPException)
def show_error(error: HTTPException):
    """Say what is wrong on a page with a link to the login."""
    response = error.get_response()
    if not isinstance(error, SecurityError):  # without a trusted host, url_for fails
        response.set_data(render_template("problem.html", error=error))
    return response
