"""Limits for what costs much: pictures to draw, and passwords to hash."""

from flask import current_app, request
from werkzeug.exceptions import TooManyRequests

from day06_project.shop.extensions import store

SECONDS = 300


def limit(what: str) -> None:
    """Count what this address asks for; 429 if it is more than the setting of ``LIMITS`` allows."""
    if (
        store.count(f"limit:{what}:{request.remote_addr}", SECONDS)
        > current_app.config["LIMITS"][what]
    ):
        raise TooManyRequests("Too many from your address. Wait a little.", retry_after=SECONDS)
