"""A solution of the exercise: messages of a parcel service."""

import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

import click
from flask import Flask, abort, jsonify, request


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the HMAC of ``timestamp.body``, as 64 hexadecimal digits."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, "sha256").hexdigest()


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop's side; what is known of the parcels is in memory."""
    app = Flask(__name__)
    app.config.from_mapping(PARCEL_SECRET=secrets.token_hex())
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    secret = app.config["PARCEL_SECRET"]
    states: dict[str, str] = {}
    seen: set[str] = set()

    @app.get("/parcels/<number>")
    def parcel(number: str):
        """Tell what is known of a parcel; the state is null until a message has come."""
        response = jsonify(number=number, state=states.get(number))
        timestamp = str(int(time.time()))
        response.headers["Parcel-Timestamp"] = timestamp
        response.headers["Parcel-Signature"] = sign(secret, timestamp, response.get_data())
        return response

    @app.post("/messages")
    def receive():
        """Take a message of the parcel service."""
        timestamp = request.headers.get("Parcel-Timestamp", "")
        signature = request.headers.get("Parcel-Signature", "")
        if not (timestamp and signature):
            abort(400, "A message has a timestamp and a signature.")
        wanted = sign(secret, timestamp, request.get_data())
        if not hmac.compare_digest(signature.encode(), wanted.encode()):
            abort(403, "The signature is wrong.")
        if not re.fullmatch("[0-9]{1,15}", timestamp) or abs(time.time() - int(timestamp)) > 300:
            abort(403, "The message is not of now.")
        if signature in seen:
            return "", 204
        seen.add(signature)
        message = request.get_json()
        states[str(message["number"])] = str(message["state"])
        return "", 204

    @app.cli.command("message")
    @click.argument("number")
    @click.argument("state")
    def message(number: str, state: str) -> None:
        """Play the parcel service: print a curl line that sends a signed message."""
        body = json.dumps({"number": number, "state": state})
        timestamp = str(int(time.time()))
        headers = (
            f"-H 'Parcel-Timestamp: {timestamp}' "
            f"-H 'Parcel-Signature: {sign(secret, timestamp, body.encode())}'"
        )
        click.echo(f"curl -i {headers} --json '{body}' http://127.0.0.1:5000/messages")

    return app
