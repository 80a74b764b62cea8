"""A solution of the exercise: an account that answers by keyword."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from day05_wechat.handler.app import create_app as create_handler
from day05_wechat.handler.dispatcher import Dispatcher, Message, Reply

REPLIES: dict[str, str] = json.loads(
    Path(__file__).with_name("exercise_replies.json").read_text("utf-8")
)
HELP = f"I know: {', '.join(REPLIES)}. Write 'person' if you would rather talk to somebody."

on = Dispatcher()
waiting: set[str] = set()


@on("text")
def answer(message: Message) -> Reply:
    """Answer a text."""
    text = (message.get("Content") or "").casefold()
    follower = message["FromUserName"]
    if text == "bot":
        waiting.discard(follower)
        return HELP
    if not text:
        return None
    if follower in waiting:
        return {"MsgType": "transfer_customer_service"}
    if text == "person":
        waiting.add(follower)
        return "Somebody will be with you soon. Write 'bot' to talk to me again."
    found = [keyword for keyword in REPLIES if keyword.casefold() in text]
    return REPLIES[max(found, key=len)] if found else HELP


@on("event", "subscribe")
def greet(message: Message) -> Reply:
    """Tell a new follower what to ask."""
    return HELP


@on("event", "CLICK")
def choose(message: Message) -> Reply:
    """Answer a button of the account's menu."""
    return REPLIES.get(message.get("EventKey") or "")


@on("event")
def ignore(message: Message) -> Reply:
    """Say nothing to other events."""
    return None


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the lesson's handler, which says what is registered above."""
    return create_handler(config, on)
