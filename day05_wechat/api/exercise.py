"""Exercise: tell the members of a tea club.

A tea club has an API like WeChat's: a program gets a token, and sends messages with it. A response
has an ``errcode``: 0, or the number of what is wrong. Your shop tells members that their tea is
ready. In this file the class ``Club`` plays the club, and it is finished. It counts what it is
asked.

Tasks:

1. Send a message. ``POST /messages`` with the form fields ``to`` and ``text`` gets a token from the
   club, sends the text with it, and returns the JSON ``{"sent": true}``.
2. Keep the token. For the next messages the shop uses the same token again.
3. Replace a refused token. If the club refuses it with 40001 or 42001, the shop gets another one
   and sends the message once more. If the club refuses again, the shop returns 502.
4. Expect a busy club. The errcode -1 means: ask again. The shop asks three times in all, then it
   returns 503. This holds for tokens and for messages.
5. Tell the other errors apart. 45015 (the member is silent for too long) is 409, 45009 (too many
   messages today) is 429, and everything else is 502. The shop does not ask again.

Run it:   flask --app day05_wechat.api.exercise run --debug
Try it:   curl -i -d to=ann -d "text=Your tea is ready." http://127.0.0.1:5000/messages
          curl http://127.0.0.1:5000/club
          curl -d 42001=1 http://127.0.0.1:5000/club
          (the club refuses the next token with 42001; -1, 45009 and others likewise)
Check it: course check api
"""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app, request


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


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop, and the club that it sends messages to."""
    app = Flask(__name__)
    app.config.from_mapping(config or {})
    club = app.extensions["club"] = Club()
    app.add_url_rule("/club", view_func=look_at_club)
    app.add_url_rule("/club", view_func=change_club, methods=["POST"])

    @app.post("/messages")
    def send_message():
        """Send a message to a member of the club."""
        to, text = request.form["to"], request.form["text"]
        # TODO (task 1): get a token with club.get_token(), send with club.send(token, to, text)
        # TODO (task 2): where does the token stay until the next message?
        # TODO (tasks 3 to 5): look at the errcode of each response
        return {"sent": False, "to": to, "text": text, "club": len(club.tokens)}

    return app
