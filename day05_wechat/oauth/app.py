"""Let people log in with WeChat: send them there, take the code they bring back, ask who they are.

This is OAuth 2. Your site never sees a password; it gets a code, which is worth something only to
whoever has the app secret. The rest is care: whose login it is, and where the tokens go.

Run it: flask --app day05_wechat.oauth.app run --debug
"""

import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, redirect, render_template, request, session, url_for
from werkzeug.exceptions import HTTPException, SecurityError

from day05_wechat.oauth.visits import Visits
from day05_wechat.oauth.wechat import WeChat
from day05_wechat.settings.app import letters_and_digits, load, trust_proxies


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build a site with a login page and a profile page; who is logged in lies in memory."""
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY=secrets.token_hex(),
        # Not Strict: the visitor comes back from another site, and must bring the session along.
        SESSION_COOKIE_SAMESITE="Lax",
        API_TIMEOUT=5,  # seconds
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    names = ("WECHAT_OPEN_BASE", "WECHAT_API_BASE", "WECHAT_APPID", "WECHAT_SECRET")
    load(app, *names)
    trust_proxies(app)
    wechat = WeChat(*(app.config[name] for name in names), app.config["API_TIMEOUT"])
    visits = Visits()

    @app.get("/")
    def index():
        """Offer both logins."""
        return render_template("index.html", tokens=visits.find(session.get("visit")))

    @app.get("/login/<any(snsapi_base, snsapi_userinfo):scope>")
    def login(scope):
        """Send the visitor to WeChat, with a text that only this browser can bring back."""
        session["state"] = letters_and_digits(32)
        back = url_for("callback", _external=True)
        return redirect(wechat.login_link(back, scope, session["state"]))

    @app.get("/callback")
    def callback():
        """Take the visitor back, and leave at once: a reload here would bring a used code."""
        state = session.pop("state", "")
        given = request.args.get("state", "")
        if not state or not hmac.compare_digest(given.encode(), state.encode()):
            abort(403, "This login was not begun in this browser, or it is over already.")
        code = request.args.get("code")
        if not code:
            abort(400, "You did not allow it, so you are not logged in.")
        tokens = wechat.exchange(code)
        visits.end(session.get("visit"))
        session.clear()
        session["visit"] = visits.begin(tokens)
        return redirect(url_for("profile"), 303)

    @app.get("/profile")
    def profile():
        """Show visitors what WeChat tells about them."""
        number = session.get("visit")
        tokens = visits.find(number)
        if tokens is None:
            return redirect(url_for("index"), 303)
        if tokens.is_expired:
            tokens = wechat.refresh(tokens)
            visits.renew(number, tokens)
        may_ask = "snsapi_userinfo" in tokens.scope.split(",")
        person = wechat.profile(tokens) if may_ask else {}
        return render_template("profile.html", tokens=tokens, person=person, may_ask=may_ask)

    @app.post("/logout")
    def logout():
        """Forget the tokens; a copy of the cookie is worth nothing then."""
        visits.end(session.pop("visit", None))
        return redirect(url_for("index"), 303)

    @app.after_request
    def keep_private(response):
        """Let nobody on the way keep a page, and tell nobody the address of one."""
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @app.errorhandler(HTTPException)
    def problem(error):
        """Say what is wrong on a page that leads back to the login."""
        response = error.get_response()
        if not isinstance(error, SecurityError):  # without a host to trust there are no links
            response.set_data(render_template("problem.html", error=error))
        return response

    return app
