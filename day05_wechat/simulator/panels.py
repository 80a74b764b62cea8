"""The panels beside the chat: the account's menu, the customer service, the API's conditions."""

import logging

from flask import Blueprint, Response, abort, current_app, redirect, request, url_for

from .menus import find_button
from .office import Office
from .pages import phone
from .people import PEOPLE
from .push import MAX_TEXT, UnsendableError, menu_event

panels = Blueprint("panels", __name__)


def office() -> Office:
    """Return what WeChat keeps for the account."""
    return current_app.extensions["office"]


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Keep the page's questions for news out of the server's log."""
    return "/news " not in record.getMessage()


logging.getLogger("werkzeug").addFilter(is_worth_a_line)


@panels.get("/news")
def news():
    """Return a number that changes when something has come by itself."""
    return Response(str(phone().version), mimetype="text/plain")


@panels.post("/menu")
def press():
    """Press a button of the account's menu, which sends an event to the handler."""
    if (handler := phone().handler) is None:
        abort(409, "Register a handler first: WeChat sends nothing before.")
    button = find_button(office().menu, request.form.get("place", ""))
    if button is None or button.kind not in {"click", "view"}:
        abort(409, "This button is not in the menu any more. Load the page again.")
    message = menu_event(button, handler.account, phone().person.openid)
    exchange = phone().send(handler, f"Menu: {button.name}", message, forged=False)
    return redirect(url_for("pages.chat", _anchor=f"sent-{exchange.number}"), 303)


@panels.post("/desk")
def answer():
    """Answer a follower as a person of the customer service, or end the conversation."""
    person = next((p for p in PEOPLE if p.openid == request.form.get("openid")), None)
    if person is None or person.openid not in phone().desk.conversations:
        abort(409, "This conversation is over.")
    if request.form.get("do") == "end":
        phone().desk.end(person.openid)
    else:
        text = request.form.get("answer", "").replace("\r\n", "\n")
        if not text.strip() or len(text) > MAX_TEXT:
            raise UnsendableError(f"An answer has 1 to {MAX_TEXT} characters.")
        phone().desk.answer(person.openid, text)
        phone().show(person, "Customer service", [text])
    return redirect(url_for("pages.chat", _anchor="desk"), 303)


@panels.post("/conditions")
def change():
    """Bring about what a program must expect of WeChat's API."""
    match request.form.get("what"):
        case "busy":
            office().busy = 1
        case "expire":
            office().expire()
        case "late":
            phone().acted.clear()
        case "quota":
            office().spent = not office().spent
        case "ip":
            office().refused_ip = not office().refused_ip
        case _:
            abort(400, "There is no such condition.")
    return redirect(url_for("pages.chat", _anchor="api"), 303)


@panels.get("/media/<media_id>")
def media(media_id: str):
    """Send an uploaded file; only pictures are shown, everything else is a download."""
    found = office().media.get(media_id)
    if found is None:
        abort(404, "There is no such file.")
    response = Response(found.data, mimetype=found.picture_type or "application/octet-stream")
    response.headers["X-Content-Type-Options"] = "nosniff"
    if not found.picture_type:
        response.headers.set("Content-Disposition", "attachment", filename="media")
    return response
