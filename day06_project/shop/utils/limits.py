"""Limits for what costs much: pictures to draw, and passwords to hash."""

from flask import current_app, request
from werkzeug.exceptions import TooManyRequests

from day06_project.shop.extensions import store

SECONDS = 300


def limit(what: str) -> None:
    """Count what this address asks for; 429 if it is more than the setting of ``LIMITS`` allows."""
    key = f"limit:{what}:{request.remote_addr}"
    if store.count(key, SECONDS) > current_app.config["LIMITS"][what]:
        wait = store.seconds_left(key)
        text = f"Too many from your address. Wait {wait} seconds, then try again."
        raise TooManyRequests(text, retry_after=wait)
