"""The API that the account's own program calls: token, menu, messages, files, ticket.

Each response has the status code 200. A program reads the ``errcode`` to see what went wrong.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for

from .grants import ApiError
from .login import check_credentials, send_json
from .menus import checked_menu
from .office import MEDIA_BYTES, Office
from .outbox import TEMPLATES, custom_message, template_message
from .people import PEOPLE, Person
from .phone import Phone

calls = Blueprint("calls", __name__, url_prefix="/cgi-bin")
OK = {"errcode": 0, "errmsg": "ok"}


def office() -> Office:
    """Return what WeChat keeps for the account."""
    return current_app.extensions["office"]


def phone() -> Phone:
    """Return the phone of the followers."""
    return current_app.extensions["phone"]


def endpoint(method: str, path: str, with_token: bool = True) -> Callable:
    """Serve a function: check method, quota and token first, and send what it returns as JSON."""

    def register(view: Callable) -> Callable:
        @calls.route(path, methods=["GET", "POST"], endpoint=view.__name__)
        def checked() -> Response:
            if request.method != method:
                number = 43001 if method == "GET" else 43002
                raise ApiError(number, f"require {method} method")
            office().admit(path)
            if with_token:
                office().check_token(request.args.get("access_token", ""))
            data = view()
            return data if isinstance(data, Response) else send_json(data)

        return view

    return register


@calls.route("/<path:path>", methods=["GET", "POST"])
def unknown(path: str) -> Response:
    """Say that this simulator has no such endpoint."""
    raise ApiError(40066, "invalid url")


def sent() -> dict[str, Any]:
    """Return the JSON object in the body."""
    body = request.get_data()
    if not body:
        raise ApiError(44002, "empty post data")
    try:
        data = json.loads(body.decode())
        json.dumps(data, ensure_ascii=False).encode()  # JSON can hold half a character
    except (ValueError, RecursionError) as error:
        raise ApiError(47001, "data format error") from error
    if not isinstance(data, dict):
        raise ApiError(47001, "data format error")
    return data


@endpoint("GET", "/token", with_token=False)
def token():
    """Give a new token, which replaces the one before."""
    if request.args.get("grant_type") != "client_credential":
        raise ApiError(40002, "invalid grant_type")
    check_credentials(request.args)
    office().check_ip(request.remote_addr or "")
    key = office().new_token()
    return {"access_token": key.text, "expires_in": key.seconds}


@endpoint("POST", "/stable_token", with_token=False)
def stable_token():
    """Give the token that works, or a new one if it ends soon."""
    data = sent()
    if data.get("grant_type") != "client_credential":
        raise ApiError(40002, "invalid grant_type")
    check_credentials(data)
    office().check_ip(request.remote_addr or "")
    key = office().stable_token(data.get("force_refresh") is True)
    return {"access_token": key.text, "expires_in": key.seconds}


@endpoint("POST", "/menu/create")
def create_menu():
    r"""Set the menu; WeChat refuses one with a letter written as ``\u4f60``."""
    if re.search(rb"\\u[0-9a-fA-F]{4}", request.get_data()):
        raise ApiError(40033, "invalid charset. please check your request, if include \\uxxxx")
    office().menu = checked_menu(sent())
    phone().touch()
    return OK


@endpoint("GET", "/menu/get")
def get_menu():
    """Send the menu."""
    if office().menu is None:
        raise ApiError(46003, "menu no exist")
    return {"menu": office().menu}


@endpoint("GET", "/menu/delete")
def delete_menu():
    """Take the menu away."""
    office().menu = None
    phone().touch()
    return OK


def receiver(data: dict[str, Any]) -> Person:
    """Return the person a message is for; raise ``ApiError`` if there is none."""
    openid = data.get("touser")
    person = next((each for each in PEOPLE if each.openid == openid), None)
    if person is None:
        raise ApiError(40003, "invalid openid")
    return person


@endpoint("POST", "/message/custom/send")
def send_custom():
    """Show a message to a follower who has written or pressed a button in the last 48 hours."""
    data = sent()
    person = receiver(data)
    lines = custom_message(data, office().find_media)
    if not phone().may_be_written_to(person):
        raise ApiError(45015, "response out of time limit or subscription is canceled")
    media_id = data["image"]["media_id"] if data["msgtype"] == "image" else ""
    phone().show(person, "Customer service message", lines, media_id)
    return OK


@endpoint("POST", "/message/template/send")
def send_template():
    """Show a message with the words of a template to a follower, at any time."""
    data = sent()
    person = receiver(data)
    lines = template_message(data)
    if person.openid in phone().gone:
        raise ApiError(43004, "require subscribe")
    shown = phone().show(person, "Template message", lines)
    return OK | {"msgid": shown.number}


@endpoint("GET", "/template/get_all_private_template")
def list_templates():
    """Send the templates of this account."""
    found = TEMPLATES.items()
    return {
        "template_list": [
            {"template_id": key, "title": title, "content": text} for key, (title, text) in found
        ]
    }


@endpoint("POST", "/media/upload")
def upload():
    """Store a file for three days."""
    request.max_content_length = max(MEDIA_BYTES.values()) + 10_000
    kind = request.args.get("type", "")
    file = request.files.get("media")
    if file is None:
        raise ApiError(41005, "media data missing")
    media_id, media = office().upload(kind, file.filename or "", file.read())
    name = "thumb_media_id" if kind == "thumb" else "media_id"
    return {"type": kind, name: media_id, "created_at": media.created}


@endpoint("GET", "/media/get")
def get_media():
    """Send a file, or for a video the URL where it is."""
    media_id = request.args.get("media_id", "")
    media = office().find_media(media_id)
    if media.kind == "video":
        return {"video_url": url_for("panels.media", media_id=media_id, _external=True)}
    response = Response(media.data, mimetype=media.picture_type or "application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=media.name)
    return response


@endpoint("GET", "/ticket/getticket")
def get_ticket():
    """Give the ticket that web pages need for their signature."""
    if request.args.get("type") != "jsapi":
        raise ApiError(40097, "invalid args")
    key = office().ticket()
    return OK | {"ticket": key.text, "expires_in": key.seconds}
