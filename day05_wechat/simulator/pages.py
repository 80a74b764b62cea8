"""The page of the simulator: register a handler, send it something, see what comes back."""

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, HTTPException, SecurityError, ServiceUnavailable

from .handlers import handler_url
from .menus import groups
from .people import PEOPLE
from .phone import BusyError, Handler, Phone
from .push import UnsendableError, compose, to_xml
from .samples import EVENTS, MESSAGES, TRICKS

pages = Blueprint("pages", __name__)


def handlers() -> dict[tuple[str, str], Handler]:
    """Return the handlers that may be registered."""
    return current_app.extensions["handlers"]


def phone() -> Phone:
    """Return the phone of this app."""
    return current_app.extensions["phone"]


@pages.before_app_request
def refuse_other_sites():
    """Refuse forms of other sites: a browser names the origin of every POST."""
    own = request.host_url.removesuffix("/")
    if request.method == "POST" and request.headers.get("Origin", own) != own:
        abort(403, "Only the simulator's own pages may do this.")


@pages.after_app_request
def add_policy(response):
    """Let the browser load nothing from other sites, and show this page in no other page."""
    policy = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"
    response.headers["Content-Security-Policy"] = policy
    return response


@pages.get("/")
def chat():
    """Show the phone and one exchange on the wire: the one in ``?shown=``, or the newest."""
    number = request.args.get("shown", type=int)
    exchanges = list(phone().exchanges)
    newest = exchanges[-1] if exchanges else None
    office = current_app.extensions["office"]
    return render_template(
        "chat.html",
        phone=phone(),
        office=office,
        menu=groups(office.menu),
        wire=next((each for each in exchanges if each.number == number), newest),
        people=PEOPLE,
        url=handlers()["there", "plain"].url,
        place="there" if handler_url(current_app.config) else "here",
        can_encrypt=("here", "encrypted") in handlers(),
        messages=MESSAGES,
        events=EVENTS,
        tricks=TRICKS,
        xml=to_xml,
    )


@pages.post("/register")
def register():
    """Verify one of the known handlers, and send messages to it from now on."""
    handler = handlers().get((request.form.get("place"), request.form.get("mode")))
    if handler is None:
        abort(400, "Choose one of the handlers and a mode.")
    phone().register(handler)
    return redirect(url_for("pages.chat", _anchor="registration"), 303)


@pages.post("/phone")
def hand_over():
    """Give the phone to another person."""
    person = next((p for p in PEOPLE if p.openid == request.form.get("person")), None)
    if person is None:
        abort(400, "There is no person with this openid.")
    phone().person = person
    return redirect(url_for("pages.chat"), 303)


@pages.post("/send")
def send():
    """Send a text or the message of a button, and wait for the result."""
    if (handler := phone().handler) is None:
        abort(409, "Register a handler first: WeChat sends nothing before.")
    kind = request.form.get("kind", "text")
    if kind == "again":
        sent = [each for each in list(phone().exchanges) if not each.forged]
        if not sent:
            abort(409, "Nothing was sent yet.")
        label, message = sent[-1].label, sent[-1].message
    else:
        text = request.form.get("text", "")
        label, message = compose(kind, text, handler.account, phone().person.openid)
    exchange = phone().send(handler, label, message, forged=kind == "forged")
    return redirect(url_for("pages.chat", _anchor=f"sent-{exchange.number}"), 303)


@pages.app_errorhandler(HTTPException)
def show_error(error: HTTPException):
    """Say what went wrong, on a page with a link back."""
    response = error.get_response()
    if not isinstance(error, SecurityError):  # without a trusted host, url_for fails
        response.set_data(render_template("problem.html", error=error))
    return response


@pages.app_errorhandler(UnsendableError)
def show_unsendable(error: UnsendableError):
    """Say why it was not sent."""
    return show_error(BadRequest(str(error)))


@pages.app_errorhandler(BusyError)
def show_busy(error: BusyError):
    """Ask for patience."""
    return show_error(ServiceUnavailable("Too much is under way. Wait for the responses."))
