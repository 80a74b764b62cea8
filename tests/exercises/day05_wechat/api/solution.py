"""A solution of the exercise: tell the members of a tea club."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, abort, current_app, request

TRIES = 3
STATUS = {-1: 503, 45015: 409, 45009: 429}


class Club:
    """The club: it gives tokens, takes messages, and refuses what it is told to refuse."""

    def __init__(self) -> None:
        self.tokens: list[str] = []  # all that were given
        self.asked: list[str] = []  # what was asked: "token" or "message"
        self.messages: list[dict[str, str]] = []
        self.refusals: list[tuple[str, int]] = []  # what is refused next, and with which number

    def get_token(self) -> dict[str, Any]:
        """Return a new token, or an error."""
        if errcode := self.ask("token"):
            return {"errcode": errcode}
        self.tokens.append(secrets.token_hex(8))
        return {"errcode": 0, "token": self.tokens[-1]}

    def send(self, token: str, to: str, text: str) -> dict[str, Any]:
        """Send a message to a member; only the newest token works."""
        if errcode := self.ask("message"):
            return {"errcode": errcode}
        if [token] != self.tokens[-1:]:
            return {"errcode": 40001}
        self.messages.append({"to": to, "text": text})
        return {"errcode": 0}

    def ask(self, what: str) -> int:
        """Note what was asked; return with which number it is refused, or 0."""
        self.asked.append(what)
        refusal = next((each for each in self.refusals if each[0] == what), None)
        if refusal is None:
            return 0
        self.refusals.remove(refusal)
        return refusal[1]


def look_at_club():
    """Show what the club was asked and what it has sent."""
    club = current_app.extensions["club"]
    return {"asked": club.asked, "messages": club.messages, "tokens": len(club.tokens)}


def change_club():
    """Let the club refuse: ``42001=2`` the next two messages, ``token-1=1`` the next token."""
    club = current_app.extensions["club"]
    for name, times in request.form.items():
        what = "token" if name.startswith("token") else "message"
        club.refusals += [(what, int(name.removeprefix("token")))] * int(times)
    return {"refusals": len(club.refusals)}


def ask(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Ask the club; if it is busy, ask again, three times in all."""
    for _ in range(TRIES):
        data = call()
        if data["errcode"] != -1:
            break
    return data


def check(data: dict[str, Any]) -> dict[str, Any]:
    """Return the response of the club, or end the request with the status of its error."""
    if data["errcode"] != 0:
        abort(STATUS.get(data["errcode"], 502))
    return data


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop, and the club that it sends messages to."""
    app = Flask(__name__)
    app.config.from_mapping(config or {})
    club = app.extensions["club"] = Club()
    kept: dict[str, str] = {}
    app.add_url_rule("/club", view_func=look_at_club)
    app.add_url_rule("/club", view_func=change_club, methods=["POST"])

    def send(to: str, text: str) -> dict[str, Any]:
        if "token" not in kept:
            kept["token"] = check(ask(club.get_token))["token"]
        return ask(lambda: club.send(kept["token"], to, text))

    @app.post("/messages")
    def send_message():
        """Send a message to a member of the club."""
        to, text = request.form["to"], request.form["text"]
        data = send(to, text)
        if data["errcode"] in {40001, 42001}:
            del kept["token"]
            data = send(to, text)
        check(data)
        return {"sent": True}

    return app
